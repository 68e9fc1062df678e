"""Sorting pairs: float keys, and a value that travels with each."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="Sorting pairs by float keys",
    minutes=35,
    signature="int sort_pairs(float* keys, unsigned* values, int n, unsigned* other_keys,"
    " unsigned* other_values, unsigned* ones)",
    read=("14", "13.3"),
    owner=anybody(),
)


def _case(name, keys):
    n = keys.size
    bits = keys.view(np.uint32)
    order = np.argsort(np.where(bits >> 31, ~bits, bits | 0x80000000), kind="stable")
    as_bits, as_integers = np.argsort(bits, kind="stable"), np.argsort(bits.view(np.int32), kind="stable")
    values = np.arange(n, dtype=np.uint32) * 3 + 1000
    suspects = {
        "Negative keys come last: turn over their highest bit.": keys[as_bits],
        "Negative keys are in the wrong order among themselves: turn over all of their bits.": keys[as_integers],
        "The keys are in order, but the values were not moved with them.": values,
        "The keys are in order, but pairs with equal keys have changed their order.": values[n - 1 - np.argsort(
            np.where(bits >> 31, ~bits, bits | 0x80000000)[::-1], kind="stable")],
    }  # fmt: skip
    room = np.full((3, n), 0xA5A5A5A5, np.uint32)
    inputs = {"keys": keys, "values": values, "n": n, "other_keys": room[0], "other_values": room[1], "ones": room[2]}
    expect = {"keys": keys[order], "values": values[order]}
    return Case(name, inputs, expect, rtol=0, atol=0, suspects=suspects if n > 1 else {}, min_launches=n > 0)


@problem.test("sizes around a block, keys of all kinds", schedules=2)
def sizes(rng):
    """Sort random keys, equal ones, negative ones, infinities and both zeros."""
    for n in (1000, 256, 255, 257, 1, 2, 33, 0):
        yield _case(f"n = {n:,}", rng.standard_normal(n, dtype=np.float32))
    yield _case("many equal keys", rng.integers(-3, 4, 600).astype(np.float32))
    special = np.array([np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 3.4e38, -3.4e38], np.float32)
    yield _case("infinities, both zeros, very small and very large keys", rng.permutation(np.tile(special, 40)))
    yield _case("all equal", np.full(300, -1.5, np.float32))
