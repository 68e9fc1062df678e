"""Rows along x: right, but eight times the traffic."""

import numpy as np

from pmpp.testing import Case, Problem, Speedup, image

problem = Problem(
    title="Give x to the columns",
    minutes=10,
    kind="make it faster",
    signature="int negative(const float* image, int height, int width, float* out)",
    read=("3", "3.2 and 6.1"),
    owner=image(),
    speedup=Speedup("stubs/sideways.cu", lambda rng, n: turned(rng, n, n), (512, 8192), sequential="baselines/sideways.cpp"),
)


def turned(rng, height, width, **rest):
    """Make the negative of a random image."""
    pixels = rng.uniform(0, 255, (height, width)).astype(np.float32)
    inputs = {"image": pixels, "height": height, "width": width}
    return Case(f"{height} x {width} image", inputs, {"out": np.float32(255) - pixels}, **rest)


@problem.test("images of several shapes")
def shapes(rng):
    """Try wide and high images, a block, a row, a column, a pixel."""
    for height, width in ((20, 70), (70, 20), (8, 32), (9, 33), (1, 50), (50, 1), (1, 1)):
        yield turned(rng, height, width)


@problem.test("sectors")
def traffic(rng):
    """Count where every sector can be used in full."""
    yield turned(rng, 256, 256, limits={"global_load_sectors": 8192, "global_store_sectors": 8192})
