"""Matrix product in tiles."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="C = A B in tiles",
    minutes=40,
    signature="int matmul_tiled(const float* a, const float* b, float* c, int m, int n, int k)",
    read=("5", "5.4"),
    owner=image(),
    instructions={"ld.shared": "The result is right, but nothing is read from shared memory: load the tiles there first."},
)


@problem.test("sizes that are multiples of the tile", schedules=4)
def sizes(rng):
    """Try one tile, one tile in one direction, many."""
    for m, n, k in (
        (64, 48, 80),
        (16, 16, 16),
        (16, 16, 64),
        (16, 64, 32),
        (96, 16, 16),
    ):
        a = rng.standard_normal((m, k), dtype=np.float32)
        b = rng.standard_normal((k, n), dtype=np.float32)
        wide = a.astype(np.float64)
        suspects = {"The last tile along k is left out.": wide[:, : k - 16] @ b[: k - 16]}
        inputs = {"a": a, "b": b, "m": m, "n": n, "k": k}
        yield Case(
            f"m = {m}, n = {n}, k = {k}",
            inputs,
            {"c": wide @ b},
            suspects=suspects,
            atol=1e-5 * max(k, 1) ** 0.5,
            min_launches=m * n > 0,
        )
