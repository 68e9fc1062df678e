"""Radix sort, one bit a pass; each block sorts its own keys first."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="Radix sort with side-by-side writes",
    minutes=45,
    signature="int sort_block_local(unsigned* keys, int n, unsigned* scratch, unsigned* table)",
    read=("14", "13.4"),
    owner=anybody(),
)


def _sectors(keys):
    """Count the sectors that keys take when each block writes its keys in order, all passes together."""
    total = 0
    for shift in range(0, 32, 1):
        digit = keys >> shift & 1
        order = np.argsort(digit, kind="stable")
        place = np.empty(keys.size, np.int64)
        place[order] = np.arange(keys.size)
        for first in range(0, keys.size, 256):
            written = np.sort(place[first : first + 256])
            total += sum(np.unique(written[w : w + 32] // 8).size for w in range(0, written.size, 32))
        keys = keys[order]
    return total


def _case(name, keys, **more):
    n = keys.size
    table = np.full(2 * -(-n // 256), 0xA5A5A5A5, np.uint32)
    inputs = {"keys": keys, "n": n, "scratch": np.full(n, 0xA5A5A5A5, np.uint32), "table": table}
    return Case(name, inputs, {"keys": np.sort(keys)}, min_launches=n > 0, **more)


@problem.test("sizes around a block, keys of all kinds", schedules=2)
def sizes(rng):
    """Sort random keys, few different ones, keys in order and against it."""
    for n in (1000, 256, 255, 257, 1, 2, 33, 1500, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 1 << 32, n, np.uint32))
    yield _case("three different keys", rng.choice(np.array([0, 7, 0xFFFFFFFF], np.uint32), 600))
    yield _case("falling keys", 5_000_000 * np.arange(700, 0, -1, dtype=np.uint32))
    yield _case("all equal", np.full(300, 0x80000001, np.uint32))


@problem.test("how well the keys are written")
def writes(rng):
    """Leave the table twice the sectors of its numbers, and the keys 5 % more than they need."""
    keys = rng.integers(0, 1 << 32, 2048, np.uint32)
    most = int(1.05 * _sectors(keys)) + 32 * 2 * 16
    yield _case("n = 2,048", keys, limits={"global_store_sectors": most})
