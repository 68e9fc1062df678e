"""What is wrong is said in a sentence with the code of a GPU, and the process lives on."""

import contextlib
import pathlib
import resource

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


RECURSION = """__device__ __noinline__ int down(int n, int* p) { int a[8]; a[n % 8] = n; p[0] = a[(n + 1) % 8];
        return n == 0 ? 0 : 1 + down(n - 1, p) + a[n % 8]; }
    extern "C" __global__ void k(int* p, int n) { p[1 + threadIdx.x] = down(n, p); }"""


def test_stack_overflow(gpu):
    data = gpu.array(np.zeros(40, np.int32))
    error = fails(gpu, RECURSION, data, 1000)
    assert error.code == 714
    for part in ("the stack of 1", "bytes a thread overflows after", "nested calls, entering", "raise cudaLimitStackSize", "kernel.cu:2"):
        assert part in error.message
    gpu.call("cudaDeviceSetLimit", 0, 200_000)
    try:
        gpu.load(RECURSION).launch("k", 1, 32, data, 1000)
    finally:
        gpu.call("cudaDeviceSetLimit", 0, 1024)
    assert (data.get()[1:33] == 1000 + 1000 * 1001 // 2).all()


def test_calls_that_never_returned_leave_nothing_behind(gpu):
    gpu.threads(1)
    data = gpu.array(np.zeros(40, np.int32))
    calls = """__device__ __noinline__ int more(int n) { return n * 3 + 1; }
        extern "C" __global__ void k(int* p) { if (threadIdx.x & 1) p[threadIdx.x] = more(p[threadIdx.x]); }"""
    for _ in range(2):
        assert fails(gpu, RECURSION, data, 1000).code == 714
        data.set(np.arange(40))
        gpu.load(calls).launch("k", 1, 40, data)
        assert (data.get() == np.where(np.arange(40) % 2, 3 * np.arange(40) + 1, np.arange(40))).all()


@contextlib.contextmanager
def little_memory(spare):
    """The process gets no more than `spare` bytes."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    old = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + spare, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)


@pytest.mark.parametrize("threads", [1, 2])
def test_no_memory_for_the_blocks(gpu, threads):
    gpu.threads(threads)
    library = gpu.load('extern "C" __global__ void k(int* p) { int a[20000]; for (int n = 0; n < 20000; ++n) a[n] = p[n % 4]; p[1] = a[p[0]]; }')
    data = gpu.array(np.zeros(4, np.int32))
    with little_memory(40 << 20), pytest.raises(Exception) as caught:
        library.launch("k", 4, 1024, data)
    assert caught.value.code == 2
    assert "kernel k: this machine does not have the" in caught.value.message
    assert "80000 bytes of local memory a thread" in caught.value.message
    library.launch("k", 2, 32, data)


def module(text, arch=75):
    return f".version 8.0\n.target sm_{arch}\n.address_size 64\n{text}"


@pytest.mark.parametrize(("ptx", "code", "part"), [
    (module(".visible .entry k() { ret; "), 218, "PTX"),
    (module(".frobnicate 3;\n.visible .entry k() { ret; }"), 218, ".frobnicate"),
    (module(".visible .entry k() { .frobnicate 3; ret; }"), 218, ".frobnicate"),
    (".version 9.5\n.target sm_75\n.address_size 64\n.visible .entry k() { ret; }", 222, "newer than"),
    (module(".visible .entry k() { ret; }", arch=100), 209, "sm_100"),
    (module(".visible .entry k() { ret; }", arch="80a"), 209, "sm_80a"),
    (module(".visible .entry k() { .shared .b8 s[49153]; .reg .b32 %r<2>; mov.u32 %r1, s; ret; }"), 218, "bytes of static shared memory; a block has 49152 at most"),
    (module(".visible .entry k() { .shared .b32 s[4611686018427387904]; .reg .b32 %r<2>; mov.u32 %r1, s; ret; }"), 218, "larger than 2^48 bytes"),
    (module(".visible .entry k() { .local .b8 s[1000000]; ret; }"), 218, "local variables of more than 524288 bytes"),
    (module(".func f(.param .b8 p[9000000000]) { ret; }\n.visible .entry k() { ret; }"), 218, "parameters of more than"),
    (module(".visible .entry k(.param .b8 p[40000]) { ret; }"), 218, "more than 32764 bytes of parameters"),
    (module(".global .b8 g[100000000000000];\n.visible .entry k() { ret; }"), 2, "variable g"),
])  # fmt: skip
def test_modules_that_a_driver_refuses(gpu, ptx, code, part):
    with pytest.raises(Exception) as caught:
        gpu.load(ptx)
    assert (caught.value.code, part in caught.value.message) == (code, True), caught.value
    gpu.reset()
    gpu.load(module(".visible .entry k() { ret; }")).launch("k", 1, 1)


def test_an_alloca_beyond_the_stack(gpu):
    error = fails(gpu, module(".visible .entry k() { .reg .b64 %a; alloca.u64 %a, 1025, 8; ret; }"))
    assert error.code == 700
    assert "an alloca of 1025 bytes; 1024 are left of what a thread has: cudaDeviceSetLimit" in error.message


@pytest.mark.parametrize(("grid", "block", "shared"), [
    (0, 1, 0), (1, 0, 0), (1, 1025, 0), (1, (1, 1, 65), 0), ((1, 65536), 1, 0), (2**31, 1, 0), (1, 1, 50_000),
    (2**32 - 1, 2**32 - 1, 0), (1, 1, 2**63),
])  # fmt: skip
def test_absurd_configurations(gpu, grid, block, shared):
    library = gpu.load('extern "C" __global__ void k(int* p) { p[threadIdx.x] = 7; }')
    data = gpu.array(np.zeros(4, np.int32))
    with pytest.raises(Exception) as caught:
        library.launch("k", grid, block, data, shared=shared)
    assert caught.value.code == 1
    assert "kernel k: " in caught.value.message
    gpu.reset()
    library.launch("k", 1, 4, data)
    assert (data.get() == 7).all()
