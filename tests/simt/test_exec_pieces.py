"""Pieces of machine code: programs made at random, and accesses of every pattern, beside the handlers one warp at a time.

A seed shuffles warps, and then each of them executes alone, by handlers. Where the processor has no AVX-512, both runs
are made by handlers.
"""

import gc
import os
import pathlib
import re

import numpy as np
import pytest
from gpu import CudaError, usual_build_only

SPECIAL_BITS = [0, 1, 2, 31, 32, 33, 63, 64, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF, 0xFFFFFFFE, 0x7F800000,
                0xFF800000, 0x7FC00001, 0xFFC12345, 0x7F812345, 0x00000001, 0x807FFFFF, 0x3F800000, 0x4B800001]  # fmt: skip
WORDS, LONGS, HALVES, PREDICATES = 8, 6, 3, 4


def random_program(rng, length, full):
    """Return PTX that loads all registers, computes at random, perhaps in a branch, and stores all of them.

    `full`: no warp misses a lane, from which another one would read.
    """
    w, d, p = (
        (lambda: f"%r{rng.integers(WORDS)}"),
        (lambda: f"%rd{rng.integers(LONGS)}"),
        (lambda: f"%p{rng.integers(PREDICATES)}"),
    )
    h = lambda: f"%h{rng.integers(HALVES)}"  # noqa: E731

    def number():
        return str(int(rng.choice(SPECIAL_BITS[:12]))) if rng.random() < 0.5 else str(2 ** int(rng.integers(31)))

    def word():
        return rng.choice([w, w, w, number, lambda: "%tid.x", lambda: "%ctaid.x", lambda: "%c0"])()

    def one():
        kind = rng.integers(27)
        pick = lambda text: str(rng.choice(text.split()))  # noqa: E731
        if kind < 4:
            return f"{pick('add.s32 sub.s32 mul.lo.s32 and.b32 or.b32 xor.b32 min.s32 max.s32 min.u32 max.u32 mul.hi.s32 mul.hi.u32')} {w()}, {w()}, {word()};"
        if kind < 6:
            return f"{pick('shl.b32 shr.u32 shr.s32')} {w()}, {w()}, {pick('0 1 5 31 32 40') if rng.random() < 0.7 else w()};"
        if kind < 8:
            return f"{pick('add.f32 sub.f32 mul.f32 div.rn.f32')} {w()}, {w()}, {w()};"
        if kind < 10:
            return f"fma.rn.f32 {w()}, {w()}, {w()}, {w()};"
        if kind < 12:
            return f"{pick('add.s64 sub.s64 mul.lo.s64 and.b64 or.b64 xor.b64 min.s64 max.s64')} {d()}, {d()}, {d() if rng.random() < 0.7 else number()};"
        if kind == 12:
            return f"{pick('mul.wide.s32 mul.wide.u32')} {d()}, {w()}, {word()};"
        if kind == 13:
            return f"mad.lo.s32 {w()}, {w()}, {word()}, {word()};"
        if kind == 14:
            return f"{pick('mad.wide.s32 mad.wide.u32')} {d()}, {w()}, {w()}, {d()};"
        if kind == 15:
            return f"{pick('cvt.s64.s32 cvt.u64.u32')} {d()}, {w()};" if rng.random() < 0.5 else f"cvt.u32.u64 {w()}, {d()};"
        if kind == 16:
            form = pick(
                "lt.s32 ge.u32 eq.s32 ne.s32 gt.s32 le.u32 lt.f32 geu.f32 neu.f32 eq.f32 nan.f32 num.f32 gtu.f32 ne.f32 equ.f32 le.f32 leu.f32"
            )
            return f"setp.{form} {p()}, {w()}, {w()};"
        if kind == 17:
            return f"setp.{pick('lt.s64 gt.u64 eq.s64 ne.s64 ge.s64 hi.u64')} {p()}, {d()}, {d()};"
        if kind == 18:
            return f"selp.b32 {w()}, {word()}, {w()}, {p()};" if rng.random() < 0.6 else f"selp.b64 {d()}, {d()}, {d()}, {p()};"
        if kind == 19:
            return (
                f"{pick('and.pred or.pred xor.pred')} {p()}, {p()}, {p()};" if rng.random() < 0.6 else f"not.pred {p()}, {p()};"
            )
        if kind == 20:
            return f"lop3.b32 {w()}, {w()}, {w()}, {word()}, {rng.integers(256)};"
        if kind == 22:
            return rng.choice([f"{pick('add.rn.f64 sub.rn.f64 mul.rn.f64 div.rn.f64')} {d()}, {d()}, {d()};", f"sqrt.rn.f64 {d()}, {d()};",
                               f"fma.rn.f64 {d()}, {d()}, {d()}, {d()};", f"{pick('neg.f64 abs.f64')} {d()}, {d()};"])  # fmt: skip
        if kind == 23:
            return rng.choice(
                [f"cvt.f64.f32 {d()}, {w()};", f"cvt.rn.f32.f64 {w()}, {d()};", f"{pick('neg.f32 abs.f32')} {w()}, {w()};"]
            )
        if kind == 24:
            form = pick("and.b16 or.b16 xor.b16 add.s16 sub.s16 mul.lo.s16")
            return rng.choice([f"{form} {h()}, {h()}, {h()};", f"selp.b16 {h()}, {h()}, {h()}, {p()};", f"mov.b16 {h()}, {h()};"])
        if kind == 25:
            return rng.choice([f"cvt.u16.u32 {h()}, {w()};", f"{pick('cvt.u32.u16 cvt.s32.s16')} {w()}, {h()};",
                               f"setp.{pick('eq ne')}.s16 {p()}, {h()}, {h()};", f"mul.wide.u16 {w()}, {h()}, {pick('4 10 1')};"])  # fmt: skip
        if kind == 26:
            return rng.choice(
                [f"{pick('popc.b32 clz.b32 abs.s32')} {w()}, {w()};", f"{pick('min.f32 max.f32')} {w()}, {w()}, {w()};"]
            )
        return rng.choice([f"not.b32 {w()}, {w()};", f"neg.s32 {w()}, {w()};", f"cvt.rn.f32.s32 {w()}, {w()};", f"cvt.rn.f32.u32 {w()}, {w()};",
                           f"shl.b64 {d()}, {d()}, {rng.integers(70)};", f"shr.s64 {d()}, {d()}, {rng.integers(70)};",
                           f"shr.u64 {d()}, {d()}, {rng.integers(70)};", f"neg.s64 {d()}, {d()};", f"not.b64 {d()}, {d()};",
                           f"sqrt.rn.f32 {w()}, {w()};", f"mov.b32 {w()}, {word()};"])  # fmt: skip

    def together():
        mode, members = rng.choice(["up", "down", "bfly", "idx"]), "-1"
        clamp = int(rng.choice([0, 31, 0x1F, 0x181F, 0x1000, 0x1C1F]))
        return rng.choice([f"shfl.sync.{mode}.b32 {w()}|{p()}, {w()}, {rng.choice([1, 2, 16, 31, 5])}, {clamp}, {members};",
                           f"vote.sync.ballot.b32 {w()}, {p()}, {members};", f"bar.warp.sync {members};"])  # fmt: skip

    body = []
    for n in range(length):
        if full and rng.random() < 0.08 and not length // 3 < n <= 2 * length // 3:
            body.append(together())
        body.append(one() if rng.random() < 0.93 else f"@{rng.choice(['', '!'])}{p()} {one()}")
        if n == length // 3:
            body.append(f"@{p()} bra L0;")
        if n == 2 * length // 3:
            body.append("L0:")
    loads = [f"ld.global.b32 %r{n}, [%base+{4 * n * 4096}];" for n in range(WORDS)]
    loads += [f"ld.global.b32 %t0, [%base+{4 * (WORDS + n) * 4096}]; ld.global.b32 %t1, [%base+{4 * n * 4096}]; mov.b64 %rd{n}, {{%t0, %t1}};"
              for n in range(LONGS)]  # fmt: skip
    loads += [f"cvt.u16.u32 %h{n}, %r{n};" for n in range(HALVES)]
    loads += [f"setp.lt.s32 %p{n}, %r{n}, %r{n + 1};" for n in range(PREDICATES)]
    stores = [f"st.global.b32 [%to+{4 * n * 4096}], %r{n};" for n in range(WORDS)]
    stores += [f"mov.b64 {{%t0, %t1}}, %rd{n}; st.global.b32 [%to+{4 * (WORDS + 2 * n) * 4096}], %t0;"
               f"st.global.b32 [%to+{4 * (WORDS + 2 * n + 1) * 4096}], %t1;" for n in range(LONGS)]  # fmt: skip
    stores += [
        f"selp.b32 %t0, 1, 0, %p{n}; st.global.b32 [%to+{4 * (WORDS + 2 * LONGS + n) * 4096}], %t0;" for n in range(PREDICATES)
    ]
    stores += [
        f"cvt.u32.u16 %t0, %h{n}; st.global.b32 [%to+{4 * (WORDS + 2 * LONGS + PREDICATES + n) * 4096}], %t0;"
        for n in range(HALVES)
    ]
    return "\n".join([
        ".version 8.0", ".target sm_75", ".address_size 64",
        ".visible .entry k(.param .u64 a, .param .u64 b, .param .u32 c)", "{",
        f".reg .b32 %r<{WORDS}>, %t<8>, %c<1>; .reg .b64 %rd<{LONGS}>, %base, %to, %at; .reg .pred %p<{PREDICATES}>; .reg .b16 %h<{HALVES}>;",
        "ld.param.u64 %base, [a]; ld.param.u64 %to, [b]; ld.param.u32 %c0, [c];",
        "mov.u32 %t2, %tid.x; mov.u32 %t3, %tid.y; mov.u32 %t4, %ntid.x; mad.lo.s32 %t2, %t3, %t4, %t2;",
        "mov.u32 %t3, %ntid.y; mul.lo.s32 %t4, %t4, %t3; mov.u32 %t5, %ctaid.x; mad.lo.s32 %t2, %t5, %t4, %t2;",
        "mul.wide.s32 %at, %t2, 4; add.s64 %base, %base, %at; add.s64 %to, %to, %at;",
        *loads, *body, *stores, "ret;", "}",
    ])  # fmt: skip


@pytest.mark.parametrize("seed", range(24))
def test_random_programs(gpu, seed):
    rng = np.random.default_rng(seed)
    rows = WORDS + LONGS
    data = rng.integers(0, 2**32, (rows, 4096), np.uint32)
    special = rng.random((rows, 4096)) < 0.4
    data[special] = rng.choice(np.array(SPECIAL_BITS, np.uint32), special.sum())
    if seed % 3 == 0:
        data[:, ::2] = rng.standard_normal((rows, 2048)).astype(np.float32).view(np.uint32)
    block = [32, 64, 256, (16, 16), 1024, 100, (10, 9), (5, 5, 5)][seed % 8]
    threads = int(np.prod(block))
    kernel = gpu.load(random_program(rng, int(rng.integers(6, 90)), threads % 32 == 0))
    source, results = gpu.array(data), []
    for shuffled in (0, 7):
        gpu.seed(shuffled)
        out = gpu.array(np.zeros((rows + LONGS + PREDICATES + HALVES, 4096), np.uint32))
        kernel.launch("k", 2048 // threads, block, source, out, int(seed))
        results.append(out.get())
    gpu.seed(0)
    assert (results[0] == results[1]).all()
    assert results[0].any()


LANES = np.arange(32)
PATTERNS = {
    "contiguous": LANES,
    "broadcast": LANES * 0 + 3,
    "two rows": LANES % 16 + LANES // 16 * 20,
    "first lane above": (LANES + 1) % 32,
    "backwards": 31 - LANES,
    "strided": LANES * 3,
    "one far": np.where(LANES == 13, 200, LANES),
    "the last word": LANES * 0 + 255,
    "to the end": LANES + 224,
    "pairs meet": LANES // 2,
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("mask", [0xFFFFFFFF, 0x7FFFFFFE, 0x00010000, 0xA5A5A5A5])
@pytest.mark.parametrize("element", ["int", "long long"])
def test_patterns_of_accesses(gpu, pattern, mask, element):
    """Loads of numbers and bytes and stores, global and shared, of all lanes and of some, at both ends of an allocation."""
    source = """typedef int T; extern "C" __global__ void k(const int* at, const T* in, const unsigned char* bytes, T* out, T* scattered, unsigned mask) {
        __shared__ T s[256], u[256];
        int t = threadIdx.x, a = at[t & 31];
        s[t] = in[t]; u[t] = -1;
        __syncthreads();
        T v = -5, w = -6, x = -7, y = -8;
        if (mask >> (t & 31) & 1) {
            v = in[a];
            w = s[a] + 3 * s[(a + 1) & 255] + 5 * s[a];
            x = bytes[a] + 2 * bytes[t];
            scattered[(t >> 5) * 256 + a] = t;
            if (t < 32) u[a] = t + 1;
            y = v * 2 + w;
        }
        __syncthreads();
        out[t] = v; out[256 + t] = w; out[512 + t] = x; out[768 + t] = y; out[1024 + t] = u[t];
    }""".replace("typedef int", f"typedef {element}")
    kind = np.int32 if element == "int" else np.int64
    at = PATTERNS[pattern]
    rng = np.random.default_rng(2)
    data, byte = rng.integers(-1000, 1000, 256).astype(kind), rng.integers(0, 256, 256, np.uint8)
    out, scattered = gpu.array(np.zeros(1280, kind)), gpu.array(np.full((8, 256), -1, kind))
    gpu.load(source).launch(
        "k", 1, 256, gpu.array(at.astype(np.int32)), gpu.array(data), gpu.array(byte), out, scattered, np.uint32(mask)
    )
    t = np.arange(256)
    a, on = at[t & 31], (mask >> (t & 31) & 1).astype(bool)
    w = data[a] + 3 * data[(a + 1) & 255] + 5 * data[a]
    x = byte.astype(np.int32)[a] + 2 * byte.astype(np.int32)[t]
    want = np.select([on, ~on], [[data[a], w, x, data[a] * 2 + w], [[-5], [-6], [-7], [-8]]])
    assert (out.get().reshape(5, 256)[:4] == want).all()
    wanted = np.full((8, 256), -1)
    u = np.full(256, -1)
    for thread in t[on]:  # the last lane wins
        wanted[thread >> 5, a[thread]] = thread
        if thread < 32:
            u[a[thread]] = thread + 1
    assert (scattered.get() == wanted).all()
    assert (out.get()[1024:] == u).all()


def test_indices_wrap_before_they_are_widened(gpu):
    """32-bit arithmetic that overflows within a warp: the addresses are not one after another, whatever they look like."""
    source = """extern "C" __global__ void k(const int* in, int* out, unsigned from) {
        unsigned i = from + threadIdx.x;          // wraps in the middle of a warp
        int j = 0x7ffffff0 + (int)threadIdx.x;    // becomes negative there
        out[threadIdx.x] = in[(unsigned)(i + 16u) & 1023u] + in[i + 16u < 1024u ? i + 16u : 7] + (int)((long long)j >> 31);
    }"""
    data = np.arange(1024, dtype=np.int32) ** 2
    out = gpu.array(np.zeros(64, np.int32))
    gpu.load(source).launch("k", 1, 64, gpu.array(data), out, np.uint32(2**32 - 16 - 8))
    i = (2**32 - 24 + np.arange(64) + 16) % 2**32
    j = (0x7FFFFFF0 + np.arange(64)) % 2**32
    want = data[i & 1023] + data[np.where(i < 1024, i, 7)] + np.where(j >= 2**31, -1, 0)
    assert (out.get() == want).all()


@pytest.mark.parametrize("space", ["global", "shared"])
@pytest.mark.parametrize("what", ["load", "store"])
def test_a_fault_within_a_piece(gpu, space, what):
    """The thread that is out of bounds is named, and what the others did before is there."""
    place = "a" if space == "global" else "s"
    access = f"v += {place}[t == 77 ? 1 << 20 : t];" if what == "load" else f"{place}[t == 77 ? 1 << 20 : t] = v;"
    library = gpu.load(f"""extern "C" __global__ void k(int* a, int* out) {{
        __shared__ int s[256]; int t = threadIdx.x, v = a[t] * 3 + 1; s[t] = v; out[t] = v; {access} out[256 + t] = v + s[255 - t]; }}""")
    a, out = gpu.array(np.arange(256, dtype=np.int32)), gpu.array(np.zeros(512, np.int32))
    with pytest.raises(CudaError, match=r"thread \(77,0,0\)") as error:
        library.launch("k", 1, 256, a, out)
    assert error.value.code == 700
    assert out.get()[77] == 77 * 3 + 1
    gpu.reset()


def test_registers_that_a_loop_and_a_branch_carry(gpu):
    """More values than registers, over back edges and joins, in blocks whose warps are not full."""
    source = """extern "C" __global__ void k(const int* in, int* out, int n) {
        int t = blockIdx.x * blockDim.x + threadIdx.x, v[40];
        for (int k = 0; k < 40; ++k) v[k] = in[t] * (k + 1) + k;
        for (int i = 0; i < n + t % 3; ++i) {
            #pragma unroll
            for (int k = 0; k < 40; ++k) v[k] = v[k] * 3 + v[(k + 7) % 40] ^ i;
            if (t % 7 == i) v[5] += v[31]; else if (t >> 5 & 1) v[9] -= 3;
        }
        int sum = 0;
        #pragma unroll
        for (int k = 0; k < 40; ++k) sum += v[k] * (k + 3);
        out[t] = sum;
    }"""
    data = np.random.default_rng(5).integers(-100, 100, 480).astype(np.int32)
    out = gpu.array(np.zeros(480, np.int32))
    gpu.load(source).launch("k", 3, 160, gpu.array(data), out, 6)
    t = np.arange(480)
    v = np.array([data * (k + 1) + k for k in range(40)], np.int32)
    with np.errstate(over="ignore"):
        for i in range(8):
            on = i < 6 + t % 3
            new = v.copy()
            for k in range(40):
                new[k] = (new[k] * np.int32(3) + new[(k + 7) % 40]) ^ np.int32(i)
            new[5] = np.where(t % 7 == i, new[5] + new[31], new[5])
            new[9] = np.where((t % 7 != i) & (t >> 5 & 1 == 1), new[9] - 3, new[9])
            v = np.where(on, new, v)
        want = (v * (np.arange(40, dtype=np.int32) + 3)[:, None]).sum(0, dtype=np.int32)
    assert (out.get() == want).all()


PARTED = """
extern "C" __global__ void k(float* data, int rounds) {
    __shared__ float values[256];
    const int t = threadIdx.x;
    values[t] = data[t];
    for (int round = 0; round < rounds; ++round) {
        __syncthreads();
        if (t > 0 && t < 255) {
            const float mean = (values[t - 1] + values[t] + values[t + 1]) / 3;
            __syncthreads();
            values[t] = mean;
        }
    }
    data[t] = values[t];
}
"""


def test_lanes_elsewhere_keep_what_only_they_still_need(gpu):
    """Two lanes are a barrier ahead of the others, so a row that is free for those is the predicate of these."""
    library = gpu.load(PARTED)
    results = []
    for seed in (0, 1):
        data = gpu.array((np.arange(256) % 7).astype(np.float32))
        gpu.seed(seed)
        library.launch("k", 1, 256, data, 20)
        results.append(data.get())
    gpu.seed(0)
    np.testing.assert_array_equal(*results)


def executable_memory():
    """Return how many bytes of anonymous memory of this process hold code: neighbouring mappings are listed as one."""
    gc.collect()  # modules of other tests
    maps = pathlib.Path("/proc/self/maps").read_text()
    ranges = re.findall(r"^(\w+)-(\w+) r-xp 00000000 00:00 0 *$", maps, re.MULTILINE)
    return sum(int(end, 16) - int(start, 16) for start, end in ranges)


@usual_build_only("There is no machine code where sanitizers look.")
def test_pieces_are_made_once_and_go_with_their_module(gpu):
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    if not all(f" avx512{part}" in flags for part in ("f", "bw", "cd", "dq", "vl")):
        pytest.skip("the processor has no AVX-512")
    if os.environ.get("PMPP_SIM_JIT") == "0" or os.environ.get("PMPP_SIM_ISA", "v4") != "v4":
        pytest.skip("a setting forbids pieces")
    before = executable_memory()
    library = gpu.load('extern "C" __global__ void k(int* a) { int t = threadIdx.x; a[t] = a[t] * 3 + t; }')
    a = gpu.array(np.arange(64, dtype=np.int32))
    library.launch("k", 1, 64, a)
    once = executable_memory()
    library.launch("k", 1, 64, a)
    assert once > before
    assert executable_memory() == once
    library.unload()
    assert executable_memory() == before
