"""Sum with warp shuffles."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="A sum with warp shuffles",
    minutes=25,
    signature="int reduce_shuffles(const float* data, int n, float* sum)",
    read=("10", None),
    instructions={"shfl": "The result is right, but no lane reads another one's register: use __shfl_down_sync."},
)


@problem.test("sizes around a segment", schedules=2)
def sizes(rng):
    """Add up less than a segment, one, a little more, many, none."""
    for n in (1000, 256, 255, 257, 1, 31, 33, 20_011, 0):
        data = rng.standard_normal(n, dtype=np.float32)
        data[-1:] = 100
        wide = data.astype(np.float64)
        inputs = {"data": data, "n": n, "sum": np.zeros(1, np.float32)}
        yield Case(
            f"n = {n:,}", inputs, {"sum": np.array([wide.sum()])}, atol=1e-6 * n + 1e-4, min_launches=n > 0
        )  # fmt: skip
