"""Histogram of bytes: the ladder beside NumPy, in one run.

    python benchmarks/histogram.py [elements] [rounds]

Arrays stay on the device, out= is given, and the time runs until the device is done. On the software GPU the times are
measured on this machine's CPU: they tell about the software GPU, not about a GPU.
"""

import sys
from collections.abc import Callable

import numpy as np
from measure import medians, table

import pmpp
from pmpp.histogram import histogram

BYTES_AN_ELEMENT = 1  # a uint8 is read
BINS, RANGE = 256, (0, 256)


def contestants(n: int) -> dict[str, Callable[[], object]]:
    """Return what is timed, each checked once: every rung on a device array, and NumPy on a host array."""
    a = np.random.default_rng(0).integers(0, 256, n, np.uint8)
    stream = pmpp.Stream()
    x, out = pmpp.DeviceArray.from_numpy(a), pmpp.DeviceArray((BINS,), "int64")

    def rung(name: str) -> Callable[[], object]:
        def call() -> None:
            histogram(x, BINS, RANGE, out=out, variant=name, stream=stream)
            stream.synchronize()

        call()
        np.testing.assert_array_equal(out.numpy(stream=stream), np.bincount(a, minlength=BINS))
        return call

    found: dict[str, Callable[[], object]] = {name: rung(name) for name in pmpp.variants(histogram)}
    found["numpy.histogram"] = lambda: np.histogram(a, BINS, RANGE)
    return found


def main(n: int = 1 << 20, rounds: int = 10) -> None:
    """Print the table."""
    title = f"histogram, {n} uint8, {BINS} bins, device {pmpp.device()}, median of {rounds} rounds, measured"
    print(table(title, medians(contestants(n), rounds), BYTES_AN_ELEMENT * n))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
