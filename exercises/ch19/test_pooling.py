"""Max pooling, and where the largest stood."""

import numpy as np

from pmpp.testing import Case, Problem
from pmpp.testing.images import photograph

problem = Problem(
    title="Max pooling",
    minutes=20,
    signature="int max_pool(const float* images, int planes, int rows, int cols, float* out, int* winners)",
    read=("19", "16.1"),
)


def _pooled(images):
    planes, rows, cols = images.shape
    row, col = np.mgrid[: rows // 2, : cols // 2] * 2
    places = np.stack([(row + k // 2) * cols + col + k % 2 for k in range(4)])
    pixels = images.reshape(planes, -1)[:, places]  # planes, 4, rows, columns
    winners = np.take_along_axis(places[None], pixels.argmax(1)[:, None], 1)[:, 0]
    return pixels, winners.astype(np.int32)


def _case(images, name=None, **more):
    planes, rows, cols = images.shape
    pixels, winners = _pooled(images)
    suspects = {
        "This is the mean of the window: the largest is asked for.": pixels.mean(1),
        "This is the smallest of the window.": pixels.min(1),
        "This is the first pixel of the window: look at all four.": pixels[:, 0],
        "The place is counted within the window: it is asked for in the plane, row * cols + column.": pixels.argmax(1),
    }
    inputs = {"images": images, "planes": planes, "rows": rows, "cols": cols}
    expect = {"out": pixels.max(1), "winners": winners}
    return Case(name or f"{planes} x {rows} x {cols}", inputs, expect, suspects=suspects, min_launches=winners.size > 0, **more)


@problem.test("even and odd sides")
def sides(rng):
    """Pool planes of even and odd sides, of equal pixels, of nothing but negative ones."""
    for shape in ((3, 12, 10), (2, 9, 7), (1, 2, 2), (5, 33, 31), (4, 3, 2), (2, 1, 8)):
        yield _case(rng.standard_normal(shape, dtype=np.float32))
    yield _case(-rng.uniform(1, 2, (2, 8, 8)).astype(np.float32), "negative pixels")
    yield _case(rng.integers(0, 2, (2, 20, 20)).astype(np.float32), "many equal pixels")


@problem.test("a photograph at half its size")
def photo(rng):
    """Pool the photograph of the camera man."""
    pixels = photograph("camera")[:256, 128:384]
    yield _case(pixels[None], "camera, 256 x 256")
