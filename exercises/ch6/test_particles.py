"""Load four floats at once."""

import numpy as np

from pmpp.testing import Case, Problem, Speedup

problem = Problem(
    title="Load a whole particle with one instruction",
    minutes=10,
    kind="make it faster",
    signature="int inertia(const float* particles, float* out, int n)",
    read=("6", "6.1"),
    speedup=Speedup(
        "stubs/particles.cu", lambda rng, n: moment(rng, n), (1 << 16, 1 << 23), sequential="baselines/particles.cpp"
    ),
)


def moment(rng, n, **rest):
    """Put particles at random places."""
    particles = rng.standard_normal((n, 4), dtype=np.float32)
    wide = particles.astype(np.float64)
    answer = wide[:, 3] * (wide[:, :3] ** 2).sum(axis=1)
    return Case(f"n = {n:,}", {"particles": particles, "n": n}, {"out": answer}, min_launches=n > 0, **rest)


@problem.test("sizes around a block")
def sizes(rng):
    """Try a block, one particle less and one more, several blocks, one particle, none."""
    for n in (256, 257, 255, 1000, 1, 0):
        yield moment(rng, n)


@problem.test("sectors")
def traffic(rng):
    """Expect each of the sectors to be asked for once."""
    n = 16_384
    yield moment(rng, n, limits={"global_load_sectors": n // 2, "global_store_sectors": n // 8})
