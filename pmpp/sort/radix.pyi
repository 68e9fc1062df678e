"""Radix sort (chapter 14)."""

from typing import Any

def sort(
    keys: Any,
    *,
    descending: bool = False,
    bits: tuple[int, int] | None = None,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> Any: ...
def argsort(
    keys: Any,
    *,
    descending: bool = False,
    bits: tuple[int, int] | None = None,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> Any: ...
def sort_pairs(
    keys: Any,
    values: Any,
    *,
    descending: bool = False,
    bits: tuple[int, int] | None = None,
    out: tuple[Any, Any] | None = None,
    variant: str = "auto",
    stream: Any = None,
) -> tuple[Any, Any]: ...
