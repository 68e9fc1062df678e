"""Radix sort, one bit a pass."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="Radix sort, one bit a pass",
    minutes=40,
    signature="int sort_one_bit(unsigned* keys, int n, unsigned* scratch, unsigned* ones)",
    read=("14", "13.2 and 13.3"),
    owner=anybody(),
)


def _turned(keys):
    """Turn round the order of the bits."""
    return np.packbits(np.unpackbits(keys.astype(">u4").view(np.uint8)).reshape(-1, 32)[:, ::-1]).view(">u4")


def _case(name, keys):
    suspects = {
        "The keys are in order by bit 0 only: there are 32 passes.": keys[np.argsort(keys & 1, kind="stable")],
        "The keys are in order of the bits read backwards: the first pass takes the lowest bit.": keys[
            np.argsort(_turned(keys), kind="stable")
        ],
        "The keys fall: a 0 goes before a 1.": np.sort(keys)[::-1],
        "The highest bit was not looked at.": keys[np.argsort(keys & 0x7FFFFFFF, kind="stable")],
    }
    room = np.full((2, keys.size), 0xA5A5A5A5, np.uint32)
    inputs = {"keys": keys, "n": keys.size, "scratch": room[0], "ones": room[1]}
    return Case(name, inputs, {"keys": np.sort(keys)}, suspects=suspects if keys.size > 1 else {}, min_launches=keys.size > 0)


@problem.test("sizes around a block, keys of all kinds", schedules=2)
def sizes(rng):
    """Sort random keys, few different ones, keys in order and against it."""
    for n in (1000, 256, 255, 257, 1, 2, 33, 1500, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 1 << 32, n, np.uint32))
    yield _case("three different keys", rng.choice(np.array([0, 7, 0xFFFFFFFF], np.uint32), 600))
    yield _case("falling keys", 5_000_000 * np.arange(700, 0, -1, dtype=np.uint32))
    yield _case("all equal", np.full(300, 0x80000001, np.uint32))
