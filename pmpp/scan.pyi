"""Prefix sums (chapter 11)."""

from typing import Any, Literal

Operator = Literal["add", "max", "min", "multiply"]

def inclusive_scan(
    x: Any, op: Operator = "add", *, dtype: Any = None, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def exclusive_scan(
    x: Any, op: Operator = "add", *, dtype: Any = None, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
def segmented_scan(
    x: Any,
    heads: Any,
    op: Operator = "add",
    *,
    exclusive: bool = False,
    dtype: Any = None,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> Any: ...
