"""An unknown filter, recovered by gradient descent from a picture and its filtered twin."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pmpp.testing import Case, Problem, anybody
from pmpp.testing.images import correlate, photograph

problem = Problem(
    title="Recover an unknown filter",
    minutes=50,
    signature="int recover(const float* image, const float* filtered, int rows, int cols, int steps, float rate,"
    " float* weights, float* gradient)",
    read=("19", "16.1 and 16.2"),
    owner=anybody(),
)

FILTERS = {
    "a blur": np.outer([1, 2, 1], [1, 2, 1]) / 16,
    "Sobel's filter": np.outer([1, 2, 1], [-1, 0, 1]),
    "nine random weights": None,
}


def _case(name, image, weights, steps, rate):
    rows, cols = image.shape
    filtered = np.einsum("yxrs,rs->yx", sliding_window_view(np.float64(image), (3, 3)), weights)
    suspects = {
        "This is the filter turned by half a circle: weight (r, s) belongs to the pixel at (y + r, x + s).": weights[::-1, ::-1],
        "This is the filter transposed: rows and columns are exchanged.": weights.T,
    }
    inputs = {"image": image, "filtered": filtered.astype(np.float32), "rows": rows, "cols": cols, "steps": steps, "rate": rate}
    inputs |= {"weights": np.zeros((3, 3), np.float32), "gradient": np.full(9, np.nan, np.float32)}
    return Case(name, inputs, {"weights": weights}, suspects=suspects, rtol=0, atol=1e-3, min_launches=2 * steps)


def _weights(name, rng):
    return rng.standard_normal((3, 3)) if FILTERS[name] is None else FILTERS[name]


@problem.test("snow: pixels that know nothing of each other", schedules=2)
def snow(rng):
    """Recover each filter from a picture of noise."""
    for name in FILTERS:
        image = rng.standard_normal((26, 23), dtype=np.float32)
        yield _case(f"snow, {name}", image, _weights(name, rng), 13, 0.8)


@problem.test("the details of a photograph")
def details(rng):
    """Recover two filters from the grass behind the camera man, less the mean around each pixel.

    On the photograph itself neighbours are so much alike that it would take 15,000 steps to tell their weights apart.
    """
    camera = photograph("camera")
    detail = (camera - correlate(camera, np.ones((3, 3)) / 9))[320:354, 320:354]
    for name in ("a blur", "Sobel's filter"):
        yield _case(f"camera, {name}", (detail / detail.std()).astype(np.float32), FILTERS[name], 20, 0.8)
