"""A small network that tells windows of 25 x 25 pixels apart, and slides over whole pictures (chapters 7 and 19).

Two facts make a detector of a classifier. A dense layer over a window is a convolution with weights as large as the window, so
the whole picture goes through the layers once, not window by window. And if filters sum to 0 and have no bias, a window
less its mean and divided by its contrast c gives the same result as the window itself, divided by c: so each window is
normalised at the very end, by one division.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pmpp import DeviceArray, nn
from pmpp._runtime import core
from pmpp.convolution import correlate2d
from pmpp.matmul import matmul
from pmpp.nn.convolution import convolve
from pmpp.nn.layers import max_pool, relu

SIDE, FILTERS, TAPS, POOL = 25, 8, 5, 3
POOLED = (SIDE - TAPS + 1) // POOL
FAINT = 0.02
"""Added to the contrast of a window, so that one without any is not blown up; white is 1."""


class Centred:
    """An optimizer whose filters keep the sum 0, and their bias 0: after each step both are set right, on the device.

    Parameters
    ----------
    optimizer : nn.Adam or nn.SGD
    """

    def __init__(self, optimizer: nn.Adam | nn.SGD) -> None:
        self.optimizer, size = optimizer, TAPS * TAPS
        # Filters times this matrix are the filters less their means.
        self._less_mean = DeviceArray.from_numpy(np.eye(size, dtype=np.float32) - np.float32(1 / size))
        self._filters, self._zeros = (
            DeviceArray((FILTERS, size), "float32"),
            DeviceArray.from_numpy(np.zeros(FILTERS, np.float32)),
        )

    def step(self, parameters: DeviceArray, gradient: DeviceArray) -> None:
        """Move `parameters`, in place."""
        self.optimizer.step(parameters, gradient)
        self.centre(parameters)

    def centre(self, parameters: DeviceArray) -> None:
        """Take the means off the filters, and the bias away."""
        filters = DeviceArray.borrow(parameters.pointer, self._filters.shape, "float32", parameters)
        matmul(filters, self._less_mean, out=self._filters)
        core.copy_on_device(filters.pointer, self._filters.pointer, self._filters.nbytes)
        core.copy_on_device(parameters.pointer + self._filters.nbytes, self._zeros.pointer, self._zeros.nbytes)


def normalised(windows: np.ndarray) -> np.ndarray:
    """Return windows, each less its mean and divided by its contrast."""
    mean, contrast = (f(windows, axis=(-2, -1), keepdims=True) for f in (np.mean, np.std))
    return np.asarray((windows - mean) / (contrast + FAINT), np.float32)


@dataclass(frozen=True)
class Found:
    """A place in a picture, a square, and how strongly the detector answered there."""

    response: float
    row: float
    column: float
    side: float

    def overlap(self, other: Found) -> float:
        """Return the area that two squares share over the area that they cover."""
        height = min(self.row + self.side, other.row + other.side) - max(self.row, other.row)
        width = min(self.column + self.side, other.column + other.side) - max(self.column, other.column)
        common = max(height, 0) * max(width, 0)
        return common / (self.side**2 + other.side**2 - common)


@dataclass
class Level:
    """A picture at one of its scales, and the response of every third window in both directions."""

    scale: float
    response: np.ndarray

    def strongest(self, count: int) -> list[Found]:
        """Return the strongest windows, in pixels of the picture at scale 1."""
        order = np.argsort(self.response, axis=None)[::-1][:count]
        rows, columns = np.unravel_index(order, self.response.shape)
        answers = self.response.ravel()[order]
        places = zip(answers, POOL / self.scale * rows, POOL / self.scale * columns, strict=True)
        return [Found(float(a), float(r), float(c), SIDE / self.scale) for a, r, c in places]


@dataclass
class Detector:
    """A network of one convolution with its ReLU and pooling, and one score.

    Parameters
    ----------
    seed : int
    normalise : bool
        Whether each window is normalised.
    """

    seed: int
    normalise: bool
    network: nn.Network = field(init=False)
    optimizer: Centred | nn.Adam = field(init=False)
    rate: float = 2e-3

    def __post_init__(self) -> None:
        layers = [nn.Convolution(FILTERS, TAPS), nn.ReLU(), nn.MaxPool(POOL), nn.Dense(1)]
        self.network = nn.Network(layers, (1, SIDE, SIDE), loss="logistic", seed=self.seed)
        adam = nn.Adam(self.rate, decay=1e-4)
        self.optimizer = Centred(adam) if self.normalise else adam
        if isinstance(self.optimizer, Centred):
            self.optimizer.centre(self.network.parameters)

    def ready(self, windows: np.ndarray) -> np.ndarray:
        """Return windows as the network takes them: (n, 1, 25, 25)."""
        return (normalised(windows) if self.normalise else np.asarray(windows, np.float32))[:, None]

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the response to each window; more than 0 means yes."""
        return self.network.forward(self.ready(windows))[:, 0]

    def set_rate(self, rate: float) -> None:
        """Set how far a step goes."""
        (self.optimizer.optimizer if isinstance(self.optimizer, Centred) else self.optimizer).rate = rate

    def respond(self, picture: np.ndarray) -> np.ndarray:
        """Return the response of every third window of a picture in grey, in both directions: shape (rows, columns)."""
        (filters, bias), _, _, (weights, threshold) = self.network.pieces(self.network.parameters)
        as_filters = DeviceArray.borrow(weights.pointer, (1, FILTERS, POOLED, POOLED), "float32", weights)
        image = DeviceArray.from_numpy(np.ascontiguousarray(picture, np.float32)[None, None])
        pooled, _ = max_pool(relu(convolve(image, filters, bias)), POOL)
        response = convolve(pooled, as_filters).numpy()[0, 0]
        if self.normalise:
            contrast = contrasts(picture)[::POOL, ::POOL]
            rows, columns = np.minimum(contrast.shape, response.shape)
            response = response[:rows, :columns] / (contrast[:rows, :columns] + FAINT)
        return np.asarray(response + threshold.numpy(), np.float32)

    def levels(self, scaled: Sequence[tuple[float, np.ndarray]]) -> list[Level]:
        """Return the responses at all scales of a pyramid."""
        return [Level(scale, self.respond(picture)) for scale, picture in scaled]


def contrasts(picture: np.ndarray) -> np.ndarray:
    """Return the standard deviation of every window, from two convolutions with ones."""
    ones, pixels = np.ones((SIDE, SIDE)), picture.astype(np.float64)
    mean, square = (correlate2d(values, ones, mode="valid") / ones.size for values in (pixels, pixels**2))
    return np.sqrt(np.maximum(square - mean**2, 0))


def pyramid(picture: np.ndarray, smallest: float, step: float) -> list[tuple[float, np.ndarray]]:
    """Return a picture in ever smaller scales, so that windows of 25 pixels cover `smallest` pixels of it, and ever more."""
    from skimage.transform import resize

    scale, found = SIDE / smallest, []
    while min(picture.shape) * scale >= SIDE:
        shape = [round(n * scale) for n in picture.shape]
        found.append((scale, resize(picture, shape, anti_aliasing=scale < 1).astype(np.float32)))
        scale /= step
    return found


def suppressed(levels: Sequence[Level], count: int) -> list[Found]:
    """Return the strongest responses of all scales, each without those weaker ones that overlap it: no face counts twice."""
    candidates = sorted((f for level in levels for f in level.strongest(100)), key=lambda f: -f.response)
    kept: list[Found] = []
    for candidate in candidates:
        if all(candidate.overlap(other) < 0.2 for other in kept):
            kept.append(candidate)
        if len(kept) == count:
            break
    return kept


def share_of_yes(levels: Sequence[Level]) -> float:
    """Return which part of all windows the detector takes for what it looks for."""
    return sum(int((level.response > 0).sum()) for level in levels) / sum(level.response.size for level in levels)


def mistakes(detector: Detector, pyramids: Sequence[Sequence[tuple[float, np.ndarray]]], count: int) -> np.ndarray:
    """Return windows of pictures without a face that the detector takes for one, or nearly: the hard negatives.

    The `count` strongest of each scale, none of which is within two places of another.
    """
    windows = []
    for scaled in pyramids:
        for level, (_, picture) in zip(detector.levels(scaled), scaled, strict=True):
            response = level.response.copy()
            for _ in range(count):
                row, column = np.unravel_index(int(response.argmax()), response.shape)
                if response[row, column] < -1:
                    break
                response[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = -np.inf
                windows.append(picture[POOL * row : POOL * row + SIDE, POOL * column : POOL * column + SIDE])
    return np.array(windows, np.float32).reshape(-1, SIDE, SIDE)


def varied(windows: np.ndarray, copies: int, rng: np.random.Generator, *, shift: float, scale: float, turn: float) -> np.ndarray:
    """Return windows and `copies` of each that are mirrored, moved, scaled and turned a little, at random.

    Parameters
    ----------
    windows : array, shape (n, 25, 25)
    copies : int
    rng : Generator
    shift : float
        Pixels.
    scale : float
        0.1 is a tenth larger or smaller.
    turn : float
        Degrees.
    """
    from scipy.ndimage import affine_transform

    middle, found = (SIDE - 1) / 2, [windows, windows[:, :, ::-1]]
    for _ in range(copies):
        moved = np.empty_like(windows)
        for index, window in enumerate(windows):
            angle, factor = np.radians(rng.uniform(-turn, turn)), np.exp(rng.uniform(-scale, scale))
            matrix = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            matrix[:, 1] *= rng.choice([-1, 1])
            offset = middle - matrix @ [middle, middle] + rng.uniform(-shift, shift, 2)
            moved[index] = affine_transform(window, matrix, offset, order=1, mode="nearest")
        found.append(moved)
    return np.concatenate(found)


def train_balanced(
    detector: Detector, yes: np.ndarray, no: np.ndarray, rounds: int, rng: np.random.Generator, *, size: int = 640, falling: bool
) -> None:
    """Train on as many windows of one kind as of the other, however many there are.

    Each round draws `size` of both together. With `falling` the step shrinks to a tenth, which settles the weights.
    """
    half = size // 2
    yes, no = detector.ready(yes), detector.ready(no)
    labels = np.repeat([1, 0], half)
    for turn in range(rounds):
        detector.set_rate(detector.rate * (1 - 0.9 * turn / rounds if falling else 1))
        images = np.concatenate([yes[rng.integers(0, len(yes), half)], no[rng.integers(0, len(no), half)]])
        nn.train(detector.network, images, labels, detector.optimizer, epochs=1, batch=64, seed=int(rng.integers(1 << 31)))
