"""Instructions through which lanes see each other, and barriers."""

import numpy as np
import pytest

LANES = np.arange(32)
FULL = 0xFFFFFFFF


def run(gpu, body, block=32, arch="75", count=None, dtype=np.uint32, prefix=""):
    source = f"""{prefix}
    extern "C" __global__ void k(unsigned* out) {{ unsigned i = threadIdx.x; {body} }}"""
    out = gpu.array(np.full(count or block, 0xDEAD, dtype))
    gpu.load(source, arch).launch("k", 1, block, out)
    return out.get()


@pytest.mark.parametrize("width", [32, 16, 4])
@pytest.mark.parametrize("mode", ["__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync"])
@pytest.mark.parametrize("operand", [0, 1, 3, 5])
def test_shuffle(gpu, mode, width, operand):
    got = run(gpu, f"out[i] = {mode}(~0u, i * i + 1, {operand}, {width});")
    base = LANES // width * width
    inside = LANES % width
    source = {
        "__shfl_sync": base + operand % width,
        "__shfl_up_sync": np.where(inside >= operand, LANES - operand, LANES),
        "__shfl_down_sync": np.where(inside + operand < width, LANES + operand, LANES),
        "__shfl_xor_sync": np.where((inside ^ operand) < width, base + (inside ^ operand), LANES),
    }[mode]
    if mode == "__shfl_xor_sync":
        source = np.where((LANES ^ operand) // width <= LANES // width, LANES ^ operand, LANES)
    assert (got == source * source + 1).all()


def test_shuffle_by_lane_and_of_doubles(gpu):
    got = run(gpu, "double d = __shfl_sync(~0u, i * 1.5, (i * 7 + 3) % 32); out[i] = (unsigned)(d * 2);")
    assert (got == (LANES * 7 + 3) % 32 * 3).all()


def test_shuffle_inside_a_branch(gpu):
    got = run(gpu, "unsigned v = 0; if (i < 16) v = __shfl_xor_sync(0xffffu, i, 1); else v = __shfl_xor_sync(0xffff0000u, i * 3, 2); out[i] = v;")
    assert (got == np.where(LANES < 16, LANES ^ 1, (LANES ^ 2) * 3)).all()


def test_lanes_of_different_branches_wait_for_each_other(gpu):
    # Lanes get to the shuffle at different times; all of them must be there before it happens.
    body = """unsigned v = i;
    for (unsigned n = 0; n < i % 4; ++n) v = v * 3 + n;
    asm volatile("" ::: "memory");
    if (i % 2) { for (unsigned n = 0; n < i; ++n) v ^= n; }
    __syncwarp();
    out[i] = __shfl_sync(~0u, v, 31 - i);"""
    want = []
    for i in range(32):
        v = i
        for n in range(i % 4):
            v = (v * 3 + n) & FULL
        if i % 2:
            for n in range(i):
                v ^= n
        want.append(v)
    assert (run(gpu, body) == want[::-1]).all()


def test_syncwarp_on_both_sides_of_a_branch(gpu):
    body = """__shared__ volatile unsigned s[32];
    s[i] = i;
    if (i < 16) { s[i] = i + 100; __syncwarp(); out[i] = s[i + 16]; }
    else { s[i] = i + 200; __syncwarp(); out[i] = s[i - 16]; }"""
    assert (run(gpu, body) == np.where(LANES < 16, LANES + 216, LANES + 84)).all()


def test_votes(gpu):
    body = """unsigned r = __ballot_sync(~0u, i % 3 == 0);
    r ^= __any_sync(~0u, i == 40) ? 1u << 1 : 0; r ^= __all_sync(~0u, i < 32) ? 1u << 2 : 0;
    if (i >= 8) r ^= __ballot_sync(0xffffff00u, i & 1) >> 1;
    out[i] = r ^ __activemask();"""
    ballot = sum(1 << i for i in range(0, 32, 3)) ^ 4 ^ FULL
    odd = sum(1 << i for i in range(9, 32, 2)) >> 1
    assert (run(gpu, body) == np.where(LANES >= 8, ballot ^ odd, ballot)).all()


def test_match(gpu):
    body = """unsigned a = __match_any_sync(~0u, i % 5); int p; unsigned long long w = i / 32 + (1ull << 40);
    unsigned b = __match_all_sync(~0u, w, &p); int q; unsigned c = __match_all_sync(~0u, i, &q);
    out[i] = a ^ (b == ~0u && p ? 0 : 1u << 31) ^ (c == 0 && !q ? 0 : 1u << 30);"""
    assert (run(gpu, body) == [sum(1 << j for j in range(32) if j % 5 == i % 5) for i in range(32)]).all()


def test_redux(gpu):
    body = """unsigned m = i < 12 ? 0xfffu : 0xfffff000u;
    out[i] = i < 12 ? __reduce_add_sync(m, i) : __reduce_max_sync(m, i * 3);
    out[32 + i] = __reduce_min_sync(~0u, (int)i - 10); out[64 + i] = __reduce_xor_sync(~0u, 1u << i) ^ __reduce_or_sync(~0u, i);"""
    got = run(gpu, body, arch="80", count=96)
    assert (got[:32] == np.where(LANES < 12, 66, 93)).all()
    assert (got[32:64].view(np.int32) == -10).all()
    assert (got[64:] == FULL ^ 31).all()


def test_exited_lanes_do_not_block(gpu):
    body = "if (i % 4 == 1) return; __syncwarp(); unsigned v = __ballot_sync(~0u, 1); __syncthreads(); out[i] = v;"
    got = run(gpu, body, block=64)
    lanes = np.arange(64) % 4 == 1
    assert (got[lanes] == 0xDEAD).all()
    assert (got[~lanes] == 0xDDDDDDDD).all()


def test_partial_block(gpu):
    body = """__shared__ unsigned s[45]; s[i] = i; __syncthreads();
    unsigned v = __ballot_sync(__activemask(), 1); out[i] = s[44 - i] + v % 7 * 1000;"""
    got = run(gpu, body, block=45)
    assert (got == 44 - np.arange(45) + np.where(np.arange(45) < 32, FULL % 7, 0x1FFF % 7) * 1000).all()


def test_barrier_reductions(gpu):
    body = """unsigned a = __syncthreads_count(i % 3 == 0), b = __syncthreads_and(i < 100), c = __syncthreads_or(i == 77);
    unsigned d = __syncthreads_and(i != 5), e = __syncthreads_or(i > 1000);
    out[i] = a * 100 + (b != 0) + (c != 0) * 2 + (d != 0) * 4 + (e != 0) * 8;"""
    assert (run(gpu, body, block=96) == 32 * 100 + 3).all()


def test_named_barriers_with_counts(gpu):
    # Two warps produce, two consume, each pair through a barrier of its own.
    body = """__shared__ unsigned s[64]; unsigned warp = i / 32, lane = i % 32;
    if (warp < 2) { s[i] = i * 5; __threadfence_block(); asm volatile("bar.arrive %0, 64;" :: "r"(1 + warp) : "memory"); out[i] = 1; }
    else { asm volatile("bar.sync %0, 64;" :: "r"(warp - 1) : "memory"); out[i] = s[(warp - 2) * 32 + 31 - lane]; }"""
    got = run(gpu, body, block=128)
    assert (got[:64] == 1).all()
    assert (got[64:] == np.concatenate([31 - LANES, 63 - LANES]) * 5).all()


def test_cooperative_groups_tiles(gpu):
    prefix = "#include <cooperative_groups.h>\n#include <cooperative_groups/reduce.h>\nnamespace cg = cooperative_groups;"
    body = """auto tile = cg::tiled_partition<8>(cg::this_thread_block());
    unsigned sum = cg::reduce(tile, i, cg::plus<unsigned>());
    auto part = cg::labeled_partition(cg::tiled_partition<32>(cg::this_thread_block()), i % 3);
    unsigned most = cg::reduce(part, i, cg::greater<unsigned>());
    auto some = cg::binary_partition(cg::tiled_partition<32>(cg::this_thread_block()), i < 20);
    out[i] = sum + 1000 * most + 100000 * some.size();"""
    for arch in ("75", "80"):
        got = run(gpu, body, prefix=prefix, arch=arch)
        sums = np.repeat([sum(range(t, t + 8)) for t in range(0, 32, 8)], 8)
        most = np.array([max(j for j in range(32) if j % 3 == i % 3) for i in range(32)])
        assert (got == sums + 1000 * most + 100000 * np.where(LANES < 20, 20, 12)).all()


def test_elect_and_clusters(gpu):
    source = """#include <cooperative_groups.h>
    namespace cg = cooperative_groups;
    extern "C" __global__ void __cluster_dims__(4, 1, 1) k(unsigned* out) {
        __shared__ unsigned s[32];
        auto cluster = cg::this_cluster();
        unsigned rank = cluster.block_rank();
        s[threadIdx.x] = rank * 100 + threadIdx.x;
        cluster.sync();
        unsigned* other = cluster.map_shared_rank(s, (rank + 1) % 4);
        unsigned v = other[31 - threadIdx.x] + 1000 * cluster.query_shared_rank(other);
        cluster.sync();
        out[blockIdx.x * 32 + threadIdx.x] = v + 10000 * cluster.num_blocks();
    }"""
    out = gpu.array(np.zeros(8 * 32, np.uint32))
    gpu.load(source, "90").launch("k", 8, 32, out)
    rank = (np.arange(8) % 4 + 1) % 4
    want = (rank * 1100)[:, None] + (31 - LANES)[None, :] + 40000
    assert (out.get().reshape(8, 32) == want).all()
