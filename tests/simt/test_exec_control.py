"""Control flow of the interpreter: divergence, loops, calls, recursion, pointers to functions."""

import numpy as np
import pytest

LANES = np.arange(32)


def run(gpu, source, count=32, block=32, grid=1, dtype=np.int32, name="k", arch="75", args=(), **kwargs):
    """Launch `name(out, *args)` and return `out`."""
    out = gpu.array(np.full(count, -1, dtype))
    gpu.load(source, arch).launch(name, grid, block, out, *args, **kwargs)
    return out.get()


def test_if_else_meets_again(gpu):
    source = """extern "C" __global__ void k(int* out) {
        int i = threadIdx.x, v;
        if (i % 3 == 0) v = i * 2; else if (i % 3 == 1) v = -i; else v = 100;
        unsigned together = __activemask();
        out[i] = v * 2 + (together == 0xffffffffu);
    }"""
    got = run(gpu, source)
    value = np.where(LANES % 3 == 0, LANES * 2, np.where(LANES % 3 == 1, -LANES, 100))
    assert (got // 2 == value).all()
    assert (got % 2 == 1).all(), "lanes do not meet again after the branch"


def test_loop_with_different_counts(gpu):
    source = """extern "C" __global__ void k(int* out) {
        int i = threadIdx.x, sum = 0;
        for (int n = 0; n < i; ++n) {
            if (n == 20) continue;
            if (n * n > 500) break;
            sum += n ^ i;
        }
        out[i] = sum * 2 + (__activemask() == 0xffffffffu);
    }"""
    got = run(gpu, source)
    want = [sum(n ^ i for n in range(min(i, 23)) if n != 20) for i in range(32)]
    assert (got // 2 == want).all()
    assert (got % 2 == 1).all()


def test_nested_loops_and_early_exit(gpu):
    source = """extern "C" __global__ void k(int* out) {
        int i = threadIdx.x;
        if (i == 7) return;
        int v = 0;
        for (int a = 0; a <= i % 5; ++a)
            for (int b = a; b < i; b += 3) { if (b == 13) return; v += a * b; }
        out[i] = v;
    }"""
    want = []
    for i in range(32):
        v, left = 0, i == 7
        for a in range(i % 5 + 1):
            for b in range(a, i, 3):
                left |= b == 13
                v += a * b
        want.append(-1 if left else v)
    assert (run(gpu, source) == want).all()


def test_switch(gpu):
    cases = "".join(f"case {n}: v = {n * n + 7}; break;" for n in range(20))
    source = f"""extern "C" __global__ void k(int* out) {{
        int i = threadIdx.x, v; switch (i) {{ {cases} default: v = -i; }} out[i] = v; }}"""
    assert (run(gpu, source) == np.where(LANES < 20, LANES * LANES + 7, -LANES)).all()


def test_indexed_branch(gpu):
    ptx = """.version 8.0
.target sm_75
.address_size 64
.visible .entry k(.param .u64 p) {
  .reg .b32 %r<4>; .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [p];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd2, %r1, 4;
  add.s64 %rd3, %rd1, %rd2;
  and.b32 %r2, %r1, 3;
  ts: .branchtargets A, B, C, D;
  brx.idx %r2, ts;
A: mov.u32 %r3, 10; bra.uni E;
B: mov.u32 %r3, 20; bra.uni E;
C: mov.u32 %r3, 30; bra.uni E;
D: mov.u32 %r3, 40;
E: st.global.u32 [%rd3], %r3;
  ret;
}
"""
    assert (run(gpu, ptx) == np.array([10, 20, 30, 40])[LANES % 4]).all()


def test_call_with_struct_and_recursion(gpu):
    source = """struct S { int a; double b; short c[3]; };
    __device__ __noinline__ S twice(S s) { s.a *= 2; s.b *= 2; s.c[1] += 5; return s; }
    __device__ __noinline__ int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
    __device__ __noinline__ int even(int n); __device__ __noinline__ int odd(int n) { return n == 0 ? 0 : even(n - 1); }
    __device__ __noinline__ int even(int n) { return n == 0 ? 1 : odd(n - 1); }
    extern "C" __global__ void k(int* out) {
        int i = threadIdx.x;
        S s; s.a = i; s.b = i * 0.5; s.c[0] = 1; s.c[1] = (short)i; s.c[2] = 3;
        if (i & 1) s = twice(s);
        out[i] = s.a + (int)(s.b * 10) + s.c[0] + s.c[1] + s.c[2] + 1000 * fib(i % 10) + 100000 * even(i % 7);
    }"""
    fib = [0, 1]
    while len(fib) < 10:
        fib.append(fib[-1] + fib[-2])
    want = []
    for i in range(32):
        a, b, c = (i * 2, i * 1.0, i + 5) if i & 1 else (i, i * 0.5, i)
        want.append(a + int(b * 10) + 4 + c + 1000 * fib[i % 10] + 100000 * (i % 7 % 2 == 0))
    assert (run(gpu, source) == want).all()


def test_pointers_to_functions_and_virtual_calls(gpu):
    source = """typedef int (*F)(int, int);
    __device__ int add(int a, int b) { return a + b; }
    __device__ int mul(int a, int b) { return a * b; }
    __device__ int sub(int a, int b) { return a - b; }
    __device__ F table[3] = {add, mul, sub};
    struct Base { __device__ virtual int f(int) = 0; __device__ virtual ~Base() {} };
    struct A : Base { int x; __device__ A(int v) : x(v) {} __device__ int f(int y) override { return x + y; } };
    struct B : Base { int x; __device__ B(int v) : x(v) {} __device__ int f(int y) override { return x * y; } };
    extern "C" __global__ void k(int* out) {
        int i = threadIdx.x;
        A a(i); B b(i);
        Base* p = i % 2 ? (Base*)&a : (Base*)&b;
        out[i] = table[i % 3](i, 5) + 1000 * p->f(3);
    }"""
    first = np.choose(LANES % 3, [LANES + 5, LANES * 5, LANES - 5])
    assert (run(gpu, source) == first + 1000 * np.where(LANES % 2, LANES + 3, LANES * 3)).all()


def test_recursion_keeps_each_lanes_registers(gpu):
    source = """__device__ __noinline__ int walk(int n, int x) {
        int mine = x * 7 + n;
        if (n == 0) return mine;
        int below = (x + n) % 3 ? walk(n - 1, x + 1) : walk(n / 2, x + 3);
        return below * 3 + mine;
    }
    extern "C" __global__ void k(int* out) { out[threadIdx.x] = walk(threadIdx.x % 9, threadIdx.x); }"""

    def walk(n, x):
        mine = x * 7 + n
        if n == 0:
            return mine
        return (walk(n - 1, x + 1) if (x + n) % 3 else walk(n // 2, x + 3)) * 3 + mine

    assert (run(gpu, source) == [walk(i % 9, i) for i in range(32)]).all()


def test_endless_recursion_overflows_the_stack(gpu):
    source = """__device__ __noinline__ int down(int n, int* p) { return n == -1 ? 0 : p[0] + down(n + 1, p) * 3; }
    extern "C" __global__ void k(int* out) { out[threadIdx.x] = down(0, out); }"""
    with pytest.raises(Exception, match="stack .* overflows") as caught:
        run(gpu, source)
    assert caught.value.code == 714
    gpu.reset()
    assert (run(gpu, 'extern "C" __global__ void k(int* out) { out[threadIdx.x] = 3; }') == 3).all()


def test_local_array_with_dynamic_index(gpu):
    source = """extern "C" __global__ void k(int* out) {
        int a[16]; short b[8]; double c[4]; unsigned char d[5];
        int i = threadIdx.x;
        for (int n = 0; n < 16; ++n) a[n] = n * i;
        for (int n = 0; n < 8; ++n) b[n] = n - i;
        for (int n = 0; n < 4; ++n) c[n] = n + i * 0.25;
        for (int n = 0; n < 5; ++n) d[n] = n * 50 + i;
        a[(i * 5) % 16] = 1000 + i;
        out[i] = a[i % 16] + a[(i + 3) % 16] + b[i % 8] * 10 + (int)(c[i % 4] * 4) + d[i % 5];
    }"""
    want = []
    for i in range(32):
        a = [n * i for n in range(16)]
        a[(i * 5) % 16] = 1000 + i
        want.append(a[i % 16] + a[(i + 3) % 16] + (i % 8 - i) * 10 + int((i % 4 + i * 0.25) * 4) + (i % 5 * 50 + i) % 256)
    assert (run(gpu, source) == want).all()


def test_blocks_and_coordinates(gpu):
    source = """extern "C" __global__ void k(int* out) {
        int b = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
        int t = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
        int n = blockDim.x * blockDim.y * blockDim.z;
        out[b * n + t] = blockIdx.z * 100000 + blockIdx.y * 10000 + blockIdx.x * 1000 + threadIdx.z * 100 + threadIdx.y * 10 + threadIdx.x;
    }"""
    got = run(gpu, source, count=2 * 3 * 2 * 5 * 3 * 4, grid=(2, 3, 2), block=(5, 3, 4))
    z, y, x, c, b, a = np.unravel_index(np.arange(got.size), (2, 3, 2, 4, 3, 5))
    assert (got == z * 100000 + y * 10000 + x * 1000 + c * 100 + b * 10 + a).all()


@pytest.mark.parametrize("debug", [(), ("-G",)])
def test_same_result_with_debug_code(gpu, debug):
    source = """__device__ int helper(int* a, int n) { int s = 0; for (int i = 0; i < n; ++i) s += a[i]; return s; }
    extern "C" __global__ void k(int* out) {
        __shared__ int s[64];
        int a[8];
        for (int n = 0; n < 8; ++n) a[n] = n + threadIdx.x;
        s[threadIdx.x] = helper(a, threadIdx.x % 8);
        __syncthreads();
        out[threadIdx.x] = s[63 - threadIdx.x] / (int)(threadIdx.x + 1) + s[threadIdx.x] % 7;
    }"""
    out = gpu.array(np.zeros(64, np.int32))
    gpu.load(source, options=debug).launch("k", 1, 64, out)
    s = np.array([sum(n + i for n in range(i % 8)) for i in range(64)])
    assert (out.get() == s[::-1] // (np.arange(64) + 1) + s % 7).all()
