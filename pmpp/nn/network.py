"""A network: layers, and all their weights in one vector that gradient descent moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pmpp import DeviceArray
from pmpp.nn.blocks import Back, Layer, Shape
from pmpp.nn.training import logistic_loss, softmax_cross_entropy

LOSSES = {"softmax": softmax_cross_entropy, "logistic": logistic_loss}
_AT_A_TIME = 1024  # images, where a forward pass of many is cut up


@dataclass
class _Memory:
    """What one pass over a batch of a certain size writes: made once, used again for every batch of that size."""

    buffers: list[list[DeviceArray]]
    losses: DeviceArray
    gradients: list[DeviceArray] = field(default_factory=list)  # of the loss, by the result of each layer


class Network:
    """Layers one after the other, all their parameters in one vector.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int
        Of one image: (channels, rows, columns).
    loss : {"softmax", "logistic"}
        Softmax cross-entropy, for one score a class; or logistic loss, for a single score that is positive for yes.
    seed : int
        The weights to start from.
    dtype : {"float32", "float64"}

    Attributes
    ----------
    parameters : DeviceArray, shape (n,)
        Weights and biases of all layers, one layer after the other. The layers see them as pieces of this vector.
    gradient : DeviceArray, shape (n,)
        That of the loss, after :meth:`loss_and_gradient`.
    """

    def __init__(
        self, layers: Sequence[Layer], input_shape: Shape, *, loss: str = "softmax", seed: int = 0, dtype: Any = "float32"
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f"loss: got {loss!r}; 'softmax' and 'logistic' are accepted")
        self.dtype = np.dtype(dtype)
        if self.dtype.name not in ("float32", "float64"):
            raise TypeError(f"dtype: got {self.dtype}; float32 and float64 are accepted")
        if len({id(layer) for layer in layers}) < len(layers) or not layers:
            raise ValueError("layers: got none, or one twice; each place in a network needs a layer of its own")
        self.layers, self.loss_name, self.input_shape = list(layers), loss, tuple(input_shape)
        shape = self.input_shape
        for layer in self.layers:
            shape = layer.build(shape)
        if len(shape) != 1 or (loss == "logistic" and shape != (1,)):
            needed = "one output: end with Dense(1)" if loss == "logistic" else "one score a class: end with Dense(classes)"
            raise ValueError(f"layers: the last gives {shape}; the {loss} loss needs {needed}")
        rng = np.random.default_rng(seed)
        start = [piece.ravel() for layer in self.layers for piece in layer.start(rng)]
        if not start:
            raise ValueError("layers: none of them has weights; there is nothing to train")
        values = np.concatenate(start).astype(self.dtype)
        self.parameters = DeviceArray.from_numpy(values)
        self.gradient = DeviceArray.from_numpy(np.zeros_like(values))
        self._weights, self._weight_gradients = self.pieces(self.parameters), self.pieces(self.gradient)
        self._memory: dict[int, _Memory] = {}

    def pieces(self, vector: DeviceArray) -> list[list[DeviceArray]]:
        """Return, for each layer, its weights and bias as views of a vector of all parameters."""
        at, result = 0, []
        for layer in self.layers:
            views = []
            for shape in layer.weight_shapes:
                pointer = vector.pointer + at * vector.dtype.itemsize
                views.append(DeviceArray.borrow(pointer, shape, vector.dtype, vector))
                at += math.prod(shape)
            result.append(views)
        return result

    def parameter_name(self, index: int) -> str:
        """Return what an element of the vector is: its layer, and its place there."""
        at = range(self.parameters.size)[index]  # an IndexError where there is no such parameter
        for number, layer in enumerate(self.layers):
            for name, shape in zip(("weights", "bias"), layer.weight_shapes, strict=False):
                if at < math.prod(shape):
                    place = ", ".join(str(i) for i in np.unravel_index(at, shape))
                    return f"layer {number}, {layer!r}: {name}[{place}]"
                at -= math.prod(shape)
        raise AssertionError

    def weights(self, index: int) -> np.ndarray:
        """Return the weights of a layer, without its bias, as a NumPy array to look at."""
        views = self._weights[index]
        if not views:
            raise ValueError(f"index: layer {index} is {self.layers[index]!r}, which has no weights")
        return views[0].numpy()

    def __repr__(self) -> str:
        names = [repr(layer) for layer in self.layers]
        shapes = [f"{layer.input_shape} -> {layer.output_shape}" for layer in self.layers]
        counts = [f"{sum(map(math.prod, layer.weight_shapes)):,}" for layer in self.layers]
        widths = [max(map(len, column)) for column in (names, shapes, counts)]
        lines = [f"Network: {self.parameters.size:,} parameters in one vector, {self.dtype}"]
        for name, shape, count in zip(names, shapes, counts, strict=True):
            line = f"  {name:{widths[0]}}  {shape:{widths[1]}}"
            lines.append(f"{line}  {count:>{widths[2]}} parameters" if count != "0" else line.rstrip())
        return "\n".join(lines)

    def images_on_device(self, images: Any) -> DeviceArray:
        """Bring images to the device, if they are not there."""
        if not isinstance(images, DeviceArray):
            images = np.asarray(images)
            if images.dtype.kind not in "fiub":
                raise TypeError(f"images: got dtype {images.dtype}; real numbers are accepted")
            images = DeviceArray.from_numpy(images.astype(self.dtype, copy=False))
        if images.shape[1:] != self.input_shape or images.dtype != self.dtype:
            raise ValueError(
                f"images: got shape {images.shape} of {images.dtype}; (n, {', '.join(map(str, self.input_shape))}) of "
                f"{self.dtype} is accepted"
            )
        return images

    def labels_on_device(self, labels: Any, n: int) -> DeviceArray:
        """Bring labels of `n` images to the device, if they are not there; those on the host are checked."""
        classes = 2 if self.loss_name == "logistic" else self.layers[-1].output_shape[0]
        if not isinstance(labels, DeviceArray):
            labels = np.asarray(labels)
            if labels.dtype.kind not in "iub" or (labels.size and not 0 <= labels.min() <= labels.max() < classes):
                raise ValueError(f"labels: got {labels.dtype}; integers from 0 to {classes - 1} are accepted")
            labels = DeviceArray.from_numpy(labels.astype(np.int32))
        if labels.shape != (n,) or labels.dtype != np.int32:
            raise ValueError(f"labels: got shape {labels.shape} of {labels.dtype}; ({n},) of int32 is accepted")
        return labels

    def _memory_for(self, n: int, *, backward: bool) -> _Memory:
        memory = self._memory.get(n)
        if memory is None:
            if len(self._memory) >= 4:  # whole batches, the rest, and the same for prediction
                self._memory.pop(next(iter(self._memory)))
            buffers = [layer.buffers(n, self.dtype) for layer in self.layers]
            memory = self._memory[n] = _Memory(buffers, DeviceArray((n,), self.dtype))
        if backward and not memory.gradients:
            memory.gradients = [DeviceArray((n, *layer.output_shape), self.dtype) for layer in self.layers]
        return memory

    def _run_forward(self, x: DeviceArray, weights: list[list[DeviceArray]], memory: _Memory) -> DeviceArray:
        for layer, own, buffers in zip(self.layers, weights, memory.buffers, strict=True):
            layer.forward(x, own, buffers)
            x = buffers[0]
        return x

    def forward(self, images: Any) -> np.ndarray:
        """Return the scores of images, shape (n, outputs), as a NumPy array."""
        x = self.images_on_device(images)
        scores = []
        for start in range(0, x.shape[0], _AT_A_TIME):
            batch = x[start : start + _AT_A_TIME]
            scores.append(self._run_forward(batch, self._weights, self._memory_for(batch.shape[0], backward=False)).numpy())
        return np.concatenate(scores) if scores else np.empty((0, *self.layers[-1].output_shape), self.dtype)

    def predict(self, images: Any) -> np.ndarray:
        """Return the class of each image."""
        scores = self.forward(images)
        return (scores[:, 0] > 0).astype(int) if self.loss_name == "logistic" else scores.argmax(axis=1)

    def loss(self, parameters: Any, images: Any, labels: Any) -> float:
        """Return the mean loss of a batch as a function of the vector of all parameters: what gradient descent minimises.

        Parameters
        ----------
        parameters : array, shape (n,)
            Taken in the place of the network's own, which stay as they are.
        images : array
        labels : array of int
        """
        if not isinstance(parameters, DeviceArray):
            parameters = DeviceArray.from_numpy(np.asarray(parameters, self.dtype))
        if parameters.shape != self.parameters.shape or parameters.dtype != self.dtype:
            raise ValueError(
                f"parameters: got shape {parameters.shape} of {parameters.dtype}; {self.parameters.shape} of {self.dtype} is "
                f"accepted"
            )
        x = self.images_on_device(images)
        memory = self._memory_for(x.shape[0], backward=True)
        scores = self._run_forward(x, self.pieces(parameters), memory)
        LOSSES[self.loss_name](scores, self.labels_on_device(labels, x.shape[0]), out=(memory.losses, memory.gradients[-1]))
        return float(memory.losses.numpy().mean(dtype=np.float64))

    def backpropagate(self, images: DeviceArray, labels: DeviceArray, losses: DeviceArray | None = None) -> DeviceArray:
        """Compute the gradient of a batch that is on the device, with no copy to the host; return the loss of each image.

        Parameters
        ----------
        images, labels : DeviceArray
        losses : DeviceArray, optional
            Where the losses go.
        """
        n = images.shape[0]
        memory = self._memory_for(n, backward=True)
        scores = self._run_forward(images, self._weights, memory)
        losses = memory.losses if losses is None else losses
        LOSSES[self.loss_name](scores, labels, out=(losses, memory.gradients[-1]))
        for index in range(len(self.layers) - 1, -1, -1):
            # Backwards, each layer turns the gradient by its result into those by its weights and by what it was given.
            x, down = (memory.buffers[index - 1][0], memory.gradients[index - 1]) if index else (images, None)
            back = Back(
                x, memory.gradients[index], self._weights[index], memory.buffers[index], self._weight_gradients[index], down
            )
            self.layers[index].backward(back)
        return losses

    def loss_and_gradient(self, images: Any, labels: Any) -> float:
        """Return the mean loss of a batch, and leave its gradient in `gradient`."""
        x = self.images_on_device(images)
        losses = self.backpropagate(x, self.labels_on_device(labels, x.shape[0]))
        return float(losses.numpy().mean(dtype=np.float64))
