"""Warps in lockstep, and the accesses that are done a vector register at a time: each compared with plain arithmetic."""

import numpy as np
import pytest
from gpu import CudaError

LANES = np.arange(32)


@pytest.mark.parametrize("block", [32, 64, 224, 256, 320, 1000, 1024])
@pytest.mark.parametrize("cut", [0, 1, 31, 32, 40, 256, 999])
def test_warps_that_part_meet_again(gpu, block, cut):
    """Some warps take a branch, one takes it in part, loops have other lengths in every lane; then all of them meet."""
    source = """extern "C" __global__ void k(const int* in, int* out, int cut) {
        __shared__ int s[1024];
        int t = threadIdx.x, i = blockIdx.x * blockDim.x + t, v = in[i];
        if (t < cut) for (int n = 0; n < t % 37; ++n) v = v * 3 + n;
        else if (t % 5 == 1) v ^= 77;
        s[t] = v;
        __syncthreads();
        int w = s[blockDim.x - 1 - t];
        if (t == cut) return;
        __syncthreads();
        s[t] = w + v;
        __syncthreads();
        out[i] = s[(t + 33) % blockDim.x == cut ? t : (t + 33) % blockDim.x];
    }"""
    data = np.random.default_rng(1).integers(0, 1000, (3, block)).astype(np.int32)
    out = gpu.array(np.full((3, block), -1, np.int32))
    gpu.load(source).launch("k", 3, block, gpu.array(data), out, cut)
    t, v = np.arange(block), data.copy()
    for n in range(36):
        on = (t < cut) & (n < t % 37)
        v[:, on] = v[:, on] * 3 + n
    flipped = (t >= cut) & (t % 5 == 1)
    v[:, flipped] ^= 77
    w = v[:, ::-1] + v
    source_lane = np.where((t + 33) % block == cut, t, (t + 33) % block)
    want = w[:, source_lane]
    want[:, t == cut] = -1
    assert (out.get() == want).all()


def test_a_warp_that_waits_for_another_of_its_gang(gpu):
    """The one that waits is behind the one that it waits for, in the code and in the block."""
    source = """extern "C" __global__ void k(volatile int* flag, int* out) {
        int warp = threadIdx.x / 32;
        if (warp < 3) while (flag[warp + 1] == 0) {}
        out[threadIdx.x] = warp;
        __threadfence();
        flag[warp] = 1;
    }"""
    out = gpu.array(np.full(128, -1, np.int32))
    gpu.load(source).launch("k", 1, 128, gpu.array(np.zeros(4, np.int32)), out)
    assert (out.get() == np.arange(128) // 32).all()


def test_recursion_to_other_depths_in_every_warp(gpu):
    source = """__device__ __noinline__ int f(int n, int d) { int a[4]; for (int i = 0; i < 4; ++i) a[i] = n + i;
        int below = n > 0 ? f(n - 1 - (d & n & 1), d) : 0; return a[d & 3] + below; }
    extern "C" __global__ void k(int* out) { int t = threadIdx.x; out[t] = f(t / 32 + (t == 70) * 3, t); }"""
    out = gpu.array(np.zeros(256, np.int32))
    gpu.load(source).launch("k", 1, 256, out)

    def f(n, d):
        return n + (d & 3) + (f(n - 1 - (d & n & 1), d) if n > 0 else 0)

    assert out.get().tolist() == [f(t // 32 + (t == 70) * 3, t) for t in range(256)]


def test_a_fault_in_one_warp_of_a_gang_names_its_thread(gpu):
    library = gpu.load("""extern "C" __global__ void k(int* a, int* b) {
        int t = threadIdx.x; b[t] = 1; a[t == 77 ? 1 << 20 : t] = 2; b[t] = 3; }""")
    a, b = gpu.array(np.zeros(256, np.int32)), gpu.array(np.zeros(256, np.int32))
    with pytest.raises(CudaError, match=r"thread \(77,0,0\)"):
        library.launch("k", 1, 256, a, b)
    gpu.reset()


@pytest.mark.parametrize("mask", [0xFFFFFFFF, 0x7FFFFFFF, 0xFFFF0000, 0x10101010])
def test_comparisons_in_partial_warps(gpu, mask):
    """Predicates of inactive lanes keep their value; NaN is unordered; comparisons of every width."""
    source = """extern "C" __global__ void k(const float* x, const double* y, const long long* z, const short* h, unsigned mask, int* out) {
        int t = threadIdx.x, lane = t & 31, r = 0;
        if (mask >> lane & 1) {
            if (x[t] < 0.5f) r |= 1;
            if (!(x[t] >= 0.5f)) r |= 2;
            if (y[t] != y[t]) r |= 4;
            if (z[t] > -5) r |= 8;
            if (h[t] == 3) r |= 16;
            if ((unsigned long long)z[t] < 10ull) r |= 32;
        }
        out[t] = r;
    }"""
    rng = np.random.default_rng(3)
    x = rng.random(128, np.float32)
    x[::7] = np.nan
    y = np.where(np.arange(128) % 3 == 0, np.nan, 1.0)
    z, h = rng.integers(-20, 20, 128), rng.integers(0, 5, 128).astype(np.int16)
    out = gpu.array(np.full(128, -1, np.int32))
    gpu.load(source).launch("k", 1, 128, gpu.array(x), gpu.array(y), gpu.array(z), gpu.array(h), np.uint32(mask), out)
    want = (x < 0.5) | ~(x >= 0.5) << 1 | np.isnan(y) << 2 | (z > -5) << 3 | (h == 3) << 4 | ((z >= 0) & (z < 10)) << 5
    assert (out.get() == np.where(mask >> (np.arange(128) & 31) & 1, want, 0)).all()


PATTERNS = {
    "contiguous": LANES,
    "broadcast": LANES * 0 + 3,
    "two rows": LANES % 16 + LANES // 16 * 20,
    "two broadcasts": LANES // 16 * 16,
    "first lane above": (LANES + 1) % 32,
    "backwards": 31 - LANES,
    "shuffled": (LANES * 7 + 3) % 16 + LANES // 16 * 16,
    "one far": np.where(LANES == 13, 63, LANES),
    "gap of a word": LANES + (LANES >= 8),
    "to the end": LANES + 32,
    "the last word": LANES * 0 + 63,
}


@pytest.mark.parametrize("words", [1, 2])
@pytest.mark.parametrize("space", ["global", "shared"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_of_words(gpu, pattern, space, words):
    """Loads and stores of 4 and 8 bytes by index, in arrays that end where the pattern may end."""
    kind, dtype = ("int", np.int32) if words == 1 else ("long long", np.int64)
    source = f"""extern "C" __global__ void k(const {kind}* in, const int* at, {kind}* out, {kind}* back) {{
        {"__shared__" if space == "shared" else ""} {kind} {"s[64]" if space == "shared" else "*s = back"};
        int t = threadIdx.x, i = at[t];
        if (t == 0 && blockDim.x > 0) for (int n = 0; n < 64; ++n) s[n] = in[n];
        __syncthreads();
        out[t] = s[i];
        __syncthreads();
        if (t < 32) s[i] = t + 100;
        __syncthreads();
        if (t < 64) back[t] = s[t];
    }}"""
    index = np.concatenate([PATTERNS[pattern], PATTERNS["shuffled"]]).astype(np.int32)
    data = np.random.default_rng(4).integers(-1000, 1000, 64).astype(dtype)
    out, back = gpu.array(np.zeros(64, dtype)), gpu.array(np.zeros(64, dtype))
    gpu.load(source).launch("k", 1, 64, gpu.array(data), gpu.array(index), out, back)
    want = data.copy()
    for t, i in enumerate(index[:32]):   # of several lanes that store to one word, the last one wins
        want[i] = t + 100
    assert (out.get() == data[index]).all()
    assert (back.get() == want).all()


@pytest.mark.parametrize("lanes", [0xFFFFFFFF, 0xFFFF7FFF])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_several_loads_from_one_address(gpu, pattern, lanes):
    """Loads that share their addresses, in a loop that moves them; some lanes leave the loop early."""
    source = """extern "C" __global__ void k(const int* in, const int* at, int* out, unsigned lanes) {
        __shared__ int s[100];
        int t = threadIdx.x, r = 0;
        for (int n = t; n < 100; n += 64) s[n] = in[n];
        __syncthreads();
        const int* p = s + at[t];
        #pragma unroll 1
        for (int turn = 0; turn < 3; ++turn) {
            r = r * 3 + p[0] + 2 * p[7]; s[99] = turn; __syncthreads(); r += 5 * p[15] + 7 * p[33]; p += turn + 1;
            if (turn == 1 && !(lanes >> (t & 31) & 1)) break;
        }
        out[t] = r;
    }"""
    index = np.concatenate([PATTERNS[pattern] % 63, PATTERNS["contiguous"]]).astype(np.int32)
    data = np.random.default_rng(6).integers(-1000, 1000, 100).astype(np.int32)
    out = gpu.array(np.zeros(64, np.int32))
    library = gpu.load(source.replace("if (turn == 1", "if (turn == 1" if lanes != 0xFFFFFFFF else "if (turn == 9"))
    library.launch("k", 1, 64, gpu.array(data), gpu.array(index), out, np.uint32(lanes))
    want, place, s = np.zeros(64, np.int32), index.copy(), data.copy()
    for turn in range(3):
        on = (turn < 2) | (lanes >> (np.arange(64) & 31) & 1).astype(bool)
        r = want * 3 + s[place] + 2 * s[place + 7] + 5 * s[place + 15] + 7 * s[np.minimum(place + 33, 99)]
        want, place = np.where(on, r, want), place + turn + 1
    assert (out.get() == want).all()


@pytest.mark.parametrize("lane", [0, 15, 16, 31])
@pytest.mark.parametrize("displacements", [(0, 4, 992), (-4, 0, 4), (992, 0, 4)])
def test_several_loads_of_which_one_is_out_of_bounds(gpu, lane, displacements):
    """1024 bytes; one lane of the second warp is 32 bytes further on than it may be, or before the start."""
    offsets = [64 + 4 * (t % 8) - 64 * (min(displacements) < 0) + 4 * (min(displacements) < 0) for t in range(64)]
    offsets[32 + lane] = 32 if max(displacements) > 4 else 0
    good = [min(o, 28) for o in offsets] if max(displacements) > 4 else [max(o, 4) for o in offsets]
    body = "mov.u32 %r6, s; add.u32 %r5, %r5, %r6;" + "".join(f"ld.shared.u32 %r3, [%r5+{d}]; add.u32 %r2, %r2, %r3;" for d in displacements)
    launch_ptx(gpu, "mov.u32 %r2, 0;" + body, good)
    with pytest.raises(CudaError, match=rf"thread \({32 + lane},0,0\)"):
        launch_ptx(gpu, "mov.u32 %r2, 0;" + body, [*good[: 32 + lane], offsets[32 + lane], *good[33 + lane :]])
    gpu.reset()


PTX = """.version 7.0
.target sm_75
.address_size 64
.visible .entry k(.param .u64 in, .param .u64 at, .param .u64 out)
{{
  .reg .b32 %r<8>; .reg .b64 %rd<10>;
  .shared .align 4 .b8 s[1024];
  ld.param.u64 %rd1, [in]; ld.param.u64 %rd2, [at]; ld.param.u64 %rd3, [out];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd4, %r1, 8;
  add.u64 %rd5, %rd2, %rd4;
  ld.global.u64 %rd6, [%rd5];
  cvt.u32.u64 %r5, %rd6;
  mul.wide.u32 %rd7, %r1, 4;
  add.u64 %rd8, %rd3, %rd7;
  {body}
  st.global.u32 [%rd8], %r2;
  ret;
}}
"""


def launch_ptx(gpu, body, addresses, data=None, out=None):
    """Run the body for two warps; `addresses` go into %rd6 and, cut to 32 bits, into %r5."""
    out = out or gpu.array(np.zeros(64, np.uint32))
    data = data or gpu.array(np.arange(64, dtype=np.uint32))
    gpu.load(PTX.format(body=body)).launch("k", 1, 64, data, gpu.array(np.asarray(addresses, np.uint64)), out)
    return out.get()


def test_addresses_wrap_around(gpu):
    """A 32-bit offset and its displacement wrap at 2^32, a 64-bit address at 2^64."""
    store = "shl.b32 %r3, %r1, 2; mov.u32 %r4, s; add.u32 %r4, %r4, %r3; st.shared.u32 [%r4], %r1; bar.sync 0;"
    lanes = np.arange(64, dtype=np.uint64)
    offsets = (lanes % 32 * 4 - 64) % 2**32
    assert (launch_ptx(gpu, store + "ld.shared.u32 %r2, [%r5+64];", offsets) == lanes % 32).all()
    data = gpu.array(np.arange(64, dtype=np.uint32) + 5)
    addresses = [(data.address + 4 * (t % 32) - 2**31 + 2**64) % 2**64 for t in range(64)]
    far = "add.u64 %rd6, %rd6, 1073741824; ld.global.u32 %r2, [%rd6+1073741824];"
    assert (launch_ptx(gpu, far, addresses, data) == lanes % 32 + 5).all()


@pytest.mark.parametrize("lane", [0, 1, 15, 16, 31])
@pytest.mark.parametrize(
    ("access", "wrong"),
    [
        *((access, wrong) for access in ("ld.global", "st.global") for wrong in ("misaligned", "far", "high half")),
        # Offsets in shared memory have no high half.
        *((access, wrong) for access in ("ld.shared", "st.shared", "atom.shared") for wrong in ("misaligned", "far")),
    ],
)
def test_one_wrong_address_among_good_ones(gpu, access, wrong, lane):
    """The fast ways decline what is wrong in one lane of the second warp, wherever it is."""
    shared = "shared" in access
    data = gpu.array(np.arange(64, dtype=np.uint32))
    base = 0 if shared else data.address
    addresses = [base + 4 * (t % 32) for t in range(64)]
    addresses[32 + lane] += {"misaligned": 2, "far": 1 << (20 if shared else 24), "high half": 1 << 40}[wrong]
    base_of = "mov.u32 %r6, s; add.u32 %r5, %r5, %r6;" if shared else ""
    where = "[%r5]" if shared else "[%rd6]"
    body = base_of + {"ld": f"{access}.u32 %r2, {where};", "st": f"mov.u32 %r2, 7; {access}.u32 {where}, %r2;",
                      "at": f"{access}.add.u32 %r2, {where}, 1; mov.u32 %r2, 0;"}[access[:2]]  # fmt: skip
    with pytest.raises(CudaError, match=rf"thread \({32 + lane},0,0\)"):
        launch_ptx(gpu, body, addresses, data)
    gpu.reset()


def test_a_row_that_straddles_two_allocations(gpu):
    """One warp reads and writes two arrays, and each array from its first to its last word."""
    a, b = gpu.array(np.arange(16, dtype=np.uint32)), gpu.array(np.arange(16, dtype=np.uint32) + 100)
    addresses = [(a if t % 32 < 16 else b).address + 4 * (t % 16) for t in range(64)]
    want = np.tile(np.r_[np.arange(16), np.arange(16) + 100], 2)
    assert (launch_ptx(gpu, "ld.global.u32 %r2, [%rd6];", addresses) == want).all()
    launch_ptx(gpu, "mov.u32 %r2, %r1; st.global.u32 [%rd6], %r2;", addresses)
    assert (a.get() == np.arange(16) + 32).all()
    assert (b.get() == np.arange(16) + 48).all()


def test_a_load_into_its_own_address(gpu):
    """The destination is the row of the address."""
    offsets = [4 * (t % 8 + 2 * (t % 32 // 16)) for t in range(64)]
    store = "shl.b32 %r3, %r1, 2; mov.u32 %r4, s; add.u32 %r4, %r4, %r3; st.shared.u32 [%r4], %r1; bar.sync 0;"
    got = launch_ptx(gpu, store + "ld.shared.u32 %r5, [%r5]; mov.u32 %r2, %r5;", offsets)
    assert (got == np.array(offsets) // 4).all()


@pytest.mark.parametrize("lanes", [0xFFFFFFFF, 0x0000FFFF, 0x80000001])
def test_shared_atomics_with_and_without_a_result(gpu, lanes):
    """Lanes take their turns in order; who does not use the result gets the same sums."""
    source = """extern "C" __global__ void k(const int* at, unsigned lanes, unsigned* sums, unsigned* old) {
        __shared__ unsigned s[8]; __shared__ unsigned long long w[8]; __shared__ int m[8]; __shared__ float f[8];
        int t = threadIdx.x;
        if (t < 8) s[t] = t, w[t] = 0, m[t] = -5, f[t] = 0;
        __syncthreads();
        if (lanes >> (t & 31) & 1) {
            old[t] = atomicAdd(&s[at[t]], t);
            atomicAdd(&s[at[t]], 1000u); atomicAdd(&w[at[t]], 1ull << 32); atomicMax(&m[at[t]], t); atomicAdd(&f[at[t]], 0.5f);
        }
        __syncthreads();
        if (t < 8) sums[t] = s[t], sums[8 + t] = w[t] >> 32, sums[16 + t] = m[t], sums[24 + t] = (unsigned)(f[t] * 2);
    }"""
    at = np.random.default_rng(5).integers(0, 8, 32).astype(np.int32)
    sums, old = gpu.array(np.zeros(32, np.uint32)), gpu.array(np.zeros(32, np.uint32))
    gpu.load(source).launch("k", 1, 32, gpu.array(at), np.uint32(lanes), sums, old)
    want_old, s, count, most = np.zeros(32, int), np.arange(8), np.zeros(8, int), np.full(8, -5)
    for t in range(32):
        if lanes >> t & 1:
            want_old[t] = s[at[t]]
            s[at[t]] += t
            count[at[t]] += 1
            most[at[t]] = max(most[at[t]], t)
    want = np.concatenate([s + 1000 * count, count, most, count]).astype(np.uint32)
    assert (old.get() == want_old).all()
    assert (sums.get() == want).all()


def test_uniform_loads_in_gangs(gpu):
    source = """__constant__ double c[3] = {1.5, -2, 8}; __constant__ unsigned char b[4] = {1, 200, 3, 4};
    extern "C" __global__ void k(double* out) { int t = threadIdx.x; double v = c[1] + b[1]; if (t % 3) v += c[2]; out[t] = v; }"""
    out = gpu.array(np.zeros(256))
    gpu.load(source).launch("k", 1, 256, out)
    assert (out.get() == 198 + np.where(np.arange(256) % 3, 8, 0)).all()
