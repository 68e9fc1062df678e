"""Writes the tables of counts in the pages on ladders, from exact counters of the software GPU.

python docs/ladders.py          writes them
python docs/ladders.py --check  says whether they are current
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import pmpp
from pmpp.convolution import correlate2d
from pmpp.matmul import matmul
from pmpp.testing import counters
from pmpp.vector import vector_add

DOCS = Path(__file__).resolve().parent


def random(shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    """The same numbers at every call."""
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def table(rungs: dict[str, Callable[[], object]], items: int, item: str) -> str:
    """One row a rung: what its launches do together, for each item."""
    lines = [
        f"For each {item}:",
        "",
        "| variant | instructions of threads | bytes read | bytes written | shared wavefronts | bank conflicts |",
        "|---|---|---|---|---|---|",
    ]
    for name, call in rungs.items():
        with counters.count() as kernels:
            call()

        def each(*names: str, size: int = 1, launches: list[counters.Kernel] = kernels) -> str:
            return f"{size * sum(kernel.counters[name] for kernel in launches for name in names) / items:.3g}"

        cells = [
            f"`{name}`",
            each("thread_instructions"),
            each("global_load_sectors", size=32),
            each("global_store_sectors", size=32),
            each("shared_load_wavefronts", "shared_store_wavefronts"),
            each("shared_bank_conflicts"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def vector_table() -> str:
    """Of vector addition."""
    n = 2**16
    a = random((n,))
    rungs = {name: lambda name=name: vector_add(a, a, variant=name) for name in pmpp.variants(vector_add)}
    return table(rungs, n, "of 65,536 float32")


def matmul_table() -> str:
    """Of matrix multiplication."""
    n = 256

    def call(name: str, dtype: str) -> Callable[[], object]:
        return lambda: matmul(random((n, n), dtype), random((n, n), dtype), variant=name)

    rungs = {name: call(name, "float16" if name == "tensor_core" else "float32") for name in pmpp.variants(matmul)}
    return table(rungs, n**3, "multiplication of two 256 x 256 matrices of float32, of float16 in the last row")


def convolution_table() -> str:
    """Of convolution."""
    side, taps = 256, 5
    image, weights = random((side, side)), np.outer(random((taps,)), random((taps + 1,))[1:])
    rungs = {
        name: lambda name=name: correlate2d(image, weights, mode="same", variant=name) for name in pmpp.variants(correlate2d)
    }
    return table(rungs, side * side, "of 256 x 256 pixels of float32, with 5 x 5 weights")


PAGES = {"vector.md": vector_table, "matmul.md": matmul_table, "convolution.md": convolution_table}
BEGIN, END = "<!-- written by docs/ladders.py: begin -->", "<!-- end -->"


def page(name: str) -> str:
    """The page with its table as it should be."""
    text = (DOCS / name).read_text()
    block = f"{BEGIN}\n{PAGES[name]()}\n{END}"
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
