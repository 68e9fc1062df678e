"""Find the bug: a blurred picture with a pattern of dots."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import correlate, photograph

problem = Problem(
    title="Find the bug: a pattern of dots",
    minutes=20,
    signature="int convolve_corners(const float* image, int height, int width, const float* weights, float* out)",
    read=("7", "7.4"),
    kind="find the bug",
    symptom="halo",
    owner=image(),
    instructions={"ld.shared": "The result is right, but nothing is read from shared memory: keep the tile there."},
)


def _case(pixels, weights, name=None, **more):
    height, width = pixels.shape
    inputs = {"image": pixels, "height": height, "width": width, "weights": weights}
    expect = {"out": correlate(pixels, weights)}
    return Case(name or f"{height} x {width} image", inputs, expect, radius=2, atol=1e-5, **more)


@problem.test("sizes around a tile", schedules=2)
def sizes(rng):
    """Use weights that differ in all directions."""
    for height, width in ((45, 70), (16, 16), (17, 33), (32, 32), (1, 1), (1, 50), (50, 1), (33, 15)):
        yield _case(rng.standard_normal((height, width), dtype=np.float32), rng.standard_normal((5, 5), dtype=np.float32))


@problem.test("a photograph, blurred")
def photo(rng):
    """Blur the photograph of the camera man."""
    pixels = photograph("camera")
    yield _case(pixels, np.full((5, 5), 0.04, np.float32), "camera, 512 x 512", picture=Picture("camera", pixels, "out"))
