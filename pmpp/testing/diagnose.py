"""Finds the pattern in a wrong output and says what usually causes it.

Patterns are tried from the most to the least particular; the first that fits is told. Each has a kind, a short word by
which the mutants of a problem say how they must be found out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pmpp.testing.compare import Mismatch, matches
from pmpp.testing.geometry import Launch, Owner


@dataclass(frozen=True)
class Finding:
    """What is wrong, as a kind and a sentence or two for the learner."""

    kind: str
    text: str


@dataclass(frozen=True)
class Context:
    """What is known about the call whose output is wrong."""

    mismatch: Mismatch
    touched: np.ndarray
    launch: Launch | None
    launches: int
    owner: Owner
    inputs: Mapping[str, np.ndarray]
    suspects: Mapping[str, np.ndarray]
    radius: int
    rtol: float
    atol: float

    @property
    def tile(self) -> tuple[int, ...] | None:
        """Part of the output that one block computes, if it has the output's dimensions."""
        if self.launch is None:
            return None
        tile = self.owner.tile(self.launch)
        return tile if tile is not None and len(tile) == self.mismatch.wrong.ndim else None

    def same(self, got: np.ndarray, expected: np.ndarray) -> bool:
        """Tell whether two arrays agree within the tolerance."""
        return got.shape == expected.shape and bool(matches(got, np.asarray(expected), self.rtol, self.atol).all())


def diagnose(context: Context) -> Finding | None:
    """Return the pattern that the wrong elements make, or None."""
    for pattern in PATTERNS:
        finding = pattern(context)
        if finding is not None:
            return finding
    return None


def _not_launched(c: Context) -> Finding | None:
    if c.launches:
        return None
    return Finding("not launched", "No kernel was launched: is there a call kernel<<<blocks, threads>>>(...) on this path?")


def _suspects(c: Context) -> Finding | None:
    for text, answer in c.suspects.items():
        if np.shape(answer) == c.mismatch.got.shape and c.same(c.mismatch.got, answer):
            return Finding("suspect", text)
    return None


def _untouched(c: Context) -> Finding | None:
    if c.touched.any():
        return None
    name = c.mismatch.name
    return Finding(
        "unwritten",
        f"Nothing was written to {name}: a kernel ran, but no thread stored a result there, or the result was not copied back.",
    )


def _nothing_but_zeros(c: Context) -> Finding | None:
    if c.mismatch.got.any() or not np.asarray(c.mismatch.expected).any():
        return None
    return Finding(
        "all zero",
        f"All of {c.mismatch.name} is zero: did the kernel run, and did its threads pass the check of the bounds and store?",
    )


def _nan(c: Context) -> Finding | None:
    got = c.mismatch.got
    if got.dtype.kind != "f" or not c.touched.all():
        return None
    bad = np.isnan(got) & c.mismatch.wrong
    if not bad.any():
        return None
    return Finding(
        "nan",
        f"{bad.sum():,} elements are NaN: a value was read that nobody wrote (shared memory, a sum that does not start at 0), "
        "or 0 was divided by 0.",
    )


def _copy_of_input(c: Context) -> Finding | None:
    for name, value in c.inputs.items():
        if isinstance(value, np.ndarray) and value.size > 1 and value.dtype == c.mismatch.got.dtype and c.same(c.mismatch.got, value):
            return Finding("copy", f"{c.mismatch.name} equals the input {name}: the computation has no effect.")
    return None


def _transposed(c: Context) -> Finding | None:
    m = c.mismatch
    if m.got.ndim != 2 or 1 in m.got.shape:
        return None
    if c.same(m.got.reshape(m.got.shape[::-1]).T, m.expected) or (
        m.got.shape[0] == m.got.shape[1] and c.same(m.got.T, m.expected)
    ):
        return Finding("transposed", "The result is transposed: x counts columns and y counts rows; they are exchanged somewhere.")
    return None


def _shifted(c: Context) -> Finding | None:
    m = c.mismatch
    if m.got.ndim > 2 or m.got.size < 8 or _constant(m.expected):
        return None
    steps = [(d,) for d in (1, -1)] if m.got.ndim == 1 else [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
    for step in steps:
        # An interior that does not see what was done at the border.
        inside = tuple(slice(1, -1) for _ in step)
        moved = tuple(slice(1 + d, (d - 1) or None) for d in step)
        if m.got[inside].size > 4 and c.same(m.got[inside], m.expected[moved]):
            where = ", ".join(f"{d:+d}" if d else "0" for d in step)
            return Finding("shifted", f"The result is shifted: every element holds what belongs to its neighbour at ({where}).")
    return None


def _scaled(c: Context) -> Finding | None:
    m = c.mismatch
    if m.got.dtype.kind != "f" or not c.touched.all() or _constant(m.expected):
        return None
    wide = m.expected.astype(np.float64)
    big = int(np.argmax(np.abs(wide)))
    if wide.flat[big] == 0 or not np.isfinite(m.got).all():
        return None
    factor = float(m.got.flat[big]) / float(wide.flat[big])
    if factor in (0.0, 1.0) or not np.isfinite(factor):
        return None
    if c.same(m.got, wide * factor) and m.got.size > 4:
        return Finding("scaled", f"Every element is {factor:.6g} times what is expected.")
    return None


def _blocks(c: Context) -> Finding | None:
    """Say whether the wrong elements are exactly those of some blocks."""
    m, tile = c.mismatch, c.tile
    if tile is None or c.launch is None:
        return None
    if all(extent <= t for extent, t in zip(m.wrong.shape, tile, strict=True)):
        return None
    number = np.zeros(m.wrong.shape, np.int64)
    partial = np.zeros(m.wrong.shape, bool)
    for axis, (extent, t) in enumerate(zip(m.wrong.shape, tile, strict=True)):
        at = np.arange(extent) // t
        shape = [-1 if a == axis else 1 for a in range(m.wrong.ndim)]
        number = number * (-(-extent // t)) + at.reshape(shape)
        if extent % t:
            partial |= (at == extent // t).reshape(shape)
    first = number == 0
    if m.wrong[~first].all() and not m.wrong[first].any():
        return Finding(
            "first block only",
            "Only the first block's elements are right, those of every other block are wrong: does the index contain blockIdx?",
        )
    if np.array_equal(m.wrong, partial):
        if m.wrong.ndim == 1:
            n, t = m.wrong.size, tile[0]
            text = f"The last {n % t} of {n:,} elements are wrong, n mod {t}: is the count of blocks rounded up?"
        else:
            text = "Exactly the tiles on the right and bottom that are only partly filled are wrong: is the count of blocks rounded up?"
        return Finding("last tile", text)
    if partial.any() and not m.wrong[~partial].any():
        return Finding("last tile", "Only elements of the last, partly filled tiles are wrong: look at the check of the bounds.")
    return None


def _tail(c: Context) -> Finding | None:
    m = c.mismatch
    flat = m.wrong.reshape(-1)
    start = int(np.flatnonzero(flat)[0])
    if m.wrong.ndim != 1 or start == 0 or not flat[start:].all():
        return None
    untouched = " They were never written." if not c.touched.reshape(-1)[start:].any() else ""
    text = f"Everything from element {start:,} on is wrong, the last {flat.size - start:,}.{untouched}"
    return Finding("tail", text + " Do the blocks cover all n elements, and does the bound say i < n?")


def _borders(c: Context) -> Finding | None:
    """Say whether only the rim of the output, or only the rims of tiles, are wrong."""
    m = c.mismatch
    if m.wrong.ndim < 2 or not c.radius:
        return None
    rim = np.zeros(m.wrong.shape, bool)
    seam = np.zeros(m.wrong.shape, bool)
    for axis, extent in enumerate(m.wrong.shape):
        i = np.arange(extent)
        shape = [-1 if a == axis else 1 for a in range(m.wrong.ndim)]
        rim |= ((i < c.radius) | (i >= extent - c.radius)).reshape(shape)
        if c.tile is not None:
            t = c.tile[axis]
            seam |= ((i % t < c.radius) | (i % t >= t - c.radius)).reshape(shape)
    if rim.all():
        return None
    if not m.wrong[~rim].any():
        return Finding(
            "edge",
            f"Only elements less than {c.radius} from the picture's edge are wrong: neighbours outside of it must count as 0.",
        )
    if c.tile is not None and not seam.all() and not m.wrong[~(seam | rim)].any():
        return Finding(
            "halo",
            f"Only elements less than {c.radius} from a tile's border are wrong: they need the halo, the cells around the tile.",
        )
    return None


def _every_other(c: Context) -> Finding | None:
    """Say whether the wrong elements repeat with a short period along the fastest axis."""
    m = c.mismatch
    if m.wrong.ndim != 1 or m.wrong.size < 16:
        return None
    for period in (2, 3, 4, 8, 16, 32):
        for remainder in range(period):
            hit = np.arange(m.wrong.size) % period == remainder
            if np.array_equal(m.wrong, hit) or np.array_equal(m.wrong, ~hit):
                which = "only" if np.array_equal(m.wrong, hit) else "all but"
                return Finding(
                    "period",
                    f"The wrong elements are {which} those whose index is {remainder} modulo {period}: which thread computes them?",
                )
    return None


def _unwritten_part(c: Context) -> Finding | None:
    missing = c.mismatch.wrong & ~c.touched
    if not missing.any() or not np.array_equal(missing, c.mismatch.wrong):
        return None
    return Finding(
        "unwritten",
        f"{missing.sum():,} of {missing.size:,} elements were never written; all that were written are right.",
    )


def _constant(values: np.ndarray) -> bool:
    return values.size == 0 or bool((values == values.flat[0]).all())


PATTERNS: tuple[Callable[[Context], Finding | None], ...] = (
    _not_launched,
    _suspects,
    _untouched,
    _nothing_but_zeros,
    _nan,
    _copy_of_input,
    _transposed,
    _shifted,
    _scaled,
    _blocks,
    _tail,
    _borders,
    _every_other,
    _unwritten_part,
)
