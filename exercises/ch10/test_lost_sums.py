"""Blocks that overwrite each other's sums."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Find the bug: sums that get lost",
    minutes=5,
    kind="find the bug",
    symptom="race",
    signature="int sum_of_blocks(const int* data, int n, int* sum)",
    read=("10", "10.7"),
)


@problem.test("one block and many", schedules=2)
def sizes(rng):
    """Add up one segment, several, many, none; one atomic operation a block is enough."""
    for n in (512, 513, 20_000, 1, 0):
        data = rng.integers(-100, 101, n, dtype=np.int32)
        inputs = {"data": data, "n": n, "sum": np.zeros(1, np.int32)}
        answer = np.array([data.sum()], np.int32)
        yield Case(f"n = {n:,}", inputs, {"sum": answer}, min_launches=n > 0, counts={"atomics": -(-n // 512)})
