"""A convolution layer, backward: the gradient by the images."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pmpp.testing import Case, Problem

problem = Problem(
    title="The gradient by the images of a convolution layer",
    minutes=45,
    signature="int images_gradient(const float* gradient, const float* weights, int n, int channels, int rows, int cols,"
    " int filters, int size, float* by_images)",
    read=("19", "16.2"),
)


def _spread(gradient, weights):
    """Let every element of the result walk back to the pixels that it was made of."""
    n, _, out_rows, out_cols = gradient.shape
    size = weights.shape[2]
    by_images = np.zeros((n, weights.shape[1], out_rows + size - 1, out_cols + size - 1))
    for r, s in np.ndindex(size, size):
        share = np.einsum("nkpq,kc->ncpq", np.float64(gradient), np.float64(weights[:, :, r, s]))
        by_images[:, :, r : r + out_rows, s : s + out_cols] += share
    return by_images


def _inside(gradient, weights):
    """The same without a border: only where the whole filter stays inside of the gradient; elsewhere 0."""
    out = np.zeros_like(_spread(gradient, weights))
    size = weights.shape[2]
    if min(gradient.shape[2:]) >= size:
        windows = sliding_window_view(np.float64(gradient), (size, size), axis=(2, 3))
        core = np.einsum("nkpqrs,kcrs->ncpq", windows, np.float64(weights[..., ::-1, ::-1]))
        out[:, :, size - 1 : 1 - size or None, size - 1 : 1 - size or None] = core
    return out


@problem.test("one and several channels, filters and images")
def shapes(rng):
    """Find the gradient of layers of several shapes."""
    for n, channels, rows, cols, filters, size in (
        (2, 3, 9, 8, 4, 3),
        (1, 1, 25, 25, 8, 5),
        (3, 2, 4, 6, 1, 1),
        (1, 2, 5, 7, 3, 5),
        (4, 4, 10, 13, 5, 2),
    ):
        gradient = rng.standard_normal((n, filters, rows - size + 1, cols - size + 1), dtype=np.float32)
        weights = rng.standard_normal((filters, channels, size, size), dtype=np.float32)
        suspects = {
            "The filters are not flipped: the pixel (h, w) met weight (r, s) of the filter at (h - r, w - s).": _spread(
                gradient, weights[..., ::-1, ::-1]
            ),
            "The border is missing: a pixel near the edge lay under some of the weights only, but under some.": _inside(
                gradient, weights
            ),
            "Only the first filter counts: the pixel entered the results of all of them.": _spread(gradient[:, :1], weights[:1]),
        }
        inputs = {
            "gradient": gradient, "weights": weights, "n": n, "channels": channels, "rows": rows, "cols": cols,
            "filters": filters, "size": size,
        }  # fmt: skip
        yield Case(
            f"{n} images of {channels} x {rows} x {cols}, {filters} filters of {size} x {size}",
            inputs,
            {"by_images": _spread(gradient, weights)},
            suspects=suspects,
            rtol=1e-4,
            atol=1e-4,
        )
