"""Neighbours that overwrite each other's values."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Find the bug: neighbours overwrite one another",
    minutes=15,
    kind="find the bug",
    symptom="race",
    signature="int smooth(float* data, int rounds)",
    read=("4", "4.3"),
)


@problem.test("several rounds", schedules=4)
def rounds(rng):
    """Smooth random values, and a lone peak between two warps."""
    peak = np.zeros(256, np.float32)
    peak[31:33] = 9
    for count, data in ((4, rng.standard_normal(256, dtype=np.float32)), (1, peak), (0, peak), (20, peak)):
        answer = data.astype(np.float64)
        for _ in range(count):
            answer[1:-1] = (answer[:-2] + answer[1:-1] + answer[2:]) / 3
        yield Case(f"{count} rounds", {"data": data, "rounds": count}, {"data": answer})
