"""A grid of fixed size for a vector of any length."""

import numpy as np

from pmpp.testing import Case, Problem, strided

problem = Problem(
    title="A loop in steps of the whole grid",
    minutes=10,
    signature="int add_strided(const float* a, const float* b, float* c, int n, int blocks)",
    read=("2", "2.5 and 2.6"),
    owner=strided(),
)


@problem.test("vectors shorter and longer than the grid")
def sizes(rng):
    """Let the grid be too large, exactly right, and far too small."""
    for n, blocks in ((1000, 2), (100, 1), (1, 3), (129, 1), (256, 2), (512, 2), (65_537, 7), (0, 1)):
        a, b = rng.standard_normal((2, n), dtype=np.float32)
        inputs = {"a": a, "b": b, "n": n, "blocks": blocks}
        yield Case(f"n = {n:,}, {blocks} blocks", inputs, {"c": a + b}, max_threads=128 * blocks)
