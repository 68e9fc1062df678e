"""Matrix multiplication (chapters 3, 5, 6 and 15)."""

from typing import Any

def matmul(a: Any, b: Any, *, out: Any = None, variant: str = "auto", stream: Any = None) -> Any: ...
