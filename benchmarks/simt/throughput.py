"""Thread-instructions per second of the software GPU, kernel by kernel.

    python benchmarks/simt/throughput.py [--threads 1] [--rounds 5] [--scale 1] [--counters] [--library path] [kernel ...]

Instructions are PTX instructions as nvcc wrote them times the lanes that execute them, counted in a run of their own;
times are those of the fastest round. Results are checked.
"""

import argparse
import ctypes
import json
import math
import pathlib
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "simt"))
import gpu as simulator  # noqa: E402

SOURCE = r"""
extern "C" __global__ void vector_add(const float* a, const float* b, float* c, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}
extern "C" __global__ void matmul(const float* a, const float* b, float* c, int n) {
    __shared__ float x[16][16], y[16][16];
    int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
    float sum = 0;
    for (int t = 0; t < n; t += 16) {
        x[threadIdx.y][threadIdx.x] = a[row * n + t + threadIdx.x];
        y[threadIdx.y][threadIdx.x] = b[(t + threadIdx.y) * n + column];
        __syncthreads();
        for (int k = 0; k < 16; ++k) sum += x[threadIdx.y][k] * y[k][threadIdx.x];
        __syncthreads();
    }
    c[row * n + column] = sum;
}
extern "C" __global__ void reduce(const float* in, float* out, int n) {
    __shared__ float s[256];
    int t = threadIdx.x;
    float sum = 0;
    for (int i = blockIdx.x * 1024 + t; i < min(n, (int)(blockIdx.x + 1) * 1024); i += 256) sum += in[i];
    s[t] = sum;
    __syncthreads();
    for (int d = 128; d > 0; d >>= 1) {
        if (t < d) s[t] += s[t + d];
        __syncthreads();
    }
    if (t == 0) out[blockIdx.x] = s[0];
}
extern "C" __global__ void divergent(int* out, int n) {   // steps of the Collatz sequence
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    unsigned v = i + 1;
    int steps = 0;
    while (v != 1) {
        if (v & 1) v = 3 * v + 1; else v >>= 1;
        ++steps;
    }
    out[i] = steps;
}
extern "C" __global__ void histogram(const unsigned char* in, unsigned* out, int n) {
    __shared__ unsigned bins[256];
    bins[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) atomicAdd(&bins[in[i]], 1u);
    __syncthreads();
    atomicAdd(&out[threadIdx.x], bins[threadIdx.x]);
}
extern "C" __global__ void kogge_stone(const int* in, int* out, int* sums) {
    __shared__ int s[1024];
    int t = threadIdx.x, i = blockIdx.x * 1024 + t;
    s[t] = in[i];
    for (int d = 1; d < 1024; d *= 2) {
        __syncthreads();
        int v = t >= d ? s[t - d] : 0;
        __syncthreads();
        s[t] += v;
    }
    out[i] = s[t];
    if (t == 1023) sums[blockIdx.x] = s[t];
}
extern "C" __global__ void radix_pass(const unsigned* in, unsigned* out, int shift) {   // one block sorts its tile by 4 bits
    __shared__ unsigned counts[16], starts[16], rank_of_warp[8][16];
    int t = threadIdx.x, lane = t % 32, warp = t / 32;
    unsigned base = blockIdx.x * 2048;
    if (t < 16) counts[t] = 0;
    __syncthreads();
    for (int n = 0; n < 8; ++n) atomicAdd(&counts[in[base + n * 256 + t] >> shift & 15], 1u);
    __syncthreads();
    if (t == 0) { unsigned sum = 0; for (int d = 0; d < 16; ++d) { starts[d] = sum; sum += counts[d]; } }
    for (int n = 0; n < 8; ++n) {
        unsigned key = in[base + n * 256 + t], digit = key >> shift & 15, same = ~0u;
        for (int b = 0; b < 4; ++b) {
            unsigned ones = __ballot_sync(~0u, digit >> b & 1);
            same &= digit >> b & 1 ? ones : ~ones;
        }
        unsigned rank = __popc(same & ((1u << lane) - 1));
        if (t < 128) rank_of_warp[t / 16][t % 16] = 0;
        __syncthreads();
        if (rank == 0) rank_of_warp[warp][digit] = __popc(same);
        __syncthreads();
        if (t < 16) {
            unsigned sum = starts[t];
            for (int w = 0; w < 8; ++w) { unsigned c = rank_of_warp[w][t]; rank_of_warp[w][t] = sum; sum += c; }
            starts[t] = sum;
        }
        __syncthreads();
        out[base + rank_of_warp[warp][digit] + rank] = key;
        __syncthreads();
    }
}
__constant__ float weights[25];
extern "C" __global__ void convolution(const float* in, float* out, int width, int height) {
    __shared__ float tile[20][20];
    int x0 = blockIdx.x * 16 - 2, y0 = blockIdx.y * 16 - 2;
    for (int n = threadIdx.y * 16 + threadIdx.x; n < 400; n += 256) {
        int x = x0 + n % 20, y = y0 + n / 20;
        tile[n / 20][n % 20] = x >= 0 && x < width && y >= 0 && y < height ? in[y * width + x] : 0.0f;
    }
    __syncthreads();
    float sum = 0;
    for (int r = 0; r < 5; ++r)
        for (int c = 0; c < 5; ++c) sum += (r + c) * 0.25f * tile[threadIdx.y + r][threadIdx.x + c] + weights[r * 5 + c];
    out[(blockIdx.y * 16 + threadIdx.y) * width + blockIdx.x * 16 + threadIdx.x] = sum;
}
"""


def cases(gpu, library, scale):
    """Yield (name, launch, check) of every kernel."""
    rng = np.random.default_rng(1)

    n = int(4 * scale * 2**20)
    a, b = rng.random(n, np.float32), rng.random(n, np.float32)
    da, db, dc = gpu.array(a), gpu.array(b), gpu.array(np.zeros(n, np.float32))
    yield ("vector_add", lambda: library.launch("vector_add", (n + 255) // 256, 256, da, db, dc, n),
           lambda: (dc.get() == a + b).all())

    m = int(512 * math.sqrt(scale)) // 16 * 16
    x, y = rng.random((m, m), np.float32), rng.random((m, m), np.float32)
    dx, dy, dz = gpu.array(x), gpu.array(y), gpu.array(np.zeros((m, m), np.float32))
    yield ("matmul", lambda: library.launch("matmul", (m // 16, m // 16), (16, 16), dx, dy, dz, m),
           lambda: np.allclose(dz.get(), x @ y, rtol=1e-4))

    k = int(16 * scale * 2**20) // 1024 * 1024
    values = rng.random(k, np.float32)
    dv, dp = gpu.array(values), gpu.array(np.zeros(k // 1024, np.float32))
    yield ("reduce", lambda: library.launch("reduce", k // 1024, 256, dv, dp, k),
           lambda: np.allclose(dp.get(), values.reshape(-1, 1024).sum(1), rtol=1e-4))

    count = int(scale * 2**18)
    steps = gpu.array(np.zeros(count, np.int32))
    yield ("divergent", lambda: library.launch("divergent", (count + 255) // 256, 256, steps, count),
           lambda: steps.get()[:10].tolist() == [0, 1, 7, 2, 5, 8, 16, 3, 19, 6])

    bytes_ = rng.integers(0, 256, k, np.uint8)
    dbytes, bins = gpu.array(bytes_), gpu.array(np.zeros(256, np.uint32))

    def histogram():
        bins.set(np.zeros(256, np.uint32))
        library.launch("histogram", 256, 256, dbytes, bins, k)

    yield "histogram", histogram, lambda: (bins.get() == np.bincount(bytes_, minlength=256)).all()

    q = int(4 * scale * 2**20) // 1024 * 1024
    ints = rng.integers(0, 100, q, np.int32)
    di, do, ds = gpu.array(ints), gpu.array(np.zeros(q, np.int32)), gpu.array(np.zeros(q // 1024, np.int32))
    yield ("kogge_stone", lambda: library.launch("kogge_stone", q // 1024, 1024, di, do, ds),
           lambda: (do.get().reshape(-1, 1024) == ints.reshape(-1, 1024).cumsum(1)).all())

    keys = rng.integers(0, 2**32, q // 2048 * 2048, np.uint32)
    dk, dr = gpu.array(keys), gpu.array(np.zeros(keys.size, np.uint32))

    def sorted_tiles():
        tiles = keys.reshape(-1, 2048)
        order = np.argsort(tiles >> 8 & 15, axis=1, kind="stable")
        return (dr.get().reshape(-1, 2048) == np.take_along_axis(tiles, order, 1)).all()

    yield "radix_pass", lambda: library.launch("radix_pass", keys.size // 2048, 256, dk, dr, 8), sorted_tiles

    w = int(2048 * math.sqrt(scale)) // 16 * 16
    image = gpu.array(rng.random((w, w), np.float32))
    result = gpu.array(np.zeros((w, w), np.float32))
    yield ("convolution", lambda: library.launch("convolution", (w // 16, w // 16), (16, 16), image, result, w, w),
           lambda: np.isfinite(result.get()).all())


def main():
    """Measure what is asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernels", nargs="*", help="names of kernels; all if none is given")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1, help="of the problem sizes")
    parser.add_argument("--counters", action="store_true", help="time them with the exact counters on")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall time: for a machine that is shared")
    parser.add_argument("--library", default=ROOT / "pmpp" / "_lib" / "sim" / "libpmpp_simt.so")
    arguments = parser.parse_args()

    gpu = simulator.Gpu(arguments.library)
    gpu.threads(arguments.threads)
    library = gpu.load(SOURCE)
    gpu.lib.pmpp_simt_counted.restype = ctypes.c_char_p
    rates = []
    clock = time.process_time if arguments.cpu else time.perf_counter
    print(f"{'kernel':12} {'ms':>9} {'G thread-instructions':>22} {'G/s':>7} {'ns a warp instruction':>22}")
    for name, launch, check in cases(gpu, library, arguments.scale):
        if arguments.kernels and name not in arguments.kernels:
            continue
        gpu.lib.pmpp_simt_count(1)
        launch()
        gpu.lib.pmpp_simt_count(0)
        kernels = [kernel["counters"] for kernel in json.loads(gpu.lib.pmpp_simt_counted())["kernels"]]
        warps = sum(kernel["warp_instructions"] for kernel in kernels)
        threads = sum(kernel["thread_instructions"] for kernel in kernels)
        gpu.lib.pmpp_simt_count(int(arguments.counters))
        best = math.inf
        for _ in range(arguments.rounds):
            start = clock()
            launch()
            best = min(best, clock() - start)
        gpu.lib.pmpp_simt_count(0)
        if not check():
            sys.exit(f"{name}: the result is wrong")
        rates.append(threads / best)
        print(f"{name:12} {best * 1e3:9.2f} {threads / 1e9:22.3f} {rates[-1] / 1e9:7.2f} {best * 1e9 / warps:22.2f}")
    print(f"geometric mean {math.exp(sum(map(math.log, rates)) / len(rates)) / 1e9:.2f} G/s")


if __name__ == "__main__":
    main()
