"""Count elements with private counters."""

import numpy as np

from pmpp.testing import Case, Problem, strided

problem = Problem(
    title="Count with private counters",
    minutes=20,
    signature="int count_greater(const float* data, int n, float bound, int* count)",
    read=("6", "6.4 and 9.3"),
    owner=strided(),
)


def counted(rng, n, bound, **rest):
    """Count random numbers above a bound."""
    data = rng.standard_normal(n, dtype=np.float32)
    data[::7] = bound  # equal is not greater
    greater = data > np.float32(bound)
    inputs = {"data": data, "n": n, "bound": bound, "count": np.zeros(1, np.int32)}
    answer = np.array([greater.sum()], np.int32)
    suspects = {
        "Elements that are equal to the bound were counted too.": np.array([(data >= np.float32(bound)).sum()], np.int32),
        "Only the elements that the first turn of the loop reaches were counted.": np.array([greater[:2048].sum()], np.int32),
    }
    suspects = {text: value for text, value in suspects.items() if value[0] != answer[0]}
    return Case(f"n = {n:,}, bound {bound:g}", inputs, {"count": answer}, suspects=suspects, **rest)


@problem.test("sizes around the grid", schedules=3)
def sizes(rng):
    """Try a part of a block, the whole grid, a little more, several turns, nothing found, everything, none."""
    for n, bound in ((5000, 0.25), (100, 0.5), (2048, 0), (2049, 0), (1, -9), (3000, 9), (3000, -9), (0, 0)):
        yield counted(rng, n, bound)


@problem.test("atomic operations")
def atomics(rng):
    """Allow one a warp on the block's counter and one a block on the common one."""
    yield counted(rng, 20_000, 0.25, limits={"atomics": 8 * 8 + 8})
