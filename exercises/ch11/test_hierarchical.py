"""Inclusive scan of any length: three kernels."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Scan of any length, with three kernels",
    minutes=35,
    signature="int scan_hierarchical(const int* in, int* out, int n, int* sums)",
    read=("11", "11.6"),
)


@problem.test("sizes around a section", schedules=2)
def sizes(rng):
    """Scan random integers; sums wrap around as they do in C."""
    for n in (10_000, 256, 255, 257, 1, 512, 513, 65_536, 0):
        data = rng.integers(-1000, 1000, n, np.int32)
        expect = np.cumsum(data).astype(np.int32)
        alone = [np.cumsum(data[i : i + 256]) for i in range(0, n, 256)]
        suspects = {}
        if n > 512:
            suspects["Every section is scanned for itself: the sums of those before it are not added."] = np.concatenate(alone)
            before = np.repeat([0, *(part[-1] for part in alone[:-1])], 256)[:n]
            suspects["Only the sum of the section right before is added: scan the sums first."] = np.concatenate(alone) + before
            through = np.repeat([0, *np.cumsum([part[-1] for part in alone])[1:]], 256)[:n]
            suspects["The section's own sum is added too: only what comes before it counts."] = np.concatenate(alone) + through
        inputs = {"in": data, "n": n, "sums": np.full(256, -1, np.int32)}
        yield Case(f"n = {n:,}", inputs, {"out": expect}, suspects=suspects, min_launches=n > 0)
