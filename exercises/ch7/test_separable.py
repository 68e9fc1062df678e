"""Separable convolution: two passes instead of a square. Blurs a photograph, strongly."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import correlate, photograph

problem = Problem(
    title="Two passes instead of a square",
    minutes=25,
    signature="int convolve_separable(const float* image, int height, int width, const float* down,"
    " const float* across, int radius, float* scratch, float* out, cudaStream_t stream)",
    read=("7", "7.2"),
    owner=image(),
)


def _case(pixels, down, across, name=None, **more):
    height, width = pixels.shape
    radius = len(down) // 2
    scratch = np.full(pixels.shape, np.nan, np.float32)
    inputs = {"image": pixels, "height": height, "width": width, "down": down, "across": across, "radius": radius}
    vertical = correlate(pixels, down[:, None])
    horizontal = correlate(pixels, across[None, :])
    suspects = {
        "This is the vertical pass alone: the horizontal one is missing.": vertical,
        "This is the horizontal pass alone: it must read scratch, what the vertical pass wrote.": horizontal,
        "The weights of the two directions are exchanged: down belongs to the rows above and below.": correlate(
            correlate(pixels, across[:, None]), down[None, :]
        ),
    }
    name = name or f"{height} x {width} image, radius {radius}"
    expect = {"out": correlate(vertical, across[None, :])}
    inputs["scratch"] = scratch
    return Case(name, inputs, expect, radius=radius, suspects=suspects, atol=1e-5, min_launches=2, **more)


@problem.test("sizes around a block")
def sizes(rng):
    """Use weights that differ between the directions and are not symmetric."""
    for height, width, radius in (
        (45, 70, 1),
        (32, 32, 2),
        (33, 31, 2),
        (8, 64, 3),
        (1, 1, 1),
        (1, 50, 2),
        (50, 1, 2),
        (6, 5, 8),
        (70, 45, 0),
    ):
        pixels = rng.standard_normal((height, width), dtype=np.float32)
        down, across = rng.standard_normal((2, 2 * radius + 1), dtype=np.float32)
        yield _case(pixels, down, across)


@problem.test("a photograph, blurred strongly")
def photo(rng):
    """Blur with 17 x 17 Gaussian weights."""
    x = np.arange(-8, 9)
    bell = np.exp(-(x**2) / (2 * 4.0**2))
    bell = (bell / bell.sum()).astype(np.float32)
    pixels = photograph("astronaut")
    yield _case(pixels, bell, bell, "astronaut, 512 x 512", picture=Picture("blur", pixels, "out"))
