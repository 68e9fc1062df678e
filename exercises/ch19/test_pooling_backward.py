"""Max pooling, backward: the gradient goes where the largest stood."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="Max pooling, backward",
    minutes=20,
    signature="int max_pool_backward(const float* gradient, const int* winners, int planes, int rows, int cols,"
    " float* by_images)",
    read=("19", "16.2"),
    owner=anybody(),
)


@problem.test("even and odd sides")
def sides(rng):
    """Walk back through planes of even and odd sides."""
    for planes, rows, cols in ((3, 12, 10), (2, 9, 7), (1, 2, 2), (5, 33, 31), (4, 3, 2), (2, 1, 8)):
        row, col = np.mgrid[: rows // 2, : cols // 2] * 2
        k = rng.integers(0, 4, (planes, *row.shape))
        winners = ((row + k // 2) * cols + col + k % 2).astype(np.int32)
        gradient = rng.standard_normal(winners.shape, dtype=np.float32)
        by_images = np.zeros((planes, rows * cols), np.float32)
        np.put_along_axis(by_images, winners.reshape(planes, -1), gradient.reshape(planes, -1), 1)
        shared = np.zeros((planes, rows, cols), np.float32)
        shared[:, : rows // 2 * 2, : cols // 2 * 2] = gradient.repeat(2, 1).repeat(2, 2)
        suspects = {
            "Every pixel of a window has its gradient: only the winner has one.": shared,
            "The gradient is shared among the window's pixels, as with the mean: the winner has all of it.": shared / 4,
        }
        inputs = {"gradient": gradient, "winners": winners, "planes": planes, "rows": rows, "cols": cols}
        expect = {"by_images": by_images.reshape(planes, rows, cols)}
        yield Case(
            f"{planes} x {rows} x {cols}",
            inputs,
            expect,
            suspects=suspects if winners.size > 1 else {},
            min_launches=winners.size > 0,
        )
