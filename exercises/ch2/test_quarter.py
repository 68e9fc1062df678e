"""A copy of which three quarters are missing."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Find the bug: only a quarter is right",
    minutes=5,
    kind="find the bug",
    symptom="tail",
    signature="int negate(const float* in, float* out, int n)",
    read=("2", "2.4"),
    memory="host",
)


@problem.test("sizes")
def sizes(rng):
    """Try several blocks, a block, a few elements, one, none."""
    for n in (1000, 256, 257, 5, 1, 0):
        data = rng.standard_normal(n, dtype=np.float32)
        yield Case(f"n = {n:,}", {"in": data, "n": n}, {"out": -data}, min_launches=n > 0)


@problem.test("no memory left")
def refused(rng):
    """Refuse the allocation."""
    data = rng.standard_normal(100, dtype=np.float32)
    inputs, refusal = {"in": data, "n": 100}, "cudaErrorMemoryAllocation"
    yield Case("cudaMalloc fails", inputs, {"out": -data}, fail_malloc=1, returns=refusal, min_launches=0)
