"""Histogram with atomic operations on global memory."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="A histogram with atomics on global memory",
    minutes=15,
    signature="int histogram_global(const unsigned char* data, int n, unsigned* bins)",
    read=("9", "9.2"),
    owner=anybody(),
)


def _case(name, data):
    expect = np.bincount(data, minlength=256).astype(np.uint32)
    suspects = {
        "Each bin is 1 if its value occurs at all: add 1 to it, do not store 1.": np.minimum(expect, 1),
        "Element i was counted under i: its value, data[i], is the number of the bin.": np.bincount(
            np.arange(data.size) % 256, minlength=256
        ),
    }
    inputs = {"data": data, "n": data.size, "bins": np.zeros(256, np.uint32)}
    return Case(name, inputs, {"bins": expect}, suspects=suspects if data.size else {}, min_launches=data.size > 0)


@problem.test("sizes around a block, even and uneven values", schedules=2)
def sizes(rng):
    """Count random bytes, one value only, and mostly small values."""
    for n in (1000, 256, 255, 257, 1, 31, 33, 20_011, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 256, n, np.uint8))
    yield _case("all are 255", np.full(3000, 255, np.uint8))
    yield _case("mostly small values", rng.geometric(0.3, 5000).clip(max=255).astype(np.uint8))
