"""Softmax cross-entropy and its gradient."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Softmax cross-entropy and its gradient",
    minutes=35,
    signature="int softmax(const float* scores, const int* labels, int n, int classes, float* losses, float* by_scores)",
    read=("19", "16.1 and 16.2"),
)


@problem.test("few and many classes, small and large scores")
def scores(rng):
    """Score images with numbers of every size."""
    for n, classes, size in ((100, 10, 1), (129, 2, 5), (1, 3, 1), (64, 5, 300), (40, 1, 1), (7, 100, 20), (0, 4, 1)):
        scores = (size * rng.standard_normal((n, classes))).astype(np.float32)
        labels = rng.integers(0, classes, n).astype(np.int32)
        lowered = np.float64(scores) - scores.max(1, initial=-np.inf, keepdims=True)
        sums = np.exp(lowered).sum(1, keepdims=True)
        chances, true = np.exp(lowered) / sums, np.arange(classes) == labels[:, None]
        losses = np.log(sums[:, 0]) - np.take_along_axis(lowered, labels[:, None].astype(int), 1)[:, 0]
        suspects = {
            "These are the chances: those that the network should have given are not taken off.": chances / n,
            "This is the gradient of the sum of the losses: that of their mean is asked for, divide by n.": chances - true,
            "The sign is the other way round: this points downhill, the gradient points uphill.": (true - chances) / n,
            "This is the logarithm of the chance: the loss is minus that.": -losses,
        }
        yield Case(
            f"{n} images, {classes} classes, scores of about {size}",
            {"scores": scores, "labels": labels, "n": n, "classes": classes},
            {"losses": losses, "by_scores": (chances - true) / max(n, 1)},
            suspects=suspects if n > 1 and classes > 1 else {},
            rtol=1e-4,
            atol=1e-5,
            min_launches=n > 0,
        )
