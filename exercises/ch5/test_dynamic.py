"""Matrix product in tiles whose size is chosen at the launch."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="Tiles whose size the launch decides",
    minutes=25,
    signature="int matmul_dynamic(const float* a, const float* b, float* c, int m, int n, int k, int tile)",
    read=("5", "5.6"),
    owner=image(),
    instructions={"ld.shared": "The result is right, but nothing is read from shared memory: load the tiles there first."},
)


@problem.test("widths of the tile, sizes around it", schedules=4)
def sizes(rng):
    """Try tiles from 1 to 32, and matrices that no tile divides."""
    for m, n, k, tile in (
        (45, 70, 33, 16),
        (45, 70, 33, 32),
        (20, 30, 25, 8),
        (7, 5, 6, 1),
        (13, 17, 11, 5),
        (1, 1, 1, 16),
        (33, 20, 0, 16),
        (0, 5, 3, 8),
    ):
        a = rng.standard_normal((m, k), dtype=np.float32)
        b = rng.standard_normal((k, n), dtype=np.float32)
        wide = a.astype(np.float64)
        inputs = {"a": a, "b": b, "m": m, "n": n, "k": k, "tile": tile}
        yield Case(
            f"m = {m}, n = {n}, k = {k}, tile {tile}",
            inputs,
            {"c": wide @ b},
            atol=1e-5 * max(k, 1) ** 0.5,
            min_launches=m * n > 0,
        )
