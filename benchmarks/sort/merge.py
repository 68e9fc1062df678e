"""Merging: two sorted arrays are read and one is written."""

import ctypes

import numpy as np
from measure import Case, pointer, random, sequential

import pmpp
from pmpp.sort.merge import merge

SIZES = {"sim": 1 << 18, "cuda": 1 << 26}
"""Elements of the result."""
SEQUENTIAL = """#include <algorithm>
#include <cstddef>
extern "C" void merge(const unsigned* a, const unsigned* b, unsigned* out, std::size_t m, std::size_t n) {
  std::merge(a, a + m, b, b + n, out);
}"""


def cases(n: int) -> list[Case]:
    """Return the merging of two sorted arrays of uint32 that have `n` elements together."""
    m = n // 2
    a, b = (np.sort(random("uint32", size, k)[0][:, 0]) for k, size in ((1, m), (1, n - m)))
    x, y, out = pmpp.DeviceArray.from_numpy(a), pmpp.DeviceArray.from_numpy(b), pmpp.DeviceArray((n,), "uint32")
    host_out, loop = np.empty(n, np.uint32), sequential(SEQUENTIAL).merge
    expected = np.sort(np.concatenate([a, b]), kind="stable")
    sizes = ctypes.c_size_t(m), ctypes.c_size_t(n - m)
    return [
        Case(
            name="merge",
            function=merge,
            problem=f"{n:,} uint32",
            work=8 * n,
            unit="B",
            least=8 * n,
            arrays=(x, y, out),
            call=lambda **options: merge(x, y, out=out, **options),
            check=lambda: np.testing.assert_array_equal(out.numpy(), expected),
            sequential=lambda: loop(pointer(a), pointer(b), pointer(host_out), *sizes),
            host={"numpy.sort": lambda: np.sort(np.concatenate([a, b]), kind="stable")},
        )
    ]
