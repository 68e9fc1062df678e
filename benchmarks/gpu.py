"""The parts of gpu.sh: calls of every variant, comparison of the two devices, measurements.

python benchmarks/gpu.py calls results.npz      call every variant, keep what comes out
python benchmarks/gpu.py compare a.npz b.npz    are both the same, bit for bit?
python benchmarks/gpu.py measure folder [size] [file ...]
                                                time every ladder, or those of files like sort/radix, and its peers on the
                                                GPU, into folder/bench.json
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import platform
import runpy
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import pmpp
from pmpp._runtime.device import choose

SIZES = (0, 1, 31, 33, 1021, 4099)


def inputs(dtype: str, n: int, seed: int = 0) -> np.ndarray:
    """Return whole numbers so small that all sums of them are exact: then no order of additions changes a bit."""
    kind, rng = np.dtype(dtype), np.random.default_rng([n, seed])
    low = -8 if kind.kind in "if" else 0
    return rng.integers(low, 9, n).astype(kind)


def calls(sizes: tuple[int, ...]) -> Iterator[tuple[str, object]]:
    """Yield a name and a result for every variant of every function."""
    from pmpp.convolution import convolve2d, correlate2d, correlate3d
    from pmpp.histogram import bincount, histogram
    from pmpp.matmul import matmul
    from pmpp.nn.convolution import convolve
    from pmpp.reduction import reduce_argmax, reduce_max, reduce_sum
    from pmpp.scan import exclusive_scan, inclusive_scan, segmented_scan
    from pmpp.sort import merge, radix
    from pmpp.vector import vector_add

    rng = np.random.default_rng(0)
    for n in sizes:
        for variant in pmpp.variants(vector_add):
            for dtype in ("float32", "float64"):  # one addition each: exact by itself
                a, b = rng.standard_normal((2, n)).astype(dtype)
                yield f"vector_add {variant} {dtype} {n}", vector_add(a, b, variant=variant)
        for function in (inclusive_scan, exclusive_scan):
            for variant in pmpp.variants(function):
                for dtype in ("int32", "uint64", "float32"):
                    found = function(inputs(dtype, n), variant=variant)
                    yield f"{function.__name__} {variant} {dtype} {n}", found
        for variant in pmpp.variants(segmented_scan):
            found = segmented_scan(inputs("int64", n), inputs("uint8", n, 1) > 7, variant=variant)
            yield f"segmented_scan {variant} {n}", found
        for function in (reduce_sum, reduce_max, reduce_argmax):
            for variant in pmpp.variants(function) if n else ():
                for dtype in ("int8", "uint32", "float32", "float64"):
                    yield f"{function.__name__} {variant} {dtype} {n}", function(inputs(dtype, n), variant=variant)
        for variant in pmpp.variants(histogram) if n else ():
            for dtype in ("uint8", "int32", "float32"):
                counts, _ = histogram(inputs(dtype, n), 17, (-8, 9), variant=variant)
                yield f"histogram {variant} {dtype} {n}", counts
            yield f"bincount {variant} {n}", bincount(inputs("uint8", n), variant=variant)
        for variant in pmpp.variants(merge.merge):
            a, b = np.sort(inputs("int32", n)), np.sort(inputs("int32", n + 7, 1))
            yield f"merge {variant} {n}", merge.merge(a, b, variant=variant)
        for variant in pmpp.variants(merge.sort):
            yield f"merge.sort {variant} {n}", merge.sort(inputs("float32", n), variant=variant)
        for variant in pmpp.variants(radix.sort):
            for dtype in ("uint8", "int32", "float32", "uint64"):
                keys = rng.permutation(inputs(dtype, n))
                yield f"sort {variant} {dtype} {n}", radix.sort(keys, variant=variant)
                sorted_keys, values = radix.sort_pairs(keys, np.arange(n, dtype=np.uint32), variant=variant)
                yield f"sort_pairs keys {variant} {dtype} {n}", sorted_keys
                yield f"sort_pairs values {variant} {dtype} {n}", values
                yield f"argsort {variant} {dtype} {n}", radix.argsort(keys, variant=variant)
    for m, n, k in ((1, 1, 1), (33, 65, 17), (130, 129, 128)):
        for variant in pmpp.variants(matmul):
            for dtype in ("float32", "float64", "float16"):
                if variant != "tensor_core" or dtype == "float16":
                    a, b = inputs(dtype, m * k).reshape(m, k), inputs(dtype, k * n, 1).reshape(k, n)
                    yield f"matmul {variant} {dtype} {m} {n} {k}", matmul(a, b, variant=variant)
    weights = np.outer([1, 2, 1], [1, 0, -1])
    for variant in pmpp.variants(convolve2d):
        for dtype in ("float32", "float64"):
            for boundary in ("fill", "wrap", "symm"):
                image = inputs(dtype, 67 * 45).reshape(67, 45)
                found = convolve2d(image, weights.astype(dtype), boundary=boundary, variant=variant)
                yield f"convolve2d {variant} {dtype} {boundary}", found
            volume = inputs(dtype, 5 * 45 * 37).reshape(5, 45, 37)
            yield f"correlate3d {variant} {dtype}", correlate3d(volume, weights.astype(dtype)[None], variant=variant)
            if variant not in ("constant", "separable", "fused"):  # which take no channels
                channels = inputs(dtype, 4 * 5 * 9, 1).reshape(4, 5, 3, 3)
                yield f"correlate2d {variant} {dtype} channels", correlate2d(volume, channels, variant=variant)
    for variant in pmpp.variants(convolve):
        images, filters = inputs("float32", 2 * 3 * 20 * 21).reshape(2, 3, 20, 21), inputs("float32", 300, 1).reshape(4, 3, 5, 5)
        yield f"nn.convolve {variant}", convolve(images, filters, variant=variant)


def compare(one: Path, other: Path) -> int:
    """Print what differs, and return how many results do."""
    a, b = np.load(one), np.load(other)
    wrong = sorted(set(a.files) ^ set(b.files))
    for name in a.files:
        if name in b.files and (a[name].dtype != b[name].dtype or a[name].tobytes() != b[name].tobytes()):
            wrong.append(name)
    for name in wrong:
        print(f"differs: {name}")
    print(f"{len(a.files) - len(wrong)} of {len(a.files)} results are the same to the bit")
    return len(wrong)


def state() -> dict[str, str]:
    """Return what the numbers depend on beside the code."""
    found = {"python": platform.python_version(), "device": pmpp.device()}
    if (gpu := choose().gpu) is not None:
        found |= {"gpu": gpu.name, "driver": gpu.driver}
    query = ["nvidia-smi", "--query-gpu=clocks.sm,clocks.mem,power.draw,temperature.gpu", "--format=csv,noheader"]
    try:
        found["clocks"] = subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found["clocks"] = "not asked: nvidia-smi does not answer"
    for package in ("numpy", "torch", "cupy", "numba"):
        try:
            found[package] = importlib.import_module(package).__version__
        except ImportError:
            found[package] = "not installed"
    return found


def measure_file(folder: Path, name: str, size: int | None) -> None:
    """Time the cases of a file, and put what was measured into the results in the folder, in the place of what was there."""
    import measure
    import report

    path, kept = measure.files()[name], folder / "bench.json"
    module = runpy.run_path(str(path))
    n = size or module["SIZES"][pmpp.device()]
    counts = measure.moved(path, n) if pmpp.device() == "sim" else {}
    for case in module["cases"](n):
        with alone(folder):
            before = state()
            result = measure.measure(case, measure.ROUNDS[pmpp.device()], counts=counts, host=False)
            print(f"{report.table(result)}\n", flush=True)
            results = json.loads(kept.read_text()) if kept.exists() else []
            results = [old for old in results if (old["name"], old["problem"]) != (result.name, result.problem)]
            results.append(result.json() | {"before": before, "after": state()})
            kept.write_text(json.dumps(sorted(results, key=lambda old: old["name"]), indent=1) + "\n")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep the other processes of a measurement waiting: what they have on the GPU would be in our times."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def measure_all(folder: Path, only: list[str], size: int | None) -> int:
    """Time the cases of all files, or of those named, and return how many files failed.

    Each has a process of its own, so that one makes its problems and their answers on the host while another is timed.
    """
    import measure

    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in measure.files() if not only or name in only]
    if unknown := set(only) - set(names):
        sys.exit(f"no cases in {', '.join(sorted(unknown))}: there are {', '.join(measure.files())}")

    def run(name: str) -> int:
        command = [sys.executable, __file__, "measure-file", str(folder), name, *([str(size)] if size else [])]
        return subprocess.run(command, check=False).returncode

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, names))
    failed = [name for name, code in zip(names, found, strict=True) if code]
    for name in failed:
        print(f"{name} failed")
    return len(failed)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["calls", path, *sizes]:
            np.savez(path, **{name: np.asarray(found) for name, found in calls(tuple(map(int, sizes)) or SIZES)})
        case ["compare", one, other]:
            sys.exit(compare(Path(one), Path(other)) > 0)
        case ["measure", folder, *rest]:
            size = next((int(word) for word in rest if word.isdigit()), None)
            sys.exit(measure_all(Path(folder), [word for word in rest if not word.isdigit()], size) > 0)
        case ["measure-file", folder, name, *size]:
            measure_file(Path(folder), name, int(size[0]) if size else None)
        case _:
            sys.exit(__doc__)
