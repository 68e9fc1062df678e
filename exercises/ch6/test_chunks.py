"""Make coalesced what every thread did in a chunk of its own."""

import numpy as np

from pmpp.testing import Case, Owned, Owner, Problem, Speedup

# In each turn a block does 256 samples in a row.
owner = Owner(
    lambda at, shape, launch: Owned((at[0] // 2048,), (at[0] % 256,), at[0] // 2048 < launch.grid[0]), lambda _: (2048,)
)
problem = Problem(
    title="Coalesce: neighbours read neighbours",
    minutes=10,
    kind="make it faster",
    signature="int amplify(const float* in, float* out, int n, float gain)",
    read=("6", "6.1"),
    owner=owner,
    speedup=Speedup("stubs/chunks.cu", lambda rng, n: amplified(rng, n), (1 << 18, 1 << 26), sequential="baselines/chunks.cpp"),
)


def amplified(rng, n, **rest):
    """Amplify random samples."""
    samples = rng.standard_normal(n, dtype=np.float32)
    gain = float(np.float32(rng.uniform(0.5, 2)))
    inputs = {"in": samples, "n": n, "gain": gain}
    return Case(f"n = {n:,}", inputs, {"out": np.float32(gain) * samples}, min_launches=n > 0, **rest)


@problem.test("sizes around a block's share")
def sizes(rng):
    """Try 2048 samples, a few more, a few less, several blocks, one, none."""
    for n in (2048, 2049, 2047, 5000, 255, 257, 1, 0):
        yield amplified(rng, n)


@problem.test("sectors")
def traffic(rng):
    """Count on whole blocks, where every sector can be used in full, by as many threads as before."""
    n = 64 << 10
    yield amplified(rng, n, limits={"global_load_sectors": n // 8, "global_store_sectors": n // 8}, max_threads=n // 8)
