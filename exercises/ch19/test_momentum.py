"""Gradient descent with momentum, in place."""

import numpy as np

from pmpp.testing import Case, Problem, strided

problem = Problem(
    title="A step with momentum",
    minutes=15,
    signature="int momentum_step(float* parameters, const float* gradient, float* velocity, int n, float rate, float momentum)",
    read=("19", "16.2"),
    owner=strided(),
)


@problem.test("sizes around a block and around the grid")
def sizes(rng):
    """Step with a few parameters, and with more than the grid has threads."""
    for n, rate, momentum in (
        (1000, 0.1, 0.9), (257, 0.5, 0.0), (1, 0.1, 0.5), (16_385, 0.01, 0.9), (40_009, 1.0, 0.99), (0, 1, 1)
    ):  # fmt: skip
        parameters, gradient, velocity = rng.standard_normal((3, n), dtype=np.float32)
        v = momentum * np.float64(velocity) + gradient
        suspects = {
            "This is a step without momentum: what is left of the old velocity counts too.": parameters - rate * gradient,
            "The step goes uphill: subtract.": parameters + rate * v,
            "The parameters moved with the old velocity: compute the new one first.": parameters - rate * velocity,
        }
        inputs = {"parameters": parameters, "gradient": gradient, "velocity": velocity, "n": n}
        yield Case(
            f"{n:,} parameters, rate {rate}, momentum {momentum}",
            inputs | {"rate": rate, "momentum": momentum},
            {"parameters": parameters - rate * v, "velocity": v},
            suspects=suspects if n > 1 and momentum else {},
            min_launches=n > 0,
            max_threads=64 * 256,
        )
