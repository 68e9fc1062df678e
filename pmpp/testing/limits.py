"""Judges exact counts: a limit that is missed, a technique that is not there; names the line that counts most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pmpp.testing.counters import Kernel
from pmpp.testing.faults import Failure
from pmpp.testing.problem import Case

#: What each counter counts, after a number.
WORDS: Mapping[str, str] = {
    "thread_instructions": "instructions of threads",
    "warp_instructions": "instructions of warps",
    "divergent_branches": "branches at which the threads of a warp part",
    "global_load_requests": "requests of warps that load from global memory",
    "global_load_sectors": "sectors of 32 bytes that are loaded from global memory",
    "global_load_sectors_ideal": "sectors that the loaded bytes would fill",
    "global_store_requests": "requests of warps that store to global memory",
    "global_store_sectors": "sectors of 32 bytes that are stored to global memory",
    "global_store_sectors_ideal": "sectors that the stored bytes would fill",
    "l1_hit_sectors": "loaded sectors that the L1 cache gives",
    "shared_load_wavefronts": "passes that loads from shared memory take",
    "shared_store_wavefronts": "passes that stores to shared memory take",
    "shared_bank_conflicts": "bank conflicts in shared memory",
    "atomics": "atomic operations of warps",
    "atomic_serialization": "turns that atomic operations wait for one another",
    "barriers": "warps that come to a barrier",
    "flop": "operations on floating-point numbers",
    "dram_read_bytes": "bytes read from DRAM",
    "dram_write_bytes": "bytes written to DRAM",
}


def total(kernels: Sequence[Kernel]) -> Counter[str]:
    """Add up the counters of some launches."""
    counters: Counter[str] = Counter()
    for kernel in kernels:
        counters.update(kernel.counters)
    return counters


def judge(case: Case, kernels: Sequence[Kernel], name: Callable[[str], Path], lines: Sequence[str]) -> Failure | None:
    """Return the first counter of a call that is not what the case asks for.

    Parameters
    ----------
    name
        From a file of the line table to the path that the learner knows.
    lines
        The learner's source.
    """
    counted = total(kernels)
    for counter, exact in case.counts.items():
        if (got := counted[counter]) != exact:
            sentence = f"The result is right, but not by this technique: {_number(counter, got)}, where it takes {exact:,}"
            return Failure(
                "technique",
                f"{counter} is {got:,}, the technique takes {exact:,}",
                [f"{sentence}: {_ratio(got, exact)}.", *_hottest(counter, kernels, name, lines)],
            )
    for counter, most in case.limits.items():
        if (got := counted[counter]) > most:
            enough = f"{most:,} are enough" if most else "none is needed"
            sentence = f"The result is right, but costs too much: {_number(counter, got)}, where {enough}"
            sentence += f": {_ratio(got, most)}" if most else ""
            return Failure(
                "counters",
                f"{counter} is {got:,}, at most {most:,} will do",
                [f"{sentence}.", *_hottest(counter, kernels, name, lines)],
            )
    return None


def _number(counter: str, got: int) -> str:
    return f"{got:,} {WORDS[counter]} ({counter})"


def _ratio(got: int, wanted: int) -> str:
    if got > wanted:
        return f"{got / wanted:.2g} times as many" if wanted and got >= 1.1 * wanted else f"{got - wanted:,} too many"
    return f"{wanted - got:,} too few"


def _hottest(counter: str, kernels: Sequence[Kernel], name: Callable[[str], Path], lines: Sequence[str]) -> Iterator[str]:
    """Yield a sentence about the source line that counts most, and the line."""
    by_line: Counter[tuple[str, int]] = Counter()
    for kernel in kernels:
        for line in kernel.lines:
            if line.line:
                by_line[line.file, line.line] += line.counters[counter]
    if not by_line:
        return
    (file, number), most = by_line.most_common(1)[0]
    if not most:
        return
    share = "all of them" if most == total(kernels)[counter] else f"{most:,} of them"
    path = name(file)
    yield f"{path}:{number} is the line that counts most, {share}:"
    if path == name("") and number <= len(lines):
        text = lines[number - 1].expandtabs(4)
        margin = f"{number:5} | "
        yield f" {margin}{text}"
        yield " " * (len(margin) - 1) + "| " + " " * (len(text) - len(text.lstrip())) + "^" + "~" * (len(text.strip()) - 1)
