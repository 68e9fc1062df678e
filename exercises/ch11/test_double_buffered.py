"""Inclusive scan of sections: two buffers."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Scan of sections with two buffers",
    minutes=20,
    signature="int scan_double_buffered(const int* in, int* out, int n)",
    read=("11", "11.2"),
)


def sections(data, length):
    """Sum up every section for itself."""
    parts = [np.cumsum(data[i : i + length]) for i in range(0, data.size, length)]
    return np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int32)


@problem.test("sizes around a section", schedules=3)
def sizes(rng):
    """Scan random integers; sums wrap around as they do in C."""
    for n in (700, 256, 255, 257, 1, 2, 33, 5000, 0):
        data = rng.integers(-1000, 1000, n, np.int32)
        expect = sections(data, 256)
        suspects = {}
        if n > 1:
            suspects["This is the exclusive scan: an element's own value belongs to its sum."] = expect - data
        inputs = {"in": data, "n": n}
        yield Case(f"n = {n:,}", inputs, {"out": expect}, suspects=suspects, min_launches=n > 0)
