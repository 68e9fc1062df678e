"""Histogram with several elements a thread: those that follow one another."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="A histogram with several elements a thread",
    minutes=15,
    signature="int histogram_contiguous(const unsigned char* data, int n, unsigned* bins)",
    read=("9", "9.5"),
    owner=anybody(),
    instructions={"atom.shared": "The result is right, but nothing is counted in shared memory: keep the block's copy there."},
)


def _case(name, data):
    n = data.size
    expect = np.bincount(data, minlength=256).astype(np.uint32)
    suspects = {
        "Only one of 16 elements was counted: every thread takes kRun of them.": np.bincount(data[::16], minlength=256),
        "Each block has counted the first part again: where does its part begin?": np.bincount(data[:2048], minlength=256)
        * (-(-n // 2048)),
    }
    inputs = {"data": data, "n": n, "bins": np.zeros(256, np.uint32)}
    return Case(
        name,
        inputs,
        {"bins": expect},
        suspects=suspects if n else {},
        min_launches=n > 0,
        max_threads=-(-n // 2048) * 128,
    )


@problem.test("sizes around a thread's run and around a block's part", schedules=2)
def sizes(rng):
    """Count random bytes, one value only, and mostly small values."""
    for n in (5000, 2048, 2047, 2049, 1, 15, 17, 128, 40_009, 0):
        yield _case(f"n = {n:,}", rng.integers(0, 256, n, np.uint8))
    yield _case("all are 255", np.full(3000, 255, np.uint8))
    yield _case("mostly small values", rng.geometric(0.3, 5000).clip(max=255).astype(np.uint8))
