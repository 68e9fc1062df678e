"""Vector addition with everything around it: allocate, copy, launch, check, copy back, free."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Vector addition, from allocation to free",
    minutes=30,
    signature="int vector_add(const float* a, const float* b, float* c, int n)",
    read=("2", "2.3 to 2.6"),
    memory="host",
)


def _case(rng, n, **more):
    a, b = rng.standard_normal((2, n), dtype=np.float32)
    return Case(f"n = {n:,}", {"a": a, "b": b, "n": n}, {"c": a + b}, **more)


@problem.test("sizes around a block")
def sizes(rng):
    """Try one block, a little less, a little more, many."""
    for n in (1000, 256, 255, 257, 1, 31, 33, 4096, 100_003):
        yield _case(rng, n)


@problem.test("nothing to add")
def empty(rng):
    """Expect no error from n = 0."""
    yield _case(rng, 0, min_launches=0)


@problem.test("memory runs out")
def out_of_memory(rng):
    """Refuse each of the three allocations in turn: the error comes back and nothing leaks."""
    for which in (1, 2, 3):
        case = _case(rng, 1000, fail_malloc=which, returns="cudaErrorMemoryAllocation", min_launches=0)
        case.name = f"cudaMalloc number {which} is refused"
        yield case
