"""Photographs to work on, the plain NumPy reference of a convolution, and pictures for the learner to look at."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np


@cache
def photograph(name: str) -> np.ndarray:
    """Return a photograph that scikit-image ships, "camera" or "astronaut", as float32 grey values from 0 to 1."""
    grey = _pixels(name, "L").astype(np.float32) / 255
    grey.setflags(write=False)
    return grey


@cache
def colour_photograph(name: str) -> np.ndarray:
    """Return a colour photograph that scikit-image ships, "astronaut", as bytes: rows, columns, red green blue."""
    rgb = _pixels(name, "RGB")
    rgb.setflags(write=False)
    return rgb


def _pixels(name: str, mode: str) -> np.ndarray:
    import skimage
    from PIL import Image

    # skimage.data would import half of scikit-image for one file.
    with Image.open(Path(skimage.__file__).parent / "data" / f"{name}.png") as file:
        return np.array(file.convert(mode))


def correlate(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Slide ``weights`` over the image, zeros outside of it, same size out; computed in float64."""
    rows, columns = weights.shape
    padded = np.pad(image.astype(np.float64), ((rows // 2,) * 2, (columns // 2,) * 2))
    out = np.zeros(image.shape)
    for y in range(rows):
        for x in range(columns):
            out += weights[y, x] * padded[y : y + image.shape[0], x : x + image.shape[1]]
    return out


def write_picture(path: Path, before: np.ndarray, after: np.ndarray, wrong: np.ndarray | None) -> None:
    """Write the photograph and the result side by side, and where the result is wrong, in red."""
    from PIL import Image

    shown = after
    if after.dtype.kind == "f":
        with np.errstate(invalid="ignore", over="ignore"):
            shown = np.nan_to_num(np.abs(after), nan=0.0, posinf=1.0)
    panels = [_panel(before), _panel(shown)]
    if wrong is not None:
        marked = _panel(shown) // 3
        marked[wrong] = (255, 40, 40)
        panels.append(marked)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(panels, axis=1)).save(path, compress_level=1)


def _panel(values: np.ndarray) -> np.ndarray:
    """Return RGB bytes of a picture: bytes as they are, floats from 0 to 1; grey or with three colours."""
    shown = values if values.dtype == np.uint8 else (np.clip(values, 0, 1) * 255).astype(np.uint8)
    return shown if shown.ndim == 3 else np.repeat(shown[..., None], 3, axis=2)
