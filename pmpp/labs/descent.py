"""How weights are found: a loss as a landscape, and the way down; with two weights, where it can be drawn, then with thousands.

The sums are `pmpp.matmul`, `pmpp.reduction` and `pmpp.nn`; `pmpp.calculus` measures the slopes that formulas promise.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np

from pmpp import nn
from pmpp._runtime import core
from pmpp.calculus import check_gradient, directional_derivative, partial_derivative, total_derivative
from pmpp.labs.digits import digits
from pmpp.labs.edges import grey
from pmpp.labs.report import DEVICE, SEQUENTIAL, Report, pointer, sequential, torch
from pmpp.matmul import matmul
from pmpp.reduction import reduce_mean

STEPS = 6
PIXELS = 2048
START = np.array([-0.3, 2.1])
SEQUENTIAL_SOURCE = """
extern "C" void losses(const double* x, const double* target, const double* w, double* out, long pixels, long points) {
  for (long p = 0; p < points; ++p) {
    double sum = 0;
    for (long i = 0; i < pixels; ++i) {
      const double off = x[2 * i] * w[p] + x[2 * i + 1] * w[points + p] - target[i];
      sum += off * off;
    }
    out[p] = sum / pixels;
  }
}"""


class Neighbours:
    """The problem: guess a pixel from the one on its left and the one on its right, each times a weight."""

    def __init__(self, pixels: int = PIXELS) -> None:
        picture, rng = grey("camera").astype(np.float64), np.random.default_rng(0)
        row, column = rng.integers(0, picture.shape[0], pixels), rng.integers(8, picture.shape[1] - 8, pixels)
        self.inputs = np.stack([picture[row, column - 8], picture[row, column + 8]], axis=1)
        self.target = picture[row, column]

    def losses(self, points: np.ndarray) -> np.ndarray:
        """Return the loss of every column of `points`: the mean of the squared errors."""
        errors = matmul(self.inputs, points) - self.target[:, None]
        return reduce_mean(errors**2, axis=0)

    def loss(self, weights: np.ndarray) -> float:
        """Return the loss of two weights."""
        return float(self.losses(weights[:, None])[0])

    def gradient(self, weights: np.ndarray) -> np.ndarray:
        """Return how fast the loss grows with each weight: twice the mean of error times input."""
        errors = matmul(self.inputs, weights[:, None]) - self.target[:, None]
        return 2 / len(errors) * matmul(self.inputs.T, errors)[:, 0]

    def curvatures(self) -> np.ndarray:
        """Return how strongly the bowl bends along its two axes, the flat one first."""
        return np.linalg.eigvalsh(2 / len(self.target) * matmul(self.inputs.T, self.inputs))


def descend(problem: Neighbours, step: float, momentum: float, steps: int) -> np.ndarray:
    """Return the points that gradient descent visits, the start among them."""
    point, speed = START.copy(), np.zeros(2)
    path = [point.copy()]
    for _ in range(steps):
        speed = momentum * speed - step * problem.gradient(point)
        point = point + speed
        path.append(point.copy())
    return np.array(path)


def run(report: Report) -> None:
    """Run the lab."""
    problem = Neighbours()
    report.step("the slope")
    flat, steep = problem.curvatures()
    bottom = np.linalg.lstsq(problem.inputs, problem.target, rcond=None)[0]
    checked = check_gradient(problem.loss, problem.gradient(START), START)
    report.say(f"  the bowl bends {steep:.3g} across the valley and {flat:.3g} along it: {steep / flat:.0f} times less")
    report.figure("formula of the gradient against differences, relative", checked.error, at_most=1e-6)
    _chain_rule(report, problem)

    report.step("four ways down")
    count = 60
    ways = {
        "a good step": descend(problem, 1 / steep, 0, count),
        "with momentum": descend(problem, 1 / steep, 0.75, count),
        "a small step": descend(problem, 0.01 / steep, 0, count),
        "a bad step": descend(problem, 2.1 / steep, 0, count),
    }
    lowest = problem.loss(bottom)
    above = {name: problem.losses(path.T) - lowest for name, path in ways.items()}
    report.figure(
        "good step, height that is left after 60 steps", above["a good step"][-1] / above["a good step"][0], at_most=0.05
    )
    report.figure("momentum, the same", above["with momentum"][-1] / above["with momentum"][0], at_most=1e-6)
    report.figure(
        "momentum, distance from the solved equations", float(np.linalg.norm(ways["with momentum"][-1] - bottom)), at_most=1e-3
    )
    report.figure("small step, height that is left", above["a small step"][-1] / above["a small step"][0], at_least=0.05)
    report.figure(
        "bad step, height after 60 steps over that at the start", above["a bad step"][-1] / above["a bad step"][0], at_least=10
    )
    # Along an axis that bends by c, every step multiplies the distance by 1 - step * c: more than 2 / c is too much.
    axis = np.linalg.eigh(problem.inputs.T @ problem.inputs)[1][:, 1]
    for factor, bounds in ((1.98, {"at_most": 1.0}), (2.02, {"at_least": 1.0})):
        path = descend(problem, factor / steep, 0, 20)
        grown = abs((path[-1] - bottom) @ axis) / abs((path[0] - bottom) @ axis)
        report.figure(f"step of {factor} over the curvature, distance after 20 steps", grown, **bounds)
    report.step("pictures")
    _draw(report, problem, ways, above, bottom)
    _thousands(report)
    report.speedup()


def _chain_rule(report: Report, problem: Neighbours) -> None:
    """One step against the gradient, as a path through time: both weights move at once, and each has its share."""
    slope = problem.gradient(START)
    rule = total_derivative(problem.loss, lambda t: START - t * slope, 0.0, names=["left", "right"])
    for line in str(rule).replace("df/", "dloss/").splitlines():
        report.say(f"  {line}")
    report.figure("chain rule against the path itself, relative", abs(rule.total / rule.measured - 1), at_most=1e-6)
    report.figure("downhill: the rate is minus the squared length", abs(rule.total / -(slope @ slope) - 1), at_most=1e-6)


COLOURS = {"a good step": "C1", "with momentum": "C2", "a small step": "C0", "a bad step": "C3"}


def _draw(
    report: Report, problem: Neighbours, ways: dict[str, np.ndarray], above: dict[str, np.ndarray], bottom: np.ndarray
) -> None:
    side = 41 if report.short else 81
    reach = 1.9
    x, y = np.meshgrid(bottom[0] + np.linspace(-reach, reach, side), bottom[1] + np.linspace(-reach, reach, side))
    height = problem.losses(np.stack([x.ravel(), y.ravel()])).reshape(x.shape)
    with report.picture("surface", 0, size=(12, 5)) as (drawing, _):
        solid = drawing.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
        solid.plot_surface(x, y, height, cmap="viridis", alpha=0.85, rcount=40, ccount=40)
        for name in ("a good step", "with momentum"):
            path = ways[name]
            solid.plot(*path.T, problem.losses(path.T) + 0.01, ".-", color=COLOURS[name], zorder=5)
        solid.set(xlabel="weight of the left pixel", ylabel="weight of the right pixel", zlabel="loss")
        solid.view_init(50, -125)
        plane = drawing.add_subplot(1, 2, 2)
        plane.contour(x, y, height, levels=np.geomspace(height.min() * 1.02, height.max(), 18), colors="0.7", linewidths=0.8)
        for name, path in ways.items():
            near = path[: 9 if name == "a bad step" else None]
            plane.plot(*near.T, ".-", color=COLOURS[name], label=name, lw=1, ms=4)
        plane.plot(*bottom, "k*", ms=12, label="the bottom")
        plane.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()), xlabel="weight of the left pixel")
        plane.set(ylabel="weight of the right pixel", aspect="equal")
        plane.legend(loc="upper right")
    with report.picture("steps", 1, 1, size=(7, 3.5)) as (_, axis):
        for name, values in above.items():
            axis.semilogy(np.maximum(values, 1e-12), color=COLOURS[name], label=name)
        axis.set(xlabel="steps", ylabel="loss above the bottom", ylim=(1e-9, 1e3))
        axis.legend()


RATES = {"a good step": (0.1, 0.0), "with momentum": (0.1, 0.9), "a small step": (0.01, 0.0), "a bad step": (4.0, 0.0)}
"""Step and momentum of the four ways down in thousands of dimensions."""


def network(dtype: str = "float32") -> nn.Network:
    """Return a network that reads digits: a vector of 3,130 numbers."""
    layers = [nn.Convolution(16, 3), nn.ReLU(), nn.Convolution(16, 3), nn.ReLU(), nn.MaxPool(2), nn.Dense(10)]
    return nn.Network(layers, (1, 8, 8), seed=0, dtype=dtype)


def _thousands(report: Report) -> None:
    """Do the same with all parameters of a network: measure slopes, go down, look at the landscape along the way."""
    images, labels = (array[: 64 if report.short else 256] for array in digits())
    _slopes(report, images[:32].astype(np.float64), labels[:32])
    report.step("four ways down in thousands of dimensions")
    losses: dict[str, list[float]] = {}
    paths: dict[str, np.ndarray] = {}
    for name, (rate, momentum) in RATES.items():
        report.detail(f"thousands: {name}")
        walker, visited = network(), []
        visited.append(walker.parameters.numpy())

        def remember(step: int, loss: float, walker: nn.Network = walker, visited: list[np.ndarray] = visited) -> None:
            visited.append(walker.parameters.numpy())

        optimizer = nn.SGD(rate, momentum=momentum)
        # One batch of all images: each epoch is one step against the gradient of the whole loss.
        losses[name] = nn.train(walker, images, labels, optimizer, epochs=40, batch=len(images), progress=remember)
        paths[name] = np.array(visited)
    first = losses["a good step"][0]
    report.figure("thousands: good step, loss left of the loss at the start", losses["a good step"][-1] / first, at_most=0.5)
    report.figure("thousands: with momentum, the same", losses["with momentum"][-1] / first, at_most=0.05)
    report.figure("thousands: small step, the same", losses["a small step"][-1] / first, at_least=0.5)
    report.figure("thousands: bad step, the loss of guessing is 2.303, this is", losses["a bad step"][-1], at_least=2.2)
    report.step("picture of the landscape")
    _draw_thousands(report, images, labels, paths, losses)


def _slopes(report: Report, images: np.ndarray, labels: np.ndarray) -> None:
    """Compare the gradient that the network computes on its way back with differences of the loss."""
    report.step("slopes in thousands of dimensions")
    exact = network("float64")
    rng = np.random.default_rng(0)
    # Every bias starts at 0, where a pixel without ink is right on the kink of ReLU and has no derivative: a little off it.
    start = exact.parameters.numpy() + 0.01 * rng.standard_normal(exact.parameters.size)
    core.copy_to_device(exact.parameters.pointer, start.ctypes.data, start.nbytes)
    exact.loss_and_gradient(images, labels)
    slope = exact.gradient.numpy()

    def loss(vector: np.ndarray) -> float:
        return exact.loss(vector, images, labels)

    report.say(
        f"  one vector of {start.size} parameters; all partial derivatives by differences would take {2 * start.size} losses"
    )
    chosen = rng.choice(start.size, 20, replace=False)
    measured = np.array([partial_derivative(loss, start, int(index)) for index in chosen])
    apart = float(np.linalg.norm(measured - slope[chosen]) / np.linalg.norm(measured))
    report.figure("thousands: 20 partial derivatives against differences, relative", apart, at_most=1e-5)
    steepest = slope / np.linalg.norm(slope)
    along = directional_derivative(loss, start, steepest, step=1e-6)
    report.figure(
        "thousands: slope along the gradient over its length, off 1 by",
        abs(along / float(np.linalg.norm(slope)) - 1),
        at_most=1e-6,
    )
    others = [abs(directional_derivative(loss, start, d / np.linalg.norm(d))) for d in rng.standard_normal((10, start.size))]
    report.say(
        f"  slope along the gradient {along:.3g}; in ten random directions at most {max(others):.2g}: almost all are level"
    )
    report.figure("thousands: steepest of ten random directions over the gradient", max(others) / along, at_most=0.2)


def _draw_thousands(
    report: Report, images: np.ndarray, labels: np.ndarray, paths: dict[str, np.ndarray], losses: dict[str, list[float]]
) -> None:
    """Cut the landscape along the plane in which the path with momentum turns most, and draw the paths' shadows on it."""
    shown = ("a good step", "with momentum")
    path = paths["with momentum"].astype(np.float64)
    end = path[-1]
    plane = np.linalg.svd(path - end, full_matrices=False)[2][:2]
    shadows = {name: (paths[name] - end) @ plane.T for name in shown}
    both = np.concatenate(list(shadows.values()))
    low, high = both.min(axis=0), both.max(axis=0)
    side, margin = 9 if report.short else 25, 0.25 * (high - low)
    x, y = np.meshgrid(*(np.linspace(a - m, b + m, side) for a, b, m in zip(low, high, margin, strict=True)))
    there, some = network(), slice(0, 64)
    heights = [
        there.loss(end + u * plane[0] + v * plane[1], images[some], labels[some]) for u, v in zip(x.flat, y.flat, strict=True)
    ]
    height = np.reshape(heights, x.shape)
    with report.picture("thousands", 0, size=(13, 4.6)) as (drawing, _):
        solid = drawing.add_subplot(1, 3, 1, projection="3d")
        solid.plot_surface(x, y, np.log10(height), cmap="viridis")
        solid.set(xlabel="along the path", ylabel="across", title="logarithm of the loss")
        solid.view_init(45, -60)
        flat = drawing.add_subplot(1, 3, 2)
        flat.contour(x, y, np.log10(height), levels=14, colors="0.7", linewidths=0.8)
        for name, shadow in shadows.items():
            flat.plot(*shadow.T, ".-", color=COLOURS[name], label=name, ms=4, lw=1)
        flat.plot(*shadows["with momentum"][0], "ko", label="start")
        flat.set(xlabel="along the path", ylabel="across")
        flat.legend(fontsize=8)
        curve = drawing.add_subplot(1, 3, 3)
        for name, values in losses.items():
            curve.semilogy(values, color=COLOURS[name], label=name)
        curve.set(xlabel="steps", ylabel="loss")
        curve.legend(fontsize=8)


def contest() -> tuple[str, dict[str, Callable[[], object]]]:
    """Return the step that is timed, and who does it: the loss at every point of a landscape."""
    problem, side = Neighbours(), 64
    points = np.stack([axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 2, side)] * 2)])
    target = problem.target[:, None]
    out = np.empty(points.shape[1])
    calls: dict[str, Callable[[], object]] = {}
    if (library := sequential(SEQUENTIAL_SOURCE)) is not None:
        sizes = [ctypes.c_long(n) for n in (len(target), points.shape[1])]
        arrays = (problem.inputs, problem.target, points, out)  # held by the call: an address alone holds nothing
        calls[SEQUENTIAL] = lambda: library.losses(*map(pointer, arrays), *sizes)
    calls |= {
        "NumPy": lambda: ((problem.inputs @ points - target) ** 2).mean(axis=0),
        DEVICE: lambda: problem.losses(points),
    }
    if (library_of_torch := torch()) is not None:
        a, b, c = (library_of_torch.from_numpy(array) for array in (problem.inputs, points, target))
        name = f"PyTorch, {library_of_torch.get_num_threads()} threads of the CPU"
        calls[name] = lambda: ((a @ b - c) ** 2).mean(0)
    return f"the loss of {points.shape[1]} pairs of weights, {len(target)} pixels", calls
