"""Histogram with private copies in shared memory."""

import numpy as np

from pmpp.testing import Case, Problem, Speedup, anybody


def _case(name, data):
    expect = np.bincount(data, minlength=256).astype(np.uint32)
    low = np.where(np.arange(256) < 128, expect, 0)
    suspects = {
        "Only the bins below 128 are right: a thread has to add two bins of the copy to the result.": low,
        "Each bin is 1 if its value occurs at all: add 1 to it, do not store 1.": np.minimum(expect, 1),
    }
    inputs = {"data": data, "n": data.size, "bins": np.zeros(256, np.uint32)}
    return Case(name, inputs, {"bins": expect}, suspects=suspects if data.size else {}, min_launches=data.size > 0)


def _timed(rng, n):
    return _case(f"n = {n:,}", rng.integers(0, 256, n, np.uint8))


problem = Problem(
    title="A histogram with copies in shared memory",
    minutes=25,
    signature="int histogram_shared(const unsigned char* data, int n, unsigned* bins)",
    read=("9", "9.4"),
    owner=anybody(),
    speedup=Speedup("solutions/global_atomics.cu", _timed, (1 << 16, 1 << 27), sequential="baselines/histogram.cpp"),
    instructions={"atom.shared": "The result is right, but nothing is counted in shared memory: keep the block's copy there."},
)


@problem.test("sizes around a block, even and uneven values", schedules=3)
def sizes(rng):
    """Count random bytes, one value only, and mostly small values."""
    for n in (1000, 128, 127, 129, 1, 31, 33, 20_011, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 256, n, np.uint8))
    yield _case("all are 255", np.full(3000, 255, np.uint8))
    yield _case("mostly small values", rng.geometric(0.3, 5000).clip(max=255).astype(np.uint8))
