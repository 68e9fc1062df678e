"""Find the bug: a histogram that loses counts."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="Find the bug: lost counts",
    minutes=15,
    signature="int histogram_lost_counts(const unsigned char* data, int n, unsigned* bins)",
    read=("9", "9.4"),
    kind="find the bug",
    symptom="unwritten",
    owner=anybody(),
    instructions={"atom.shared": "The result is right, but nothing is counted in shared memory: keep the block's copy there."},
)


def _case(name, data):
    expect = np.bincount(data, minlength=256).astype(np.uint32)
    inputs = {"data": data, "n": data.size, "bins": np.zeros(256, np.uint32)}
    return Case(name, inputs, {"bins": expect}, min_launches=data.size > 0)


@problem.test("sizes around a block, even and uneven values", schedules=3)
def sizes(rng):
    """Count random bytes, one value only, and mostly small values."""
    for n in (100, 256, 512, 255, 257, 1, 31, 33, 300, 5001, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 256, n, np.uint8))
    yield _case("all are 255", np.full(3000, 255, np.uint8))
    yield _case("mostly small values", rng.geometric(0.3, 5000).clip(max=255).astype(np.uint8))
