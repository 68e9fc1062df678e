"""A section that begins with an element of the one before."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Find the bug: sections that know of one another",
    minutes=10,
    kind="find the bug",
    symptom="suspect",
    signature="int scan_exclusive(const int* in, int* out, int n)",
    read=("11", "11.2"),
)


def before(data, carry):
    """Scan each section; with `carry`, beginning with the last element of the section before."""
    out = np.zeros_like(data)
    for first in range(0, len(data), 256):
        part = data[first : first + 256]
        out[first : first + 256] = np.cumsum(part) - part + (data[first - 1] if carry and first else 0)
    return out


@problem.test("sizes around a section", schedules=2)
def sizes(rng):
    """Try one section, a little more, many, a part of one, one element, none."""
    for n in (256, 257, 1000, 255, 2, 1, 0):
        data = rng.integers(1, 100, n, dtype=np.int32)
        suspects = {"Each section begins with the last element of the section before it.": before(data, carry=True)}
        suspects["That is the inclusive scan: element i itself must not count."] = before(data, carry=False) + data
        yield Case(
            f"n = {n:,}", {"in": data, "n": n}, {"out": before(data, carry=False)}, min_launches=n > 0, suspects=suspects
        )  # fmt: skip
