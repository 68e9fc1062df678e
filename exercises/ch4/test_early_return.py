"""A barrier that some threads never reach."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Find the bug: some threads are sent home early",
    minutes=10,
    kind="find the bug",
    symptom="barrier-divergence",
    signature="int differences(const float* in, float* out, int n)",
    read=("4", "4.3"),
)


@problem.test("sizes around a block", schedules=3)
def sizes(rng):
    """Try whole blocks, one element more, one less, a few, one, none."""
    for n in (512, 257, 255, 1000, 31, 1, 0):
        data = rng.standard_normal(n, dtype=np.float32)
        answer = data.copy()
        keep = np.arange(n) % 256 > 0
        answer[keep] = (data[1:] - data[:-1])[keep[1:]] if n else answer[keep]
        yield Case(f"n = {n:,}", {"in": data, "n": n}, {"out": answer}, min_launches=n > 0)
