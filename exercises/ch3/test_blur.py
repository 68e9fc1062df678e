"""Box blur: the mean of the neighbours that exist."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import correlate, photograph

problem = Problem(
    title="Blur: the mean of the pixels around",
    minutes=25,
    signature="int blur(const float* image, int height, int width, int radius, float* out)",
    read=("3", "3.3"),
    owner=image(),
)


def _case(pixels, radius, name=None, **more):
    height, width = pixels.shape
    square = np.ones((2 * radius + 1,) * 2)
    total, count = correlate(pixels, square), correlate(np.ones_like(pixels), square)
    suspects = {
        "The sum is divided by the whole square's count: at the edges fewer pixels exist.": total / square.size,
        "This is the sum: divide it by the count of the pixels that exist.": total,
    }
    name = name or f"{height} x {width} image, radius {radius}"
    inputs = {"image": pixels, "height": height, "width": width, "radius": radius}
    return Case(name, inputs, {"out": total / count}, radius=radius, suspects=suspects if radius else {}, **more)


@problem.test("sizes around a block")
def sizes(rng):
    """Try radius 0 too, and a square that is larger than the image."""
    for height, width, radius in (
        (45, 70, 1),
        (16, 16, 2),
        (33, 31, 3),
        (1, 1, 1),
        (1, 40, 2),
        (50, 1, 1),
        (5, 7, 9),
        (20, 20, 0),
    ):
        yield _case(rng.random((height, width), dtype=np.float32), radius)


@problem.test("a photograph, blurred")
def photo(rng):
    """Blur the photograph of the camera man."""
    pixels = photograph("camera")
    yield _case(pixels, 5, "camera, 512 x 512, radius 5", picture=Picture("camera", pixels, "out"))
