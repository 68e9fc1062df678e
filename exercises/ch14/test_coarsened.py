"""Radix sort, four bits a pass, with several keys a thread."""

import numpy as np

from pmpp.testing import Case, Problem, Speedup, anybody


def _timed(rng, n):
    keys = rng.integers(0, 1 << 32, n, np.uint32)
    # The table is as long as the bits of the baseline.
    inputs = {"keys": keys, "n": n, "scratch": np.zeros(n, np.uint32), "table": np.zeros(n, np.uint32)}
    return Case(f"n = {n:,}", inputs, {"keys": np.sort(keys)})


problem = Problem(
    title="Radix sort with several keys a thread",
    minutes=45,
    signature="int sort_coarsened(unsigned* keys, int n, unsigned* scratch, unsigned* table)",
    read=("14", "13.6"),
    owner=anybody(),
    speedup=Speedup(
        "solutions/one_bit.cu", _timed, (1 << 13, 1 << 18), sequential="baselines/radix_sort.cpp", at_least={"sim": 1.3}
    ),
)


def _sectors(keys):
    """Count the sectors that keys take when each block writes its keys in order, all passes together."""
    total = 0
    for shift in range(0, 32, 4):
        digit = keys >> shift & 15
        order = np.argsort(digit, kind="stable")
        place = np.empty(keys.size, np.int64)
        place[order] = np.arange(keys.size)
        for first in range(0, keys.size, 1024):
            written = np.sort(place[first : first + 1024])
            total += sum(np.unique(written[w : w + 32] // 8).size for w in range(0, written.size, 32))
        keys = keys[order]
    return total


def _case(name, keys, **more):
    n = keys.size
    table = np.full(16 * -(-n // 1024), 0xA5A5A5A5, np.uint32)
    inputs = {"keys": keys, "n": n, "scratch": np.full(n, 0xA5A5A5A5, np.uint32), "table": table}
    return Case(name, inputs, {"keys": np.sort(keys)}, min_launches=n > 0, max_threads=-(-n // 1024) * 256, **more)


@problem.test("sizes around a tile, keys of all kinds", schedules=2)
def sizes(rng):
    """Sort random keys, few different ones, keys in order and against it."""
    for n in (3000, 1024, 1023, 1025, 1, 2, 255, 257, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 1 << 32, n, np.uint32))
    yield _case("three different keys", rng.choice(np.array([0, 7, 0xFFFFFFFF], np.uint32), 1600))
    yield _case("falling keys", 2_000_000 * np.arange(2000, 0, -1, dtype=np.uint32))
    yield _case("all equal", np.full(1100, 0x80000001, np.uint32))


@problem.test("how well the keys are written")
def writes(rng):
    """Leave the table twice the sectors of its numbers, and the keys 5 % more than they need."""
    keys = rng.integers(0, 1 << 32, 4096, np.uint32)
    most = int(1.05 * _sectors(keys)) + 8 * 2 * 64
    yield _case("n = 4,096", keys, limits={"global_store_sectors": most})
