"""Convolution of a signal: a tile and its halo in one dimension."""

import numpy as np

from pmpp.testing import Case, Problem
from pmpp.testing.images import correlate

problem = Problem(
    title="A signal: tile and halo in one dimension",
    minutes=25,
    signature="int convolve_signal(const float* in, int n, const float* weights, int radius, float* out)",
    read=("7", "7.4"),
    instructions={"ld.shared": "The result is right, but nothing is read from shared memory: keep the tile there."},
)


def _case(signal, weights, name=None, **more):
    n, radius = signal.size, len(weights) // 2
    suspects = {
        "The weights are flipped: the first weight belongs to the neighbour on the left.": correlate(
            signal[None], weights[None, ::-1]
        )[0],
    }
    inputs = {"in": signal, "n": n, "weights": weights, "radius": radius}
    expect = {"out": correlate(signal[None], weights[None])[0]}
    return Case(name or f"n = {n:,}, radius {radius}", inputs, expect, suspects=suspects, atol=1e-5, min_launches=n > 0, **more)


@problem.test("sizes around a block, all radii", schedules=3)
def sizes(rng):
    """Use weights that are not symmetric, and a radius that is larger than the signal."""
    for n, radius in ((1000, 3), (256, 1), (255, 16), (257, 16), (1, 2), (5, 8), (512, 0), (3000, 7), (0, 1)):
        yield _case(rng.standard_normal(n, dtype=np.float32), rng.standard_normal(2 * radius + 1, dtype=np.float32))


@problem.test("a noisy heartbeat, smoothed")
def heartbeat(rng):
    """Smooth a made-up heartbeat; each input is to be loaded once a block."""
    time = np.arange(4096) % 256 / 256
    waves = ((1, 0.3, 2e-4), (-0.2, 0.36, 4e-4), (0.2, 0.6, 4e-3))
    beat = sum(height * np.exp(-((time - middle) ** 2) / width) for height, middle, width in waves)
    signal = (beat + rng.normal(0, 0.1, 4096)).astype(np.float32)
    weights = np.exp(-(np.arange(-8, 9) ** 2) / 18.0)
    # 16 blocks: for the tile 9 requests of at most 5 sectors; for 17 weights one sector a warp.
    most = 16 * (9 * 5 + 8 * 17)
    yield _case(
        signal, (weights / weights.sum()).astype(np.float32), "a heartbeat of 4,096 samples", limits={"global_load_sectors": most}
    )
