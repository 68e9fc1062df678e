"""Forward progress: whoever waits for another thread lets it run. Each of these would hang a simpler scheduler."""

import numpy as np
import pytest

LOCK = """
__device__ int lock_word, counter;
__device__ void critical(int* out) {
    bool done = false;
    while (!done) {
        if (atomicCAS(&lock_word, 0, 1) == 0) {
            __threadfence();
            volatile int* c = &counter;
            *c = *c + 1;
            __threadfence();
            atomicExch(&lock_word, 0);
            done = true;
        }
    }
}
__device__ void spin(int* out) {   // the winner leaves the loop before it releases: lanes must take turns
    while (atomicCAS(&lock_word, 0, 1) != 0) {}
    __threadfence();
    volatile int* c = &counter;
    *c = *c + 1;
    __threadfence();
    atomicExch(&lock_word, 0);
}
extern "C" __global__ void reset() { lock_word = counter = 0; }
extern "C" __global__ void polite(int* out) { critical(out); }
extern "C" __global__ void rude(int* out) { spin(out); }
extern "C" __global__ void read(int* out) { *out = counter; }
"""


ENOUGH = 20_000_000
"""Warp instructions: milliseconds on one thread. Most of the kernels below need a hundredth of it; a scheduler that lets the
wrong ones wait needs billions, or all of them. On two threads, turns of waiting loops count while the other one is not running."""


@pytest.fixture(params=[(1, 0), (2, 0), (1, 7), (2, 12345)], ids=lambda p: f"threads{p[0]}-seed{p[1]}")
def scheduled(gpu, request):
    gpu.threads(request.param[0])
    gpu.seed(request.param[1])
    if request.param[0] == 1:
        gpu.budget(ENOUGH)
    return gpu


@pytest.mark.parametrize("kernel", ["polite", "rude"])
@pytest.mark.parametrize("grid, block", [(1, 32), (1, 256), (16, 64)])
def test_spin_lock(scheduled, kernel, grid, block):
    library = scheduled.load(LOCK)
    out = scheduled.array(np.zeros(1, np.int32))
    library.launch("reset", 1, 1)
    library.launch(kernel, grid, block, out)
    library.launch("read", 1, 1, out)
    assert out.get()[0] == grid * block


@pytest.mark.parametrize("direction", [1, -1])
def test_chain_of_blocks(scheduled, direction):
    source = """extern "C" __global__ void chain(int* flag, int direction, int blocks) {
        int b = blockIdx.x, before = b - direction;
        if (threadIdx.x == 0) {
            int value = 0;
            if (before >= 0 && before < blocks) {
                volatile int* f = flag + before;
                while ((value = *f) == 0) {}
            }
            __threadfence();
            *(volatile int*)(flag + b) = value + b + 1;
        }
    }"""
    blocks = 200
    flags = scheduled.array(np.zeros(blocks, np.int32))
    scheduled.load(source).launch("chain", blocks, 64, flags, direction, blocks)
    order = np.arange(blocks)[::direction]
    assert (flags.get()[order] == np.cumsum(order + 1)).all()


def test_producer_and_consumer_in_one_warp(scheduled):
    source = """extern "C" __global__ void k(int* data) {
        __shared__ volatile int flag; __shared__ volatile int value;
        if (threadIdx.x == 0) flag = 0;
        __syncthreads();
        if (threadIdx.x == 3) { while (flag == 0) {} data[0] = value; }
        if (threadIdx.x == 9) { value = 42; __threadfence_block(); flag = 1; }
    }"""
    out = scheduled.array(np.zeros(1, np.int32))
    scheduled.load(source).launch("k", 1, 32, out)
    assert out.get()[0] == 42


@pytest.mark.parametrize("producer", [0, 1])
def test_producer_and_consumer_in_two_blocks(scheduled, producer):
    source = """extern "C" __global__ void k(volatile int* ring, volatile int* head, volatile int* tail, int* out, int items, int producer) {
        if (threadIdx.x) return;
        if (blockIdx.x == producer) {
            for (int n = 0; n < items; ++n) {
                while (n - *tail >= 8) {}
                ring[n % 8] = 3 * n + 1;
                __threadfence();
                *head = n + 1;
            }
        } else {
            for (int n = 0; n < items; ++n) {
                while (*head <= n) {}
                __threadfence();
                out[n] = ring[n % 8];
                __threadfence();
                *tail = n + 1;
            }
        }
    }"""
    items = 500
    ring, head, tail = (scheduled.array(np.zeros(n, np.int32)) for n in (8, 1, 1))
    out = scheduled.array(np.zeros(items, np.int32))
    scheduled.load(source).launch("k", 2, 32, ring, head, tail, out, items, producer)
    assert (out.get() == 3 * np.arange(items) + 1).all()


def test_warps_wait_for_each_other(scheduled):
    source = """extern "C" __global__ void k(int* out) {
        __shared__ int turn;
        if (threadIdx.x == 0) turn = 0;
        __syncthreads();
        int warp = threadIdx.x / 32, warps = blockDim.x / 32;
        for (int n = 0; n < 5; ++n) {
            int mine = n * warps + (warps - 1 - warp);
            if (threadIdx.x % 32 == 0) while (*(volatile int*)&turn != mine) {}
            __syncwarp();
            if (threadIdx.x % 32 == 0) { out[mine] = warp; *(volatile int*)&turn = mine + 1; }
        }
    }"""
    out = scheduled.array(np.zeros(40, np.int32))
    scheduled.load(source).launch("k", 1, 256, out)
    assert (out.get() == np.tile(np.arange(7, -1, -1), 5)).all()


def test_grid_sync(scheduled):
    source = """#include <cooperative_groups.h>
    extern "C" __global__ void k(int* a, int* b, int n) {
        auto grid = cooperative_groups::this_grid();
        int i = blockIdx.x * blockDim.x + threadIdx.x;
        for (int round = 0; round < 4; ++round) {
            b[i] = a[(i + blockDim.x) % n] + 1;
            grid.sync();
            a[i] = b[(i + 2 * blockDim.x) % n] * 2;
            grid.sync();
        }
    }"""
    blocks, threads = 24, 64
    n = blocks * threads
    a = np.arange(n, dtype=np.int32) % 100
    device_a, device_b = scheduled.array(a), scheduled.array(np.zeros(n, np.int32))
    scheduled.load(source).launch("k", blocks, threads, device_a, device_b, n, cooperative=True)
    for _ in range(4):
        b = np.roll(a, -threads) + 1
        a = np.roll(b, -2 * threads) * 2
    assert (device_a.get() == a).all()


def test_last_block_finishes_the_sum(scheduled):
    source = """__device__ unsigned arrived = 0;
    extern "C" __global__ void k(const int* in, int* partial, int* out, int n) {
        __shared__ int s[256]; __shared__ bool last;
        int t = threadIdx.x, sum = 0;
        for (int i = blockIdx.x * 256 + t; i < n; i += 256 * gridDim.x) sum += in[i];
        s[t] = sum; __syncthreads();
        for (int d = 128; d > 0; d >>= 1) { if (t < d) s[t] += s[t + d]; __syncthreads(); }
        if (t == 0) { partial[blockIdx.x] = s[0]; __threadfence(); last = atomicInc(&arrived, gridDim.x - 1) == gridDim.x - 1; }
        __syncthreads();
        if (last) { sum = 0; for (int i = t; i < gridDim.x; i += 256) sum += ((volatile int*)partial)[i];
            s[t] = sum; __syncthreads();
            for (int d = 128; d > 0; d >>= 1) { if (t < d) s[t] += s[t + d]; __syncthreads(); }
            if (t == 0) *out = s[0]; }
    }"""
    data = np.arange(100_003, dtype=np.int32) % 1000
    out = scheduled.array(np.zeros(1, np.int32))
    library = scheduled.load(source)
    for _ in range(3):
        library.launch("k", 37, 256, scheduled.array(data), scheduled.array(np.zeros(37, np.int32)), out, data.size)
        assert out.get()[0] == data.sum()


def test_endless_loop_is_stopped(gpu):
    gpu.budget(3_000_000)
    source = """extern "C" __global__ void k(int* out) {
        if (threadIdx.x >= 64) __syncthreads();
        while (*(volatile int*)out != 5) {
        }
        out[1] = 1;
    }"""
    out = gpu.array(np.zeros(2, np.int32))
    library = gpu.load(source)
    with pytest.raises(Exception, match=r"endless after 3000000 warp instructions.*kernel\.cu:3.*barrier 0, kernel\.cu:2") as caught:
        library.launch("k", 1, 128, out)
    assert caught.value.code == 702
    gpu.reset()
    out.set(np.array([5, 0], np.int32))
    library.launch("k", 1, 32, out)
    assert out.get()[1] == 1


def entry(body):
    return f""".version 8.0
.target sm_75
.address_size 64
.global .u32 word;
.visible .entry k() {{
  .reg .pred %p<2>; .reg .b32 %r<4>;
  mov.u32 %r1, %tid.x;
{body}
}}
"""


TWICE = """.version 8.0
.target sm_75
.address_size 64
.func f0() { ret; }
""" + "".join(f".func f{n}() {{ call f{n - 1}; call f{n - 1}; ret; }}\n" for n in range(1, 60))
ENDLESS = {
    "jump": (entry("L: bra L;"), 1, "in the loop that begins at PTX line 8"),
    "barrier": (entry("L: bar.sync 0;\n  bra L;"), 1, "in the loop that begins at PTX line 8"),
    "sleep": (entry("L: nanosleep.u32 100;\n  ld.volatile.global.u32 %r2, [word];\n  setp.eq.u32 %p1, %r2, 0;\n  @%p1 bra L;\n  ret;"), 1,
              "in the loop that begins at PTX line 8"),
    "table": (entry("T: .branchtargets A, B;\n  and.b32 %r2, %r1, 1;\nA:\n  brx.idx %r2, T;\nB:\n  bra A;"), 1, "the loop that begins at"),
    "table, one way": (entry("T: .branchtargets A, B;\n  mov.u32 %r2, 0;\nA: brx.idx %r2, T;\nB: ret;"), 1, "the loop that begins at PTX line 10"),
    "calls": (TWICE + ".visible .entry k() { call f59; ret; }\n", 1, "in the function that begins at"),
    "blocks": (entry("ret;"), (2**31 - 1, 65535, 65535), f"of its {(2**31 - 1) * 65535**2} blocks had begun"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("threads", [1, 2])
def test_every_way_to_be_endless_is_stopped(gpu, kind, threads):
    ptx, grid, part = ENDLESS[kind]
    gpu.threads(threads)
    gpu.budget(5_000_000)
    library = gpu.load(ptx)
    with pytest.raises(Exception, match="stopped as endless after 5000000 warp instructions") as caught:
        library.launch("k", grid, 64)
    assert caught.value.code == 702
    assert part in caught.value.message
    assert "PMPP_SIM_BUDGET sets the limit" in caught.value.message


def test_budget_from_the_environment(run_on_its_own):
    source = """
    try:
        gpu.load('extern "C" __global__ void k(volatile int* p) { while (*p == 0) {} }').launch("k", 1, 1, gpu.array(__import__("numpy").zeros(1, "i4")))
    except Exception as error:
        print(error)
    """
    assert "endless after 123456 warp instructions" in run_on_its_own(source, PMPP_SIM_BUDGET="123456")


def test_what_each_warp_waits_for(gpu):
    """Warp 0 spins, 1 and 2 are at a barrier, a lane of 3 waits for the others, 4 has exited."""
    gpu.threads(1)
    gpu.budget(1_000_000)
    source = """extern "C" __global__ void k(volatile int* flag) {
        int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        if (warp == 0) {
            while (*flag == 0) {
            }
        } else if (warp < 3) {
            __syncthreads();
        } else if (warp == 3) {
            if (lane > 0) while (*flag == 0) {
            }
            __syncwarp();
        }
    }"""
    with pytest.raises(Exception, match="endless") as caught:
        gpu.load(source).launch("k", 1, 160, gpu.array(np.zeros(1, np.int32)))
    message = caught.value.message
    for part in ("the loop that begins at kernel.cu:", "warp 0: running, kernel.cu:4", "warps 1, 2: at barrier 0, kernel.cu:7",
                 "1 lane for other lanes of the warp", "called from kernel.cu:11"):  # fmt: skip
        assert part in message
    assert "warp 4" not in message
    assert "unknown place" not in message


def test_deadlock_is_explained(gpu):
    ptx = """.version 8.0
.target sm_75
.address_size 64
.visible .entry k() {
  .reg .pred %p<2>; .reg .b32 %r<2>;
  mov.u32 %r1, %tid.x;
  setp.lt.u32 %p1, %r1, 32;
  @%p1 bra A;
  bar.sync 1;
  ret;
A: bar.sync 2;
  ret;
}
"""
    with pytest.raises(Exception, match=r"deadlock.*at barrier 1.*at barrier 2") as caught:
        gpu.load(ptx).launch("k", 1, 64)
    assert caught.value.code == 702
