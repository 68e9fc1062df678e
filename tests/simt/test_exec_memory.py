"""Loads, stores and atomics of every space, width and pattern."""

import numpy as np
import pytest
from gpu import CudaError

LANES = np.arange(32)


@pytest.mark.parametrize("offset", [0, 1, 5])
@pytest.mark.parametrize("stride", [1, 2, 0, 33])
@pytest.mark.parametrize("kind", ["char", "unsigned char", "short", "int", "long long", "float2", "double2", "uchar4", "short4", "int4", "short2", "char2"])
def test_patterns_of_global_accesses(gpu, kind, stride, offset):
    source = f"""extern "C" __global__ void k(const {kind}* in, {kind}* out, int* other, int stride, int offset, unsigned mask) {{
        int i = threadIdx.x;
        if (mask >> i & 1) {{ {kind} v = in[i * stride + offset]; out[i * (stride ? stride : 1) + offset] = v; other[i] = 1; }}
    }}"""
    width = {"char": 1, "unsigned char": 1, "short": 2, "int": 4, "long long": 8, "float2": 8, "double2": 16, "uchar4": 4,
             "short4": 8, "int4": 16, "short2": 4, "char2": 2}[kind]
    library = gpu.load(source)
    count = 32 * max(stride, 1) + offset
    data = np.random.default_rng(1).integers(0, 256, (count, width), np.uint8)
    for mask in (0xFFFFFFFF, 0x00FFFF00, 0xA5A5A5A5, 1 << 31, 0xFFFF):
        out, other = gpu.array(np.zeros((count, width), np.uint8)), gpu.array(np.zeros(32, np.int32))
        library.launch("k", 1, 32, gpu.array(data), out, other, stride, offset, np.uint32(mask))
        want = np.zeros((count, width), np.uint8)
        on = (mask >> LANES & 1).astype(bool)
        want[(LANES * max(stride, 1) + offset)[on]] = data[(LANES * stride + offset)[on]]
        assert (out.get() == want).all()
        assert (other.get() == on).all()


@pytest.mark.parametrize("stride", [1, 2, 0, 17])
@pytest.mark.parametrize("kind, dtype", [("unsigned char", np.uint8), ("short", np.int16), ("float", np.float32), ("double", np.float64), ("int4", None), ("float2", None)])
def test_patterns_of_shared_accesses(gpu, kind, dtype, stride):
    size = {"int4": 16, "float2": 8}.get(kind) or np.dtype(dtype).itemsize
    source = f"""extern "C" __global__ void k(const {kind}* in, {kind}* out, int stride) {{
        extern __shared__ {kind} s[];
        int i = threadIdx.x, n = blockDim.x;
        s[i * 17 % n] = in[i * 17 % n]; __syncthreads();
        {kind} v = s[i * stride % n];
        if (i % 3) s[(i * stride + 1) % n] = s[(i * stride + 1) % n];
        __syncthreads();
        out[i] = v;
    }}"""
    data = np.random.default_rng(2).integers(0, 256, (64, size), np.uint8)
    out = gpu.array(np.zeros((64, size), np.uint8))
    gpu.load(source).launch("k", 1, 64, gpu.array(data), out, stride, shared=64 * size)
    assert (out.get() == data[np.arange(64) * stride % 64]).all()


def test_constants_and_symbols(gpu):
    source = """__constant__ float c[40] = {1, 2, 3, 4.5f}; __device__ int g[5] = {1, 2, 3}; __device__ int* p = g + 1;
    __constant__ const char* text = "hello"; struct S { char a; double b; int* q; }; __device__ S s = {7, 2.5, g + 2};
    extern "C" __global__ void k(float* out) {
        int i = threadIdx.x;
        out[i] = c[i] + c[3] * 100 + p[1] * 1000 + g[i % 5] + text[i % 5] + s.a + (float)s.b + *s.q;
    }"""
    out = gpu.array(np.zeros(32, np.float32))
    gpu.load(source).launch("k", 1, 32, out)
    c = np.zeros(40)
    c[:4] = 1, 2, 3, 4.5
    want = c[:32] + 450 + 3000 + np.array([1, 2, 3, 0, 0])[LANES % 5] + np.frombuffer(b"hello", np.uint8)[LANES % 5] + 7 + 2.5 + 3
    assert (out.get() == want).all()


def test_struct_parameters(gpu):
    source = """struct P { char c; short s; float f[9]; double d; long long* out; };
    extern "C" __global__ void k(P p, unsigned char last) {
        int i = threadIdx.x; p.out[i] = p.c + p.s + (long long)p.f[i % 9] + (long long)p.d + last; }"""
    out = gpu.array(np.zeros(32, np.int64))
    struct = np.zeros(1, np.dtype({"names": ["c", "s", "f", "d", "out"], "formats": ["i1", "i2", "9f4", "f8", "u8"],
                                   "offsets": [0, 2, 4, 40, 48], "itemsize": 56}))
    struct["c"], struct["s"], struct["f"], struct["d"], struct["out"] = -5, -1000, np.arange(9) * 10, 1e6, out.address
    gpu.load(source).launch("k", 1, 32, struct.tobytes(), np.uint8(200))
    assert (out.get() == -5 - 1000 + LANES % 9 * 10 + 1_000_000 + 200).all()


def test_generic_pointers(gpu):
    source = """__device__ __noinline__ int sum(const int* p, int n) { int s = 0; for (int i = 0; i < n; ++i) s += p[i]; return s; }
    __device__ __noinline__ void set(long long* p, long long v) { *p = v; }
    extern "C" __global__ void k(const int* in, int* out) {
        __shared__ int s[64]; int l[4]; long long w; int i = threadIdx.x;
        s[i] = in[i]; l[0] = i; l[1] = 2 * i; l[2] = 3; l[3] = 4;
        __syncthreads();
        const int* p = i % 3 == 0 ? in : i % 3 == 1 ? s : l;
        set(&w, i * 1000000007ll);
        atomicAdd(i % 2 ? out + 64 : s + 60, 1);
        __syncthreads();
        out[i] = sum(p, 4) + (int)(w >> 8) + (i == 0 ? s[60] : 0) + 10000 * (__isShared(p) + 2 * __isGlobal(p) + 4 * __isLocal(p));
    }"""
    data = np.arange(64, dtype=np.int32) * 3
    out = gpu.array(np.zeros(65, np.int32))
    gpu.load(source).launch("k", 1, 64, gpu.array(data), out)
    i = np.arange(64)
    sums = np.choose(i % 3, [18, 18, i + 2 * i + 7])
    want = sums + (i * 1000000007 >> 8) + np.where(i == 0, 180 + 32, 0) + 10000 * np.choose(i % 3, [2, 1, 4])
    assert (out.get()[:64] == want).all()
    assert out.get()[64] == 32


ATOMICS = [
    ("int", "atomicAdd(p, v)", np.int32, lambda old, v: old + v.sum()),
    ("unsigned", "atomicMax(p, v)", np.uint32, lambda old, v: max(old, v.max())),
    ("int", "atomicMin(p, v)", np.int32, lambda old, v: min(old, v.min())),
    ("unsigned", "atomicAnd(p, v | 0xf0)", np.uint32, lambda old, v: old & np.bitwise_and.reduce(v | 0xF0)),
    ("unsigned", "atomicOr(p, v)", np.uint32, lambda old, v: old | np.bitwise_or.reduce(v)),
    ("unsigned long long", "atomicXor(p, v)", np.uint64, lambda old, v: old ^ np.bitwise_xor.reduce(v)),
    ("unsigned", "atomicInc(p, 20)", np.uint32, lambda old, v: None),
    ("unsigned", "atomicDec(p, 20)", np.uint32, lambda old, v: None),
    ("unsigned long long", "atomicAdd(p, v)", np.uint64, lambda old, v: old + v.sum()),
    ("float", "atomicAdd(p, v)", np.float32, lambda old, v: old + v.sum()),
    ("double", "atomicAdd(p, v)", np.float64, lambda old, v: old + v.sum()),
    ("long long", "atomicMin(p, v)", np.int64, lambda old, v: min(old, v.min())),
]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("where", ["global", "shared"])
@pytest.mark.parametrize("kind, call, dtype, model", ATOMICS, ids=[f"{a[0]}-{a[1]}" for a in ATOMICS])
def test_atomics(gpu, kind, call, dtype, model, where, threads):
    gpu.threads(threads)
    body = (f"{kind}* p = out;" if where == "global" else
            f"__shared__ {kind} s; if (threadIdx.x == 0) s = *out; __syncthreads(); {kind}* p = &s;")
    finish = "" if where == "global" else "__syncthreads(); if (threadIdx.x == 0) *out = s;"
    source = f"""extern "C" __global__ void k(const {kind}* in, {kind}* out) {{
        {body} {kind} v = in[blockIdx.x * blockDim.x + threadIdx.x]; {call}; {finish} }}"""
    blocks = 8 if where == "global" else 1
    data = np.random.default_rng(3).integers(1, 1000, blocks * 96).astype(dtype)
    out = gpu.array(np.array([500], dtype))
    gpu.load(source).launch("k", blocks, 96, gpu.array(data), out)
    want = model(dtype(500), data)
    if want is None:   # the counter wraps at 20
        value = 500
        for _ in range(blocks * 96):
            value = (0 if value >= 20 else value + 1) if "Inc" in call else (20 if value == 0 or value > 20 else value - 1)
        want = value
    assert out.get()[0] == want


def test_atomics_return_the_old_value(gpu):
    source = """extern "C" __global__ void k(int* counter, int* seen, int* last) {
        int i = blockIdx.x * blockDim.x + threadIdx.x;
        seen[atomicAdd(counter, 1)] = i;
        last[i] = atomicExch(counter + 1, i);
        int old = counter[2], now;
        do { now = old; old = atomicCAS(counter + 2, now, now * 3 + 1); } while (old != now);
        atomicCAS((unsigned long long*)(counter + 4), 0ull, 77ull);
    }"""
    n = 6 * 64
    counter, seen, last = gpu.array(np.zeros(6, np.int32)), gpu.array(np.full(n, -1, np.int32)), gpu.array(np.zeros(n, np.int32))
    gpu.load(source).launch("k", 6, 64, counter, seen, last)
    assert sorted(seen.get()) == list(range(n))
    got = counter.get()
    assert got[0] == n
    assert sorted([*last.get(), got[1]]) == sorted([0, *range(n)])
    value = 0
    for _ in range(n):
        value = (value * 3 + 1) & 0xFFFFFFFF
    assert got[2].view(np.uint32) == value
    assert got[4] == 77 and got[5] == 0


def test_half_atomics(gpu):
    source = """#include <cuda_fp16.h>
    #include <cuda_bf16.h>
    extern "C" __global__ void k(__half* h, __half2* h2, __nv_bfloat16* b) {
        atomicAdd(h + threadIdx.x % 2, __float2half(0.5f)); atomicAdd(h2, __floats2half2_rn(1.f, 0.25f));
        atomicAdd(b + 1, __float2bfloat16(2.f)); }"""
    h, h2, b = gpu.array(np.zeros(2, np.float16)), gpu.array(np.zeros(2, np.float16)), gpu.array(np.zeros(2, np.uint16))
    gpu.load(source, "90").launch("k", 2, 64, h, h2, b)
    assert (h.get() == 32).all()
    assert (h2.get() == [128, 32]).all()
    assert (b.get().astype(np.uint32) << 16).view(np.float32).tolist() == [0, 256]


def test_wide_and_ordered_accesses(gpu):
    source = """#include <cuda/atomic>
    extern "C" __global__ void k(int* data, int* out) {
        cuda::atomic_ref<int, cuda::thread_scope_device> flag(data[0]); int i = threadIdx.x;
        if (blockIdx.x == 0) { if (i == 0) { data[1] = 41; flag.store(1, cuda::memory_order_release); } }
        else if (i == 0) { while (flag.load(cuda::memory_order_acquire) == 0) {} out[0] = data[1] + flag.fetch_add(1, cuda::memory_order_acq_rel); }
        longlong4 v = *(const longlong4*)(data + 8);
        if (blockIdx.x == 1 && i == 5) *(longlong4*)(out + 8) = v;
    }"""
    data = np.arange(16, dtype=np.int32)
    data[0] = 0
    out = gpu.array(np.zeros(16, np.int32))
    gpu.load(source).launch("k", 2, 32, gpu.array(data), out)
    assert out.get()[0] == 42
    assert (out.get()[8:] == data[8:]).all()


def test_device_heap_and_printf(gpu, capfd):
    source = r"""#include <cstdio>
    extern "C" __global__ void k(int** slot, int* out) {
        int i = threadIdx.x;
        int* p = (int*)malloc(40);
        for (int n = 0; n < 10; ++n) p[n] = n * i;
        slot[i] = p; __syncthreads();
        int* q = slot[31 - i]; int s = 0;
        for (int n = 0; n < 10; ++n) s += q[n];
        out[i] = s; __syncthreads(); free(p);
        if (i == 3) printf("%d %5.2f|%-6s|%c %llx %u %%\n", -i, 2.5, "abc", 'x', 1ll << 40, 4000000000u);
    }"""
    out = gpu.array(np.zeros(32, np.int32))
    gpu.load(source).launch("k", 1, 32, gpu.array(np.zeros(32, np.uint64)), out)
    assert (out.get() == 45 * (31 - LANES)).all()
    assert capfd.readouterr().out == "-3  2.50|abc   |x 10000000000 4000000000 %\n"


@pytest.mark.parametrize("size", [0, 4, 6, 12, 16])
def test_an_asynchronous_copy_reads_no_more_than_it_is_told(gpu, size):
    source = """extern "C" __global__ void k(const char* in, int4* out, int size) {
        __shared__ int4 s;
        s = make_int4(-1, -1, -1, -1);
        unsigned to = (unsigned)__cvta_generic_to_shared(&s);
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(to), "l"(in), "r"(size) : "memory");
        asm volatile("cp.async.wait_all;" ::: "memory");
        *out = s;
    }"""
    data, out = np.arange(1, size + 1, dtype=np.uint8), gpu.array(np.zeros(16, np.uint8))
    gpu.load(source, arch="80").launch("k", 1, 1, gpu.array(data), out, size)  # nothing lies behind the array
    assert (out.get() == np.pad(data, (0, 16 - size))).all()


COPIES = """extern "C" __global__ void k(const int4* in, const int* from, int4* before, int4* after, int early) {
    __shared__ int4 s[32];
    int i = threadIdx.x;
    s[i] = make_int4(-1, -1, -1, -1);
    unsigned to = (unsigned)__cvta_generic_to_shared(s + i);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(to), "l"(in + from[i]) : "memory");
    if (early >> i & 1) asm volatile("cp.async.wait_all;" ::: "memory");
    before[i] = s[i];
    asm volatile("cp.async.wait_all;" ::: "memory");
    after[i] = s[i];
}"""


@pytest.mark.parametrize("early", [0, -1, 0x00FF0F0A])
@pytest.mark.parametrize("order", ["straight", "halves", "backwards", "scattered"])
def test_asynchronous_copies_of_lanes_that_follow_each_other(gpu, order, early):
    """Those of one run are made together, unless the lanes wait for them at different times."""
    from_ = {"straight": LANES, "halves": LANES ^ 16, "backwards": 31 - LANES, "scattered": LANES * 5 % 32}[order]
    data = np.arange(128, dtype=np.int32).reshape(32, 4)
    before, after = gpu.array(np.zeros((32, 4), np.int32)), gpu.array(np.zeros((32, 4), np.int32))
    gpu.load(COPIES, arch="80").launch("k", 1, 32, gpu.array(data), gpu.array(from_.astype(np.int32)), before, after, early)
    waited = (early >> LANES & 1).astype(bool)
    assert (before.get() == np.where(waited[:, None], data[from_], -1)).all()
    assert (after.get() == data[from_]).all()


def test_the_lane_whose_asynchronous_copy_leaves_memory_is_named(gpu):
    out = gpu.array(np.zeros((32, 4), np.int32))
    with pytest.raises(CudaError, match="right at the end of") as error:
        gpu.load(COPIES, arch="80").launch("k", 1, 32, gpu.array(np.zeros((30, 4), np.int32)), gpu.array(LANES.astype(np.int32)), out, out, 0)
    gpu.reset()
    assert error.value.code == 700 and "thread (30,0,0)" in str(error.value)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("kind, width", [("u32", 4), ("u64", 8), ("u16", 2)])
def test_aligned_accesses_are_never_torn(gpu, kind, width, together):
    """One block writes words of equal bytes, the other one sees no other words: rows of lanes, and lane by lane."""
    place = "i" if together else "i * 7 % 32"
    register, c_type = ("h", "unsigned short") if width == 2 else ("r", "unsigned") if width == 4 else ("l", "unsigned long long")
    source = f"""extern "C" __global__ void k({c_type}* words, int* torn, volatile int* started, int turns) {{
        int i = threadIdx.x;
        {c_type}* p = words + {place};
        if (i == 0) {{ atomicAdd((int*)started, 1); while (*started < 2) {{}} }}
        __syncthreads();
        for (int n = 0; n < turns; ++n) {{
            {c_type} v = ({c_type})((n + i) % 256 * 0x0101010101010101ull);
            if (blockIdx.x == 0) asm volatile("st.global.{kind} [%0], %1;" :: "l"(p), "{register}"(v) : "memory");
            else asm volatile("ld.global.{kind} %0, [%1];" : "={register}"(v) : "l"(p) : "memory");
            if (v != ({c_type})((v & 255) * 0x0101010101010101ull)) atomicAdd(torn, 1);
        }}
    }}"""
    words, torn, started = gpu.array(np.zeros(32, np.uint64)), gpu.array(np.zeros(1, np.int32)), gpu.array(np.zeros(1, np.int32))
    gpu.load(source).launch("k", 2, 32, words, torn, started, 20_000)
    assert torn.get()[0] == 0
