"""Vector addition (chapter 2)."""

from typing import Any

def vector_add(a: Any, b: Any, *, out: Any = None, variant: str = "auto", stream: Any = None) -> Any: ...
