"""The convolution layer, forward and backward (chapter 19)."""

from typing import Any

def convolve(
    images: Any, weights: Any, bias: Any = None, *, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def weights_gradient(
    images: Any,
    gradient: Any,
    weights_shape: tuple[int, ...],
    *,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> tuple[Any, Any]: ...
def images_gradient(gradient: Any, weights: Any, *, out: Any = None, variant: str = "auto", stream: Any = None) -> Any: ...
