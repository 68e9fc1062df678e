"""Put threads that do the same work into the same warps."""

import numpy as np

from pmpp.testing import Case, Owned, Owner, Problem, Speedup

# The even elements of 256 belong to the first 128 threads.
owner = Owner(
    lambda at, shape, launch: Owned((at[0] // 256,), (at[0] % 256 // 2 + at[0] % 2 * 128,), at[0] // 256 < launch.grid[0]),
    lambda _: (256,),
)
problem = Problem(
    title="Threads of one warp, work of one kind",
    minutes=20,
    kind="make it faster",
    signature="int root_or_reciprocal(const float* in, float* out, int n, int turns)",
    read=("4", "4.5"),
    owner=owner,
    speedup=Speedup(
        "stubs/two_kinds.cu", lambda rng, n: worked_out(rng, n, 10), (1 << 14, 1 << 24), sequential="baselines/two_kinds.cpp"
    ),
)


def worked_out(rng, n, turns, **rest):
    """Take numbers for which ten turns are enough."""
    data = rng.uniform(0.5, 4, n).astype(np.float32)
    answer = 1 / data.astype(np.float64)
    answer[::2] = np.sqrt(data[::2].astype(np.float64))
    inputs = {"in": data, "n": n, "turns": turns}
    suspects = {"Roots and reciprocals are exchanged.": np.where(np.arange(n) % 2, np.sqrt(data), 1 / data)} if n else {}
    return Case(f"n = {n:,}", inputs, {"out": answer}, rtol=1e-5, suspects=suspects, min_launches=n > 0, **rest)


@problem.test("sizes around a block")
def sizes(rng):
    """Try a block, one element more and one less, several blocks, a few elements, none."""
    for n in (256, 257, 255, 1000, 129, 2, 1, 0):
        yield worked_out(rng, n, 10)


@problem.test("divergence")
def divergence(rng):
    """Count on whole blocks: 256 warps."""
    yield worked_out(rng, 8192, 10, limits={"divergent_branches": 0, "warp_instructions": 22_000})
