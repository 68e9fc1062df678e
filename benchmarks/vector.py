"""Vector addition: three arrays go through memory once."""

import ctypes

import numpy as np
from measure import Case, pointer, random, sequential

import pmpp
from pmpp.vector import vector_add

SIZES = {"sim": 1 << 20, "cuda": 1 << 28}
"""Elements, by device."""
SEQUENTIAL = """#include <cstddef>
extern "C" void add(const float* a, const float* b, float* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}"""


def cases(n: int) -> list[Case]:
    """Return the addition of two arrays of `n` float32."""
    (a, x), (b, y) = random("float32", n), random("float32", n, 1)
    b, y = b[:, 0], y[:, 0]
    out, host_out, loop = pmpp.DeviceArray((n,), "float32"), np.empty_like(a), sequential(SEQUENTIAL).add
    return [
        Case(
            name="vector_add",
            function=vector_add,
            problem=f"{n:,} float32",
            work=12 * n,
            unit="B",
            least=12 * n,
            arrays=(x, y, out),
            call=lambda **options: vector_add(x, y, out=out, **options),
            check=lambda: np.testing.assert_array_equal(out.numpy(), a + b),
            sequential=lambda: loop(pointer(a), pointer(b), pointer(host_out), ctypes.c_size_t(n)),
            host={"numpy.add": lambda: np.add(a, b, out=host_out)},
            gpu={
                "torch.add": lambda torch, x, y, out: torch.add(x, y, out=out),
                "cupy.add": lambda cupy, x, y, out: cupy.add(x, y, out=out),
                "cub.DeviceTransform": lambda cub, x, y, out, stream: cub.add(x, y, out, n, stream),
            },
        )
    ]
