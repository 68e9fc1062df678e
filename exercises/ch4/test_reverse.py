"""Reverse segments in place, with one barrier."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Reverse segments in place",
    minutes=15,
    signature="int reverse(float* data, int n)",
    read=("4", "4.3"),
)


def turned(rng, n, **rest):
    """Turn random numbers round, segment by segment."""
    data = rng.standard_normal(n, dtype=np.float32)
    answer = np.concatenate([data[:0], *(data[i : i + 256][::-1] for i in range(0, n, 256))])
    return Case(f"n = {n:,}", {"data": data, "n": n}, {"data": answer}, min_launches=n > 0, **rest)


@problem.test("sizes around a segment", schedules=4)
def sizes(rng):
    """Try a segment, a little more, a little less, several, one element, none."""
    for n in (256, 257, 255, 1000, 33, 2, 1, 0):
        yield turned(rng, n)


@problem.test("barriers")
def barriers(rng):
    """Allow one barrier, to which 8 warps come in each of 4 blocks."""
    yield turned(rng, 1000, limits={"barriers": 4 * 8})
