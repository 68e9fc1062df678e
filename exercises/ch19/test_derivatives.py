"""Partial derivatives, and the total derivative along a path."""

import numpy as np

from pmpp.calculus import total_derivative
from pmpp.testing import Case, Problem

problem = Problem(
    title="Partial and total derivatives of a function of two variables",
    minutes=25,
    signature="int derivatives(const float* t, int n, float* by_x, float* by_y, float* along)",
    read=("19", "16.1"),
)


def _f(p):
    return p[0] ** 2 * p[1] + np.sin(p[1])


def _path(t):
    return [np.cos(t), t * t]


@problem.test("times around a block")
def times(rng):
    """Compare with what differences measure, at sizes around a block."""
    for n in (100, 256, 257, 1, 300, 0):
        t = rng.uniform(-2.5, 2.5, n).astype(np.float32)
        measured = [total_derivative(_f, _path, float(time)) for time in t]
        partial = np.array([[term.partial for term in m.terms] for m in measured]).reshape(-1, 2)
        rate = np.array([[term.rate for term in m.terms] for m in measured]).reshape(-1, 2)
        suspects = {
            "This is the sum of the partial derivatives: each counts as much as its variable is fast.": partial.sum(1),
            "This is the part of x alone: y moves too.": partial[:, 0] * rate[:, 0],
            "This is the part of y alone: x moves too.": partial[:, 1] * rate[:, 1],
            "The derivative of sin(y) by y is cos(y).": partial[:, 1] - np.cos(t * t) + np.sin(t * t),
            "In by_y the first term is missing: the derivative of x * x * y by y is x * x.": np.cos(t * t),
        }
        expect = {"by_x": partial[:, 0], "by_y": partial[:, 1], "along": (partial * rate).sum(1)}
        yield Case(
            f"n = {t.size}",
            {"t": t, "n": t.size},
            expect,
            suspects=suspects if n > 1 else {},
            rtol=1e-4,
            atol=1e-4,
            min_launches=n > 0,
        )
