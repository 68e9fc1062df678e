"""Reduction: one array goes through memory once."""

import ctypes

import numpy as np
from measure import Case, pointer, random, sequential

import pmpp
from pmpp.reduction import reduce_sum

SIZES = {"sim": 1 << 20, "cuda": 1 << 28}
SEQUENTIAL = """#include <cstddef>
extern "C" float sum(const float* x, std::size_t n) {
  float total = 0;
  for (std::size_t i = 0; i < n; ++i) total += x[i];
  return total;
}"""


def cases(n: int) -> list[Case]:
    """Return the sum of `n` float32."""
    host, x = random("float32", n)
    out, loop = pmpp.DeviceArray((), "float32"), sequential(SEQUENTIAL).sum
    loop.restype = ctypes.c_float
    exact = host.sum(dtype=np.float64)
    return [
        Case(
            name="reduce_sum",
            function=reduce_sum,
            problem=f"{n:,} float32",
            work=4 * n,
            unit="B",
            least=4 * n,
            arrays=(x, out),
            call=lambda **options: reduce_sum(x, out=out, **options),
            check=lambda: np.testing.assert_allclose(out.numpy(), exact, rtol=1e-6),
            sequential=lambda: loop(pointer(host), ctypes.c_size_t(n)),
            host={"numpy.sum": host.sum},
            gpu={
                "torch.sum": lambda torch, x, out: torch.sum(x, 0, out=out),
                "cupy.sum": lambda cupy, x, out: cupy.sum(x, out=out),
                "cub.DeviceReduce": lambda cub, x, out, stream: cub.sum(x, out, n, stream),
            },
        )
    ]
