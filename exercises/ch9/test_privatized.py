"""Histogram with a private copy of the bins for each block."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="A histogram with a private copy for each block",
    minutes=25,
    signature="int histogram_privatized(const unsigned char* data, int n, unsigned* copies, unsigned* bins)",
    read=("9", "9.4"),
    owner=anybody(),
)


def _case(name, data, **more):
    expect = np.bincount(data, minlength=256).astype(np.uint32)
    block = np.arange(data.size) // 256 % 16
    suspects = {
        "Only block 0 has added its copy to the result: every block must.": np.bincount(data[block == 0], minlength=256),
        "Each thread has counted one element only: it must go on.": np.bincount(data[: 16 * 256], minlength=256),
    }
    inputs = {"data": data, "n": data.size, "copies": np.zeros(16 * 256, np.uint32), "bins": np.zeros(256, np.uint32)}
    return Case(name, inputs, {"bins": expect}, suspects=suspects if data.size else {}, max_threads=16 * 256, **more)


@problem.test("sizes around a block and around the grid", schedules=3)
def sizes(rng):
    """Count random bytes, one value only, and mostly small values."""
    for n in (1000, 256, 255, 257, 1, 4096, 4097, 20_011, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 256, n, np.uint8))
    yield _case("all are 255", np.full(6000, 255, np.uint8))
    yield _case("mostly small values", rng.geometric(0.3, 9000).clip(max=255).astype(np.uint8))


@problem.test("private copies are recognised by their atomics")
def atomics(rng):
    """Count an atomic operation for each 32 elements, and 8 for each copy that is added up."""
    yield _case("n = 16,384", rng.integers(0, 256, 16_384, np.uint8), counts={"atomics": 16_384 // 32 + 16 * 8})
