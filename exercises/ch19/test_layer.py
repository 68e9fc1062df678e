"""A convolution layer, forward."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pmpp.testing import Case, Problem

problem = Problem(
    title="A convolution layer",
    minutes=30,
    signature="int layer(const float* images, const float* weights, const float* bias, int n, int channels, int rows,"
    " int cols, int filters, int size, float* out)",
    read=("19", "16.3"),
)


def _slide(images, weights):
    windows = sliding_window_view(np.float64(images), weights.shape[2:], axis=(2, 3))
    return np.einsum("ncpqrs,kcrs->nkpq", windows, np.float64(weights))


@problem.test("one and several channels, filters and images")
def shapes(rng):
    """Slide filters over images that are not square."""
    for n, channels, rows, cols, filters, size in (
        (2, 3, 9, 8, 4, 3),
        (1, 1, 25, 25, 8, 5),
        (3, 2, 4, 6, 1, 1),
        (1, 2, 5, 7, 3, 5),
        (4, 4, 10, 13, 5, 2),
    ):
        images = rng.standard_normal((n, channels, rows, cols), dtype=np.float32)
        weights = rng.standard_normal((filters, channels, size, size), dtype=np.float32)
        bias = 3 + rng.standard_normal(filters, dtype=np.float32)
        sums, shift = _slide(images, weights), bias[:, None, None]
        suspects = {
            "The bias is missing.": sums,
            "Only the first channel counts: a filter has weights for each, and the sum goes over all.": _slide(
                images[:, :1], weights[:, :1]
            )
            + shift,
            "The filters are flipped: weights[0, 0] belongs to the pixel above and to the left.": _slide(
                images, weights[..., ::-1, ::-1]
            )
            + shift,
        }
        inputs = {
            "images": images, "weights": weights, "bias": bias, "n": n, "channels": channels, "rows": rows, "cols": cols,
            "filters": filters, "size": size,
        }  # fmt: skip
        yield Case(
            f"{n} images of {channels} x {rows} x {cols}, {filters} filters of {size} x {size}",
            inputs,
            {"out": sums + shift},
            suspects=suspects,
            rtol=1e-4,
            atol=1e-4,
        )
