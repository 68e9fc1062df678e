"""An index that is right in squares only."""

import numpy as np

from pmpp.testing import Case, Problem, image

problem = Problem(
    title="Find the bug: right for squares only",
    minutes=5,
    kind="find the bug",
    symptom="wrong",
    signature="int mirror(const unsigned char* image, int height, int width, unsigned char* out)",
    read=("3", "3.2"),
    owner=image(),
)


@problem.test("images of several shapes", schedules=2)
def shapes(rng):
    """Try an icon, wide and high images, a row, a column, a pixel."""
    for height, width in ((64, 64), (20, 51), (51, 20), (16, 48), (1, 40), (40, 1), (1, 1)):
        pixels = rng.integers(0, 256, (height, width), dtype=np.uint8)
        inputs = {"image": pixels, "height": height, "width": width}
        yield Case(f"{height} x {width} image", inputs, {"out": pixels[:, ::-1].copy()})
