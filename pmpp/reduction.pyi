"""Reduction (chapter 10)."""

from typing import Any

Axis = int | tuple[int, ...] | None

def reduce_sum(
    x: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def reduce_mean(
    x: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def reduce_min(
    x: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def reduce_max(
    x: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def reduce_argmin(
    x: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def reduce_argmax(
    x: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def reduce_any(
    x: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def reduce_all(
    x: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
