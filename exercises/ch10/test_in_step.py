"""Lanes that are believed to run in step."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Find the bug: threads that run in step, or do they",
    minutes=10,
    kind="find the bug",
    symptom="race",
    signature="int sum_in_step(const float* data, float* sum)",
    read=("10", "10.6"),
)


@problem.test("several inputs", schedules=3)
def inputs(rng):
    """Add up random numbers, a ramp, a single number among zeros; the other warps must not pass more barriers than before."""
    lone = np.zeros(512, np.float32)
    lone[511] = 3
    for name, data in {
        "random numbers": rng.standard_normal(512, dtype=np.float32),
        "a ramp": np.arange(512, dtype=np.float32),
        "only the last element is not 0": lone,
    }.items():
        answer = np.array([data.astype(np.float64).sum()])
        yield Case(name, {"data": data}, {"sum": answer}, atol=1e-4, limits={"barriers": 24})
