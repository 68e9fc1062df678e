"""Compares an output with what is expected; a NaN never passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mismatch:
    """Where an output is wrong.

    Attributes
    ----------
    wrong
        For each element: is it wrong.
    first
        Index of the first wrong element in memory order.
    """

    name: str
    got: np.ndarray
    expected: np.ndarray
    wrong: np.ndarray
    first: tuple[int, ...]

    @property
    def count(self) -> int:
        """Count of wrong elements."""
        return int(self.wrong.sum())


def matches(got: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Say for each element whether it is right; NaN is right only where NaN is expected."""
    if got.dtype.kind != "f":
        return got == expected
    with np.errstate(invalid="ignore", over="ignore"):
        wide = expected.astype(np.float64)
        error = np.abs(got.astype(np.float64) - wide)
        right = error <= atol + rtol * np.abs(wide)
        return right | (np.isnan(got) & np.isnan(wide)) | (got == wide)


def compare(name: str, got: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> Mismatch | None:
    """Return where ``got`` is wrong, or None if every element is right."""
    expected = np.asarray(expected)
    if got.shape != expected.shape:
        raise ValueError(f"{name} has shape {got.shape}, expected {expected.shape}")
    right = matches(got, expected, rtol, atol)
    if right.all():
        return None
    wrong = ~right
    first = np.unravel_index(int(np.flatnonzero(wrong)[0]), wrong.shape)
    return Mismatch(name, got, expected, wrong, tuple(int(i) for i in first))
