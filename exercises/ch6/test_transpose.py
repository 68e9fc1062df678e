"""Transpose through a tile in shared memory."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="Transpose through shared memory, without bank conflicts",
    minutes=25,
    signature="int transpose(const float* in, float* out, int rows, int columns)",
    read=("6", "6.1"),
    owner=image((32, 32)),
)


def turned(rng, rows, columns, **rest):
    """Transpose a random matrix."""
    matrix = rng.standard_normal((rows, columns), dtype=np.float32)
    inputs = {"in": matrix, "rows": rows, "columns": columns}
    name = f"{rows} x {columns} matrix"
    return Case(name, inputs, {"out": matrix.T.copy()}, min_launches=matrix.size > 0, **rest)


@problem.test("sizes around a tile", schedules=3)
def sizes(rng):
    """Try one tile, a little less, a little more, rows, columns, none."""
    for rows, columns in ((64, 96), (40, 70), (32, 32), (33, 31), (1, 100), (100, 1), (1, 1), (0, 5), (5, 0)):
        yield turned(rng, rows, columns)


@problem.test("sectors and bank conflicts")
def traffic(rng):
    """Count on whole tiles, where every sector can be used in full."""
    ideal = 64 * 96 * 4 // 32
    limits = {"global_load_sectors": ideal, "global_store_sectors": ideal, "shared_bank_conflicts": 0}
    yield turned(rng, 64, 96, limits=limits)
