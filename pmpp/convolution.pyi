"""Convolution and correlation in two and three dimensions (chapter 7)."""

from typing import Any, Literal

Mode = Literal["full", "same", "valid"]
Boundary = Literal["fill", "wrap", "symm"]

def convolve2d(
    image: Any,
    weights: Any,
    *,
    mode: Mode = "full",
    boundary: Boundary = "fill",
    fillvalue: float = 0,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> Any: ...
def correlate2d(
    image: Any,
    weights: Any,
    *,
    mode: Mode = "full",
    boundary: Boundary = "fill",
    fillvalue: float = 0,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> Any: ...
def convolve3d(
    image: Any,
    weights: Any,
    *,
    mode: Mode = "full",
    boundary: Boundary = "fill",
    fillvalue: float = 0,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> Any: ...
def correlate3d(
    image: Any,
    weights: Any,
    *,
    mode: Mode = "full",
    boundary: Boundary = "fill",
    fillvalue: float = 0,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> Any: ...
