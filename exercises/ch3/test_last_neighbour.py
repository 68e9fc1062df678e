"""Loops that end one step too early."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="Find the bug: the last neighbour is left out",
    minutes=10,
    kind="find the bug",
    symptom="suspect",
    signature="int brightest(const unsigned char* image, int height, int width, int radius, unsigned char* out)",
    read=("3", "3.3"),
    owner=image(),
)


def best(pixels, radius, after):
    """Return the largest value around each pixel, from `radius` before it to `after` after it."""
    height, width = pixels.shape
    out = np.zeros_like(pixels)
    for dy in range(-radius, after + 1):
        for dx in range(-radius, after + 1):
            y, x = np.arange(height) + dy, np.arange(width) + dx
            seen = pixels[np.ix_(y.clip(0, height - 1), x.clip(0, width - 1))].copy()
            seen[(y < 0) | (y >= height)] = 0
            seen[:, (x < 0) | (x >= width)] = 0
            out = np.maximum(out, seen)
    return out


@problem.test("several shapes and radii")
def shapes(rng):
    """Try small and large squares, images that are smaller than the square, one pixel."""
    for height, width, radius in ((20, 37, 2), (33, 16, 1), (17, 18, 0), (5, 4, 6), (1, 30, 3), (1, 1, 1)):
        pixels = rng.integers(0, 200, (height, width), dtype=np.uint8)
        pixels[-1, -1] = 255
        suspects = {"The last row and the last column of each square are left out.": best(pixels, radius, radius - 1)}
        inputs = {"image": pixels, "height": height, "width": width, "radius": radius}
        yield Case(
            f"{height} x {width} image, radius {radius}",
            inputs,
            {"out": best(pixels, radius, radius)},
            radius=radius,
            suspects=suspects if height > 1 else {},
        )
