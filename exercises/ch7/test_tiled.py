"""Convolution with a tile and its halo in shared memory. Sharpens a photograph."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import correlate, photograph

problem = Problem(
    title="A tile with its halo in shared memory",
    minutes=40,
    signature="int convolve_tiled(const float* image, int height, int width, const float* weights, float* out,"
    " cudaStream_t stream)",
    read=("7", "7.4"),
    owner=image(tile=(28, 28)),
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
    for height, width in ((61, 93), (28, 28), (27, 29), (56, 84), (32, 32), (1, 1), (1, 60), (60, 1)):
        pixels = rng.standard_normal((height, width), dtype=np.float32)
        yield _case(pixels, rng.standard_normal((5, 5), dtype=np.float32))


@problem.test("a photograph, sharpened")
def photo(rng):
    """Take twice the pixel less the mean around it."""
    bell = np.array([1, 4, 6, 4, 1], np.float32) / 16
    weights = -1.5 * np.outer(bell, bell)
    weights[2, 2] += 2.5
    pixels = photograph("camera")
    yield _case(pixels, weights.astype(np.float32), "camera, 512 x 512", picture=Picture("sharp", pixels, "out"))
