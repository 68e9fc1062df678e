"""Sum in shared memory."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="A sum in shared memory",
    minutes=20,
    signature="int reduce_shared(const float* data, float* sum)",
    read=("10", "10.6"),
    instructions={"ld.shared": "The result is right, but nothing is read from shared memory: keep the partial sums there."},
)


@problem.test("several inputs", schedules=4)
def inputs(rng):
    """Add random numbers, numbers of very different size, and a single one among zeros."""
    lone = np.zeros(512, np.float32)
    lone[511] = 3
    for name, data in {
        "random numbers": rng.standard_normal(512, dtype=np.float32),
        "a ramp": np.arange(512, dtype=np.float32),
        "only the last element is not 0": lone,
    }.items():
        wide = data.astype(np.float64)
        suspects = {
            "The last step, with a stride of 1, is missing.": (wide[:256] + wide[256:])[::2].sum(),
            "Each thread must add two elements first: the second half of the input is missing.": wide[:256].sum(),
        }
        suspects = {text: np.array([answer]) for text, answer in suspects.items()}
        yield Case(name, {"data": data}, {"sum": np.array([wide.sum()])}, suspects=suspects, atol=1e-4)
