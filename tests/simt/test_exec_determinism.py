"""One seed, one memory image; another seed, another schedule."""

import hashlib

import numpy as np
import pytest

# Blocks that take tickets, lanes that race for a word, clocks, device malloc, memory that nobody wrote.
SCHEDULE = """
__device__ unsigned tickets;
extern "C" __global__ void reset() { tickets = 0; }
extern "C" __global__ void k(unsigned* order, unsigned* winner, unsigned long long* other, unsigned turns) {
    __shared__ unsigned unwritten[64];
    __shared__ unsigned mine;
    if (threadIdx.x == 0) { mine = atomicAdd(&tickets, 1); order[mine] = blockIdx.x; }
    __syncthreads();
    unsigned n = 0, x = threadIdx.x + blockIdx.x * 977 + 1;
    for (unsigned i = 0; i < turns + x % 64; ++i) { x = x * 1664525u + 1013904223u; n += x >> 31; }
    winner[mine % 16] = blockIdx.x * blockDim.x + threadIdx.x + n;
    atomicExch(winner + 16 + n % 16, threadIdx.x);
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    void* p = malloc(16);
    other[i] = clock64() ^ unwritten[threadIdx.x % 64] ^ (unsigned long long)p;
    free(p);
}
"""
# Blocks that each work on their own data, with loops, atomics in shared memory and divergence.
APART = """
extern "C" __global__ void k(const unsigned* in, unsigned* out, unsigned n) {
    __shared__ unsigned bins[32];
    if (threadIdx.x < 32) bins[threadIdx.x] = 0;
    __syncthreads();
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x, x = in[i];
    while (x % 7) { atomicAdd(bins + x % 32, 1); x /= 3; }
    unsigned place = atomicAdd(bins + x % 32, i);   // the order of the lanes decides
    __syncthreads();
    out[i] = place ^ bins[threadIdx.x % 32];
}
"""


def image(gpu, library, blocks=24, threads=64):
    order = gpu.array(np.zeros(blocks, np.uint32))
    winner = gpu.array(np.zeros(32, np.uint32))
    other = gpu.array(np.zeros(blocks * threads, np.uint64))
    library.launch("reset", 1, 1)
    library.launch("k", blocks, threads, order, winner, other, 10)
    return order.get(), winner.get(), other.get()


@pytest.mark.parametrize("seed", [0, 1])
def test_one_seed_gives_one_image(gpu, seed):
    gpu.threads(1)
    gpu.seed(seed)
    library = gpu.load(SCHEDULE)
    # Addresses and memory that nobody wrote are part of the image, so the first run's, which warms up, does not count.
    image(gpu, library)
    seen = {tuple(part.tobytes() for part in image(gpu, library)[:2]) for _ in range(100)}
    assert len(seen) == 1


def test_one_seed_gives_one_image_in_every_process(gpu, run_on_its_own):
    source = """
    import hashlib, sys
    import numpy as np
    import test_exec_determinism as here
    gpu.threads(1)
    gpu.seed(3)
    print(hashlib.sha256(b"".join(part.tobytes() for part in here.image(gpu, gpu.load(here.SCHEDULE)))).hexdigest())
    """
    assert len({run_on_its_own(source) for _ in range(3)}) == 1


def test_another_seed_gives_another_schedule(gpu):
    gpu.threads(1)
    library = gpu.load(SCHEDULE)
    orders, winners = set(), set()
    for seed in range(10):
        gpu.seed(seed)
        order, winner, _ = image(gpu, library)
        assert sorted(order) == list(range(24))
        orders.add(order.tobytes())
        winners.add(winner.tobytes())
    assert len(orders) == 10
    assert len(winners) == 10


@pytest.mark.parametrize("seed", [0, 5])
def test_threads_change_nothing_where_blocks_do_not_communicate(gpu, seed):
    gpu.seed(seed)
    library = gpu.load(APART)
    data = np.random.default_rng(1).integers(0, 1 << 31, 64 * 96, np.uint32)
    seen = set()
    for threads in (1, 2, 3) * 10:
        gpu.threads(threads)
        out = gpu.array(np.zeros_like(data))
        library.launch("k", 64, 96, gpu.array(data), out, data.size)
        seen.add(hashlib.sha256(out.get().tobytes()).hexdigest())
    assert len(seen) == 1
