"""Sum in a tree whose working threads stay together."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="A sum in a tree without divergence",
    minutes=15,
    signature="int reduce_convergent(float* data, float* sum)",
    read=("10", "10.4 and 10.5"),
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
            "This is the sum of every other element: the last step, with a stride of 1, is missing.": wide[::2].sum(),
            "This is the sum of the first half: the first step, with a stride of kThreads, is missing.": wide[:256].sum(),
        }
        suspects = {text: np.array([answer]) for text, answer in suspects.items()}
        yield Case(name, {"data": data}, {"sum": np.array([wide.sum()])}, suspects=suspects, atol=1e-4)
