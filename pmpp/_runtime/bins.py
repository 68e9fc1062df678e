"""Bins of a histogram, as NumPy would deal with them: edges, and what the kernels have to know to give its counts."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pmpp._runtime.call import dtype_number

if TYPE_CHECKING:
    from pmpp._runtime.arrays import DeviceArray

DIRECT, UNIFORM, SEARCH = range(3)
"""How an element finds its bin: PmppBinRule of the C interface."""
CODES = {"f": 0, "i": 1, "u": 2}
"""How numbers are compared, by the kind of their dtype: PmppCode."""
REAL, SIGNED, UNSIGNED = CODES.values()


@dataclass(frozen=True)
class Bins:
    """Bins, and the arrays that go with them."""

    edges: np.ndarray
    fields: dict[str, Any]
    """The members of pmpp_bins."""
    codes: np.ndarray
    """The edges as the kernels compare them."""
    on_device: dict[int, DeviceArray] = field(default_factory=dict)
    """The codes in device memory, where a call has put them for those that follow."""


def _fields(rule: int, count: int, **known: Any) -> dict[str, Any]:
    unused = {"edges_code": 0, "low": 0, "high": 0, "range_code": 0, "first": 0.0, "width": 0.0}
    return {"rule": rule, "count": count, **unused, "difference_dtype": 0, "quotient_dtype": 0, **known}


def codes(values: Any, kind: int) -> np.ndarray:
    """Return numbers as the unsigned integers by which the kernels compare them."""
    if kind == REAL:
        bits = (np.atleast_1d(values).astype(np.float64) + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0
        return np.where(bits >> 63, ~bits, bits | np.uint64(1 << 63))
    if kind == UNSIGNED:
        return np.atleast_1d(values).astype(np.uint64)
    return np.atleast_1d(values).astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63)


def direct(count: int) -> Bins:
    """The bin of an element is the element itself."""
    return Bins(np.empty(0), _fields(DIRECT, count), np.empty(0, np.uint64))


def search(dtype: np.dtype, given: Any) -> Bins:
    """Bins between edges in rising order."""
    edges = np.asarray(given)
    if edges.dtype.kind not in "iuf" or edges.ndim != 1 or edges.size < 2 or not np.all(edges[:-1] <= edges[1:]):
        raise ValueError(f"bins: got {given!r}; a number of bins, or two or more numbers in rising order, are accepted")
    return _search(dtype, edges.dtype, edges.tobytes())


@lru_cache(maxsize=16)
def _search(dtype: np.dtype, edges_dtype: np.dtype, edges_bytes: bytes) -> Bins:
    edges = np.frombuffer(edges_bytes, edges_dtype)
    kind = CODES[np.result_type(dtype, edges_dtype).kind]
    return Bins(edges, _fields(SEARCH, edges.size - 1, edges_code=kind), codes(edges, kind))


def uniform(dtype: np.dtype, count: Any, range: Any, extent: np.ndarray | None) -> Bins:
    """Bins of equal width in a range, or, without one, between the smallest and the largest element: `extent`, or empty."""
    if not hasattr(count, "__index__"):
        raise TypeError(f"bins: got {count!r}; a number of bins, or two or more numbers in rising order, are accepted")
    first: Any
    last: Any
    if range is None and extent is not None:
        first, last = extent if extent.size else (0, 1)
        return _of_range(extent, operator.index(count), None, first, last)
    first, last = (end[()] if isinstance(end, np.ndarray) else end for end in range)
    return _uniform(dtype, operator.index(count), (first, last), first, last, repr((first, last)))


@lru_cache(maxsize=16)
def _uniform(dtype: np.dtype, count: int, range: tuple[Any, Any], first: Any, last: Any, _: str) -> Bins:
    """Bins in a range; `_` tells apart those that are equal and not alike."""
    return _of_range(np.empty(0, dtype), count, range, first, last)


def _of_range(sample: np.ndarray, count: int, range: tuple[Any, Any] | None, first: Any, last: Any) -> Bins:
    """`first` and `last` are given as NumPy has them: their types decide how it rounds."""
    dtype, edges = sample.dtype, np.histogram_bin_edges(sample, count, range)
    if first == last:
        first, last = first - 0.5, last + 0.5
    exact = dtype.kind in "iu" and all(isinstance(end, (int, np.integer)) for end in (first, last))
    range_code = CODES[dtype.kind] if exact else REAL
    low, high = 1, 0
    if not exact:
        low, high = map(int, codes([np.result_type(dtype, end).type(end) for end in (first, last)], REAL))
    else:
        limits = np.iinfo(np.int64 if dtype.kind == "i" else np.uint64)
        if int(last) >= limits.min and int(first) <= limits.max:
            ends = np.array([max(int(first), limits.min), min(int(last), limits.max)], limits.dtype)
            low, high = map(int, codes(ends, range_code))
    kind = np.result_type(first, last)
    if kind.kind == "i":  # without an overflow, as an unsigned difference
        unsigned = np.dtype(f"u{kind.itemsize}")
        width = np.subtract(np.asarray(last, kind), np.asarray(first, kind), casting="unsafe", dtype=unsigned)
    else:
        width = np.subtract(last, first, dtype=kind)
    quotient = np.result_type(edges.dtype, width.dtype)
    fields = _fields(
        UNIFORM,
        edges.size - 1,
        range_code=range_code,
        low=low,
        high=high,
        first=float(edges.dtype.type(first)),
        width=float(quotient.type(width)),
        difference_dtype=dtype_number(edges.dtype),
        quotient_dtype=dtype_number(quotient),
    )
    return Bins(edges, fields, codes(edges, REAL))
