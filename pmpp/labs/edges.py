"""What the weights of a convolution do to a photograph: blur, edges, sharpening, and finding a piece again (chapter 7).

All sums are computed by `pmpp.convolution`; SciPy and scikit-image are the referees.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np

import pmpp
from pmpp.convolution import correlate2d
from pmpp.labs.report import DEVICE, SEQUENTIAL, Report, pointer, sequential, torch

STEPS = 8
SEQUENTIAL_SOURCE = """
extern "C" void correlate(const float* image, const float* w, float* out, int height, int width, int taps) {
  const int reach = taps / 2;
  for (int r = 0; r < height; ++r)
    for (int c = 0; c < width; ++c) {
      float sum = 0;
      for (int i = 0; i < taps; ++i)
        for (int j = 0; j < taps; ++j) {
          const int y = r + i - reach, x = c + j - reach;
          if (y >= 0 && y < height && x >= 0 && x < width) sum += w[i * taps + j] * image[y * width + x];
        }
      out[r * width + c] = sum;
    }
}"""
BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16
FILTERS: dict[str, np.ndarray] = {
    "the picture itself": np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32),
    "moved by two pixels": np.array(
        [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]], np.float32
    ),
    "blur": np.outer(BINOMIAL, BINOMIAL),
    "Sobel, left to right": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32),
    "Sobel, top to bottom": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], np.float32),
    "Laplacian": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32),
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32),
}
"""Weights are written as they lie on the picture: the one at the upper left belongs to the neighbour at the upper left."""

EYE, OTHER_EYE = (92, 184, 20, 31), (94, 227)
"""Row, column, height and width of an eye of the astronaut, and where the other one was seen by hand."""


def grey(name: str) -> np.ndarray:
    """Return a photograph of scikit-image in grey, from 0 (black) to 1."""
    from skimage import color, data

    picture = getattr(data, name)()
    return np.asarray(color.rgb2gray(picture) if picture.ndim == 3 else picture / 255, np.float32)


def filtered(picture: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted sums around every pixel; beyond its border the picture is mirrored."""
    return correlate2d(picture, weights, mode="same", boundary="symm")


def raw_match(picture: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return the sum of products of the template with every window of its size."""
    return correlate2d(picture, template, mode="valid")


def match(picture: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return how much every window looks like the template, from -1 to 1, whatever its brightness and contrast.

    It is the correlation coefficient, from three convolutions: with the template less its mean, and, for the mean and the
    spread of each window, with ones.
    """
    height, width = template.shape
    ones = np.ones((height, width))
    pixels = picture.astype(np.float64)
    pattern = template.astype(np.float64) - template.mean()
    products = correlate2d(pixels, pattern, mode="valid")
    total = correlate2d(pixels, ones, mode="valid")
    squares = correlate2d(pixels**2, ones, mode="valid")
    spread = np.sqrt(np.maximum(squares - total**2 / ones.size, 0)) * np.linalg.norm(pattern)
    # Where a window is all of one grey, nothing varies: it looks like no template.
    return np.divide(products, spread, out=np.zeros_like(products), where=spread > 1e-6)


def best(response: np.ndarray) -> tuple[int, int]:
    """Return row and column of the strongest response."""
    row, column = np.unravel_index(int(response.argmax()), response.shape)
    return int(row), int(column)


def run(report: Report) -> None:
    """Run the lab."""
    from scipy import signal

    camera, astronaut = grey("camera"), grey("astronaut")
    report.step("filters")
    results = {name: filtered(camera, weights) for name, weights in FILTERS.items()}
    apart = max(
        np.abs(found - signal.correlate2d(camera, FILTERS[name], mode="same", boundary="symm")).max()
        for name, found in results.items()
    )
    report.figure("largest difference from SciPy, all filters", apart, at_most=1e-5)
    _laws(report, camera)
    report.step("picture of the filters")
    _draw_filters(report, camera, results)
    report.step("picture of the edges")
    _draw_edges(report, astronaut)
    report.step("impulse")
    _draw_impulse(report)
    _templates(report, camera, astronaut)
    report.speedup()


def _laws(report: Report, camera: np.ndarray) -> None:
    """Check what follows from the weights alone."""
    report.step("what the weights promise")
    flat = np.full((16, 16), 0.5, np.float32)
    for name, weights in FILTERS.items():
        error = np.abs(filtered(flat, weights) - 0.5 * weights.sum()).max()
        assert error < 1e-6, name
    zero = [name for name, weights in FILTERS.items() if abs(weights.sum()) < 1e-6]
    report.say(f"  weights with the sum 0 turn a flat picture black: {', '.join(zero)}")
    ramp = np.tile(np.arange(32, dtype=np.float32), (32, 1))  # brighter by 1 a pixel, to the right
    inside = (slice(1, -1), slice(1, -1))
    across, down = (filtered(ramp, FILTERS[f"Sobel, {way}"])[inside] for way in ("left to right", "top to bottom"))
    report.figure("Sobel on a slope of 1 a pixel, off 8 and 0 by", max(np.abs(across - 8).max(), np.abs(down).max()), at_most=0)
    report.figure("Laplacian on the same slope", np.abs(filtered(ramp, FILTERS["Laplacian"])[inside]).max(), at_most=0)
    # Sharpening is the picture less its Laplacian: one convolution in place of two.
    two_steps = camera - filtered(camera, FILTERS["Laplacian"])
    report.figure(
        "sharpen against picture - Laplacian", np.abs(filtered(camera, FILTERS["sharpen"]) - two_steps).max(), at_most=1e-5
    )


def _draw_filters(report: Report, camera: np.ndarray, results: dict[str, np.ndarray]) -> None:
    crop = (slice(60, 260), slice(130, 330))
    with report.picture("filters", len(results), 2, size=(14, 4.2)) as (_, axes):
        for (name, found), (top, below) in zip(results.items(), axes.T, strict=True):
            weights = FILTERS[name]
            reach = np.abs(weights).max()
            top.imshow(weights, cmap="coolwarm", vmin=-reach, vmax=reach)
            for (row, column), weight in np.ndenumerate(weights):
                text = f"{256 * float(weight) if name == 'blur' else weight:g}"
                top.text(
                    column,
                    row,
                    text,
                    ha="center",
                    va="center",
                    fontsize=7 if len(weights) > 3 else 10,
                    color="white" if abs(weight) > 0.7 * reach else "black",
                )
            top.set_title(name + (", / 256" if name == "blur" else ""), fontsize=9)
            signed = weights.min() < 0 and abs(weights.sum()) < 1e-6
            span = {"vmin": -0.8, "vmax": 0.8} if signed else {"vmin": 0, "vmax": 1}
            below.imshow(found[crop], cmap="gray", **span)
            for axis in (top, below):
                axis.set_xticks([])
                axis.set_yticks([])


def _draw_edges(report: Report, picture: np.ndarray) -> None:
    smooth = filtered(picture, FILTERS["blur"])
    across, down = (filtered(smooth, FILTERS[f"Sobel, {way}"]) / 8 for way in ("left to right", "top to bottom"))
    strength, angle = np.hypot(across, down), np.degrees(np.arctan2(down, across))
    with report.picture("direction", 4, 1, size=(13, 3.5)) as (_, axes):
        crop = (slice(0, 300), slice(80, 380))
        axes[0].imshow(picture[crop], cmap="gray")
        axes[0].set_title("the picture")
        axes[1].imshow(across[crop], cmap="gray", vmin=-0.1, vmax=0.1)
        axes[1].set_title("change to the right")
        axes[2].imshow(strength[crop], cmap="gray_r", vmin=0, vmax=0.12)
        axes[2].set_title("strength of the edge")
        shown = np.where(strength[crop] > 0.02, angle[crop], np.nan)
        image = axes[3].imshow(shown, cmap="twilight", vmin=-180, vmax=180)
        axes[3].set_title("direction in which it gets brighter")
        axes[3].figure.colorbar(image, ax=axes[3], ticks=[-180, -90, 0, 90, 180], format="%d°")
        for axis in axes:
            axis.set_xticks([])
            axis.set_yticks([])


def _draw_impulse(report: Report) -> None:
    """One white pixel: correlation answers with the weights turned by half a circle, convolution with the weights."""
    from pmpp.convolution import convolve2d

    dot = np.zeros((7, 7), np.float32)
    dot[3, 3] = 1
    weights = np.array([[1, 2, 3], [0, 0, 4], [0, 0, 5]], np.float32)
    answers = {
        "one white pixel": dot,
        "the weights": weights,
        "correlate2d: turned": correlate2d(dot, weights, mode="same"),
        "convolve2d: as they are": convolve2d(dot, weights, mode="same"),
    }
    turned = answers["correlate2d: turned"][2:5, 2:5]
    kept = answers["convolve2d: as they are"][2:5, 2:5]
    report.figure(
        "one pixel shows the weights", float((turned == weights[::-1, ::-1]).all() and (kept == weights).all()), at_least=1
    )
    with report.picture("impulse", 4, 1, size=(9, 2.5)) as (_, axes):
        for axis, (name, found) in zip(axes, answers.items(), strict=True):
            axis.imshow(found, cmap="Greys", vmin=0, vmax=7)
            axis.set_title(name, fontsize=9)
            for (row, column), value in np.ndenumerate(found):
                axis.text(
                    column,
                    row,
                    f"{value:g}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="0.7" if not value else "white" if value > 3 else "black",
                )
            axis.set_xticks([])
            axis.set_yticks([])


def _templates(report: Report, camera: np.ndarray, astronaut: np.ndarray) -> None:
    """Cut a piece out, and find it again: by products alone, then by the correlation coefficient."""
    from skimage.feature import match_template

    report.step("templates")
    pieces = {"camera": (camera, (130, 305, 29, 31)), "astronaut": (astronaut, EYE)}
    plain_right = 0
    found: list[tuple[np.ndarray, tuple[int, int, int, int], np.ndarray, np.ndarray]] = []
    apart = 0.0
    for picture, (row, column, height, width) in pieces.values():
        template = picture[row : row + height, column : column + width]
        plain, response = raw_match(picture, template), match(picture, template)
        plain_right += best(plain) == (row, column)
        apart = max(
            apart, float(np.abs(response - match_template(picture.astype(np.float64), template.astype(np.float64))).max())
        )
        found.append((picture, (row, column, height, width), plain, response))
    places = sum(best(response) == place[:2] for _, place, _, response in found)
    report.say(f"  products alone find {plain_right} of 2 pieces: a bright wall gives larger sums than the piece itself")
    report.figure("pieces found at their place, of 2", places, at_least=2)
    report.figure("largest difference from match_template", apart, at_most=1e-4)
    others = found[1][3].copy()
    others[EYE[0] - EYE[2] : EYE[0] + EYE[2], EYE[1] - EYE[3] : EYE[1] + EYE[3]] = -1
    report.figure("pixels from the second best to the other eye", np.hypot(*np.subtract(best(others), OTHER_EYE)), at_most=4)
    report.step("templates in the dark and in noise")
    picture, (row, column, height, width), _, _ = found[1]
    template, rng = picture[row : row + height, column : column + width], np.random.default_rng(0)
    dark = 0.2 * picture + 0.1
    noisy = picture + rng.normal(0, 0.25, picture.shape).astype(np.float32)
    for name, changed in (("in a fifth of the contrast", dark), ("in noise", noisy)):
        response = match(changed, template)
        report.figure(f"pixels from its place {name}", np.hypot(*np.subtract(best(response), (row, column))), at_most=0)
    report.step("picture of the templates")
    with report.picture("template", 4, 2, size=(12, 6)) as (_, axes):
        for line, (picture, (row, column, height, width), plain, response) in zip(axes, found, strict=True):
            _mark(line[0], picture, [(row, column, height, width, "C1")], "the picture and the piece")
            line[1].imshow(picture[row : row + height, column : column + width], cmap="gray")
            line[1].set_title("the piece")
            for axis, values, name in ((line[2], plain, "sum of products"), (line[3], response, "correlation coefficient")):
                axis.imshow(values, cmap="viridis")
                y, x = best(values)
                axis.plot(x, y, "o", mfc="none", mec="C3", ms=14, mew=2)
                axis.set_title(name)
            for axis in line:
                axis.set_xticks([])
                axis.set_yticks([])


def _mark(axis, picture: np.ndarray, boxes: list[tuple[float, float, float, float, str]], title: str) -> None:
    from matplotlib.patches import Rectangle

    axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
    for row, column, height, width, colour in boxes:
        axis.add_patch(Rectangle((column, row), width, height, fill=False, ec=colour, lw=2))
    axis.set_title(title)


def contest() -> tuple[str, dict[str, Callable[[], object]]]:
    """Return the step that is timed, and who does it."""
    from scipy import signal

    picture, weights = grey("camera"), np.outer(BINOMIAL, BINOMIAL)
    height, width = picture.shape
    out, reach = np.empty_like(picture), len(weights) // 2
    x, y = pmpp.DeviceArray.from_numpy(picture), pmpp.DeviceArray(picture.shape, "float32")

    def in_numpy() -> np.ndarray:
        padded, total = np.pad(picture, reach), np.zeros_like(picture)
        for (i, j), weight in np.ndenumerate(weights):
            total += weight * padded[i : i + height, j : j + width]
        return total

    calls: dict[str, Callable[[], object]] = {}
    if (library := sequential(SEQUENTIAL_SOURCE)) is not None:
        sizes = [ctypes.c_int(n) for n in (height, width, len(weights))]
        calls[SEQUENTIAL] = lambda: library.correlate(pointer(picture), pointer(weights), pointer(out), *sizes)
    calls |= {
        "NumPy, 25 shifted sums": in_numpy,
        "SciPy, signal.correlate2d": lambda: signal.correlate2d(picture, weights, mode="same"),
        DEVICE: lambda: correlate2d(x, weights, mode="same", out=y),
    }
    if (library_of_torch := torch()) is not None:
        image, kernel = (library_of_torch.from_numpy(a)[None, None] for a in (picture, weights))
        conv2d = library_of_torch.nn.functional.conv2d
        calls[f"PyTorch, {library_of_torch.get_num_threads()} threads of the CPU"] = lambda: conv2d(image, kernel, padding=reach)
    return f"a blur of {height} x {width} pixels, 5 x 5 weights", calls
