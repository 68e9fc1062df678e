"""Merging: the ladder beside NumPy, in one run.

    python benchmarks/merge.py [elements] [rounds]

Arrays stay on the device, out= is given, and the time runs until the device is done. On the software GPU the times are
measured on this machine's CPU: they tell about the software GPU, not about a GPU.
"""

import sys
from collections.abc import Callable

import numpy as np
from measure import medians, table

import pmpp
from pmpp.sort.merge import merge

BYTES_AN_ELEMENT = 8  # an int32 is read, and one is written


def contestants(n: int) -> dict[str, Callable[[], object]]:
    """Return what is timed, each checked once: every rung on device arrays, and NumPy on host arrays."""
    rng = np.random.default_rng(0)
    a, b = (np.sort(rng.integers(-(2**31), 2**31, k, np.int32)) for k in (n // 2, n - n // 2))
    both = np.concatenate([a, b])
    stream = pmpp.Stream()
    x, y, out = pmpp.DeviceArray.from_numpy(a), pmpp.DeviceArray.from_numpy(b), pmpp.DeviceArray((n,), a.dtype)

    def rung(name: str) -> Callable[[], object]:
        def call() -> None:
            merge(x, y, out=out, variant=name, stream=stream)
            stream.synchronize()

        call()
        np.testing.assert_array_equal(out.numpy(stream=stream), np.sort(both))
        return call

    found: dict[str, Callable[[], object]] = {name: rung(name) for name in pmpp.variants(merge)}
    found["numpy.sort, stable"] = lambda: np.sort(both, kind="stable")
    return found


def main(n: int = 1 << 20, rounds: int = 10) -> None:
    """Print the table."""
    title = f"merge, {n} int32 in two arrays, device {pmpp.device()}, median of {rounds} rounds, measured"
    print(table(title, medians(contestants(n), rounds), BYTES_AN_ELEMENT * n))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
