"""Find the bug: weights that move while others still look at them."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="Find the bug: weights that move too early",
    minutes=25,
    signature="int fit(const float* x, const float* y, int n, int width, int steps, float rate, float* weights, float* gradient)",
    read=("19", "16.1"),
    kind="find the bug",
    symptom="race",
    owner=anybody(),
)


def _walk(x, y, steps, rate):
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        weights -= rate * x.T @ (x @ weights - y) / len(x)
    return weights


@problem.test("one weight, and several", schedules=2)
def widths(rng):
    """Fit points on a line with noise, of one coordinate and of several."""
    for n, width, steps in ((200, 1, 5), (129, 3, 5), (150, 12, 3), (50, 5, 0), (20, 130, 1)):
        # The coordinates know of each other: a weight that has moved already changes what the others should do.
        x = (rng.standard_normal((n, width)) + rng.standard_normal((n, 1))).astype(np.float32)
        y = (x @ rng.standard_normal(width) + 0.1 * rng.standard_normal(n)).astype(np.float32)
        rate = 1.0 / (width + 1)
        inputs = {"x": x, "y": y, "n": n, "width": width, "steps": steps, "rate": rate}
        inputs |= {"weights": np.zeros(width, np.float32), "gradient": np.full(width, np.nan, np.float32)}
        expect = {"weights": _walk(np.float64(x), np.float64(y), steps, rate)}
        name = f"{n} points, {width} weights, {steps} steps"
        yield Case(name, inputs, expect, rtol=1e-3, atol=1e-4, min_launches=steps > 0)
