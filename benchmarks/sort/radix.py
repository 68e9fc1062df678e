"""Radix sort: keys are read once to count, and in each of four passes read and written."""

import ctypes

import numpy as np
from measure import Case, pointer, random, sequential

import pmpp
from pmpp.sort import radix

SIZES = {"sim": 1 << 18, "cuda": 1 << 26}
SEQUENTIAL = """#include <algorithm>
#include <cstddef>
extern "C" void sort(const unsigned* keys, unsigned* out, std::size_t n) {
  std::copy(keys, keys + n, out);
  std::sort(out, out + n);
}"""


def cases(n: int) -> list[Case]:
    """Return the sorting of `n` uint32, alone and with values."""
    host, keys = random("uint32", n)
    _, values = random("uint32", n, 1)
    out, values_out = pmpp.DeviceArray((n,), "uint32"), pmpp.DeviceArray((n, 1), "uint32")
    flat_values, flat_out = values[:, 0], values_out[:, 0]
    host_out, loop = np.empty_like(host), sequential(SEQUENTIAL).sort
    # A stable order, from a sort of numbers that are all different: that is far faster than NumPy's stable argsort.
    order = np.sort(host.astype(np.uint64) << 32 | np.arange(n, dtype=np.uint64)).astype(np.uint32)
    expected, expected_values = host[order], flat_values.numpy()[order]

    def check_pairs() -> None:
        np.testing.assert_array_equal(out.numpy(), expected)
        np.testing.assert_array_equal(flat_out.numpy(), expected_values)

    def in_c() -> None:
        loop(pointer(host), pointer(host_out), ctypes.c_size_t(n))

    return [
        Case(
            name="radix.sort",
            function=radix.sort,
            problem=f"{n:,} uint32",
            work=36 * n,
            unit="B",
            least=36 * n,
            arrays=(keys, out),
            call=lambda **options: radix.sort(keys, out=out, **options),
            check=lambda: np.testing.assert_array_equal(out.numpy(), expected),
            sequential=in_c,
            host={"numpy.sort": lambda: np.sort(host)},
            gpu={
                "cupy.sort": lambda cupy, keys, out: cupy.sort(keys),
                "cub.DeviceRadixSort": lambda cub, keys, out, stream: cub.sort(keys, out, n, stream),
            },
        ),
        Case(
            name="radix.sort_pairs",
            function=radix.sort_pairs,
            problem=f"{n:,} uint32 with uint32",
            work=68 * n,
            unit="B",
            least=68 * n,
            arrays=(keys, flat_values, out, flat_out),
            call=lambda **options: radix.sort_pairs(keys, flat_values, out=(out, flat_out), **options),
            check=check_pairs,
            sequential=in_c,
            host={"numpy.argsort": lambda: np.argsort(host, kind="stable")},
            gpu={
                "cub.DeviceRadixSort": lambda cub, keys, values, out, values_out, stream: cub.sort_pairs(
                    keys, values, out, values_out, n, stream
                )
            },
        ),
    ]
