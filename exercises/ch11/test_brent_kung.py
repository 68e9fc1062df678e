"""Inclusive scan of sections: Brent-Kung."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Scan of sections, Brent-Kung",
    minutes=40,
    signature="int scan_brent_kung(const float* in, float* out, int n)",
    read=("11", "11.4"),
)


def sections(data, length):
    """Sum up every section for itself."""
    parts = [np.cumsum(data[i : i + length]) for i in range(0, data.size, length)]
    return np.concatenate([*parts, np.zeros(0, np.float32)]).astype(np.float32)


@problem.test("sizes around a section", schedules=3)
def sizes(rng):
    """Scan floats that are whole numbers, so that sums are exact in any order."""
    for n in (700, 256, 255, 257, 1, 2, 33, 129, 5000, 0):
        yield scanned(rng, n)


@problem.test("Brent-Kung is recognised by its additions")
def additions(rng):
    """Four full sections of 256: 255 additions going up, 247 going down."""
    yield scanned(rng, 1024, counts={"flop": 4 * (255 + 247)})


def scanned(rng, n, **counts):
    """Give a case of n elements."""
    data = rng.integers(-1000, 1000, n).astype(np.float32)
    expect = sections(data, 256)
    suspects = {}
    if n > 1:
        suspects["This is the exclusive scan: an element's own value belongs to its sum."] = expect - data
    return Case(f"n = {n:,}", {"in": data, "n": n}, {"out": expect}, suspects=suspects, min_launches=n > 0, **counts)
