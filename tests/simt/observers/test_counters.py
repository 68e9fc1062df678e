"""Counters against numbers that were worked out by hand."""

import json
import re
import subprocess
import sys
from pathlib import Path

import gpu as simulator
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "benchmarks" / "counted.py"
SOURCE = PROGRAM.with_suffix(".cu").read_text()
ZERO = dict.fromkeys((
    "divergent_branches", "global_load_requests", "global_load_sectors", "global_load_sectors_ideal", "global_store_requests",
    "global_store_sectors", "global_store_sectors_ideal", "l1_hit_sectors", "shared_load_wavefronts", "shared_store_wavefronts",
    "shared_bank_conflicts", "atomics", "atomic_serialization", "barriers", "flop",
), 0)  # fmt: skip


def loads(requests, sectors, ideal=None):
    ideal = sectors if ideal is None else ideal
    return {"global_load_requests": requests, "global_load_sectors": sectors, "global_load_sectors_ideal": ideal}


def stores(requests, sectors, ideal=None):
    ideal = sectors if ideal is None else ideal
    return {"global_store_requests": requests, "global_store_sectors": sectors, "global_store_sectors_ideal": ideal}


def dram(read, written):
    return {"dram_read_bytes": read, "dram_write_bytes": written}


F32, F64, I32, U8 = np.float32, np.float64, np.int32, np.uint8
LINEAR = np.arange(32, dtype=I32)
# name: kernel, grid, block, arguments (arrays are copied to the device), what is counted beside instructions
CASES = {
    # 2^20 floats are 131,072 sectors of 32 bytes.
    "add_2^20": ("add", 4096, 256, [np.ones(2**20, F32)] * 3 + [2**20],
                 loads(65536, 262144) | stores(32768, 131072) | {"flop": 2**20} | dram(2**23, 2**22)),
    # The last of 32 warps has 8 elements: its lanes part at the guard, and ask for one sector of each array.
    "add_1000": ("add", 4, 256, [np.ones(1000, F32)] * 3 + [1000],
                 loads(64, 250) | stores(32, 125) | {"flop": 1000, "divergent_branches": 1} | dram(8000, 4000)),
    "column": ("gather", 1, 32, [np.ones(1024, F32), np.ones(32, F32), 32, 0],
               loads(1, 32, 4) | stores(1, 4) | dram(1024, 128)),
    "every_other": ("gather", 1, 32, [np.ones(64, F32), np.ones(32, F32), 2, 0], loads(1, 8, 4) | stores(1, 4) | dram(256, 128)),
    "misaligned": ("gather", 1, 32, [np.ones(64, F32), np.ones(32, F32), 1, 1], loads(1, 5, 4) | stores(1, 4) | dram(160, 128)),
    "broadcast": ("gather", 1, 32, [np.ones(64, F32), np.ones(32, F32), 0, 9], loads(1, 1) | stores(1, 4) | dram(32, 128)),
    "bytes": ("bytes", 1, 64, [np.ones(64, U8), np.ones(64, U8)], loads(2, 2) | stores(2, 2) | dram(64, 64)),
    "64_bits": ("doubles", 1, 32, [np.ones(32), np.ones(32)], loads(1, 8) | stores(1, 8) | dram(256, 256)),
    "128_bits": ("fours", 1, 32, [np.ones(128, F32), np.ones(128, F32)], loads(1, 16) | stores(1, 16) | dram(512, 512)),
    "128_bits_half_a_warp": ("fours", 1, 16, [np.ones(64, F32), np.ones(64, F32)],
                             loads(1, 8) | stores(1, 8) | dram(256, 256)),
    "permuted": ("backwards", 1, 32, [np.ones(32, F32), np.ones(32, F32)], loads(1, 4) | stores(1, 4) | dram(128, 128)),
    # 1000 t^2 mod 4096 repeats: multiples of 8, of which (125 t^2 mod 512) are different for t = 0..31 but for those that meet.
    "scattered": ("far", 1, 32, [np.ones(4096 * 8, F32)],
                  stores(1, len({t * t * 1000 % 4096 for t in range(32)}), -(-len({t * t * 1000 % 4096 for t in range(32)}) // 8))
                  | dram(0, 32 * len({t * t * 1000 % 4096 for t in range(32)}))),
    "bank_conflict_32": ("banks", 1, 32, [32], {"shared_store_wavefronts": 32, "shared_bank_conflicts": 31}),
    "bank_conflict_4": ("banks", 2, 64, [4], {"shared_store_wavefronts": 16, "shared_bank_conflicts": 12}),
    "no_bank_conflict_3": ("banks", 1, 32, [3], {"shared_store_wavefronts": 1}),
    "same_word": ("banks", 1, 32, [0], {"shared_store_wavefronts": 1}),
    # Lanes 0 and 1 want different words of bank 0, all others the word of lane 0.
    "two_words_of_a_bank": ("banks_read", 1, 32, [np.where(LINEAR == 1, 32, 0).astype(I32), LINEAR],
                            loads(1, 4) | stores(1, 4) | {"shared_load_wavefronts": 2, "shared_bank_conflicts": 1}
                            | dram(128, 128)),
    # 64 bits: half a warp at a time, so two wavefronts are needed. With a stride of 2 lanes t and t + 8 meet in a bank.
    "banks_64_bits": ("wide_banks", 1, 32, [1], {"shared_store_wavefronts": 2}),
    "banks_64_bits_stride_2": ("wide_banks", 1, 32, [2], {"shared_store_wavefronts": 4, "shared_bank_conflicts": 2}),
    # 128 bits: a quarter of a warp at a time.
    "banks_128_bits": ("widest_banks", 1, 32, [np.ones(128, F32), 1],
                       stores(1, 16) | {"shared_load_wavefronts": 4} | dram(0, 512)),
    "banks_128_bits_stride_2": ("widest_banks", 1, 32, [np.ones(128, F32), 2],
                                stores(1, 16) | {"shared_load_wavefronts": 8, "shared_bank_conflicts": 4} | dram(0, 512)),
    "one_counter": ("one_counter", 2, 64, [np.zeros(1, I32)], {"atomics": 4, "atomic_serialization": 4 * 31} | dram(32, 32)),
    "four_counters": ("four_counters", 1, 64, [np.zeros(1, I32)],
                      {"atomics": 2, "atomic_serialization": 2 * 7, "barriers": 2, "divergent_branches": 1,
                       "shared_load_wavefronts": 1} | stores(1, 1) | dram(0, 32)),
    # Lanes 0..11 share a counter, the others have one each.
    "counters_by_index": ("counters_by_index", 1, 32, [np.zeros(32, I32), np.maximum(LINEAR - 11, 0).astype(I32)],
                          loads(1, 4) | {"atomics": 1, "atomic_serialization": 11} | dram(128 + 96, 96)),
    "barriers": ("barriers", 3, 128, [5], {"barriers": 3 * 4 * 5}),
    "odd_and_even": ("odd_and_even", 1, 64, [np.zeros(64, I32), np.zeros(64, I32)],
                     {"divergent_branches": 2, "atomics": 4} | dram(512, 512)),
    "operations": ("operations", 1, 32, [np.ones(32, F32), np.ones(32), F32(2), F64(2)],
                   stores(2, 12) | {"flop": 32 * 7} | dram(0, 384)),
    "in_place": ("in_place", 2, 256, [np.ones(512, F32)], loads(16, 64) | stores(16, 64) | {"flop": 512} | dram(2048, 2048)),
    # Every request touches 32 sectors; each comes from DRAM once, and seven times from L1.
    "columns": ("columns", 1, 32, [np.ones(1024, F32), np.ones(32, F32)],
                loads(32, 1024, 128) | stores(1, 4) | {"flop": 1024, "l1_hit_sectors": 1024 - 128} | dram(4096, 128)),
    "loops": ("loops", 1, 32, [np.zeros(33, I32)],
              {"divergent_branches": 31, "atomics": 32, "atomic_serialization": 31 * 32 // 2} | stores(1, 5, 4)
              | dram(32, 160)),
    # 16 blocks of 8 warps make 4 turns, each with a load of x and y of two rows (4 sectors); x is one wavefront in and,
    # as two words of different banks or of the same, one out; y one in and one out.
    "matmul_64": ("matmul", (4, 4), (16, 16), [np.ones((64, 64), F32)] * 3 + [64],
                  loads(16 * 8 * 4 * 2, 16 * 8 * 4 * 2 * 4) | stores(16 * 8, 16 * 8 * 4)
                  | {"shared_store_wavefronts": 16 * 8 * 4 * 2, "shared_load_wavefronts": 16 * 8 * 4 * 16 * 2,
                     "barriers": 16 * 8 * 4 * 2, "flop": 2 * 64**3} | dram(2 * 64 * 64 * 4, 64 * 64 * 4)),
    "meet": ("meet", 1, 32, [np.zeros(32, I32)],
             {"divergent_branches": 1, "atomics": 2, "atomic_serialization": 30} | stores(1, 4) | dram(32, 128)),
}  # fmt: skip


@pytest.fixture(scope="module")
def library(_loaded):
    return _loaded.load(simulator.compile_ptx(SOURCE, "75", ()))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_by_hand(gpu, library, counted, name, threads):
    kernel, grid, block, arguments, expected = CASES[name]
    gpu.threads(threads)
    arguments = [gpu.array(value) if isinstance(value, np.ndarray) else value for value in arguments]
    (launch,) = counted(lambda: library.launch(kernel, grid, block, *arguments))
    assert launch["name"] == kernel
    assert launch["grid"] == list(grid if isinstance(grid, tuple) else (grid,)) + [1] * (3 - np.size(grid))
    got = dict(launch["counters"])
    warps, threads_ = got.pop("warp_instructions"), got.pop("thread_instructions")
    assert warps <= threads_ <= 32 * warps
    assert got == ZERO | dram(0, 0) | expected
    for counter, value in launch["counters"].items():
        assert sum(line["counters"][counter] for line in launch["lines"]) == value


@simulator.usual_build_only("pmpp profile brings the usual library.")
def test_the_program_for_nsight_compute_makes_the_same_launches(tmp_path):
    subprocess.run([sys.executable, PROGRAM, tmp_path, "--ours"], check=True, cwd=ROOT)
    found = {}
    for row in json.loads((tmp_path / "counted.json").read_text())["results"]:
        found.setdefault(row["kernel"], {})[row["counter"]] = row["ours"]
    assert len(found) > len(CASES)
    for name, (*_, expected) in CASES.items():
        all_of_it = ZERO | dram(0, 0) | expected
        counted = {part for counter in found[name] for part in counter.split(" + ")}
        assert counted == {"warp_instructions", "thread_instructions", *all_of_it} - {"atomic_serialization"}
        for counter in set(found[name]) - {"warp_instructions", "thread_instructions"}:
            assert found[name][counter] == sum(all_of_it[part] for part in counter.split(" + ")), (name, counter)


def test_instructions_are_those_of_the_ptx(gpu, library, counted):
    ptx = simulator.compile_ptx(SOURCE, "75", ())
    body = re.search(r"\.entry operations\(.*?\n\{(.*?)\n\}", ptx, re.DOTALL)[1]
    written = [line for line in body.splitlines() if line.strip().endswith(";") and not line.strip().startswith(".")]
    out = gpu.array(np.zeros(64, F32)), gpu.array(np.zeros(64))
    (launch,) = counted(lambda: library.launch("operations", 1, 40, *out, F32(2), F64(2)))
    assert launch["counters"]["warp_instructions"] == 2 * len(written)
    assert launch["counters"]["thread_instructions"] == 40 * len(written)


def test_a_warp_that_waits_for_its_lanes_is_counted_once(gpu, library, counted):
    out = gpu.array(np.zeros(32, I32))
    (launch,) = counted(lambda: library.launch("meet", 1, 32, out))
    line = next(n for n, text in enumerate(SOURCE.splitlines(), 1) if "__shfl_xor_sync" in text)
    (shuffle,) = [entry["counters"] for entry in launch["lines"] if entry["line"] == line]
    assert shuffle["thread_instructions"] == 32 * shuffle["warp_instructions"]


LINES = r"""
__device__ float inner(const float* p) { return p[0] + p[64]; }
__device__ __noinline__ void outer(float* out, float x) {
    out[threadIdx.x] = x;
}
extern "C" __global__ void lines(const float* in, float* out) {
    float x = inner(in + threadIdx.x);
    outer(out, x);
    out[threadIdx.x + 32] = inner(in + 2 * threadIdx.x);
}
"""


def test_inlined_functions_count_where_they_are_inlined(gpu, counted):
    kernels = gpu.load(LINES)
    values, out = gpu.array(np.ones(256, F32)), gpu.array(np.zeros(64, F32))
    (launch,) = counted(lambda: kernels.launch("lines", 1, 32, values, out))
    lines = {line["line"]: line["counters"] for line in launch["lines"]}
    assert all(line["file"].endswith("kernel.cu") for line in launch["lines"])
    assert {n: c["global_load_sectors"] for n, c in lines.items() if c["global_load_requests"]} == {7: 8, 9: 16}
    assert {n: c["global_store_sectors"] for n, c in lines.items() if c["global_store_requests"]} == {4: 4, 9: 4}
    assert {n: c["dram_write_bytes"] for n, c in lines.items() if c["dram_write_bytes"]} == {4: 128, 9: 128}
    assert {n: c["flop"] for n, c in lines.items() if c["flop"]} == {7: 32, 9: 32}


def test_launches_are_listed_in_order(gpu, library, counted):
    out = gpu.array(np.zeros(64, I32))

    def launches():
        library.launch("barriers", 1, 32, 1)
        library.launch("one_counter", 2, 32, out)
        library.launch("barriers", (2, 3), (8, 4), 2)

    got = counted(launches)
    assert [(k["name"], k["grid"], k["block"]) for k in got] == [
        ("barriers", [1, 1, 1], [32, 1, 1]), ("one_counter", [2, 1, 1], [32, 1, 1]), ("barriers", [2, 3, 1], [8, 4, 1]),
    ]  # fmt: skip
    library.launch("barriers", 1, 32, 1)
    assert counted(lambda: None) == []


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_counts_do_not_depend_on_the_schedule(gpu, library, counted, seed):
    arrays = [gpu.array(np.ones((64, 64), F32)) for _ in range(3)]

    def launch():
        library.launch("matmul", (4, 4), (16, 16), *arrays, 64)

    reference = counted(launch)
    gpu.seed(seed)
    for threads in (1, 2):
        gpu.threads(threads)
        assert counted(launch) == reference


PARTS = r"""
extern "C" __global__ void parts(const int* in, int* out) {   // warps part at branches and meet at barriers
    __shared__ int s[256];
    int t = threadIdx.x, v = in[t], n = t / 32 + v;
    s[t] = v;
    __syncthreads();
    for (int k = 0; k < n; ++k) v += s[(t * k + 1) % 256];
    __syncthreads();
    if (t / 32 % 2) atomicAdd(&s[t / 64], v);
    if (t % 3 == 0) v += __shfl_down_sync(__activemask(), v, 1);
    __syncthreads();
    out[t] = s[255 - t] + v;
}
"""


def test_warps_in_lockstep_count_like_warps_alone(gpu, counted):
    kernels = gpu.load(PARTS)
    values, out = gpu.array(np.arange(256, dtype=I32) % 5), gpu.array(np.zeros(256, I32))

    def launch():
        kernels.launch("parts", 2, 250, values, out)

    together = counted(launch)
    gpu.seed(1)  # warps run one after another
    assert counted(launch) == together
    assert together[0]["counters"]["divergent_branches"] > 0
