"""The requests that are recorded to be drawn: the first and the worst of a line, the same for any number of threads."""

import json
import os
import subprocess

import pytest

from pmpp.cli.program import compile_program, on_software_gpu

SOURCE = r"""
__global__ void strides(float* out, const float* in, volatile int* sink) {
    __shared__ double wide[1024];
    for (int stride = 1; stride <= 16; stride *= 2)
        wide[threadIdx.x * stride] = in[(threadIdx.x * stride + blockIdx.x) % 4096];
    __syncthreads();
    if (blockIdx.x >= 3 && threadIdx.x % 2) out[threadIdx.x * 8] = wide[threadIdx.x];
    atomicAdd((int*)sink + (blockIdx.x == 5 ? 0 : threadIdx.x), 1);
    float* anywhere = blockIdx.x % 2 ? (float*)wide : out;
    anywhere[threadIdx.x] = 1;
}
int main() {
    float *in, *out;
    cudaMalloc(&in, 1 << 16);
    cudaMalloc(&out, 1 << 16);
    cudaMemset(in, 0, 1 << 16);
    strides<<<64, 32>>>(out, in, (int*)out);
    return cudaDeviceSynchronize();
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("requests")
    source = folder / "strides.cu"
    source.write_text(SOURCE)
    compile_program(source, folder / "strides")
    return folder / "strides"


def recorded(program, **settings):
    report = program.with_name("report")
    report.unlink(missing_ok=True)
    environment = {**os.environ, **on_software_gpu("h200"), "PMPP_SIM_SAMPLES": str(report), **settings}
    subprocess.run([program], env=environment, check=True)
    (line,) = report.read_text().splitlines()
    return json.loads(line)["requests"]


def line_of(text):
    return next(n for n, line in enumerate(SOURCE.splitlines(), 1) if text in line)


def test_the_first_and_the_worst_by_hand(program):
    found = {(r["line"], r["kind"], r["memory"], r["bytes"]): r for r in recorded(program)}
    short = {place: [(r[w]["block"][0], r[w]["cost"], r[w]["needed"]) for w in ("first", "worst")] for place, r in found.items()}
    loop, masked, meet, generic = map(line_of, ("wide[threadIdx.x * stride]", "blockIdx.x >= 3", "atomicAdd", "anywhere[thread"))
    assert short == {
        (loop, "load", "global", 4): [(0, 4, 4), (0, 32, 4)],  # a stride of 8 is the first that touches 32
        (loop, "store", "shared", 8): [(0, 2, 2), (0, 32, 2)],  # 64 bits: half a warp at a time
        (masked, "load", "shared", 8): [(3, 2, 2), (3, 2, 2)],
        (masked, "store", "global", 4): [(3, 16, 2), (3, 16, 2)],
        (meet, "atomic", "global", 4): [(0, 1, 1), (5, 32, 1)],
        (generic, "store", "global", 4): [(0, 4, 4), (0, 4, 4)],
        (generic, "store", "shared", 4): [(1, 1, 1), (1, 1, 1)],
    }
    lanes = found[masked, "store", "global", 4]["first"]["addresses"]
    assert [lane for lane, address in enumerate(lanes) if address is not None] == list(range(1, 32, 2))
    assert {b - a for a, b in zip(lanes[1::2], lanes[3::2], strict=False)} == {64}
    worst = found[loop, "load", "global", 4]["worst"]["addresses"]
    assert worst[1] - worst[0] == 32


@pytest.mark.parametrize(("threads", "seed"), [("1", "0"), ("2", "0"), ("2", "7"), ("4", "3")])
def test_they_do_not_depend_on_who_ran_them(program, threads, seed):
    assert recorded(program, PMPP_SIM_THREADS=threads, PMPP_SIM_SEED=seed) == recorded(program, PMPP_SIM_THREADS="1")
