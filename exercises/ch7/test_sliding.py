"""Make it faster: a blur down the columns, with a window that slides."""

import numpy as np

from pmpp.testing import Case, Owned, Owner, Picture, Problem
from pmpp.testing.images import colour_photograph


def _owner(index, shape, launch):
    block, thread = divmod(index[1], launch.threads)
    run = index[0] // 64
    return Owned((block, run), (thread,), block < launch.grid[0] and run < launch.grid[1])


problem = Problem(
    title="Make it faster: a window that slides",
    minutes=25,
    signature="int blur_sliding(const unsigned char* image, int height, int width, int radius, unsigned char* out)",
    read=("7", "7.2"),
    kind="make it faster",
    owner=Owner(_owner, lambda launch: (64, launch.threads)),
)


def _case(pixels, radius, name=None, **more):
    height, width = pixels.shape
    up_to = np.vstack([np.zeros((1, width), np.int64), np.cumsum(pixels, axis=0, dtype=np.int64)])
    row = np.arange(height)
    first, last = np.maximum(row - radius, 0), np.minimum(row + radius, height - 1)
    total, count = up_to[last + 1] - up_to[first], (last - first + 1)[:, None]
    suspects = {
        "The sum is divided by 2 * radius + 1: at the edges fewer pixels exist.": (total // (2 * radius + 1)).astype(np.uint8)
    }
    inputs = {"image": pixels, "height": height, "width": width, "radius": radius}
    expect = {"out": (total // count).astype(np.uint8)}
    return Case(name or f"{height} x {width} picture, radius {radius}", inputs, expect, suspects=suspects, **more)


@problem.test("sizes around a run")
def sizes(rng):
    """Try a radius of 0, and one that is larger than the picture."""
    for height, width, radius in (
        (150, 70, 5),
        (64, 64, 3),
        (63, 65, 7),
        (65, 63, 70),
        (1, 100, 2),
        (200, 1, 16),
        (1, 1, 1),
        (90, 33, 0),
        (10, 20, 30),
    ):
        yield _case(rng.integers(0, 256, (height, width), np.uint8), radius)


@problem.test("how much is read")
def reads(rng):
    """Read three pixels at most for each, 32 of them in a sector."""
    pixels = rng.integers(0, 256, (256, 256), np.uint8)
    yield _case(pixels, 16, limits={"global_load_sectors": 3 * 256 * 256 // 32})


@problem.test("a photograph, blurred downwards")
def photo(rng):
    """Blur the photograph of the camera man down the columns."""
    pixels = colour_photograph("camera")[..., 0]
    yield _case(pixels, 12, "camera, 512 x 512, radius 12", picture=Picture("camera", pixels, "out"))
