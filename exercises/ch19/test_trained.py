"""A detector that is trained: logistic regression on faces and what is none."""

from pathlib import Path

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="A detector that is trained",
    minutes=45,
    signature="int train(const float* windows, const int* labels, int n, int pixels, int steps, float rate,"
    " float* weights, float* residuals)",
    read=("19", "16.1"),
    owner=anybody(),
)


def _trained(windows, labels, steps, rate, bias=1.0):
    x = np.column_stack([np.float64(windows), np.full(len(windows), bias)])
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        weights -= rate * x.T @ (1 / (1 + np.exp(-x @ weights)) - labels) / len(x)
    return weights


def _case(name, windows, labels, steps, rate):
    n, pixels = windows.shape
    weights = _trained(windows, labels, steps, rate)
    suspects = {
        "The bias stays 0: it is a weight whose pixel is always 1, and moves as the others do.": _trained(
            windows, labels, steps, rate, bias=0.0
        ),
        "The weights move uphill: take the step away from them.": _trained(windows, labels, steps, -rate),
        "This is the result of one step only.": _trained(windows, labels, 1, rate),
    }
    inputs = {"windows": windows, "labels": labels, "n": n, "pixels": pixels, "steps": steps, "rate": rate}
    inputs |= {"weights": np.zeros(pixels + 1, np.float32), "residuals": np.full(n, np.nan, np.float32)}
    return Case(name, inputs, {"weights": weights}, suspects=suspects, rtol=1e-3, atol=1e-4, min_launches=2 * steps)


@problem.test("two clouds of points", schedules=2)
def clouds(rng):
    """Train on points of several dimensions that overlap."""
    for n, pixels, steps in ((70, 5, 20), (64, 63, 10), (65, 64, 10), (1, 2, 5), (200, 1, 30)):
        labels = rng.integers(0, 2, n).astype(np.int32)
        windows = (rng.standard_normal((n, pixels)) + 0.5 * labels[:, None]).astype(np.float32)
        yield _case(f"{n} points of {pixels} numbers, {steps} steps", windows, labels, steps, 0.5)


@problem.test("faces")
def faces(rng):
    """Train on scikit-image's 100 faces and 100 windows that show none, of 25 x 25 pixels."""
    import skimage

    pictures = np.load(Path(skimage.__file__).parent / "data" / "lfw_subset.npy").reshape(200, -1)
    windows = pictures - pictures.mean(1, keepdims=True)  # brightness does not count
    labels = np.repeat([1, 0], 100).astype(np.int32)
    yield _case("200 windows, 12 steps", windows.astype(np.float32), labels, 12, 0.1)
