"""Writes the tables of counts in the pages on ladders, from exact counters of the software GPU.

python docs/ladders.py          writes them
python docs/ladders.py --check  says whether they are current

Where benchmarks/results/ has what was measured on a GPU with the kernels as they are, each rung's speedup over the one before
stands beside its counts.
"""

import ctypes
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

import pmpp
from pmpp.convolution import correlate2d
from pmpp.histogram import histogram
from pmpp.matmul import matmul
from pmpp.nn.convolution import convolve, images_gradient, weights_gradient
from pmpp.reduction import reduce_sum
from pmpp.scan import inclusive_scan
from pmpp.sort import merge, radix
from pmpp.testing import counters
from pmpp.vector import vector_add

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "benchmarks"))
from measure import digest  # noqa: E402

RESULTS = DOCS.parent / "benchmarks" / "results"
COLUMNS = {
    "instructions of threads": (1, ("thread_instructions",)),
    "bytes read": (32, ("global_load_sectors",)),
    "bytes written": (32, ("global_store_sectors",)),
    "shared wavefronts": (1, ("shared_load_wavefronts", "shared_store_wavefronts")),
    "bank conflicts": (1, ("shared_bank_conflicts",)),
    "atomics": (1, ("atomics",)),
    "turns of atomics": (1, ("atomic_serialization",)),
    "barriers": (1, ("barriers",)),
}
"""What is counted: a factor, and the counters that are added up."""


@dataclass
class Ladder:
    """What a page's table is made of."""

    function: Callable
    call: Callable[[str], object]
    """Runs a variant."""
    items: int
    item: str
    """What the counts are divided by, in number and in words."""
    benchmark: str
    """Its name in benchmarks/results."""


def normal(*shape: int, dtype: str = "float32") -> np.ndarray:
    """The same numbers at every call."""
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def integers(n: int, most: int, dtype: str) -> np.ndarray:
    """The same integers at every call."""
    return np.random.default_rng(0).integers(0, most, n, dtype)


def train(variant: str) -> None:
    """What a step of training asks of a convolution layer."""
    images, weights, gradient = normal(16, 8, 20, 20), normal(8, 8, 5, 5), normal(16, 8, 16, 16)
    convolve(images, weights, variant=variant)
    weights_gradient(images, gradient, weights.shape, variant=variant)
    images_gradient(gradient, weights, variant=variant)


N, SIDE, IMAGE, KEYS = 2**16, 256, 256, 2**14
WEIGHTS = np.outer(normal(5), normal(6)[1:])
PAGES = {
    "vector.md": Ladder(
        vector_add, lambda v: vector_add(normal(N), normal(N), variant=v), N, "of 65,536 float32", "vector_add"
    ),
    "matmul.md": Ladder(
        matmul,
        lambda v: matmul(*[normal(SIDE, SIDE, dtype="float16" if v == "tensor_core" else "float32")] * 2, variant=v),
        SIDE**3,
        "multiplication of two 256 x 256 matrices of float32, of float16 in the last row",
        "matmul float32",
    ),
    "convolution.md": Ladder(
        correlate2d,
        lambda v: correlate2d(normal(IMAGE, IMAGE), WEIGHTS, mode="same", variant=v),
        IMAGE * IMAGE,
        "of 256 x 256 pixels of float32, with 5 x 5 weights",
        "correlate2d",
    ),
    "histogram.md": Ladder(
        histogram,
        lambda v: histogram(normal(N), 256, (-4, 4), variant=v),
        N,
        "of 65,536 float32 of a normal distribution, with 256 bins",
        "histogram",
    ),
    "reduction.md": Ladder(
        reduce_sum, lambda v: reduce_sum(normal(N), variant=v), N, "of 65,536 float32 that are added", "reduce_sum"
    ),
    "scan.md": Ladder(
        inclusive_scan, lambda v: inclusive_scan(normal(N), variant=v), N, "of 65,536 float32 that are added", "inclusive_scan"
    ),
    "merge.md": Ladder(
        merge.merge,
        lambda v: merge.merge(*np.sort(integers(N, 2**31 - 1, "int32").reshape(2, -1)), variant=v),
        N,
        "of 65,536 int32 of the result",
        "merge",
    ),
    "radix.md": Ladder(
        radix.sort,
        lambda v: radix.sort(integers(KEYS, 2**32 - 1, "uint32"), variant=v),
        KEYS,
        "of 16,384 random uint32",
        "radix.sort",
    ),
    "nn.md": Ladder(
        convolve,
        train,
        3 * (16 * 8 * 16 * 16) * (8 * 5 * 5),  # as many in each of the three
        "product of the forward pass and both gradients, for 16 images, 8 channels and 8 filters of 5 x 5, float32",
        "convolution layer",
    ),
}
BEGIN, END = "<!-- written by docs/ladders.py: begin -->", "<!-- end -->"


def counted(call: Callable[[], object]) -> list[int]:
    """What the launches of a call do together, by column; by one thread, so that nobody polls for what is not there yet."""
    runtime = ctypes.CDLL("libpmpp_simt.so")
    threads = runtime.pmpp_simt_threads()
    runtime.pmpp_simt_set_threads(1)
    try:
        with counters.count() as kernels:
            call()
    finally:
        runtime.pmpp_simt_set_threads(threads)
    return [factor * sum(kernel.counters[name] for kernel in kernels for name in names) for factor, names in COLUMNS.values()]


def measured(benchmark: str) -> dict[str, dict[str, str]]:
    """Speedups over the rung before, by GPU and rung."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(RESULTS.glob("*/bench.json")):
        for result in json.loads(path.read_text()):
            rungs = [row for row in result["rows"] if row["kind"] == "rung"]
            current = result["digest"] == digest(result["kernels"])
            if result["name"] == benchmark and result["before"]["device"] == "cuda" and current:
                steps = {b["name"]: f"{a['seconds'] / b['seconds']:.2f}x" for a, b in pairwise(rungs)}
                found[f"{result['before']['gpu']}, {result['problem']}"] = steps
    return found


def table(ladder: Ladder) -> str:
    """One row a rung, for each item; a column of zeros is left out."""
    rows = {name: counted(partial(ladder.call, name)) for name in pmpp.variants(ladder.function)}
    shown = [i for i in range(len(COLUMNS)) if any(row[i] for row in rows.values())]
    speedups = measured(ladder.benchmark)
    heads = ["variant", *(list(COLUMNS)[i] for i in shown), *(f"measured over the rung before, {gpu}" for gpu in speedups)]
    lines = [f"For each {ladder.item}:", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, row in rows.items():
        steps = [steps.get(name, "") for steps in speedups.values()]
        lines.append(f"| {' | '.join([f'`{name}`', *(f'{row[i] / ladder.items:.3g}' for i in shown), *steps])} |")
    return "\n".join(lines)


def page(name: str) -> str:
    """The page with its table as it should be."""
    text = (DOCS / name).read_text()
    block = f"{BEGIN}\n{table(PAGES[name])}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, text, flags=re.DOTALL)


def main() -> int:
    """Write the tables, or check them."""
    stale = [name for name in PAGES if page(name) != (DOCS / name).read_text()]
    if "--check" in sys.argv:
        for name in stale:
            print(f"docs/{name} is not current: run python docs/ladders.py")
        return bool(stale)
    for name in stale:
        (DOCS / name).write_text(page(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
