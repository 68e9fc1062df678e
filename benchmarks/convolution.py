"""Convolution in two dimensions: the ladder beside SciPy, in one run.

    python benchmarks/convolution.py [side of the image] [side of the weights] [rounds]

Arrays stay on the device, out= is given, and the time runs until the device is done. On the software GPU the times are
measured on this machine's CPU: they tell about the software GPU, not about a GPU.
"""

import sys
from collections.abc import Callable

import numpy as np
from measure import medians, table
from scipy import signal

import pmpp
from pmpp.convolution import correlate2d

BYTES_A_PIXEL = 8  # a float32 is read and one is written: what no kernel can do without


def contestants(side: int, taps: int) -> dict[str, Callable[[], object]]:
    """Return what is timed, each checked once: every rung, with weights that each of them can do, and SciPy."""
    rng = np.random.default_rng(0)
    image = rng.random((side, side), dtype=np.float32)
    weights = np.outer(*rng.random((2, taps), dtype=np.float32))
    stream = pmpp.Stream()
    x, out = pmpp.DeviceArray.from_numpy(image), pmpp.DeviceArray(image.shape, image.dtype)
    expected = signal.correlate2d(image, weights, mode="same")

    def rung(name: str) -> Callable[[], object]:
        def call() -> None:
            correlate2d(x, weights, mode="same", out=out, variant=name, stream=stream)
            stream.synchronize()

        call()
        np.testing.assert_allclose(out.numpy(stream=stream), expected, rtol=1e-4)
        return call

    found: dict[str, Callable[[], object]] = {name: rung(name) for name in pmpp.variants(correlate2d)}
    found["scipy.signal"] = lambda: signal.correlate2d(image, weights, mode="same")
    return found


def main(side: int = 2048, taps: int = 5, rounds: int = 5) -> None:
    """Print the table."""
    problem = f"correlate2d, {side} x {side} float32, {taps} x {taps} weights"
    title = f"{problem}, device {pmpp.device()}, median of {rounds} rounds, measured"
    print(table(title, medians(contestants(side, taps), rounds), BYTES_A_PIXEL * side * side))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
