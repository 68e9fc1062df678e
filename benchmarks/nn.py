"""The convolution layer, forward: images of 25 x 25 pixels and eight filters of 5 x 5, as in a small detector."""

import ctypes

import numpy as np
from measure import Case, pointer, random, sequential

import pmpp
from pmpp.nn.convolution import convolve

SIZES = {"sim": 1 << 16, "cuda": 1 << 24}
"""Pixels, of all images together."""
SEQUENTIAL = """extern "C" void layer(const float* x, const float* w, const float* b, float* y, int n, int side, int filters,
                                 int taps) {
  const int out = side - taps + 1;
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < filters; ++k)
      for (int p = 0; p < out; ++p)
        for (int q = 0; q < out; ++q) {
          float sum = b[k];
          for (int r = 0; r < taps; ++r)
            for (int s = 0; s < taps; ++s) sum += w[(k * taps + r) * taps + s] * x[(i * side + p + r) * side + q + s];
          y[((i * filters + k) * out + p) * out + q] = sum;
        }
}"""
SIDE, FILTERS, TAPS = 25, 8, 5
OUT = SIDE - TAPS + 1


def cases(n: int) -> list[Case]:
    """Return the layer for as many images as have about `n` pixels."""
    count = max(1, n // SIDE**2)
    images, x = random("float32", count, 1, SIDE, SIDE)
    weights, w = random("float32", FILTERS, 1, TAPS, TAPS)
    bias, b = random("float32", FILTERS)
    y = pmpp.DeviceArray((count, FILTERS, OUT, OUT), "float32")
    host, loop = np.empty(y.shape, np.float32), sequential(SEQUENTIAL).layer

    def in_c() -> None:
        sizes = (ctypes.c_int(size) for size in (count, SIDE, FILTERS, TAPS))
        loop(pointer(images), pointer(weights), pointer(bias), pointer(host), *sizes)

    in_c()
    expected = host.copy()
    windows = np.lib.stride_tricks.sliding_window_view(images[:, 0], (TAPS, TAPS), axis=(1, 2))

    def with_torch(torch, x, w, b, y):
        torch.nn.functional.conv2d(x, w, b)

    return [
        Case(
            name="convolution layer",
            function=convolve,
            problem=f"{count} images of {SIDE} x {SIDE} float32, {FILTERS} filters of {TAPS} x {TAPS}",
            work=2 * y.size * TAPS * TAPS,
            unit="FLOP",
            least=4 * (x.size + y.size),
            arrays=(x, w, b, y),
            call=lambda **options: convolve(x, w, b, out=y, **options),
            check=lambda: np.testing.assert_allclose(y.numpy(), expected, rtol=1e-4, atol=1e-4),
            sequential=in_c,
            host={"numpy.einsum": lambda: np.einsum("npqrs,krs->nkpq", windows, weights[:, 0], optimize=True)},
            gpu={"torch.conv2d": with_torch},
        )
    ]
