"""Convolution with a tile in shared memory and the halo left to the cache. Gives a photograph relief."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import correlate, photograph

problem = Problem(
    title="A tile in shared memory, the halo left to the cache",
    minutes=30,
    signature="int convolve_cached(const float* image, int height, int width, const float* weights, float* out,"
    " cudaStream_t stream)",
    read=("7", "7.5"),
    owner=image(),
    instructions={
        "ld.shared": "The result is right, but no neighbour is read from shared memory: load the tile first."
    },
)


def _case(pixels, weights, name=None, **more):
    height, width = pixels.shape
    inputs = {"image": pixels, "height": height, "width": width, "weights": weights}
    name = name or f"{height} x {width} image"
    return Case(name, inputs, {"out": correlate(pixels, weights)}, radius=2, atol=1e-5, **more)


@problem.test("sizes around a tile", schedules=4)
def sizes(rng):
    """Try one tile, parts of tiles, several of them, in several orders of the warps."""
    for height, width in ((48, 64), (61, 93), (16, 16), (32, 48), (15, 17), (1, 1), (1, 40), (40, 1)):
        pixels = rng.standard_normal((height, width), dtype=np.float32)
        yield _case(pixels, rng.standard_normal((5, 5), dtype=np.float32))


@problem.test("a photograph as a relief")
def photo(rng):
    """Light the photograph from the upper left."""
    y, x = np.mgrid[-2:3, -2:3]
    weights = (0.08 * (x + y) * (np.abs(x - y) < 2)).astype(np.float32)
    weights[2, 2] = 0.6
    pixels = photograph("astronaut")
    yield _case(pixels, weights, "astronaut, 512 x 512", picture=Picture("relief", pixels, "out"))
