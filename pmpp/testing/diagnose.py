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
    needs_launch: bool = True

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
    if c.launches or not c.needs_launch:
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
    if name in c.inputs:
        return Finding("unwritten", f"{name} is as it was before the call: no thread stored another value there.")
    return Finding(
        "unwritten",
        f"Nothing was written to {name}: no thread stored a result there, or the result was not copied back.",
    )


def _nothing_but_zeros(c: Context) -> Finding | None:
    if c.mismatch.got.any() or not np.asarray(c.mismatch.expected).any():
        return None
    return Finding(
        "all zero",
        f"All of {c.mismatch.name} is zero: did the threads pass the check of the bounds, and did they store?",
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
        f"{bad.sum():,} elements are NaN: a value was read that nobody wrote, a sum does not start at 0, or 0 was divided by 0.",
    )


def _grid_too_small(c: Context) -> Finding | None:
    """Say whether exactly the elements are wrong that no block of the grid owns."""
    m, launch = c.mismatch, c.launch
    if launch is None:
        return None

    def orphaned(chosen: np.ndarray) -> list[bool]:
        few = np.argwhere(chosen)
        few = few[:: max(1, len(few) // 200)]
        return [not c.owner.find(tuple(map(int, at)), m.wrong.shape, launch).exists for at in few]

    if not all(orphaned(m.wrong)) or any(orphaned(~m.wrong)):
        return None
    return Finding("grid too small", "The grid has no block for any of the wrong elements: is the count of blocks rounded up?")


def _copy_of_input(c: Context) -> Finding | None:
    m = c.mismatch
    for name, value in c.inputs.items():
        if not isinstance(value, np.ndarray) or value.shape != m.got.shape or value.size < 2 or value.dtype != m.got.dtype:
            continue
        if c.same(m.got, value):
            return Finding("copy", f"{m.name} equals the input {name}: the computation has no effect.")
        # At the border some terms of a sum are missing: look at the inside.
        inside = tuple(slice(c.radius, extent - c.radius) for extent in value.shape)
        got, given = m.got[inside], value[inside]
        if got.size > 4 and got.dtype.kind == "f" and not _constant(given):
            biggest = np.unravel_index(int(np.argmax(np.abs(given))), given.shape)
            factor = float(got[biggest]) / float(given[biggest])
            if np.isfinite(factor) and factor != 0 and c.same(got, given.astype(np.float64) * factor):
                return Finding("copy", f"{m.name} is the input {name} times a number: the neighbours of an element do not count.")
    return None


def _transposed(c: Context) -> Finding | None:
    m = c.mismatch
    if m.got.ndim != 2 or 1 in m.got.shape:
        return None
    if c.same(m.got.reshape(m.got.shape[::-1]).T, m.expected) or (
        m.got.shape[0] == m.got.shape[1] and c.same(m.got.T, m.expected)
    ):
        return Finding(
            "transposed", "The result is transposed: x counts columns and y counts rows; they are exchanged somewhere."
        )
    return None


def _shifted(c: Context) -> Finding | None:
    m = c.mismatch
    if m.got.ndim > 2 or m.got.size < 8 or _constant(m.expected):
        return None
    steps: list[tuple[int, ...]] = (
        [(d,) for d in (1, -1)] if m.got.ndim == 1 else [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
    )
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
    for axis, (extent, t) in enumerate(zip(m.wrong.shape, tile, strict=True)):
        number = number * (-(-extent // t)) + _along(axis, np.arange(extent) // t, m.wrong.ndim)
    partial = _partly_filled(m.wrong.shape, tile)
    first = number == 0
    if number.max() > 1 and m.wrong[~first].all() and not m.wrong[first].any():
        return Finding(
            "first block only",
            "Only the first block's elements are right: does the index contain blockIdx?",
        )
    if partial.any() and np.array_equal(m.wrong, partial):
        if m.wrong.ndim == 1:
            n, t = m.wrong.size, tile[0]
            text = f"The last {n % t} of {n:,} elements are wrong, n mod {t}: is the count of blocks rounded up?"
        else:
            text = "Exactly the tiles that are only partly filled are wrong: is the count of blocks rounded up?"
        return Finding("last tile", text)
    return None


def _in_the_last_tile(c: Context) -> Finding | None:
    m, tile = c.mismatch, c.tile
    if tile is None:
        return None
    partial = _partly_filled(m.wrong.shape, tile)
    if not partial.any() or partial.all() or m.wrong[~partial].any():
        return None
    return Finding("last tile", "Only elements of the last, partly filled tiles are wrong: look at the check of the bounds.")


def _along(axis: int, values: np.ndarray, ndim: int) -> np.ndarray:
    """Give values along one axis the shape in which they broadcast over the others."""
    return values.reshape([-1 if a == axis else 1 for a in range(ndim)])


def _partly_filled(shape: tuple[int, ...], tile: tuple[int, ...]) -> np.ndarray:
    """Say for each element whether it lies in a tile that reaches over the end."""
    partial = np.zeros(shape, bool)
    for axis, (extent, t) in enumerate(zip(shape, tile, strict=True)):
        partial |= _along(axis, np.arange(extent) >= extent - extent % t, len(shape))
    return partial


def _tail(c: Context) -> Finding | None:
    m = c.mismatch
    flat = m.wrong.reshape(-1)
    start = int(np.flatnonzero(flat)[0])
    if not (c.needs_launch and c.owner.by_place) or m.wrong.ndim != 1 or start < 2 or not flat[start:].all():
        return None
    untouched = " They were never written." if not c.touched.reshape(-1)[start:].any() else ""
    text = f"Everything from element {start:,} on is wrong, the last {flat.size - start:,}.{untouched}"
    return Finding("tail", text + " Do the blocks cover all n elements, and does the bound say i < n?")


def _borders(c: Context) -> Finding | None:
    """Say whether only elements near the rim of the output, or near the rims of tiles, are wrong."""
    m = c.mismatch
    if m.wrong.ndim < 2 or not c.radius:
        return None
    to_rim = np.full(m.wrong.shape, 1 << 30)
    to_seam = np.full(m.wrong.shape, 1 << 30)
    for axis, extent in enumerate(m.wrong.shape):
        i = np.arange(extent)
        to_rim = np.minimum(to_rim, _along(axis, np.minimum(i, extent - 1 - i), m.wrong.ndim))
        if c.tile is not None:
            t = c.tile[axis]
            # The first and the last tile border on the rim there, not on a neighbour.
            left = np.where(i >= t, i % t, 1 << 30)
            right = np.where(i // t < (extent - 1) // t, t - 1 - i % t, 1 << 30)
            to_seam = np.minimum(to_seam, _along(axis, np.minimum(left, right), m.wrong.ndim))
    # A neighbour that is counted wrongly spoils its own element's sum too: hence one more than the radius.
    reach = c.radius + 1
    rim, seam = to_rim < reach, to_seam < reach
    if not m.wrong[~rim].any() and not rim.all():
        return Finding(
            "edge",
            f"Only elements within {1 + int(to_rim[m.wrong].max())} of the picture's edge are wrong: "
            "neighbours outside of the picture must count as 0, and all others must count.",
        )
    if not m.wrong[~seam].any() and not seam.all():
        return Finding(
            "halo",
            f"Only elements within {1 + int(to_seam[m.wrong].max())} of a border between two tiles are wrong: "
            "they need the halo, the cells around the tile.",
        )
    return None


def _every_other(c: Context) -> Finding | None:
    """Say whether the wrong elements repeat with a short period along the fastest axis."""
    m = c.mismatch
    if m.wrong.ndim != 1 or not c.owner.by_place:
        return None
    for period in (p for p in (2, 3, 4, 8, 16, 32) if 4 * p <= m.wrong.size):
        for remainder in range(period):
            hit = np.arange(m.wrong.size) % period == remainder
            if np.array_equal(m.wrong, hit) or np.array_equal(m.wrong, ~hit):
                which = "only" if np.array_equal(m.wrong, hit) else "all but"
                return Finding(
                    "period",
                    f"The wrong elements are {which} those whose index is {remainder} modulo {period}: "
                    "which thread computes them?",
                )
    return None


def _unwritten_part(c: Context) -> Finding | None:
    missing = c.mismatch.wrong & ~c.touched
    if not missing.any() or not np.array_equal(missing, c.mismatch.wrong):
        return None
    were = "are as they were before the call" if c.mismatch.name in c.inputs else "were never written"
    return Finding("unwritten", f"{missing.sum():,} of {missing.size:,} elements {were}; all others are right.")


def _constant(values: np.ndarray) -> bool:
    return values.size == 0 or bool((values == values.flat[0]).all())


PATTERNS: tuple[Callable[[Context], Finding | None], ...] = (
    _not_launched,
    _suspects,
    _untouched,
    _nothing_but_zeros,
    _grid_too_small,
    _nan,
    _copy_of_input,
    _transposed,
    _shifted,
    _scaled,
    _borders,
    _blocks,
    _tail,
    _in_the_last_tile,
    _every_other,
    _unwritten_part,
)
