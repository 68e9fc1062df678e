"""Gradient descent: how a network's vector of parameters is moved, and the loop that does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from pmpp import DeviceArray
from pmpp.nn.network import Network
from pmpp.nn.training import adam_step, sgd_step, take


class Optimizer(Protocol):
    """Whatever moves parameters by their gradient."""

    def step(self, parameters: DeviceArray, gradient: DeviceArray) -> None:
        """Move `parameters`, in place."""


def _zeros_like(vector: DeviceArray) -> DeviceArray:
    return DeviceArray.from_numpy(np.zeros(vector.shape, vector.dtype))


class SGD:
    """Gradient descent on batches, with momentum. An optimizer serves one network.

    Parameters
    ----------
    rate : float
        How far a step goes.
    momentum : float
        How much of its speed a step keeps from the one before.
    decay : float
        How strongly parameters are drawn to 0.
    """

    def __init__(self, rate: float, *, momentum: float = 0.0, decay: float = 0.0) -> None:
        self.rate, self.momentum, self.decay = rate, momentum, decay
        self._velocity: DeviceArray | None = None

    def step(self, parameters: DeviceArray, gradient: DeviceArray) -> None:
        """Move `parameters`, in place."""
        if self._velocity is None:
            self._velocity = _zeros_like(parameters)
        sgd_step(parameters, gradient, self._velocity, rate=self.rate, momentum=self.momentum, decay=self.decay)


class Adam:
    """Gradient descent that gives each parameter a speed of its own. An optimizer serves one network.

    Parameters
    ----------
    rate : float
        About how far a parameter moves in a step.
    beta1, beta2 : float
        How much the running means of the gradient and of its square keep of their past.
    epsilon : float
        Keeps what is divided by away from 0.
    decay : float
        How strongly parameters are drawn to 0.
    """

    def __init__(
        self, rate: float, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, decay: float = 0.0
    ) -> None:
        self.rate, self.beta1, self.beta2, self.epsilon, self.decay = rate, beta1, beta2, epsilon, decay
        self._means: tuple[DeviceArray, DeviceArray] | None = None
        self._steps = 0

    def step(self, parameters: DeviceArray, gradient: DeviceArray) -> None:
        """Move `parameters`, in place."""
        if self._means is None:
            self._means = _zeros_like(parameters), _zeros_like(parameters)
        self._steps += 1
        adam_step(
            parameters,
            gradient,
            *self._means,
            self._steps,
            rate=self.rate,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            decay=self.decay,
        )


def train(
    network: Network,
    images: Any,
    labels: Any,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch: int,
    seed: int = 0,
    progress: Callable[[int, float], object] | None = None,
) -> list[float]:
    """Train a network. Images and labels go to the device once; inside an epoch nothing is copied to or from the host.

    Parameters
    ----------
    network : Network
    images : array, shape (n, channels, rows, columns)
    labels : array of int, shape (n,)
    optimizer : SGD or Adam
    epochs : int
        How often each image is seen.
    batch : int
        Images a step. The last batch of an epoch has what is left.
    seed : int
        The order of the images, another one in every epoch.
    progress : callable, optional
        Called after each epoch with its number, from 1, and its mean loss.

    Returns
    -------
    list of float
        The mean loss of each epoch, taken while it ran.
    """
    if epochs < 1 or batch < 1:
        raise ValueError(f"epochs, batch: got {epochs} and {batch}; both must be at least 1")
    pixels = network.images_on_device(images)
    n = pixels.shape[0]
    if n == 0:
        raise ValueError("images: got none; there is nothing to learn from")
    truth = network.labels_on_device(labels, n)
    rng = np.random.default_rng(seed)
    # The orders of all epochs go to the device together, so that no epoch begins with a copy.
    orders = DeviceArray.from_numpy(np.stack([rng.permutation(n) for _ in range(epochs)]).astype(np.int32))
    losses = DeviceArray((n,), network.dtype)
    parts = [(start, min(start + batch, n)) for start in range(0, n, batch)]
    space = {
        end - start: (DeviceArray((end - start, *pixels.shape[1:]), network.dtype), DeviceArray((end - start,), "int32"))
        for start, end in parts
    }
    history = []
    for epoch in range(epochs):
        for start, end in parts:
            chosen = orders[epoch, start:end]
            x, y = space[end - start]
            take(pixels, chosen, out=x)
            take(truth, chosen, out=y)
            network.backpropagate(x, y, losses[start:end])
            optimizer.step(network.parameters, network.gradient)
        history.append(float(losses.numpy().mean(dtype=np.float64)))
        if progress is not None:
            progress(epoch + 1, history[-1])
    return history
