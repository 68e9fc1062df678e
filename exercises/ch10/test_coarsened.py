"""Sum with several elements a thread."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="A sum with several elements a thread",
    minutes=20,
    signature="int reduce_coarsened(const float* data, int n, float* sum)",
    read=("10", "10.8"),
)


@problem.test("sizes around a segment", schedules=2)
def sizes(rng):
    """Add up less than a segment, one, a little more, many, none."""
    for n in (6000, 2048, 2047, 2049, 1, 256, 257, 40_009, 0):
        data = rng.standard_normal(n, dtype=np.float32)
        data[-1:] = 100
        wide = data.astype(np.float64)
        inputs = {"data": data, "n": n, "sum": np.zeros(1, np.float32)}
        yield Case(
            f"n = {n:,}",
            inputs,
            {"sum": np.array([wide.sum()])},
            atol=1e-6 * n + 1e-4,
            min_launches=n > 0,
            max_threads=-(-n // 2048) * 256,
        )
