"""Histograms (chapter 9)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

def histogram(
    x: Any,
    bins: int | Sequence[float] | np.ndarray = 10,
    range: tuple[float, float] | None = None,
    *,
    weights: Any = None,
    out: Any = None,
    variant: str = "auto",
    stream: Any = None,
) -> tuple[Any, np.ndarray]: ...
def bincount(
    x: Any, *, weights: Any = None, minlength: int = 0, out: Any = None, variant: str = "auto", stream: Any = None
) -> Any: ...
