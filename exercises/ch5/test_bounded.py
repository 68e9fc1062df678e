"""Matrix product in tiles, of any size."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="C = A B in tiles, any size",
    minutes=30,
    signature="int matmul_bounded(const float* a, const float* b, float* c, int m, int n, int k)",
    read=("5", "5.5"),
    owner=image(),
    instructions={"ld.shared": "The result is right, but nothing is read from shared memory: load the tiles there first."},
)


@problem.test("sizes around a tile", schedules=4)
def sizes(rng):
    """Try a tile less and more one, single rows and columns, nothing at all."""
    for m, n, k in (
        (45, 70, 33),
        (16, 16, 16),
        (17, 15, 31),
        (15, 17, 1),
        (1, 1, 1),
        (1, 40, 50),
        (40, 1, 17),
        (33, 20, 0),
        (0, 5, 3),
        (4, 0, 3),
    ):
        a = rng.standard_normal((m, k), dtype=np.float32)
        b = rng.standard_normal((k, n), dtype=np.float32)
        wide = a.astype(np.float64)
        inputs = {"a": a, "b": b, "m": m, "n": n, "k": k}
        yield Case(
            f"m = {m}, n = {n}, k = {k}",
            inputs,
            {"c": wide @ b},
            atol=1e-5 * max(k, 1) ** 0.5,
            min_launches=m * n > 0,
        )
