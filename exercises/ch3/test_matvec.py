"""Matrix times vector: one thread an element of the result."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="A matrix times a vector",
    minutes=15,
    signature="int matvec(const float* a, const float* x, float* y, int m, int n)",
    read=("3", "3.4"),
)


@problem.test("sizes around a block")
def sizes(rng):
    """Try tall and wide matrices, one row, one column, none."""
    for m, n in ((300, 77), (128, 128), (127, 129), (129, 31), (1, 200), (200, 1), (5, 0), (0, 5)):
        a = rng.standard_normal((m, n), dtype=np.float32)
        x = rng.standard_normal(n, dtype=np.float32)
        wide = a.astype(np.float64)
        suspects = {"The last column is left out.": wide[:, :-1] @ x[:-1]} if n else {}
        inputs = {"a": a, "x": x, "m": m, "n": n}
        yield Case(f"m = {m}, n = {n}", inputs, {"y": wide @ x}, suspects=suspects, atol=1e-4, min_launches=m > 0)
