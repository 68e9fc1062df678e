"""Exact counts of what kernels do on the software GPU: by launch, in total and by source line."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from pmpp._runtime.device import LIBRARIES, device

__all__ = ["COUNTERS", "Kernel", "Line", "count"]

COUNTERS = (
    "thread_instructions",
    "warp_instructions",
    "divergent_branches",
    "global_load_requests",
    "global_load_sectors",
    "global_load_sectors_ideal",
    "global_store_requests",
    "global_store_sectors",
    "global_store_sectors_ideal",
    "l1_hit_sectors",
    "shared_load_wavefronts",
    "shared_store_wavefronts",
    "shared_bank_conflicts",
    "atomics",
    "atomic_serialization",
    "barriers",
    "flop",
    "dram_read_bytes",
    "dram_write_bytes",
)
"""Names of the counters, as ``docs/counters.md`` defines them."""


@dataclass(frozen=True)
class Line:
    """What one source line did in a launch."""

    file: str
    """Path as the compiler was given it; empty without line information."""
    line: int
    counters: dict[str, int]


@dataclass(frozen=True)
class Kernel:
    """What a launch did."""

    name: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    counters: dict[str, int]
    """By name, as ``docs/counters.md`` defines them."""
    lines: list[Line]
    """In the order of files and lines; every line that was executed."""


@contextmanager
def count() -> Iterator[list[Kernel]]:
    """Count what the launches inside of the ``with`` block do.

    Yields
    ------
    list of Kernel
        Empty until the block ends, then one entry a launch, in the order in which they ran.

    Raises
    ------
    RuntimeError
        On a GPU, which does not count; or inside of another ``count()``.

    Examples
    --------
    >>> import numpy as np
    >>> from pmpp.testing import counters
    >>> from pmpp.vector import vector_add
    >>> with counters.count() as kernels:
    ...     _ = vector_add(np.ones(2**20, np.float32), np.ones(2**20, np.float32), variant="thread_per_element")
    >>> kernels[0].counters["global_load_sectors"]
    262144
    """
    if device() != "sim":
        raise RuntimeError("Counters need the software GPU, and the GPU is in use: set PMPP_DEVICE=sim, or profile it with ncu.")
    gpu = simulator()
    if _counting:
        raise RuntimeError("count() is on already: leave the inner one out.")
    kernels: list[Kernel] = []
    gpu.cudaDeviceSynchronize()  # what was launched before is not counted
    gpu.pmpp_simt_count(1)
    _counting.append(kernels)
    try:
        yield kernels
    finally:
        gpu.cudaDeviceSynchronize()
        gpu.pmpp_simt_count(0)
        _counting.clear()
        kernels += parse(gpu.pmpp_simt_counted())


_counting: list[list[Kernel]] = []


@cache
def simulator() -> ctypes.CDLL:
    """Return the software GPU."""
    library = ctypes.CDLL(str(LIBRARIES / "sim" / "libpmpp_simt.so"))
    library.pmpp_simt_counted.restype = ctypes.c_char_p
    return library


def parse(text: bytes) -> list[Kernel]:
    """Read what the software GPU has counted."""
    return [
        Kernel(
            kernel["name"],
            tuple(kernel["grid"]),
            tuple(kernel["block"]),
            kernel["counters"],
            [Line(_path(line["file"]), line["line"], line["counters"]) for line in kernel["lines"]],
        )
        for kernel in json.loads(text)["kernels"]
    ]


def _path(text: str) -> str:
    # The bytes of the name arrive as characters of the same number.
    return text.encode("latin-1").decode(errors="replace")
