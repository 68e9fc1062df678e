"""Make it faster: several elements a thread, every so many-th one."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="Make it faster: warps that read side by side",
    minutes=10,
    signature="int histogram_interleaved(const unsigned char* data, int n, unsigned* bins)",
    read=("9", "9.5"),
    kind="make it faster",
    owner=anybody(),
)


def _case(name, data, **more):
    n = data.size
    expect = np.bincount(data, minlength=256).astype(np.uint32)
    grid = -(-n // 2048) * 128
    suspects = {"Each thread has counted one element only: it must go on.": np.bincount(data[:grid], minlength=256)}
    inputs = {"data": data, "n": n, "bins": np.zeros(256, np.uint32)}
    return Case(name, inputs, {"bins": expect}, suspects=suspects if n else {}, min_launches=n > 0, **more)


@problem.test("sizes around the grid", schedules=2)
def sizes(rng):
    """Count random bytes, one value only, and mostly small values."""
    for n in (5000, 2048, 2047, 2049, 1, 127, 129, 40_009, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 256, n, np.uint8))
    yield _case("all are 255", np.full(3000, 255, np.uint8))
    yield _case("mostly small values", rng.geometric(0.3, 5000).clip(max=255).astype(np.uint8))


@problem.test("how well the elements are read")
def reads(rng):
    """Read every sector of 32 bytes once."""
    yield _case("n = 16,384", rng.integers(0, 256, 16_384, np.uint8), limits={"global_load_sectors": 16_384 // 32})
