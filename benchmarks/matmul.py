"""Matrix multiplication: the arithmetic is the limit, once tiles are read into fast memory."""

import ctypes
import math

import numpy as np
from measure import Case, pointer, sequential

import pmpp
from pmpp.matmul import matmul

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None

SIZES = {"sim": 1 << 16, "cuda": 1 << 24}
"""Elements of each matrix, a square."""
SEQUENTIAL = """extern "C" void multiply(const float* a, const float* b, float* out, int side, int rows) {
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < side; ++j) {
      float sum = 0;
      for (int k = 0; k < side; ++k) sum += a[i * side + k] * b[k * side + j];
      out[i * side + j] = sum;
    }
}"""


def cases(n: int) -> list[Case]:
    """Return the products of square matrices in float32 and, where ml_dtypes is installed, in bfloat16."""
    kinds = [np.dtype("float32")] + ([np.dtype(ml_dtypes.bfloat16)] if ml_dtypes else [])
    return [_case(math.isqrt(n), kind) for kind in kinds]


def _case(side: int, dtype: np.dtype) -> Case:
    rng, loop = np.random.default_rng(0), sequential(SEQUENTIAL).multiply
    a, b = rng.integers(-4, 5, (2, side, side)).astype(np.float32)  # products and sums are exact
    x, y = (pmpp.DeviceArray.from_numpy(host.astype(dtype)) for host in (a, b))
    out, host_out, rows = pmpp.DeviceArray((side, side), dtype), np.empty_like(a), max(1, side // max(1, side // 64))
    expected = (a @ b).astype(dtype)
    peers = {"torch.matmul": lambda torch, x, y, out: torch.matmul(x, y, out=out)}
    if dtype == "float32":
        peers["cupy.matmul"] = lambda cupy, x, y, out: cupy.matmul(x, y, out=out)
    return Case(
        name=f"matmul {dtype.name}",
        function=matmul,
        problem=f"{side} x {side}",
        work=2 * side**3,
        unit="FLOP",
        tensor=dtype.itemsize == 2,
        least=3 * side * side * dtype.itemsize,
        arrays=(x, y, out),
        call=lambda **options: matmul(x, y, out=out, **options),
        check=lambda: np.testing.assert_array_equal(out.numpy(), expected),
        sequential=lambda: loop(pointer(a), pointer(b), pointer(host_out), ctypes.c_int(side), ctypes.c_int(rows)),
        sequential_share=rows / side,
        host={"numpy.matmul": lambda: np.matmul(a, b)},
        gpu=peers,
        variants=tuple(name for name in pmpp.variants(matmul) if name != "tensor_core" or dtype.itemsize == 2),
    )
