"""How long `pmpp profile --html` takes for a kernel of 2^20 elements, on two cores: from the .cu file to the page.

    python benchmarks/page.py [ROUNDS]

The compiler takes most of it. Processor time is told beside it: on a machine that is busy otherwise it says more.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = """
__global__ void vector_add(const float* a, const float* b, float* c, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}
int main() {
    const int n = 1 << 20;
    float *a, *b, *c;
    cudaMalloc(&a, n * sizeof(float));
    cudaMalloc(&b, n * sizeof(float));
    cudaMalloc(&c, n * sizeof(float));
    cudaMemset(a, 0, n * sizeof(float));
    cudaMemset(b, 0, n * sizeof(float));
    vector_add<<<n / 256, 256>>>(a, b, c, n);
    return cudaDeviceSynchronize();
}
"""


def main(rounds: int) -> None:
    """Time some rounds and print the median."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    command = [sys.executable, "-c", "from pmpp.cli import main; main()", "profile", "vector_add.cu", "--html", "page.html"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    waits = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "vector_add.cu").write_text(SOURCE)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(rounds):
            begin = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
            waits.append(time.perf_counter() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = Path(folder, "page.html").stat().st_size
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / rounds
    wait = statistics.median(waits)
    print(f"{wait:.2f} s from file to page (median of {rounds}), {cpu:.2f} s of processor time; {size:,} bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
