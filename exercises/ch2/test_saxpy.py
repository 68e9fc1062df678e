"""SAXPY: an array that is read and written."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="a times x plus y, in place",
    minutes=10,
    signature="int saxpy(float a, const float* x, float* y, int n)",
    read=("2", "2.5 and 2.6"),
)


@problem.test("sizes around a block")
def sizes(rng):
    """Update vectors of one block, a little less, a little more, many."""
    for n in (1000, 128, 127, 129, 1, 31, 33, 65_537, 0):
        x, y = rng.standard_normal((2, n), dtype=np.float32)
        a = float(np.float32(rng.uniform(2, 3)))
        expect = a * x.astype(np.float64) + y
        suspects = {
            "y is overwritten with a * x: what it held before must be added.": a * x.astype(np.float64),
            "This is x + y: the factor a is missing.": x.astype(np.float64) + y,
        }
        inputs = {"a": a, "x": x, "y": y, "n": n}
        yield Case(f"n = {n:,}", inputs, {"y": expect}, suspects=suspects, min_launches=n > 0)
