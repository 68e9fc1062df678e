"""Sum by many blocks."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="A sum by many blocks",
    minutes=25,
    signature="int reduce_many_blocks(const float* data, int n, float* sum)",
    read=("10", "10.7"),
)


@problem.test("sizes around a segment", schedules=2)
def sizes(rng):
    """Add up less than a segment, one, a little more, many, none."""
    for n in (1300, 512, 511, 513, 1, 255, 257, 20_011, 0):
        data = rng.standard_normal(n, dtype=np.float32)
        data[-1:] = 100
        wide = data.astype(np.float64)
        tail = wide[(n - 1) // 512 * 512 :] if n > 512 else wide[:0]
        suspects = (
            {"Only one block's sum is there: it was stored, not added to *sum.": np.array([tail.sum()])} if tail.size else {}
        )
        inputs = {"data": data, "n": n, "sum": np.zeros(1, np.float32)}
        yield Case(
            f"n = {n:,}", inputs, {"sum": np.array([wide.sum()])}, atol=1e-6 * n + 1e-4, suspects=suspects, min_launches=n > 0
        )  # fmt: skip
