"""Gradient descent on a bowl: step sizes that converge, crawl and diverge."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Step sizes that converge, crawl and diverge",
    minutes=20,
    signature="int descend(const float* rates, int n, float curvature, float start, int steps, float* end, int* verdict)",
    read=("19", "16.2"),
)


def _walk(rates, curvature, start, steps):
    end = start * (1 - np.float64(rates) * curvature) ** steps
    size = np.abs(end) / abs(start)
    return end, np.where(size < 0.001, 0, np.where(size > 1, 2, 1)), size


@problem.test("bowls that are flat and steep")
def bowls(rng):
    """Walk with step sizes from far too small to too large, from both sides."""
    for n, curvature, start, steps in (
        (100, 1.0, 5.0, 40),
        (257, 4.0, -3.0, 30),
        (256, 0.25, 1.0, 60),
        (1, 2.0, 8.0, 10),
        (300, 1.0, 2.0, 0),
        (0, 1.0, 1.0, 5),
    ):
        rates = (rng.uniform(0.002, 2.4, 4 * n) / curvature).astype(np.float32)
        _, _, size = _walk(rates, curvature, start, steps)
        # Not so near to a limit that rounding decides.
        clear = (np.abs(size / 0.001 - 1) > 0.02) & (np.abs(size - 1) > 0.01) if steps else np.ones(rates.size, bool)
        rates = rates[clear][:n]
        end, verdict, _ = _walk(rates, curvature, start, steps)
        uphill, _, _ = _walk(-rates, curvature, start, steps)
        flat, _, _ = _walk(rates, 1.0, start, steps)
        suspects = {
            "This goes uphill: the step is taken against the gradient.": uphill,
            "The gradient is curvature * w, not w.": flat,
        }
        inputs = {"rates": rates, "n": rates.size, "curvature": curvature, "start": start, "steps": steps}
        expect = {"end": end, "verdict": verdict.astype(np.int32)}
        name = f"{rates.size} step sizes, curvature {curvature}, {steps} steps"
        more = {"suspects": suspects} if n > 1 and steps and curvature != 1 else {}
        yield Case(name, inputs, expect, rtol=2e-4, atol=1e-6, min_launches=n > 0, **more)
