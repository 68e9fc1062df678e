"""Colour to grey: one thread a pixel, three bytes in, one out."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import colour_photograph

problem = Problem(
    title="A colour picture in grey, one thread a pixel",
    minutes=15,
    signature="int grey(const unsigned char* rgb, int height, int width, unsigned char* out)",
    read=("3", "3.2"),
    owner=image(),
)


def _case(rgb, name=None, **more):
    height, width, _ = rgb.shape
    red, green, blue = np.moveaxis(rgb.astype(np.int64), 2, 0)
    suspects = {
        "This is the mean of the three colours: they have different weights.": (red + green + blue) // 3,
        "Red and blue are exchanged: red comes first.": (54 * blue + 183 * green + 19 * red) // 256,
    }
    suspects = {text: answer.astype(np.uint8) for text, answer in suspects.items()}
    expect = ((54 * red + 183 * green + 19 * blue) // 256).astype(np.uint8)
    inputs = {"rgb": rgb, "height": height, "width": width}
    return Case(name or f"{height} x {width} picture", inputs, {"out": expect}, suspects=suspects, **more)


@problem.test("sizes around a block")
def sizes(rng):
    """Try pictures of one block, of parts of blocks, and thin ones."""
    for height, width in ((45, 70), (16, 16), (17, 33), (31, 15), (1, 1), (1, 40), (50, 1)):
        yield _case(rng.integers(0, 256, (height, width, 3), np.uint8))


@problem.test("a photograph")
def photo(rng):
    """Take the colours out of the photograph of the astronaut."""
    rgb = colour_photograph("astronaut")
    yield _case(rgb, "astronaut, 512 x 512", picture=Picture("astronaut", rgb, "out"))
