"""Convolution with the weights in constant memory. Finds the edges in a photograph."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import correlate, photograph

problem = Problem(
    title="The weights in constant memory",
    minutes=15,
    signature="int convolve_constant(const float* image, int height, int width, const float* weights, int radius,"
    " float* out, cudaStream_t stream)",
    read=("7", "7.3"),
    owner=image(),
    instructions={
        "ld.const": "The result is right, but the kernel reads no constant memory: "
        "declare the weights __constant__ and copy them."
    },
)


def _case(pixels, weights, name=None, **more):
    height, width = pixels.shape
    radius = weights.shape[0] // 2
    inputs = {"image": pixels, "height": height, "width": width, "weights": weights, "radius": radius}
    suspects = {
        "All weights count as 0: were they copied to constant memory?": np.zeros(pixels.shape),
        "The weights are flipped: weights[0] belongs to the neighbour above and to the left.": correlate(
            pixels, weights[::-1, ::-1]
        ),
    }
    name = name or f"{height} x {width} image, radius {radius}"
    return Case(name, inputs, {"out": correlate(pixels, weights)}, radius=radius, suspects=suspects, atol=1e-5, **more)


@problem.test("sizes around a block, other weights every time")
def sizes(rng):
    """Change the weights and the radius from call to call."""
    for height, width, radius in (
        (45, 70, 1),
        (32, 48, 2),
        (16, 16, 1),
        (17, 33, 7),
        (1, 1, 1),
        (40, 3, 2),
        (5, 7, 4),
        (45, 70, 0),
    ):
        pixels = rng.standard_normal((height, width), dtype=np.float32)
        weights = rng.standard_normal((2 * radius + 1,) * 2, dtype=np.float32)
        yield _case(pixels, weights)


@problem.test("a photograph, its edges")
def photo(rng):
    """Take the difference of every pixel to its neighbours."""
    weights = np.full((3, 3), -1, np.float32)
    weights[1, 1] = 8
    pixels = photograph("astronaut")
    yield _case(pixels, weights, "astronaut, 512 x 512", picture=Picture("edges", pixels, "out"))
