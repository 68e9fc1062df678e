"""What is wrong is said in a sentence with the code of a GPU, and the process lives on."""

import numpy as np
import pytest


def fails(gpu, source, *args, grid=1, block=32, shared=0):
    library = gpu.load(source)
    with pytest.raises(Exception) as caught:
        library.launch("k", grid, block, *args, shared=shared)
    gpu.reset()
    out = gpu.array(np.zeros(4, np.int32))
    gpu.load('extern "C" __global__ void k(int* p) { p[threadIdx.x] = 7; }').launch("k", 1, 4, out)
    assert (out.get() == 7).all(), "a later launch does not work"
    return caught.value


def test_out_of_bounds(gpu):
    source = """extern "C" __global__ void k(float* p, int n) {
        int i = blockIdx.x * blockDim.x + threadIdx.x;
        p[i] = 1.0f;
    }"""
    data = gpu.array(np.zeros(100, np.float32))
    error = fails(gpu, source, data, 100, grid=4)
    assert error.code == 700
    for part in ("kernel k at kernel.cu:3", "block (3,0,0), thread (4,0,0)", "a write of 4 bytes", "right at the end of allocation",
                 "400 bytes"):
        assert part in error.message


def test_before_the_start_and_far_away(gpu):
    data = gpu.array(np.zeros(100, np.float32))
    error = fails(gpu, 'extern "C" __global__ void k(float* p, int n) { p[(int)threadIdx.x - 8] = 1; }', data, 1)
    assert error.code == 700 and "32 bytes before the start of" in error.message
    error = fails(gpu, 'extern "C" __global__ void k(float* p, int n) { *(float*)16 = 1; }', data, 1)
    assert error.code == 700 and "null pointer" in error.message
    error = fails(gpu, 'extern "C" __global__ void k(float* p) { p[0] = p[1000000000ll]; }', data)
    assert error.code == 700 and "a read of 4 bytes" in error.message


def test_variables_have_their_own_bounds(gpu):
    source = """__device__ int table[10]; __device__ int after[1000];
    extern "C" __global__ void k(int n) { table[threadIdx.x] = n; after[n] = 1; }"""
    error = fails(gpu, source, 5, block=11)
    assert error.code == 700 and "variable table (40 bytes)" in error.message and "thread (10,0,0)" in error.message


def test_use_after_free(gpu):
    data = gpu.array(np.zeros(100, np.float32))
    address = np.uint64(data.address)
    del data
    error = fails(gpu, 'extern "C" __global__ void k(float* p) { p[threadIdx.x] = 1; }', address)
    assert error.code == 700 and "was freed" in error.message


def test_misaligned(gpu):
    data = gpu.array(np.zeros(100, np.float32))
    error = fails(gpu, 'extern "C" __global__ void k(char* p) { *(int*)(p + threadIdx.x) = 1; }', data)
    assert error.code == 716 and "misaligned" in error.message and "thread (1,0,0)" in error.message
    error = fails(gpu, 'extern "C" __global__ void k(char* p) { __shared__ char s[64]; *(volatile short*)(s + 2 * threadIdx.x + 1) = p[0]; p[1] = s[3]; }', data)
    assert error.code == 716


def test_shared_out_of_bounds(gpu):
    source = """extern "C" __global__ void k(int* p) {
        __shared__ int tile[32]; __shared__ int more[8];
        tile[threadIdx.x] = p[0]; more[threadIdx.x * 2] = 3; __syncthreads(); p[0] = tile[5] + more[p[1]]; }"""
    error = fails(gpu, source, gpu.array(np.zeros(100, np.int32)))
    assert error.code == 700
    assert "shared" in error.message and "the block has 160 bytes of shared memory" in error.message
    error = fails(gpu, 'extern "C" __global__ void k(int* p) { extern __shared__ int s[]; s[threadIdx.x] = p[0]; __syncthreads(); p[1] = s[p[0]]; }',
                  gpu.array(np.zeros(4, np.int32)), shared=64)
    assert error.code == 700 and "offset 64" in error.message


def test_assert_and_trap(gpu):
    data = gpu.array(np.zeros(100, np.int32))
    source = '#include <cassert>\nextern "C" __global__ void k(int* p) {\n  assert(p[threadIdx.x] == 0 && threadIdx.x < 20);\n  p[1] = 1; }'
    error = fails(gpu, source, data, block=64)
    assert error.code == 710
    assert "threadIdx.x < 20" in error.message and ":3" in error.message and "thread (20,0,0)" in error.message
    error = fails(gpu, 'extern "C" __global__ void k(int* p) { if (threadIdx.x == 9) __trap(); p[1] = 1; }', data)
    assert error.code == 719 and "trap" in error.message and "thread (9,0,0)" in error.message


def test_write_to_parameters_and_bad_pointer_to_a_function(gpu):
    data = gpu.array(np.zeros(100, np.int64))
    source = 'typedef int (*F)(int); extern "C" __global__ void k(F* p) { p[1] = (F)(long long)p[0](3); }'
    error = fails(gpu, source, data)
    assert error.code == 717 and "no function" in error.message


def test_double_free_in_a_kernel(gpu):
    error = fails(gpu, 'extern "C" __global__ void k(int n) { void* p = malloc(16); free(p); free(p); }', 1, block=1)
    assert error.code == 700 and "free" in error.message


@pytest.mark.parametrize("line, part", [
    ("frobnicate.u32 %r1, %r1;", "frobnicate.u32 at PTX line 6"),
    ("add.s64 %r1, %r1, %r1;", "PTX line 6"),
    ("ld.global.u32 %r1, %r1;", "PTX line 6"),
    ("ld.global.q8 %r1, [%rd1];", "PTX line 6"),
    ("bra NOWHERE;", "line 6"),
    ("mov.u32 %r1, %nosuch;", "line 6"),
    ("call nobody, (%r1);", "line 6"),
    ("st.const.u32 [%rd1], %r1;", "PTX line 6"),
    ("shfl.down.b32 %r1, %r1, 1, 31;", "PTX line 6"),
    ("tex.2d.v4.f32.f32 {%r1,%r1,%r1,%r1}, [%rd1, {%r1,%r1}];", "line 6"),
])
def test_unknown_instructions_fail_at_load(gpu, line, part):
    ptx = f""".version 8.0
.target sm_75
.address_size 64
.visible .entry k() {{
  .reg .b32 %r<4>; .reg .b64 %rd<4>;
  {line}
  ret;
}}
"""
    library = None
    with pytest.raises(Exception) as caught:
        library = gpu.load(ptx)
        library.launch("k", 1, 1)
    assert part in caught.value.message
    gpu.reset()


def test_a_fault_in_the_middle_of_a_launch_leaves_no_trace(gpu):
    source = """extern "C" __global__ void k(int* p, int bad) {
        __shared__ int s[64]; s[threadIdx.x] = threadIdx.x; __syncthreads();
        if (blockIdx.x == bad && threadIdx.x == 40) p[1 << 28] = 1;
        __syncthreads(); p[blockIdx.x * 64 + threadIdx.x] = s[63 - threadIdx.x]; }"""
    data = gpu.array(np.zeros(64 * 200, np.int32))
    library = gpu.load(source)
    for bad in (0, 57, 199):
        with pytest.raises(Exception) as caught:
            library.launch("k", 200, 64, data, bad)
        assert caught.value.code == 700 and f"block ({bad},0,0), thread (40,0,0)" in caught.value.message
        gpu.reset()
        library.launch("k", 200, 64, data, 1000)
        assert (data.get().reshape(200, 64) == np.arange(63, -1, -1)).all()
