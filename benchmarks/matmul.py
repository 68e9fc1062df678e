"""Matrix multiplication: the ladder beside NumPy, in one run.

    python benchmarks/matmul.py [side of the matrices] [dtype] [rounds]

Arrays stay on the device, out= is given, and the time runs until the device is done. On the software GPU the times are
measured on this machine's CPU: they tell about the software GPU, not about a GPU.
"""

import sys
from collections.abc import Callable

import ml_dtypes
import numpy as np
from measure import medians, table

import pmpp
from pmpp.matmul import matmul


def contestants(n: int, dtype: np.dtype) -> dict[str, Callable[[], object]]:
    """Return what is timed, each checked once: every rung that takes the dtype, and NumPy."""
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-4, 5, (n, n)).astype(dtype) for _ in range(2))  # products and sums are exact up to n = 2**19
    stream = pmpp.Stream()
    x, y = pmpp.DeviceArray.from_numpy(a), pmpp.DeviceArray.from_numpy(b)
    out = pmpp.DeviceArray((n, n), dtype)
    expected = (a.astype(np.float64) @ b.astype(np.float64)).astype(dtype)

    def rung(name: str) -> Callable[[], object]:
        def call() -> None:
            matmul(x, y, out=out, variant=name, stream=stream)
            stream.synchronize()

        call()
        np.testing.assert_array_equal(out.numpy(stream=stream), expected)
        return call

    names = [name for name in pmpp.variants(matmul) if name != "tensor_core" or dtype.itemsize == 2]
    found: dict[str, Callable[[], object]] = {name: rung(name) for name in names}
    found["numpy.matmul"] = lambda: np.matmul(a, b)
    return found


def main(n: int = 512, dtype: str = "float32", rounds: int = 5) -> None:
    """Print the table."""
    kind = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    title = f"matmul, {n} x {n} {kind.name}, device {pmpp.device()}, median of {rounds} rounds, measured"
    print(table(title, medians(contestants(n, kind), rounds), 2 * n**3, "GFLOP/s"))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(int(arguments[0]) if arguments else 512, *arguments[1:2], *map(int, arguments[2:]))
