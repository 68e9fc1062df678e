"""Get rid of bank conflicts."""

import numpy as np

from pmpp.testing import Case, Problem, Speedup

problem = Problem(
    title="Sums of rows without bank conflicts",
    minutes=10,
    kind="make it faster",
    signature="int row_sums(const float* in, float* out, int rows, int columns)",
    read=("6", "6.1"),
    speedup=Speedup("stubs/row_sums.cu", lambda rng, n: summed(rng, n, 256), (512, 1 << 17), sequential="baselines/row_sums.cpp"),
)


def summed(rng, rows, columns, **rest):
    """Sum up the rows of a random matrix."""
    matrix = rng.standard_normal((rows, columns), dtype=np.float32)
    answer = matrix.astype(np.float64).sum(axis=1)
    inputs = {"in": matrix, "rows": rows, "columns": columns}
    return Case(f"{rows} x {columns} matrix", inputs, {"out": answer}, atol=1e-4, min_launches=rows > 0, **rest)


@problem.test("sizes around a tile", schedules=2)
def sizes(rng):
    """Try whole tiles, a little less, a little more, one row, one column, none."""
    for rows, columns in ((64, 64), (33, 31), (31, 65), (1, 100), (100, 1), (7, 0), (0, 7)):
        yield summed(rng, rows, columns)


@problem.test("bank conflicts")
def conflicts(rng):
    """Count on whole tiles; the loads from global memory must stay as good as they are."""
    limits = {"shared_bank_conflicts": 0, "global_load_sectors": 64 * 64 // 8}
    yield summed(rng, 64, 64, limits=limits)
