"""Vector addition: the ladder beside NumPy, in one run.

    python benchmarks/vector.py [elements] [rounds]

Arrays stay on the device, out= is given, and the time runs until the device is done. On the software GPU the times are
measured on this machine's CPU: they tell about the software GPU, not about a GPU.
"""

import sys
from collections.abc import Callable

import numpy as np
from measure import medians, table

import pmpp
from pmpp.vector import vector_add

BYTES_AN_ELEMENT = 12  # two float32 are read, one is written


def contestants(n: int) -> dict[str, Callable[[], object]]:
    """Return what is timed, each checked once: every rung on device arrays, and NumPy on host arrays."""
    a, b = np.random.default_rng(0).random((2, n), dtype=np.float32)
    host_out = np.empty_like(a)
    stream = pmpp.Stream()
    x, y = pmpp.DeviceArray.from_numpy(a), pmpp.DeviceArray.from_numpy(b)
    out = pmpp.DeviceArray(a.shape, a.dtype)

    def rung(name: str) -> Callable[[], object]:
        def call() -> None:
            vector_add(x, y, out=out, variant=name, stream=stream)
            stream.synchronize()

        call()
        np.testing.assert_array_equal(out.numpy(stream=stream), a + b)
        return call

    found: dict[str, Callable[[], object]] = {name: rung(name) for name in pmpp.variants(vector_add)}
    found["numpy.add"] = lambda: np.add(a, b, out=host_out)
    return found


def main(n: int = 1 << 20, rounds: int = 30) -> None:
    """Print the table."""
    title = f"vector_add, {n} float32, device {pmpp.device()}, median of {rounds} rounds, measured"
    print(table(title, medians(contestants(n), rounds), BYTES_AN_ELEMENT * n))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
