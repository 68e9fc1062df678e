"""Matrix product whose second matrix lies column after column."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="Corner turning: C = A B where B lies column after column",
    minutes=30,
    signature="int matmul_corner_turn(const float* a, const float* b, float* c, int m, int n, int k)",
    read=("6", "6.1"),
    owner=image(),
    instructions={"ld.shared": "The result is right, but nothing is read from shared memory: load the tiles there first."},
)
TILE = 32


def product(rng, m, n, k, **rest):
    """Multiply random matrices; the second one is handed over column after column."""
    a = rng.standard_normal((m, k), dtype=np.float32)
    b = rng.standard_normal((k, n), dtype=np.float32)
    wide = a.astype(np.float64)
    suspects = {
        "B was read as if it lay row after row.": wide @ b.T.reshape(k, n) if k else np.zeros((m, n)),
        "The last tile along k is left out.": wide[:, : (k - 1) // TILE * TILE] @ b[: (k - 1) // TILE * TILE],
    }
    inputs = {"a": a, "b": b.T.copy(), "m": m, "n": n, "k": k}
    return Case(
        f"m = {m}, n = {n}, k = {k}",
        inputs,
        {"c": wide @ b},
        suspects=suspects if k > 1 else {},
        atol=1e-5 * max(k, 1) ** 0.5,
        min_launches=m * n > 0,
        **rest,
    )


@problem.test("sizes around a tile", schedules=2)
def sizes(rng):
    """Try one tile, a little less, a little more, thin matrices, none."""
    for m, n, k in ((33, 40, 50), (32, 32, 32), (31, 33, 65), (1, 40, 3), (40, 1, 33), (1, 1, 1), (5, 3, 0), (0, 3, 5)):
        yield product(rng, m, n, k)


@problem.test("sectors and bank conflicts")
def traffic(rng):
    """Count on whole tiles: a warp needs 4 sectors for each tile, 64 warps in each of two steps of 6 blocks."""
    yield product(rng, 64, 96, 64, limits={"global_load_sectors": 3072, "shared_bank_conflicts": 0})
