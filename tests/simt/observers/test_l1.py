"""The model of the L1 caches: hits by hand, on the H200 (132 SMs of 256 KiB, of which shared memory takes a part)."""

import numpy as np
import pytest

SOURCE = r"""
extern "C" {
__global__ void twice(const float* in, float* out, int n) {   // n floats, a warp at a time, two times over
    float sum = 0;
    for (int k = 0; k < 2 * n; k += 32) sum += in[k % n + threadIdx.x];
    out[threadIdx.x] = sum;
}
__global__ void by_block(const float* in, float* out) { out[threadIdx.x] = in[threadIdx.x]; }
__global__ void around_it(const float* in, float* out) {
    const volatile float* again = in;
    float sum = __ldcg(in + threadIdx.x);
    sum += again[threadIdx.x] + __ldcg(in + threadIdx.x) + again[threadIdx.x];
    out[threadIdx.x] = sum;
}
__global__ void half_a_line(const float* in, float* out) {   // sectors are fetched one by one
    float sum = threadIdx.x < 16 ? in[threadIdx.x] : 0;
    __syncwarp();
    sum += in[threadIdx.x];
    out[threadIdx.x] = sum;
}
__global__ void read_back(float* x) {   // what is stored is not brought in, and does not go
    x[threadIdx.x] = 1;
    __syncthreads();
    x[threadIdx.x + 32] = x[threadIdx.x];
    __syncthreads();
    x[threadIdx.x] = 2;
    __syncthreads();
    x[threadIdx.x + 64] = x[threadIdx.x];
}
}
"""


@pytest.fixture(scope="module")
def library(_loaded):
    return _loaded.load(SOURCE)


@pytest.fixture
def hits(gpu, library, counted):
    def count(kernel, grid, *arguments, **options):
        arguments = [gpu.array(value) if isinstance(value, np.ndarray) else value for value in arguments]
        (launch,) = counted(lambda: library.launch(kernel, grid, 32, *arguments, **options))
        return launch["counters"]["l1_hit_sectors"]

    return count


OUT = np.zeros(128, np.float32)


def floats(n):
    return np.ones(n, np.float32)


@pytest.mark.parametrize(
    ("kib", "shared", "found"),
    [(32, 0, True), (224, 0, True), (512, 0, False), (224, 48 << 10, False), (184, 48 << 10, True)],
)
def test_what_shared_memory_leaves_holds_data(hits, kib, shared, found):
    """A loop over more than there is room for finds nothing: what it wants was dropped just before."""
    n = kib * 256
    assert hits("twice", 1, floats(n), OUT, n, shared=shared) == (n // 8 if found else 0)


def test_an_sm_has_its_own(hits):
    """Blocks go to the 132 SMs in turn, and find what the block before them on the same SM left."""
    assert [hits("by_block", blocks, floats(32), OUT) for blocks in (1, 132, 133, 264)] == [0, 0, 4, 132 * 4]


def test_blocks_on_an_sm_share_it(hits):
    """The system keeps 1 KiB of shared memory a block, so 32 blocks leave 224 KiB, 7 for each."""
    n = 4 * 256
    assert hits("twice", 132, floats(n), OUT, n) == 132 * n // 8
    assert hits("twice", 132 * 32, floats(2 * n), OUT, 2 * n) == 0


@pytest.mark.parametrize(("kernel", "expected"), [("around_it", 0), ("half_a_line", 2), ("read_back", 4)])
def test_what_goes_through_it(hits, kernel, expected):
    assert hits(kernel, 1, *([floats(32), OUT] if kernel != "read_back" else [floats(128)])) == expected


def test_hits_take_nothing_from_dram_and_l2(gpu, library, counted):
    """The second turn of the loop finds in L1 what is long gone from nowhere else: DRAM gives every byte once."""
    n = 32 * 256
    (launch,) = counted(lambda: library.launch("twice", 1, 32, gpu.array(floats(n)), gpu.array(OUT), n))
    assert launch["counters"]["dram_read_bytes"] == 4 * n
