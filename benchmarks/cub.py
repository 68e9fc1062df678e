"""CUB's device-wide algorithms, as peers on a GPU: compiled when they are first asked for, by the nvcc that pmpp uses."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from pmpp import DeviceArray
from pmpp._toolkit import clean_environment, find_toolkit

SOURCE = r"""
#include <cub/cub.cuh>
#include <cuda/std/functional>
#include <cuda/std/tuple>
namespace {
// Scratch memory is allocated in the first call and kept: later calls do what CUB does, and nothing else.
template <class Algorithm>
int run(Algorithm algorithm) {
  static void* space = nullptr;
  static size_t have = 0;
  size_t bytes = 0;
  if (const int status = algorithm(nullptr, bytes)) return status;
  if (bytes > have) {
    cudaFree(space);
    if (const int status = cudaMalloc(&space, bytes)) return status;
    have = bytes;
  }
  return algorithm(space, bytes);
}
}  // namespace
extern "C" {
int add(const float* a, const float* b, float* out, size_t n, cudaStream_t s) {
  return cub::DeviceTransform::Transform(cuda::std::make_tuple(a, b), out, n, cuda::std::plus<float>{}, s);
}
int sum(const float* x, float* out, size_t n, cudaStream_t s) {
  return run([=](void* t, size_t& b) { return cub::DeviceReduce::Sum(t, b, x, out, n, s); });
}
int scan(const unsigned* x, unsigned* out, size_t n, cudaStream_t s) {
  return run([=](void* t, size_t& b) { return cub::DeviceScan::InclusiveSum(t, b, x, out, n, s); });
}
int sort(const unsigned* in, unsigned* out, size_t n, cudaStream_t s) {
  return run([=](void* t, size_t& b) { return cub::DeviceRadixSort::SortKeys(t, b, in, out, n, 0, 32, s); });
}
int sort_pairs(const unsigned* in, const unsigned* v, unsigned* out, unsigned* v_out, size_t n, cudaStream_t s) {
  return run([=](void* t, size_t& b) { return cub::DeviceRadixSort::SortPairs(t, b, in, out, v, v_out, n, 0, 32, s); });
}
int histogram(const unsigned char* x, int* out, size_t n, cudaStream_t s) {
  return run([=](void* t, size_t& b) { return cub::DeviceHistogram::HistogramEven(t, b, x, out, 257, 0, 256, int(n), s); });
}
}
"""


FLAGS = ("-O3", "-std=c++17", "-w", "-shared", "-Xcompiler", "-fPIC", "-cudadevrt", "none")


def build(*flags: str | Path) -> Path:
    """Compile and return the library."""
    folder = Path(tempfile.mkdtemp(prefix="pmpp-bench-"))
    source, library = folder / "cub.cu", folder / "cub.so"
    source.write_text(SOURCE)
    toolkit = find_toolkit()
    command = toolkit.command(*FLAGS, *flags, *toolkit.link_flags(None), "-o", library, source)
    subprocess.run(command, env=clean_environment(), check=True)
    return library


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(str(build("-arch=native")))


def __getattr__(name: str):
    if name not in ("add", "sum", "scan", "sort", "sort_pairs", "histogram"):
        raise AttributeError(name)
    function = getattr(_library(), name)

    def call(*arguments: DeviceArray | int) -> None:
        """Call with arrays, the number of elements, and the handle of a stream."""
        *arrays, n, stream = arguments
        pointers = [ctypes.c_void_p(array.pointer) for array in arrays]  # type: ignore[union-attr]
        if status := function(*pointers, ctypes.c_size_t(n), ctypes.c_void_p(stream)):
            raise RuntimeError(f"cub {name}: CUDA error {status}")

    globals()[name] = call
    return call
