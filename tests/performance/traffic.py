"""What the top rungs move through global memory: run by test_traffic.py with one thread of the software GPU, prints JSON."""

import json
import sys
from collections.abc import Callable

import numpy as np

import pmpp
from pmpp.convolution import correlate2d
from pmpp.histogram import histogram
from pmpp.reduction import reduce_sum
from pmpp.scan import inclusive_scan
from pmpp.sort import radix
from pmpp.testing import counters
from pmpp.vector import vector_add

N = 1 << 24
SIDE = 1 << 11  # of an image


def arrays(*dtypes: str) -> list[pmpp.DeviceArray]:
    rng = np.random.default_rng(0)
    made = []
    for dtype in dtypes:
        host = rng.random(N, dtype=dtype) if np.dtype(dtype).kind == "f" else rng.integers(0, np.iinfo(dtype).max, N, dtype, True)
        made.append(pmpp.DeviceArray.from_numpy(host))
    return made


def vector() -> tuple[Callable, int]:
    a, b, out = arrays("float32", "float32", "float32")
    return lambda: vector_add(a, b, out=out), N


def reduction() -> tuple[Callable, int]:
    (x,) = arrays("float32")
    return lambda: reduce_sum(x), N


def bytes_histogram() -> tuple[Callable, int]:
    (x,) = arrays("uint8")
    out = pmpp.DeviceArray((256,), "int64")
    return lambda: histogram(x, 256, (0, 256), out=out), N


def scan() -> tuple[Callable, int]:
    x, out = arrays("float32", "float32")
    return lambda: inclusive_scan(x, out=out), N


def radix_keys() -> tuple[Callable, int]:
    keys, out = arrays("uint32", "uint32")
    return lambda: radix.sort(keys, out=out), N


def radix_pairs() -> tuple[Callable, int]:
    keys, values, keys_out, values_out = arrays("uint32", "uint32", "uint32", "uint32")
    return lambda: radix.sort_pairs(keys, values, out=(keys_out, values_out)), N


def convolution() -> tuple[Callable, int]:
    rng = np.random.default_rng(0)
    image = pmpp.DeviceArray.from_numpy(rng.random((SIDE, SIDE), dtype=np.float32))
    out, weights = pmpp.DeviceArray((SIDE, SIDE), "float32"), rng.random((5, 5), dtype=np.float32)
    return lambda: correlate2d(image, weights, mode="same", variant="tiled", out=out), SIDE * SIDE


CASES = (vector, reduction, bytes_histogram, scan, radix_keys, radix_pairs, convolution)


def measure(case: Callable[[], tuple[Callable, int]]) -> dict[str, float]:
    """Bytes an element in sectors, what they would be if all sectors were full, and conflicts a wavefront."""
    call, elements = case()
    with counters.count() as kernels:
        call()
    total = {name: sum(kernel.counters[name] for kernel in kernels) for name in kernels[0].counters}
    both = {end: total[f"global_load_sectors{end}"] + total[f"global_store_sectors{end}"] for end in ("", "_ideal")}
    return {
        "bytes": 32 * both[""] / elements,
        "ideal": 32 * both["_ideal"] / elements,
        "load": 32 * total["global_load_sectors"] / elements,
        "store": 32 * total["global_store_sectors"] / elements,
        "conflicts": total["shared_bank_conflicts"],
    }


if __name__ == "__main__":
    json.dump({case.__name__: measure(case) for case in CASES}, sys.stdout)
