"""Matrix product, one thread a row."""

import numpy as np

from pmpp.testing import Case, Owned, Owner, Problem


def _find(index, shape, launch):
    block, thread = divmod(index[0], launch.threads)
    return Owned((block,), (thread,), block < launch.grid[0])


problem = Problem(
    title="C = A B, one thread a row",
    minutes=15,
    signature="int matmul_row(const float* a, const float* b, float* c, int m, int n, int k)",
    read=("3", "3.4"),
    owner=Owner(_find, lambda launch: None),
)


@problem.test("sizes around a block")
def sizes(rng):
    """Try matrices that are not square, with one row, one column, nothing at all."""
    for m, n, k in (
        (150, 40, 33),
        (64, 16, 16),
        (65, 31, 8),
        (1, 1, 1),
        (1, 50, 7),
        (40, 1, 20),
        (20, 30, 0),
        (0, 5, 3),
        (4, 0, 3),
    ):
        a = rng.standard_normal((m, k), dtype=np.float32)
        b = rng.standard_normal((k, n), dtype=np.float32)
        wide = a.astype(np.float64)
        suspects = {"The last of the k products is missing.": wide[:, :-1] @ b[:-1]} if k > 1 else {}
        if k and n:
            by_rows = b.reshape(-1)[np.arange(k * n).reshape(n, k) % (k * n)].T
            suspects["B is read row by row as if it were transposed: B[s, column] is b[s * n + column]."] = wide @ by_rows
        inputs = {"a": a, "b": b, "m": m, "n": n, "k": k}
        yield Case(
            f"m = {m}, n = {n}, k = {k}", inputs, {"c": wide @ b}, suspects=suspects, atol=1e-5 * max(k, 1) ** 0.5,
            min_launches=m * n > 0, max_threads=-(-m // 64) * 64,
        )  # fmt: skip
