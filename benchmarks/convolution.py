"""Convolution in two dimensions: an image is read and one is written, whatever the weights."""

import ctypes
import math

import numpy as np
from measure import Case, pointer, random, sequential

import pmpp
from pmpp.convolution import correlate2d

try:
    from scipy import signal
except ImportError:
    signal = None

SIZES = {"sim": 1 << 18, "cuda": 1 << 26}
"""Pixels, of a square."""
SEQUENTIAL = """extern "C" void correlate(const float* image, const float* w, float* out, int side, int taps) {
  const int reach = (taps - 1) / 2;
  for (int r = 0; r < side; ++r)
    for (int c = 0; c < side; ++c) {
      float sum = 0;
      for (int i = 0; i < taps; ++i)
        for (int j = 0; j < taps; ++j) {
          const int y = r + i - reach, x = c + j - reach;
          if (y >= 0 && y < side && x >= 0 && x < side) sum += w[i * taps + j] * image[y * side + x];
        }
      out[r * side + c] = sum;
    }
}"""
TAPS = 5


def cases(n: int) -> list[Case]:
    """Return the correlation of an image of about `n` pixels with 5 x 5 weights that every rung can do."""
    side = math.isqrt(n)
    image, x = random("float32", side, side)
    weights = np.outer(*np.random.default_rng(0).random((2, TAPS), dtype=np.float32))
    out, host_out, loop = pmpp.DeviceArray(x.shape, "float32"), np.empty_like(image), sequential(SEQUENTIAL).correlate

    def in_c() -> None:
        loop(pointer(image), pointer(weights), pointer(host_out), ctypes.c_int(side), ctypes.c_int(TAPS))

    in_c()
    expected = host_out.copy()

    with_scipy = {}
    if signal is not None:
        with_scipy["scipy.signal"] = lambda: signal.correlate2d(image, weights, mode="same")

    def with_torch(torch, x, out):
        w = torch.as_tensor(weights, device="cuda")
        torch.nn.functional.conv2d(x[None, None], w[None, None], padding=TAPS // 2)

    def with_cupy(cupy, x, out):
        from cupyx.scipy import ndimage

        ndimage.correlate(x, cupy.asarray(weights), output=out, mode="constant")

    return [
        Case(
            name="correlate2d",
            function=correlate2d,
            problem=f"{side} x {side} float32, {TAPS} x {TAPS} weights",
            work=8 * side * side,
            unit="B",
            least=8 * side * side,
            arrays=(x, out),
            call=lambda **options: correlate2d(x, weights, mode="same", out=out, **options),
            check=lambda: np.testing.assert_allclose(out.numpy(), expected, rtol=1e-4),
            sequential=in_c,
            host=with_scipy,
            gpu={"torch.conv2d": with_torch, "cupy.ndimage": with_cupy},
        )
    ]
