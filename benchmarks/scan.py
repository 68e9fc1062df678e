"""Prefix sums: at best one array is read and one is written."""

import ctypes

import numpy as np
from measure import Case, pointer, random, sequential

import pmpp
from pmpp.scan import inclusive_scan

SIZES = {"sim": 1 << 20, "cuda": 1 << 28}
SEQUENTIAL = """#include <cstddef>
extern "C" void scan(const unsigned* x, unsigned* out, std::size_t n) {
  unsigned total = 0;
  for (std::size_t i = 0; i < n; ++i) out[i] = total += x[i];
}"""


def cases(n: int) -> list[Case]:
    """Return the inclusive scan of `n` uint32, whose sums are exact in any order."""
    host, x = random("uint32", n)
    out, host_out, loop = pmpp.DeviceArray((n,), "uint32"), np.empty_like(host), sequential(SEQUENTIAL).scan
    expected = np.cumsum(host, dtype=np.uint32)
    return [
        Case(
            name="inclusive_scan",
            function=inclusive_scan,
            problem=f"{n:,} uint32",
            work=8 * n,
            unit="B",
            least=8 * n,
            arrays=(x, out),
            call=lambda **options: inclusive_scan(x, out=out, **options),
            check=lambda: np.testing.assert_array_equal(out.numpy(), expected),
            sequential=lambda: loop(pointer(host), pointer(host_out), ctypes.c_size_t(n)),
            host={"numpy.cumsum": lambda: np.cumsum(host, dtype=np.uint32, out=host_out)},
            gpu={
                "cupy.cumsum": lambda cupy, x, out: cupy.cumsum(x, dtype=x.dtype, out=out),
                "cub.DeviceScan": lambda cub, x, out, stream: cub.scan(x, out, n, stream),
            },
        )
    ]
