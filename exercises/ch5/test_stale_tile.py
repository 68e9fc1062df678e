"""Tiles of which a part is never written."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="Find the bug: what was left in the tile",
    minutes=10,
    kind="find the bug",
    symptom="uninitialized",
    signature="int multiply(const float* a, const float* b, float* c, int m, int n, int k)",
    read=("5", "5.5"),
    owner=image(),
)


@problem.test("sizes around a tile", schedules=2)
def sizes(rng):
    """Try multiples of the tile, a little more, less than a tile, thin matrices."""
    for m, n, k in ((32, 32, 32), (20, 18, 5), (17, 33, 20), (1, 40, 17), (40, 1, 3), (1, 1, 1)):
        a = rng.standard_normal((m, k), dtype=np.float32)
        b = rng.standard_normal((k, n), dtype=np.float32)
        inputs = {"a": a, "b": b, "m": m, "n": n, "k": k}
        yield Case(f"m = {m}, n = {n}, k = {k}", inputs, {"c": a.astype(np.float64) @ b}, atol=1e-5 * k**0.5)
