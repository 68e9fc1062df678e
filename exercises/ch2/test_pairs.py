"""Two elements a thread: the number of a thread is no longer the index of its element."""

import numpy as np

from pmpp.testing import Case, Problem, linear

problem = Problem(
    title="Two elements a thread",
    minutes=10,
    signature="int add_pairs(const float* a, const float* b, float* c, int n)",
    read=("2", "2.5"),
    owner=linear(per_thread=2),
)


@problem.test("odd, even and around a block")
def sizes(rng):
    """Leave the last thread with both elements, with one and with none."""
    for n in (1000, 1001, 256, 257, 255, 258, 1, 2, 3, 65_537, 0):
        a, b = rng.standard_normal((2, n), dtype=np.float32)
        threads = -(-n // 256) * 128
        yield Case(f"n = {n:,}", {"a": a, "b": b, "n": n}, {"c": a + b}, min_launches=n > 0, max_threads=threads)
