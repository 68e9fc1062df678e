"""Too many atomic operations on one address."""

import numpy as np

from pmpp.testing import Case, Problem, Speedup

problem = Problem(
    title="Fewer atomic operations",
    minutes=15,
    kind="make it faster",
    signature="int sum_of_integers(const int* data, int n, int* sum)",
    read=("10", "10.7"),
    speedup=Speedup(
        "stubs/one_address.cu", lambda rng, n: summed(rng, n), (1 << 17, 1 << 26), sequential="baselines/one_address.cpp"
    ),
)


def summed(rng, n, **rest):
    """Add up random integers."""
    data = rng.integers(-1000, 1001, n, dtype=np.int32)
    inputs = {"data": data, "n": n, "sum": np.zeros(1, np.int32)}
    return Case(f"n = {n:,}", inputs, {"sum": np.array([data.sum()], np.int32)}, min_launches=n > 0, **rest)


@problem.test("sizes around a block", schedules=2)
def sizes(rng):
    """Try a block, a few elements more and less, several blocks, one element, none."""
    for n in (256, 257, 255, 1000, 33, 1, 0):
        yield summed(rng, n)


@problem.test("atomic operations")
def atomics(rng):
    """Allow one a block."""
    yield summed(rng, 16_384, limits={"atomics": 64})
