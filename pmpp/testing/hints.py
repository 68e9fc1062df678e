"""The steps of a problem's hints, and which of them speaks about a failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BOUNDS = ("outside", "inside", "bound", "past", "beyond", "last", "leave", "there is one")
_BLOCKS = ("blockIdx", "grid", "blocks", "ceil", "round", "block")
_ORDER = ("__syncthreads", "barrier", "wait", "__syncwarp", "fence", "atomic", "before", "between")
_MEMORY = ("cudaMalloc", "cudaFree", "free", "bytes", "sizeof")
#: What a step speaks about that helps with a kind of failure. The kinds are those of diagnose.py, faults.py and the checkers.
ABOUT: dict[str, tuple[str, ...]] = {
    "race": _ORDER,
    "barrier-divergence": (*_ORDER, "return"),
    "sync-mask": ("mask", "__shfl", "shuffle", "lane"),
    "uninitialized": ("zero", "stores 0", "identity", "initial", "every"),
    "out of bounds": _BOUNDS,
    "out-of-bounds": _BOUNDS,
    "overrun": _BOUNDS,
    "edge": _BOUNDS,
    "tail": _BOUNDS,
    "last tile": _BOUNDS,
    "halo": ("halo", *_BOUNDS),
    "grid too small": _BLOCKS,
    "first block only": _BLOCKS,
    "unwritten": (*_BLOCKS, "store"),
    "all zero": ("store", "copy", "launch"),
    "launch": ("<<<", "launch", *_BLOCKS),
    "too many threads": ("stride", "coarse", "each thread", "loop"),
    "endless": ("loop", "stop", "until", *_ORDER),
    "shifted": ("index", "minus", "offset"),
    "transposed": ("row", "column"),
    "period": ("stride", "index"),
    "copy": ("store", "add", "launch"),
    "leak": _MEMORY,
    "memory": _MEMORY,
    "misaligned": ("align", *_MEMORY),
    "host-pointer": ("cudaMemcpy", "device", "copy"),
    "crash": ("cudaMemcpy", "device pointer", "copy", *_BOUNDS),
    "error ignored": ("error", "return"),
    "status": ("error", "return"),
    "slow": ("fewer", "once", "coalesce", "coalescing", "neighbour", "side by side", "shared", "faster"),
    "no wait": ("cudaDeviceSynchronize", "wait"),
}
#: The same for a counter that misses its limit, by a part of its name.
ABOUT_COUNTERS: dict[str, tuple[str, ...]] = {
    "sectors": ("sector", "coalesce", "coalescing", "side by side", "neighbour"),
    "requests": ("sector", "coalesce", "coalescing", "side by side", "neighbour", "fewer"),
    "bank_conflicts": ("bank", "conflict", "padding", "padded"),
    "wavefronts": ("bank", "conflict", "padding", "padded"),
    "atomic": ("atomic", "privat"),
    "divergent": ("diverg", "warp"),
    "barriers": _ORDER,
    "instructions": ("fewer", "once", "unroll"),
}
#: Kinds that say that the whole approach is another one: the idea comes first.
IDEA = frozenset({"stub", "not launched", "technique", "no file", "no answer", "prediction", "implausible"})
#: Kinds of somebody who knows what to write and not how.
CODE = frozenset({"compile", "no function"})


@dataclass(frozen=True)
class Step:
    """One step of the hints, as Markdown."""

    number: int
    title: str
    text: str


def read(path: Path) -> list[Step]:
    """Read the steps: a heading of the second level each."""
    parts = re.split(r"^## +(?:\d+\. *)?(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return [Step(number, title.strip(), text.strip()) for number, (title, text) in enumerate(pairs, 1)]


def fitting(steps: list[Step], kind: str, said: str = "") -> Step:
    """Return the step that helps first with a failure.

    Parameters
    ----------
    kind
        Of the verdict.
    said
        What the learner was told: a name in it, such as ``__syncthreads``, that a step speaks of is what it is about.
    """
    if kind in IDEA or len(steps) == 1:
        return steps[0]
    if kind in CODE:
        return steps[-1]
    counters = [word for name, words in ABOUT_COUNTERS.items() if kind == "counters" and name in said for word in words]
    words = {*ABOUT.get(kind, ()), *counters, *re.findall(r"\b(?:__\w+|cuda[A-Z]\w+|\w+Idx)\b", said)}
    # Whoever has written something and is wrong has the idea; the approach says more and gives less away than the code.
    order = [*steps[1:], steps[0]]
    return next((step for step in order if any(word in step.text for word in words)), steps[1])
