"""How weights slide over an image: SciPy's modes and boundaries as the numbers that the kernels want."""

from __future__ import annotations

import math
import numbers
from typing import Any

MODES = ("full", "same", "valid")
BOUNDARIES = {"fill": 0, "wrap": 1, "symm": 2}
LONGEST, MOST = 31, 961
"""Rows or columns of weights, and weights of a channel in all: PMPP_CONVOLUTION_LONGEST, PMPP_CONVOLUTION_MAX_WEIGHTS."""

Shape = tuple[int, ...]


def checked(mode: Any, boundary: Any, fillvalue: Any) -> None:
    """Raise for what is no mode, no boundary or no number."""
    if mode not in MODES:
        raise ValueError(f"mode: got {mode!r}; 'full', 'same' and 'valid' are accepted")
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary: got {boundary!r}; 'fill', 'wrap' and 'symm' are accepted")
    if not isinstance(fillvalue, numbers.Real):
        raise TypeError(f"fillvalue: got {type(fillvalue).__name__}; a real number is accepted")


def changes_places(mode: str, image: Any, weights: Any, dims: int) -> bool:
    """Whether, as in SciPy, the image slides over the weights, because it is the smaller one."""
    if mode != "valid" or not getattr(image, "ndim", 0) == getattr(weights, "ndim", 0) == dims:
        return False
    if all(n >= k for n, k in zip(image.shape, weights.shape, strict=True)):
        return False
    if any(n > k for n, k in zip(image.shape, weights.shape, strict=True)):
        raise ValueError(
            f"weights: shape {weights.shape} does not fit into the image's {image.shape} in every dimension, nor the other way "
            f"round, as mode='valid' needs"
        )
    return True


def place(mode: str, image: Shape, weights: Shape, flip: bool) -> tuple[list[int], list[int]]:
    """Return the result's sides, and the offset from its first pixel to the first pixel under the weights."""
    sides = zip(image, weights, strict=True)
    if mode == "full":
        return [max(0, n + k - 1) for n, k in sides], [1 - k for k in weights]
    if mode == "same":
        # Even weights have two middles. SciPy keeps the one before it, in the weights as given: flipped, the one after it.
        return list(image), [-(k // 2) if flip else -((k - 1) // 2) for k in weights]
    return [n - k + 1 for n, k in sides], [0] * len(weights)


def slide(
    image: Shape, weights: Shape, dims: int, *, mode: str, boundary: str, fillvalue: float, flip: bool
) -> tuple[Shape, dict[str, Any]]:
    """Return the shape of the result and the members of pmpp_slide.

    Weights of two dimensions more than `dims` have kernels and channels first; the image has channels before its sides then.
    """
    channelled = len(weights) > dims
    if len(image) < dims + channelled:
        most = f"{dims} or more are accepted" if not channelled else f"{dims + 1} or more are needed with weights {weights}"
        raise ValueError(f"image: got {len(image)} dimensions, shape {image}; {most}")
    sides, taps = image[-dims:], weights[-dims:]
    kernels, channels = weights[:2] if channelled else (1, 1)
    batch = image[: len(image) - dims - channelled]
    if channelled and image[-dims - 1] != channels:
        raise ValueError(f"image: got shape {image}, {image[-dims - 1]} channels; weights {weights} have {channels}")
    if max(taps[-2:]) > LONGEST or math.prod(taps) > MOST:
        most = f"up to {LONGEST} x {LONGEST}" if dims == 2 else f"up to {LONGEST} rows and columns, and {MOST} in all,"
        raise ValueError(f"weights: got shape {weights}; {most} are accepted")
    if mode == "valid" and (0 in sides or 0 in taps):
        raise ValueError(f"image: got shapes {image} and {weights}; with mode='valid' neither may be empty")
    if mode == "valid" and any(n < k for n, k in zip(sides, taps, strict=True)):
        raise ValueError(f"weights: shape {weights} does not fit into the images' {sides}, as mode='valid' needs")
    shape, offset = place(mode, sides, taps, flip)
    members: dict[str, Any] = {"batches": math.prod(batch), "channels": channels, "kernels": kernels}
    for name, numbers_of in (("image", sides), ("weight", taps), ("out", shape)):
        members |= zip((f"{name}_planes", f"{name}_rows", f"{name}_cols"), (1, *numbers_of)[-3:], strict=True)
    members |= zip(("plane_offset", "row_offset", "col_offset"), (0, *offset)[-3:], strict=True)
    members |= {"flip": flip, "boundary": BOUNDARIES[boundary], "fill": fillvalue}
    return (*batch, *([kernels] if channelled else []), *shape), members
