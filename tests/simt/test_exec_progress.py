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


@pytest.fixture(params=[(1, 0), (2, 0), (1, 7), (2, 12345)], ids=lambda p: f"threads{p[0]}-seed{p[1]}")
def scheduled(gpu, request):
    gpu.threads(request.param[0])
    gpu.seed(request.param[1])
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
