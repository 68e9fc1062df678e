"""Histogram in which a thread adds up runs of equal values first."""

from itertools import groupby

import numpy as np

from pmpp.testing import Case, Problem, Speedup, anybody


def _timed(rng, n):
    data = np.full(n, rng.integers(0, 256), np.uint8)
    bins = np.zeros(256, np.uint32)
    expect = np.bincount(data[:1], minlength=256).astype(np.uint32) * n
    return Case(f"n = {n:,}, one value only", {"data": data, "n": n, "bins": bins}, {"bins": expect.astype(np.uint32)})


problem = Problem(
    title="A histogram that adds up runs first",
    minutes=25,
    signature="int histogram_aggregated(const unsigned char* data, int n, unsigned* bins)",
    read=("9", "9.6"),
    owner=anybody(),
    speedup=Speedup("solutions/interleaved.cu", _timed, (1 << 18, 1 << 27), sequential="baselines/histogram.cpp"),
)


def _count(values):
    return np.bincount(np.array(values, np.int64), minlength=256)


def _case(name, data, **more):
    n = data.size
    expect = _count(data).astype(np.uint32)
    grid = -(-n // 2048) * 128
    runs = [[(value, len(list(run))) for value, run in groupby(data[t::grid].tolist())] for t in range(min(n, grid))]
    suspects = {
        "The last run of each thread is missing: count it after the loop.": expect
        - _count([value for mine in runs for value, length in mine[-1:] for _ in range(length)]),
        "Each run was counted as one element: add its length.": _count([value for mine in runs for value, _ in mine]),
    }
    inputs = {"data": data, "n": n, "bins": np.zeros(256, np.uint32)}
    return Case(name, inputs, {"bins": expect}, suspects=suspects if n else {}, min_launches=n > 0, **more)


@problem.test("sizes around the grid, data with and without runs", schedules=2)
def sizes(rng):
    """Count random bytes, few values, so that there are runs, and one value only."""
    for n in (5000, 2048, 2047, 2049, 1, 127, 129, 20_011, 0):
        yield _case(f"n = {n:,}, two values", rng.integers(7, 9, n, np.uint8))
    yield _case("random bytes", rng.integers(0, 256, 5000, np.uint8))
    yield _case("all are 255", np.full(3000, 255, np.uint8))
    yield _case("all are 0", np.zeros(3000, np.uint8))
    yield _case("long runs", np.repeat(rng.integers(0, 256, 20, np.uint8), 400))


@problem.test("runs save atomics")
def atomics(rng):
    """Add up constant data with one atomic operation a warp, and one for each block at the end."""
    data = np.full(16_384, rng.integers(0, 256), np.uint8)
    yield _case("n = 16,384, one value only", data, limits={"atomics": 8 * 4 + 8})
