"""Histogram of bytes: they are read once; what is written is small."""

import ctypes

import numpy as np
from measure import Case, pointer, random, sequential

import pmpp
from pmpp.histogram import histogram

SIZES = {"sim": 1 << 20, "cuda": 1 << 30}
BINS, RANGE = 256, (0, 256)
SEQUENTIAL = """#include <cstddef>
extern "C" void histogram(const unsigned char* x, long long* out, std::size_t n) {
  for (int i = 0; i < 256; ++i) out[i] = 0;
  for (std::size_t i = 0; i < n; ++i) ++out[x[i]];
}"""


def cases(n: int) -> list[Case]:
    """Return the counts of `n` random bytes."""
    host, x = random("uint8", n)
    out, host_out, loop = pmpp.DeviceArray((BINS,), "int64"), np.empty(BINS, np.int64), sequential(SEQUENTIAL).histogram
    expected = np.bincount(host, minlength=BINS)
    return [
        Case(
            name="histogram",
            function=histogram,
            problem=f"{n:,} uint8, {BINS} bins",
            work=n,
            unit="B",
            least=n,
            arrays=(x, out),
            call=lambda **options: histogram(x, BINS, RANGE, out=out, **options),
            check=lambda: np.testing.assert_array_equal(out.numpy(), expected),
            sequential=lambda: loop(pointer(host), pointer(host_out), ctypes.c_size_t(n)),
            host={"numpy.bincount": lambda: np.bincount(host, minlength=BINS)},
            gpu={
                "torch.bincount": lambda torch, x, out: torch.bincount(x, minlength=BINS),
                "cupy.bincount": lambda cupy, x, out: cupy.bincount(x, minlength=BINS),
                "cub.DeviceHistogram": lambda cub, x, out, stream: cub.histogram(x, out, n, stream),
            },
        )
    ]
