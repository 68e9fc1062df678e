"""Inner product."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="The inner product of two vectors",
    minutes=25,
    signature="int dot(const float* x, const float* y, int n, float* result)",
    read=("10", "10.7 and 10.8"),
)


@problem.test("sizes around a block and around the grid", schedules=2)
def sizes(rng):
    """Multiply and add vectors of less than a block, of more than the grid, of nothing."""
    for n in (1000, 256, 255, 257, 1, 8192, 8193, 40_009, 0):
        x, y = rng.standard_normal((2, n), dtype=np.float32)
        wide = x.astype(np.float64)
        suspects = {
            "These are the squares of x: y does not count.": np.array([wide @ wide]),
            "This is the sum of all elements: multiply x[i] by y[i].": np.array([wide.sum() + y.sum(dtype=np.float64)]),
        }
        inputs = {"x": x, "y": y, "n": n, "result": np.zeros(1, np.float32)}
        yield Case(
            f"n = {n:,}",
            inputs,
            {"result": np.array([wide @ y])},
            suspects=suspects if n else {},
            atol=1e-6 * n + 1e-4,
            min_launches=n > 0,
            max_threads=32 * 256,
        )
