"""Histogram equalisation of a photograph."""

import numpy as np

from pmpp.testing import Case, Picture, Problem, linear
from pmpp.testing.images import colour_photograph

problem = Problem(
    title="More contrast for a dull picture",
    minutes=35,
    signature="int equalize(const unsigned char* image, int height, int width, unsigned* bins, unsigned char* out)",
    read=("9", "9.4 and 9.5"),
    owner=linear(),
    instructions={"atom.shared": "The result is right, but nothing is counted in shared memory: keep the block's copy there."},
)


def _case(pixels, name=None, **more):
    height, width = pixels.shape
    count = np.bincount(pixels.reshape(-1), minlength=256)
    up_to, n = np.cumsum(count), pixels.size
    below = up_to - count
    suspects = {
        "Each level was replaced by its own count: launch add_up_kernel between the two.": 255 * count // n,
        "Only darker pixels count here: those of the same level count too.": 255 * below // n,
    }
    suspects = {text: levels.astype(np.uint8)[pixels] for text, levels in suspects.items()}
    expect = {"out": (255 * up_to // n).astype(np.uint8)[pixels]}
    inputs = {"image": pixels, "height": height, "width": width, "bins": np.zeros(256, np.uint32)}
    return Case(name or f"{height} x {width} picture", inputs, expect, suspects=suspects, **more)


@problem.test("sizes around a block, even and uneven levels", schedules=2)
def sizes(rng):
    """Equalise random pictures, a dark one, and one with a single level."""
    for height, width in ((45, 70), (16, 16), (1, 255), (257, 1), (1, 1), (70, 61)):
        yield _case(rng.integers(0, 256, (height, width), np.uint8))
    yield _case(rng.geometric(0.1, (50, 40)).clip(max=255).astype(np.uint8), "a dark picture")
    yield _case(np.full((30, 20), 9, np.uint8), "a picture with one level")


@problem.test("a photograph of the moon")
def photo(rng):
    """Show what the photograph of the moon hides; its pixels have few levels."""
    pixels = colour_photograph("moon")[..., 0]
    yield _case(pixels, "moon, 512 x 512", picture=Picture("moon", pixels, "out"))
