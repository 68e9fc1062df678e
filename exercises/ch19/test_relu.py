"""ReLU, forward and backward."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="ReLU, forward and backward",
    minutes=10,
    signature="int relu(const float* x, const float* gradient, int n, float* y, float* by_x)",
    read=("19", "16.1 and 16.2"),
)


@problem.test("sizes around a block")
def sizes(rng):
    """Try elements of both signs, and zeros."""
    for n in (1000, 255, 256, 257, 1, 0):
        x, gradient = rng.standard_normal((2, n), dtype=np.float32)
        x[::7] = 0
        suspects = {
            "What is positive is cut off: it is the other way round.": np.minimum(x, 0),
            "This is the magnitude: what is negative becomes 0.": np.abs(x),
            "The gradient itself is cut off: what counts is whether x was positive.": np.maximum(gradient, 0),
            "These are derivatives of ReLU: multiply each by the gradient that came in.": (x > 0).astype(np.float32),
            "At 0 the derivative counts as 1: this problem takes 0 there.": np.where(x >= 0, gradient, 0),
        }
        yield Case(
            f"n = {n:,}",
            {"x": x, "gradient": gradient, "n": n},
            {"y": np.maximum(x, 0), "by_x": np.where(x > 0, gradient, 0)},
            suspects=suspects if n > 1 else {},
            min_launches=n > 0,
        )
