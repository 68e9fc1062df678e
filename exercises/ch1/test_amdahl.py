"""Amdahl's law."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Amdahl's law",
    minutes=10,
    signature="int amdahl(const float* parallel, const float* factor, float* speedup, int n)",
    read=("1", "1"),
    memory="host",
)


def _case(name, parallel, factor):
    parallel, factor = np.asarray(parallel, np.float32), np.asarray(factor, np.float32)
    p, s = parallel.astype(np.float64), factor.astype(np.float64)
    answer = 1 / ((1 - p) + p / s)
    suspects = {
        "That is how long the whole takes now: its speedup is 1 over that.": 1 / answer,
        "That is Gustafson's law: here the fraction is of the old time.": (1 - p) + p * s,
        "The part that is not parallel is missing: it takes as long as ever.": s / np.where(p > 0, p, 1),
    }
    suspects = {text: value for text, value in suspects.items() if not np.allclose(value, answer)}
    inputs = {"parallel": parallel, "factor": factor, "n": parallel.size}
    # Near a fraction of 1 the difference from 1 has few digits.
    return Case(name, inputs, {"speedup": answer}, rtol=1e-4, suspects=suspects, min_launches=0)


@problem.test("programs")
def programs(rng):
    """Take well-known programs, many at random, one that is all parallel, a device without end, and none."""
    yield _case("three programs, 100 times as fast", [0.5, 0.9, 0.99], [100, 100, 100])
    yield _case("1,000 programs", rng.uniform(0, 0.99, 1000), rng.uniform(0.1, 1000, 1000))
    yield _case("all of it parallel", [1.0], [7.0])
    yield _case("nothing parallel", [0.0, 0.0], [3.0, 1e6])
    yield _case("infinitely fast", [0.9, 0.25], [np.inf, np.inf])
    yield _case("no program", [], [])
