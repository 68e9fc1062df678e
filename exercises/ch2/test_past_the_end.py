"""A kernel without a check of the bound."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Find the bug: values past the end",
    minutes=5,
    kind="find the bug",
    symptom="out of bounds",
    signature="int clamp_values(const float* in, float* out, int n, float low, float high)",
    read=("2", "2.4"),
)


@problem.test("sizes around a block")
def sizes(rng):
    """Try whole blocks, a little more, a little less, one, none."""
    for n in (512, 257, 255, 1000, 1, 0):
        data = rng.standard_normal(n, dtype=np.float32)
        inputs = {"in": data, "n": n, "low": -0.5, "high": 0.75}
        yield Case(f"n = {n:,}", inputs, {"out": data.clip(-0.5, 0.75)}, min_launches=n > 0)
