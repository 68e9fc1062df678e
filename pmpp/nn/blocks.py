"""The layers of a network: what each computes forward and backward, on arrays that the network hands it.

A layer owns no weights. It says what shapes they have; the network cuts them out of its one vector and passes them in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pmpp import DeviceArray
from pmpp.matmul import matmul
from pmpp.nn import convolution
from pmpp.nn.layers import dense, max_pool, max_pool_gradient, relu, relu_gradient
from pmpp.reduction import reduce_sum

Shape = tuple[int, ...]


def shaped(array: DeviceArray, shape: Shape) -> DeviceArray:
    """Return the same elements in another shape, without a copy."""
    return DeviceArray.borrow(array.pointer, shape, array.dtype, array)


@dataclass(frozen=True)
class Back:
    """What a layer is handed on the way back."""

    x: DeviceArray  #: what it was given on the way there
    gradient: DeviceArray  #: how the loss changes with its result
    weights: Sequence[DeviceArray]
    buffers: Sequence[DeviceArray]  #: what it wrote on the way there
    weight_gradients: Sequence[DeviceArray]  #: where to write how the loss changes with its weights
    x_gradient: DeviceArray | None  #: where to write how it changes with `x`; None where nobody asks


class Layer:
    """What all layers have in common.

    Attributes
    ----------
    input_shape, output_shape : tuple of int
        Of one image. Set by :meth:`build`.
    weight_shapes : tuple of shapes
        Of the arrays that the layer learns: none, or weights and bias.
    """

    input_shape: Shape = ()
    output_shape: Shape = ()
    weight_shapes: tuple[Shape, ...] = ()

    def build(self, input_shape: Shape) -> Shape:
        """Take the shape of an image that comes in, return that of what goes out."""
        self.input_shape = self.output_shape = input_shape
        return input_shape

    def start(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return weights to start from, in float64.

        Weights are drawn so that what a layer puts out is about as large as what it is given; a bias starts at 0.
        """
        if not self.weight_shapes:
            return []
        weights, bias = self.weight_shapes
        return [rng.standard_normal(weights) * math.sqrt(2 / math.prod(weights[1:])), np.zeros(bias)]

    def buffers(self, n: int, dtype: np.dtype) -> list[DeviceArray]:
        """Return memory for a batch of `n`: the result first, then whatever the way back needs."""
        return [DeviceArray((n, *self.output_shape), dtype)]

    def forward(self, x: DeviceArray, weights: Sequence[DeviceArray], buffers: Sequence[DeviceArray]) -> None:
        """Compute ``buffers[0]`` of `x`."""
        raise NotImplementedError

    def backward(self, back: Back) -> None:
        """Compute ``back.weight_gradients``, and ``back.x_gradient`` unless it is None."""
        raise NotImplementedError


class Convolution(Layer):
    """Filters that slide over the channels of an image, where they fit.

    Parameters
    ----------
    filters : int
    size : int
        Rows, and columns, of a filter.
    variant : str
        A rung of :func:`pmpp.nn.convolution.convolve`.
    """

    def __init__(self, filters: int, size: int, *, variant: str = "auto") -> None:
        if filters < 1 or size < 1:
            raise ValueError(f"Convolution: got {filters} filters of size {size}; both must be at least 1")
        self.filters, self.size, self.variant = filters, size, variant

    def __repr__(self) -> str:
        return f"Convolution({self.filters}, {self.size})"

    def build(self, input_shape: Shape) -> Shape:
        """Take the shape of an image that comes in, return that of what goes out."""
        if len(input_shape) != 3:
            raise ValueError(f"{self!r}: got images of shape {input_shape}; (channels, rows, columns) is accepted")
        channels, rows, cols = input_shape
        if min(rows, cols) < self.size:
            raise ValueError(f"{self!r}: its filters do not fit into images of {rows} x {cols}")
        self.input_shape = input_shape
        self.weight_shapes = ((self.filters, channels, self.size, self.size), (self.filters,))
        self.output_shape = (self.filters, rows - self.size + 1, cols - self.size + 1)
        return self.output_shape

    def forward(self, x: DeviceArray, weights: Sequence[DeviceArray], buffers: Sequence[DeviceArray]) -> None:
        """Slide the filters over `x`."""
        convolution.convolve(x, *weights, out=buffers[0], variant=self.variant)

    def backward(self, back: Back) -> None:
        """Slide the gradient over `x` for the filters; slide the flipped filters over the gradient for `x`."""
        shape, out = self.weight_shapes[0], tuple(back.weight_gradients)
        convolution.weights_gradient(back.x, back.gradient, shape, out=out, variant=self.variant)
        if back.x_gradient is not None:
            convolution.images_gradient(back.gradient, back.weights[0], out=back.x_gradient, variant=self.variant)


class Dense(Layer):
    """Each output a weighted sum of all inputs.

    Parameters
    ----------
    outputs : int
    """

    def __init__(self, outputs: int) -> None:
        if outputs < 1:
            raise ValueError(f"Dense: got {outputs} outputs; at least 1 is accepted")
        self.outputs = outputs

    def __repr__(self) -> str:
        return f"Dense({self.outputs})"

    def build(self, input_shape: Shape) -> Shape:
        """Take the shape of an image that comes in, return that of what goes out."""
        self.input_shape, self.output_shape = input_shape, (self.outputs,)
        self.weight_shapes = ((self.outputs, math.prod(input_shape)), (self.outputs,))
        return self.output_shape

    def _rows(self, x: DeviceArray) -> DeviceArray:
        return shaped(x, (x.shape[0], self.weight_shapes[0][1]))

    def forward(self, x: DeviceArray, weights: Sequence[DeviceArray], buffers: Sequence[DeviceArray]) -> None:
        """Multiply and add the bias."""
        dense(self._rows(x), *weights, out=buffers[0])

    def backward(self, back: Back) -> None:
        """Multiply with the other operand, transposed."""
        matmul(back.gradient.T, self._rows(back.x), out=back.weight_gradients[0])
        reduce_sum(back.gradient, axis=0, out=back.weight_gradients[1])
        if back.x_gradient is not None:
            matmul(back.gradient, back.weights[0], out=self._rows(back.x_gradient))


class ReLU(Layer):
    """What is negative becomes 0."""

    def __repr__(self) -> str:
        return "ReLU()"

    def forward(self, x: DeviceArray, weights: Sequence[DeviceArray], buffers: Sequence[DeviceArray]) -> None:
        """Cut off what is negative."""
        relu(x, out=buffers[0])

    def backward(self, back: Back) -> None:
        """Pass the gradient on where something came through."""
        if back.x_gradient is not None:
            relu_gradient(back.buffers[0], back.gradient, out=back.x_gradient)


class MaxPool(Layer):
    """The largest pixel of each window of size x size.

    Parameters
    ----------
    size : int
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"MaxPool: got windows of {size}; at least 1 is accepted")
        self.size = size

    def __repr__(self) -> str:
        return f"MaxPool({self.size})"

    def build(self, input_shape: Shape) -> Shape:
        """Take the shape of an image that comes in, return that of what goes out."""
        if len(input_shape) != 3 or min(input_shape[1:]) < self.size:
            raise ValueError(
                f"{self!r}: got images of shape {input_shape}; (channels, rows, columns) with at least {self.size} rows and "
                f"columns is accepted"
            )
        channels, rows, cols = input_shape
        self.input_shape, self.output_shape = input_shape, (channels, rows // self.size, cols // self.size)
        return self.output_shape

    def buffers(self, n: int, dtype: np.dtype) -> list[DeviceArray]:
        """Return memory for the largest pixels and their places."""
        shape = (n, *self.output_shape)
        return [DeviceArray(shape, dtype), DeviceArray(shape, "int32")]

    def forward(self, x: DeviceArray, weights: Sequence[DeviceArray], buffers: Sequence[DeviceArray]) -> None:
        """Take the largest."""
        max_pool(x, self.size, out=(buffers[0], buffers[1]))

    def backward(self, back: Back) -> None:
        """Give the gradient to the pixel that was the largest."""
        if back.x_gradient is not None:
            max_pool_gradient(back.gradient, back.buffers[1], back.x.shape, self.size, out=back.x_gradient)
