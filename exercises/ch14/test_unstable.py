"""Find the bug: a radix sort that sorts only nearly."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="Find the bug: sorted only nearly",
    minutes=30,
    signature="int sort_unstable(unsigned* keys, int n, unsigned* scratch, unsigned* table)",
    read=("14", "13.2 and 13.5"),
    kind="find the bug",
    symptom="race",
    owner=anybody(),
)


def _case(name, keys):
    n = keys.size
    table = np.full(16 * -(-n // 256), 0xA5A5A5A5, np.uint32)
    inputs = {"keys": keys, "n": n, "scratch": np.full(n, 0xA5A5A5A5, np.uint32), "table": table}
    return Case(name, inputs, {"keys": np.sort(keys)}, min_launches=n > 0)


@problem.test("sizes around a block, keys of all kinds", schedules=3)
def sizes(rng):
    """Sort random keys, few different ones, keys in order and against it."""
    for n in (1000, 256, 255, 257, 1, 2, 33, 2000, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 1 << 32, n, np.uint32))
    yield _case("three different keys", rng.choice(np.array([0, 7, 0xFFFFFFFF], np.uint32), 600))
    yield _case("falling keys", 5_000_000 * np.arange(700, 0, -1, dtype=np.uint32))
    yield _case("all equal", np.full(300, 0x80000001, np.uint32))
