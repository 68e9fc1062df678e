"""Basic convolution: one thread a pixel. Blurs a photograph."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import correlate, photograph

problem = Problem(
    title="2D convolution, one thread a pixel",
    minutes=25,
    signature="int convolve_basic(const float* image, int height, int width, const float* weights, int radius,"
    " float* out, cudaStream_t stream)",
    read=("7", "7.1 and 7.2"),
    owner=image(),
)


def _case(pixels, weights, name=None, **more):
    height, width = pixels.shape
    radius = weights.shape[0] // 2
    inputs = {"image": pixels, "height": height, "width": width, "weights": weights, "radius": radius}
    suspects = {
        "The weights are flipped: weights[0] belongs to the neighbour above and to the left.": correlate(
            pixels, weights[::-1, ::-1]
        ),
        "The weights are transposed: rows and columns of the weights are exchanged.": correlate(pixels, weights.T),
    }
    name = name or f"{height} x {width} image, radius {radius}"
    return Case(name, inputs, {"out": correlate(pixels, weights)}, radius=radius, suspects=suspects, atol=1e-5, **more)


@problem.test("sizes around a block")
def sizes(rng):
    """Try images of one block, of parts of blocks, thin ones, and weights that reach over the whole image."""
    for height, width, radius in (
        (45, 70, 1), (17, 33, 2), (16, 16, 1), (32, 48, 1), (31, 15, 1), (1, 1, 2), (1, 40, 1), (50, 1, 2), (5, 7, 4),
        (45, 70, 0), (64, 64, 3),
    ):  # fmt: skip
        pixels = rng.standard_normal((height, width), dtype=np.float32)
        weights = rng.standard_normal((2 * radius + 1,) * 2, dtype=np.float32)
        yield _case(pixels, weights)


@problem.test("a photograph, blurred")
def photo(rng):
    """Blur the photograph of the camera man with Gaussian weights."""
    x = np.arange(-4, 5)
    bell = np.exp(-(x**2) / (2 * 2.0**2))
    weights = np.outer(bell, bell)
    pixels = photograph("camera")
    yield _case(
        pixels,
        (weights / weights.sum()).astype(np.float32),
        "camera, 512 x 512",
        picture=Picture("blur", pixels, "out"),
    )
