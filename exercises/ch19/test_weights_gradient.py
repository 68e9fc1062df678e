"""A convolution layer, backward: the gradient by the weights and the bias."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="The gradient by the weights of a convolution layer",
    minutes=45,
    signature="int weights_gradient(const float* images, const float* gradient, int n, int channels, int rows, int cols,"
    " int filters, int size, float* by_weights, float* by_bias)",
    read=("19", "16.2"),
    owner=anybody(),
)


def _slide(images, gradient):
    windows = sliding_window_view(np.float64(images), gradient.shape[2:], axis=(2, 3))
    return np.einsum("ncrspq,nkpq->kcrs", windows, np.float64(gradient))


@problem.test("one and several channels, filters and images", schedules=2)
def shapes(rng):
    """Find the gradient of layers of several shapes."""
    for n, channels, rows, cols, filters, size in (
        (2, 3, 9, 8, 4, 3),
        (1, 1, 25, 25, 8, 5),
        (3, 2, 4, 6, 1, 1),
        (1, 2, 5, 7, 3, 5),
        (4, 4, 10, 13, 5, 2),
    ):
        images = rng.standard_normal((n, channels, rows, cols), dtype=np.float32)
        gradient = rng.standard_normal((n, filters, rows - size + 1, cols - size + 1), dtype=np.float32)
        by_weights = _slide(images, gradient)
        suspects = {
            "Only the first image counts: the loss is felt through all of them.": _slide(images[:1], gradient[:1]),
            "The gradient is flipped: it slides over the image as it is.": _slide(images, gradient[..., ::-1, ::-1]),
            "This is the mean over the images: sum, the mean is in the gradient already.": by_weights / n,
        }
        inputs = {
            "images": images, "gradient": gradient, "n": n, "channels": channels, "rows": rows, "cols": cols,
            "filters": filters, "size": size,
        }  # fmt: skip
        yield Case(
            f"{n} images of {channels} x {rows} x {cols}, {filters} filters of {size} x {size}",
            inputs,
            {"by_weights": by_weights, "by_bias": gradient.sum(axis=(0, 2, 3), dtype=np.float64)},
            suspects=suspects if n > 1 else {},
            rtol=1e-4,
            atol=2e-4,
        )
