"""Whether shapes fit each other, in the words of the functions of this package; sizes as their C interface wants them."""

from __future__ import annotations

import math

from pmpp import DeviceArray

Shape = tuple[int, ...]
LARGE = "the images, their results or the matrix of im2col have more than 2,147,418,112 elements: take fewer images at a time"


def convolution(images: Shape, weights: Shape, dtype: int) -> dict[str, int]:
    """Return the pmpp_nn_convolution of images and weights that fit each other."""
    if images[1] != weights[1]:
        raise ValueError(f"weights: got shape {weights}; images have {images[1]} channels, so weights.shape[1] has to be that")
    if 0 in images or 0 in weights:
        raise ValueError(f"images, weights: got shapes {images} and {weights}; none of their sizes may be 0")
    if images[2] < weights[2] or images[3] < weights[3]:
        raise ValueError(f"weights: {weights[2]} x {weights[3]} do not fit into images of {images[2]} x {images[3]}")
    if max(*images, *weights) >= 1 << 31:
        raise ValueError(f"images, weights: got shapes {images} and {weights}; {LARGE}")
    return {
        "images": images[0], "channels": images[1], "rows": images[2], "cols": images[3],
        "filters": weights[0], "weight_rows": weights[2], "weight_cols": weights[3], "dtype": dtype,
    }  # fmt: skip


def result(layer: dict[str, int]) -> Shape:
    """Return the shape of a convolution layer's result."""
    rows, cols = layer["rows"] - layer["weight_rows"] + 1, layer["cols"] - layer["weight_cols"] + 1
    return layer["images"], layer["filters"], rows, cols


def images_of(gradient: Shape, weights: Shape) -> Shape:
    """Return the shape of the images of a convolution layer whose result has that of `gradient`."""
    if gradient[1] != weights[0]:
        raise ValueError(f"gradient: got shape {gradient}; weights have {weights[0]} filters, so it needs as many channels")
    return gradient[0], weights[1], gradient[2] + weights[2] - 1, gradient[3] + weights[3] - 1


def pooling(images: Shape, size: int, dtype: int) -> dict[str, int]:
    """Return the pmpp_nn_pooling of images and windows that fit them."""
    if len(images) < 2:
        raise ValueError(f"images: got shape {images}; two dimensions or more are accepted")
    if not isinstance(size, int) or not 1 <= size <= min(images[-2:]):
        raise ValueError(f"size: got {size!r}; an integer from 1 to {min(images[-2:])} is accepted for images of {images[-2:]}")
    if math.prod(images[-2:]) >= 1 << 31:
        raise ValueError(f"images: got shape {images}; an image has less than 2**31 pixels")
    return {"planes": math.prod(images[:-2]), "rows": images[-2], "cols": images[-1], "size": size, "dtype": dtype}


def pooled(images: Shape, size: int) -> Shape:
    """Return the shape of what is left of images."""
    return *images[:-2], images[-2] // size, images[-1] // size


def same_shape(**arrays: DeviceArray) -> None:
    """Refuse an array that has another shape than the first."""
    (first_name, first), *others = arrays.items()
    for name, array in others:
        if array.shape != first.shape:
            raise ValueError(f"{name}: got shape {array.shape}; {first_name} has {first.shape}, and both must have the same")


def on_device(**arrays: DeviceArray) -> None:
    """Refuse what is no array on the device."""
    for name, array in arrays.items():
        if not isinstance(array, DeviceArray):
            raise TypeError(f"{name}: got {type(array).__name__}; a pmpp.DeviceArray is accepted")


def one_label_each(scores: Shape, labels: Shape) -> None:
    """Refuse scores without classes, and labels that are not one a row."""
    if scores[1] == 0:
        raise ValueError(f"scores: got shape {scores}; at least one class is needed")
    if labels != scores[:1]:
        raise ValueError(f"labels: got {labels[0]}; scores has {scores[0]} rows, and each has one label")


def changed_in_place(**arrays: DeviceArray) -> None:
    """Refuse vectors that a step cannot change in place."""
    (first_name, first), *_ = arrays.items()
    for name, array in arrays.items():
        if not isinstance(array, DeviceArray) or not array.contiguous:
            raise TypeError(
                f"{name}: got {type(array).__name__}; a pmpp.DeviceArray in C order is accepted, as it is changed in place"
            )
        if array.shape != first.shape or array.dtype != first.dtype:
            raise ValueError(
                f"{name}: got shape {array.shape} of {array.dtype}; {first_name} have {first.shape} of {first.dtype}"
            )
