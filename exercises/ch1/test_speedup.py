"""The speedup, from measured times."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="The speedup from measured times",
    minutes=10,
    signature="int speedup(const double* before, const double* after, int runs, double* speedup)",
    read=("1", "1"),
    memory="host",
)


@problem.test("times, some of them disturbed")
def times(rng):
    """Take versions that are faster, slower, and as fast, with a few runs that took far too long."""
    for runs, factor in ((9, 3.0), (1, 2.0), (3, 0.25), (31, 40.0), (101, 1.0)):
        before, after = rng.uniform(0.9, 1.1, (2, runs))
        after /= factor
        before[rng.integers(runs)] *= 20
        after[rng.integers(runs)] *= 3
        answer = np.median(before) / np.median(after)
        suspects = {
            "That is new time over old time: a speedup is old time over new time.": 1 / answer,
            "That is the ratio of the means: the disturbed runs count in it.": before.mean() / after.mean(),
        }
        suspects = {text: np.array([value]) for text, value in suspects.items() if abs(value - answer) > 1e-3 * answer}
        inputs = {"before": before, "after": after, "runs": runs}
        name = f"{runs} {'run' if runs == 1 else 'runs'}, about {factor:g} times as fast"
        yield Case(name, inputs, {"speedup": np.array([answer])}, rtol=1e-12, atol=0, suspects=suspects, min_launches=0)
