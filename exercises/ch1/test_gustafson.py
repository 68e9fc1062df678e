"""Gustafson's law."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Gustafson's law",
    minutes=10,
    signature="int gustafson(const float* parallel, const float* factor, float* speedup, int n)",
    read=("1", "1"),
    memory="host",
)


def _case(name, parallel, factor):
    parallel, factor = np.asarray(parallel, np.float32), np.asarray(factor, np.float32)
    p, s = parallel.astype(np.float64), factor.astype(np.float64)
    answer = (1 - p) + p * s
    suspects = {
        "That is Amdahl's law: here the fraction is of the new time.": 1 / ((1 - p) + p / s),
        "That is the speedup of the parallel part alone.": s,
    }
    suspects = {text: value for text, value in suspects.items() if not np.allclose(value, answer)}
    inputs = {"parallel": parallel, "factor": factor, "n": parallel.size}
    return Case(name, inputs, {"speedup": answer}, suspects=suspects, min_launches=0)


@problem.test("programs")
def programs(rng):
    """Take well-known programs, many at random, one that is all parallel, one that is not, and none."""
    yield _case("three programs, 100 times as fast", [0.5, 0.9, 0.99], [100, 100, 100])
    yield _case("1,000 programs", rng.uniform(0, 1, 1000), rng.uniform(0.1, 1000, 1000))
    yield _case("all of it parallel", [1.0], [7.0])
    yield _case("nothing parallel", [0.0, 0.0], [3.0, 1e6])
    yield _case("no program", [], [])
