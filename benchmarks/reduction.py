"""Sum: the ladder of reduction beside NumPy, in one run.

    python benchmarks/reduction.py [elements] [rounds]

Arrays stay on the device, out= is given, and the time runs until the device is done. On the software GPU the times are
measured on this machine's CPU: they tell about the software GPU, not about a GPU.
"""

import sys
from collections.abc import Callable

import numpy as np
from measure import medians, table

import pmpp
from pmpp.reduction import reduce_sum

BYTES_AN_ELEMENT = 4  # a float32 is read


def contestants(n: int) -> dict[str, Callable[[], object]]:
    """Return what is timed, each checked once: every rung on a device array, and NumPy on a host array."""
    a = np.random.default_rng(0).random(n, dtype=np.float32)
    stream = pmpp.Stream()
    x, out = pmpp.DeviceArray.from_numpy(a), pmpp.DeviceArray((), a.dtype)

    def rung(name: str) -> Callable[[], object]:
        def call() -> None:
            reduce_sum(x, out=out, variant=name, stream=stream)
            stream.synchronize()

        call()
        np.testing.assert_allclose(out.numpy(stream=stream), a.sum(dtype=np.float64), rtol=1e-5)
        return call

    found: dict[str, Callable[[], object]] = {name: rung(name) for name in pmpp.variants(reduce_sum)}
    found["numpy.sum"] = lambda: a.sum()
    return found


def main(n: int = 1 << 20, rounds: int = 10) -> None:
    """Print the table."""
    title = f"reduce_sum, {n} float32, device {pmpp.device()}, median of {rounds} rounds, measured"
    print(table(title, medians(contestants(n), rounds), BYTES_AN_ELEMENT * n))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
