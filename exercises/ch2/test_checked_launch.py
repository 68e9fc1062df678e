"""A launch that may be refused, and the two places where an error can be noticed."""

from dataclasses import replace

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Notice that a launch failed",
    minutes=10,
    signature="int checked_fill(float* out, float value, int n, int threads)",
    read=("2", "2.4 and 2.6"),
)


def _case(rng, n, threads, **more):
    value = float(np.float32(rng.standard_normal()))
    expect = {"out": np.full(n, value, np.float32)}
    return Case(f"n = {n:,}, {threads:,} threads a block", {"value": value, "n": n, "threads": threads}, expect, **more)


@problem.test("launches that are accepted")
def accepted(rng):
    """Fill arrays with blocks of several sizes, and wait for the end."""
    for n, threads in ((1000, 96), (1000, 100), (1024, 1024), (1, 32), (33, 32), (10_000, 128)):
        yield _case(rng, n, threads, must_wait=True)


@problem.test("launches that are refused")
def refused(rng):
    """Ask for more threads than a block may have."""
    for threads in (1025, 100_000):
        case = _case(rng, 5000, threads, returns="cudaErrorInvalidValue", min_launches=0)
        before = rng.standard_normal(5000, dtype=np.float32)
        yield replace(case, inputs={**case.inputs, "out": before}, expect={"out": before})
