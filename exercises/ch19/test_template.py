"""A detector made by hand: a template for an eye, matched with every window."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pmpp.testing import Case, Picture, Problem, image
from pmpp.testing.images import photograph

problem = Problem(
    title="A detector made by hand",
    minutes=40,
    signature="int match(const float* image, int rows, int cols, const float* pattern, int size, float* response)",
    read=("19", "16.1"),
    owner=image(),
)


def _case(name, pixels, pattern, **more):
    size = len(pattern)
    windows = sliding_window_view(np.float64(pixels), pattern.shape)
    raw = np.einsum("yxij,ij->yx", windows, pattern)
    windows = windows - windows.mean((2, 3), keepdims=True)
    centred = np.float64(pattern) - np.float64(pattern).mean()
    both = np.einsum("yxij,ij->yx", windows, centred)
    squares = (windows**2).sum((2, 3)), (centred**2).sum()
    grey = (squares[0] < 1e-6) | (squares[1] < 1e-6)
    root = np.sqrt(np.where(grey, 1, squares[0] * squares[1]))
    suspects = {
        "No mean is taken off: a bright window matches everything.": raw,
        "The sum is not divided: windows of much contrast match best, whatever they show.": np.where(grey, 0, both),
        "The quotient is squared: its negative matches as well as the template. Take the root below.": np.where(
            grey, 0, both / root**2
        ),
    }
    inputs = {"image": pixels, "rows": pixels.shape[0], "cols": pixels.shape[1], "pattern": pattern, "size": size}
    expect = {"response": np.where(grey, 0, both / root)}
    return Case(name, inputs, expect, suspects=suspects if grey.size > 1 else {}, rtol=1e-3, atol=1e-3, **more)


@problem.test("sizes around a block")
def sizes(rng):
    """Match noise with noise, in images and templates of several sizes; hide the template in one of them."""
    for rows, cols, size in ((30, 41, 4), (18, 18, 3), (19, 17, 2), (5, 5, 5), (33, 34, 3), (9, 40, 9)):
        pixels = rng.uniform(0, 1, (rows, cols)).astype(np.float32)
        pattern = rng.uniform(0, 1, (size, size)).astype(np.float32)
        if rows > 20:
            pixels[10 : 10 + size, 12 : 12 + size] = 0.3 + 0.5 * pattern
        yield _case(f"{rows} x {cols} pixels, {size} x {size} template", pixels, pattern)
    flat = np.full((20, 20), 0.5, np.float32)
    flat[8:12, 8:12] = rng.uniform(0, 1, (4, 4))
    yield _case("an image that is grey for the most part", flat, rng.uniform(0, 1, (3, 3)).astype(np.float32))


def eye() -> np.ndarray:
    """A dark pupil in a grey slit, below a brow, on bright skin: drawn by hand, 11 x 11."""
    y, x = np.mgrid[-5:6, -5:6]
    picture = np.full((11, 11), 0.75)
    picture[(x / 4.5) ** 2 + (y / 1.8) ** 2 < 1] = 0.4
    picture[x**2 + y**2 < 4] = 0.15
    picture[(y == -5) & (abs(x) < 5)] = 0.5
    return picture.astype(np.float32)


@problem.test("the eyes of the astronaut")
def photo(rng):
    """Look for eyes in the astronaut's face at half its size: her eyes, at (30, 31) and (31, 54), answer best of all windows."""
    face = photograph("astronaut")[40:240:2, 140:320:2].copy()
    yield _case("astronaut, 100 x 90", face, eye(), picture=Picture("eyes", face[5:-5, 5:-5], "response"))
