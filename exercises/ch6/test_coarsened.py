"""Tiled matrix product with several elements a thread."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="C = A B in tiles, with four elements of C a thread",
    minutes=35,
    signature="int matmul_coarsened(const float* a, const float* b, float* c, int m, int n, int k)",
    read=("6", "6.3"),
    owner=image((16, 64)),
    instructions={"ld.shared": "The result is right, but nothing is read from shared memory: load the tiles there first."},
)


def product(rng, m, n, k, **rest):
    """Multiply random matrices."""
    a = rng.standard_normal((m, k), dtype=np.float32)
    b = rng.standard_normal((k, n), dtype=np.float32)
    inputs = {"a": a, "b": b, "m": m, "n": n, "k": k}
    return Case(
        f"m = {m}, n = {n}, k = {k}",
        inputs,
        {"c": a.astype(np.float64) @ b},
        atol=1e-5 * max(k, 1) ** 0.5,
        min_launches=m * n > 0,
        **rest,
    )


@problem.test("sizes around the tiles", schedules=2)
def sizes(rng):
    """Try one row of tiles, a little more, a part of it, thin matrices, none."""
    for m, n, k in ((17, 70, 33), (16, 64, 16), (15, 65, 17), (20, 33, 1), (1, 130, 20), (1, 1, 1), (4, 20, 0), (0, 5, 5)):
        yield product(rng, m, n, k)


@problem.test("sectors")
def traffic(rng):
    """Count: in each of two steps 4 blocks load 5 tiles of 32 sectors, in place of 16 blocks with 2 tiles."""
    yield product(rng, 32, 128, 32, limits={"global_load_sectors": 1280})
