"""Inclusive scan of any length: one pass."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Scan of any length in one pass",
    minutes=60,
    signature="int scan_single_pass(const int* in, int* out, int n, int* counter, long long* published)",
    read=("11", "11.7"),
)


@problem.test("sizes around a section", schedules=3)
def sizes(rng):
    """Scan random integers; sums wrap around as they do in C."""
    for n in (10_000, 256, 255, 257, 1, 512, 513, 40_000, 0):
        data = rng.integers(-1000, 1000, n, np.int32)
        expect = np.cumsum(data).astype(np.int32)
        alone = [np.cumsum(data[i : i + 256]) for i in range(0, n, 256)]
        suspects = {}
        if n > 256:
            suspects["Every section is scanned for itself: what came before is not added."] = np.concatenate(alone)
            before = np.repeat([0, *(part[-1] for part in alone[:-1])], 256)[:n]
            suspects["Only the sum of the section right before is added: publish the sum of everything up to there."] = (
                np.concatenate(alone) + before
            )
        words = np.zeros(-(-n // 256), np.int64)
        inputs = {"in": data, "n": n, "counter": np.zeros(1, np.int32), "published": words}
        yield Case(f"n = {n:,}", inputs, {"out": expect}, suspects=suspects, min_launches=n > 0)
