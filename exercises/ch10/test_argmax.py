"""Where the largest element stands."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Where the largest element stands",
    minutes=30,
    signature="int argmax(const float* data, int n, int* place)",
    read=("10", "10.2"),
)


def _case(name, data):
    backwards = data.size - 1 - int(np.argmax(data[::-1]))
    suspects = {
        "This is the last of several equal elements: the first is wanted.": np.array([backwards]),
        "This is the place of the smallest element.": np.array([int(np.argmin(data))]),
    }
    expect = int(np.argmax(data))
    suspects = {text: place for text, place in suspects.items() if place[0] != expect}
    return Case(name, {"data": data, "n": data.size}, {"place": np.array([expect])}, suspects=suspects)


@problem.test("sizes around a block, equal elements, negative ones", schedules=2)
def inputs(rng):
    """Try ties in one thread and across threads, and a vector of nothing but minus infinity."""
    for n in (1000, 256, 255, 257, 1, 5, 20_011):
        yield _case(f"n = {n:,}", rng.standard_normal(n, dtype=np.float32))
    yield _case("all negative", -1 - rng.random(700, dtype=np.float32))
    ties = rng.standard_normal(3000, dtype=np.float32)
    ties[[2999, 1500, 1300, 700]] = 10
    yield _case("four equal largest elements", ties)
    yield _case("all equal", np.full(600, 2, np.float32))
    yield _case("all minus infinity", np.full(600, -np.inf, np.float32))
