"""The kernels of kernels.cu in Numba, executed by its simulator: scaled down, since that one runs Python for every thread.

Started by throughput.py, with NUMBA_ENABLE_CUDASIM=1. Prints thread-instructions a second by kernel, as JSON: the PTX
instructions that the software GPU counts for the same scaled-down problem, by the time that Numba's simulator takes.
radix_pass has no twin: the simulator has no votes.
"""

import json
import sys
import time

import numpy as np
import throughput
from numba import cuda, float32, int32
from throughput import simulator


@cuda.jit
def vector_add(a, b, c, n):
    """One thread an element."""
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i < n:
        c[i] = a[i] + b[i]


@cuda.jit
def matmul(a, b, c, n):
    """Tiles of 16 x 16."""
    x = cuda.shared.array((16, 16), float32)  # the simulator tells shared arrays apart by their line
    y = cuda.shared.array((16, 16), float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    row, column = cuda.blockIdx.y * 16 + ty, cuda.blockIdx.x * 16 + tx
    total = float32(0)
    for t in range(0, n, 16):
        x[ty, tx] = a[row * n + t + tx]
        y[ty, tx] = b[(t + ty) * n + column]
        cuda.syncthreads()
        for k in range(16):
            total += x[ty, k] * y[k, tx]
        cuda.syncthreads()
    c[row * n + column] = total


@cuda.jit
def reduce(values, out, n):
    """Sum of 1024 elements a block."""
    s = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    total = float32(0)
    for i in range(cuda.blockIdx.x * 1024 + t, min(n, (cuda.blockIdx.x + 1) * 1024), 256):
        total += values[i]
    s[t] = total
    cuda.syncthreads()
    d = 128
    while d > 0:
        if t < d:
            s[t] += s[t + d]
        cuda.syncthreads()
        d >>= 1
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


@cuda.jit
def divergent(out, n):
    """Steps of the Collatz sequence."""
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i >= n:
        return
    v = i + 1
    steps = 0
    while v != 1:
        v = 3 * v + 1 if v & 1 else v >> 1
        steps += 1
    out[i] = steps


@cuda.jit
def histogram(values, out, n):
    """Privatised in shared memory."""
    bins = cuda.shared.array(256, int32)
    t = cuda.threadIdx.x
    bins[t] = 0
    cuda.syncthreads()
    for i in range(cuda.blockIdx.x * cuda.blockDim.x + t, n, cuda.blockDim.x * cuda.gridDim.x):
        cuda.atomic.add(bins, values[i], 1)
    cuda.syncthreads()
    cuda.atomic.add(out, t, bins[t])


@cuda.jit
def kogge_stone(values, out, sums):
    """Scan of 1024 elements a block."""
    s = cuda.shared.array(1024, int32)
    t = cuda.threadIdx.x
    i = cuda.blockIdx.x * 1024 + t
    s[t] = values[i]
    d = 1
    while d < 1024:
        cuda.syncthreads()
        v = s[t - d] if t >= d else 0
        cuda.syncthreads()
        s[t] += v
        d *= 2
    out[i] = s[t]
    if t == 1023:
        sums[cuda.blockIdx.x] = s[t]


def problems():
    """Return by kernel: grid, block, arguments, the output, and what it must be."""
    rng = np.random.default_rng(1)
    a, b = rng.random(2048, np.float32), rng.random(2048, np.float32)
    x, y = rng.random((16, 16), np.float32), rng.random((16, 16), np.float32)
    values, out = rng.random(1024, np.float32), np.zeros(2048, np.float32)
    bytes_, ints = rng.integers(0, 256, 1024, np.uint8), rng.integers(0, 100, 1024, np.int32)
    z, one, bins = np.zeros(256, np.float32), np.zeros(1, np.float32), np.zeros(256, np.int32)
    steps, scanned, sums = np.zeros(256, np.int32), np.zeros(1024, np.int32), np.zeros(1, np.int32)
    return {
        "vector_add": (8, 256, (a, b, out, 2048), out, a + b),
        "matmul": ((1, 1), (16, 16), (x.ravel(), y.ravel(), z, 16), z, (x @ y).ravel()),
        "reduce": (1, 256, (values, one, 1024), one, values.sum()),
        "divergent": (1, 256, (steps, 256), steps[:4], [0, 1, 7, 2]),
        "histogram": (1, 256, (bytes_, bins, 1024), bins, np.bincount(bytes_, minlength=256)),
        "kogge_stone": (1, 1024, (ints, scanned, sums), scanned, ints.cumsum()),
    }


def main(names):
    """Print the rates."""
    gpu = simulator.Gpu(throughput.ROOT / "pmpp" / "_lib" / "sim" / "libpmpp_simt.so")
    library = gpu.load(simulator.compile_ptx((throughput.HERE / "kernels.cu").read_text(), "75", ()))
    rates = {}
    for name, (grid, block, arguments, output, expected) in problems().items():
        if name not in names:
            continue
        device = [gpu.array(a) if isinstance(a, np.ndarray) else a for a in arguments]
        instructions = throughput.counted(gpu, lambda: library.launch(name, grid, block, *device))  # noqa: B023
        start = time.perf_counter()
        globals()[name][grid, block](*arguments)
        rates[name] = instructions["thread_instructions"] / (time.perf_counter() - start)
        np.testing.assert_allclose(output, expected, rtol=1e-4)
    print(json.dumps(rates))


if __name__ == "__main__":
    main(sys.argv[1:])
