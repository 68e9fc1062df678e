"""Times a learner's function beside a baseline and beside sequential C++, and decides whether it is fast enough."""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pmpp import model
from pmpp._toolkit import ToolkitError
from pmpp.testing.build import Target, build, sequential
from pmpp.testing.course import CourseError
from pmpp.testing.faults import Failure
from pmpp.testing.limits import total
from pmpp.testing.problem import Case, Problem, Speedup
from pmpp.testing.runner import Outcome, Race, call
from pmpp.testing.signature import Signature

FLUSHED = 120 << 20  #: more than the L2 cache of any GPU
#: Rounds, at least and at most, and how long rounds beyond the least may go on, by device.
ROUNDS = {"sim": (7, 25, 0.7), "cuda": (30, 200, 1.0)}
TRIES = 3
#: On the software GPU time decides only where the baseline executes so many times as many warp instructions.
FEWER = 1.5
TOO_LONG = 60.0  #: seconds of processor time for all rounds together


@dataclass(frozen=True)
class Ratio:
    """How many times as fast: the median over rounds, and where it lies with 95 %."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write it with three digits, and its interval."""
        return f"{_short(self.median)} times ({_short(self.low)} to {_short(self.high)})"


def ratio(ours: np.ndarray, theirs: np.ndarray) -> Ratio:
    """Compare times of the same rounds."""
    ratios = np.sort(theirs / ours)
    n = len(ratios)
    reach = 0.98 * math.sqrt(n)  # 1.96 standard deviations of the rank of the median
    low, high = max(0, math.floor(n / 2 - reach)), min(n - 1, math.ceil(n / 2 + reach))
    return Ratio(float(np.median(ratios)), float(ratios[low]), float(ratios[high]))


@dataclass(frozen=True)
class Measured:
    """What came of a race."""

    baseline: Ratio
    sequential: Ratio | None
    with_copies: Ratio | None


def measure(
    problem: Problem, folder: Path, library: Path, case: Case, target: Target, cache_dir: Path, longer: int = 1
) -> tuple[Measured | None, Outcome]:
    """Time the function of a library beside those that the problem names; None if the race did not come to its end."""
    speedup = problem.speedup
    assert speedup is not None
    others = [_baseline(speedup, folder, target, cache_dir)]
    if speedup.sequential:
        source = folder / speedup.sequential
        others.append((str(sequential(source, cache_dir)), _function(source)))
    least, most, seconds = ROUNDS[target.device]
    race = Race(
        others=others,
        rounds=(least * longer, most * longer),
        seconds=seconds * longer,
        threads=cores(),
        flushed=FLUSHED if target.device == "cuda" else 0,
        # What a function on host memory takes is the host's time; the software GPU has no other.
        events=target.device == "cuda" and problem.memory == "device",
    )
    outcome = call(library, problem.signature, [case], device=target.device, memory=problem.memory, seconds=TOO_LONG, race=race)
    if outcome.end != "finished" or outcome.rounds is None:
        return None, outcome
    ours, base, *rest = outcome.rounds.T
    plain = rest[0] if speedup.sequential else None
    copies = ratio(ours + rest[-1], plain) if plain is not None and speedup.copies and problem.memory == "device" else None
    return Measured(ratio(ours, base), None if plain is None else ratio(ours, plain), copies), outcome


def _baseline(speedup: Speedup, folder: Path, target: Target, cache_dir: Path) -> tuple[str, str]:
    source = folder / speedup.baseline
    return str(build(source, cache_dir, target)), _function(source)


def _function(source: Path) -> str:
    """Return the name of the first function that a file exports."""
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{source} cannot be read: {error.strerror}") from None
    found = re.search(r'extern "C" [\w ]+?(\w+)\(', text)
    if found is None:
        raise CourseError(f'{source} exports no function: it needs extern "C" int name(...)')
    return found[1]


@dataclass(frozen=True)
class Counted:
    """Warp instructions of the learner's function and of the baseline, and how many times as fast a model says it is."""

    ours: int
    base: int
    modelled: float | None = None
    gpu: str = ""
    case: str = ""


def count(problem: Problem, folder: Path, library: Path, case: Case, cache_dir: Path) -> Counted:
    """Count both on the software GPU, and model both times on the GPU that is chosen."""
    assert problem.speedup is not None
    path, name = _baseline(problem.speedup, folder, Target("sim"), cache_dir)
    instructions, times = [], []
    for file, signature in ((library, problem.signature), (Path(path), _renamed(problem.signature, name))):
        with tempfile.TemporaryDirectory() as ptx:
            outcome = call(
                file, signature, [case], device="sim", memory=problem.memory, seconds=TOO_LONG, count=True,
                observers={"PMPP_SIM_PTX": ptx},
            )  # fmt: skip
            written = outcome.written[0] if outcome.written else None
            instructions.append(total(written.kernels)["warp_instructions"] if written else 0)
            times.append(_modelled_us(written.entries, Path(ptx)) if written else None)
    faster = times[1] / times[0] if times[0] and times[1] else None
    return Counted(instructions[0], instructions[1], faster, _gpu().name, case.name)


def _gpu() -> model.Device:
    return model.device(os.environ.get("PMPP_SIM_GPU") or "h200")


def _modelled_us(kernels: Sequence[Mapping[str, Any]], ptx: Path) -> float | None:
    """Return what some launches take by the model; None where it cannot say."""
    try:
        taken = {
            key: model.resources(ptx / key[0], _gpu(), key[1])[key[1]]
            for key in {(kernel["module"], kernel["symbol"]) for kernel in kernels}
        }
        return sum(model.modelled(k, _gpu(), taken[k["module"], k["symbol"]]).time_us for k in kernels)
    except (ToolkitError, ValueError, LookupError, OSError):
        return None


def _renamed(signature: Signature, name: str) -> Signature:
    return Signature(signature.text, name, signature.returns, signature.parameters)


def judge(
    speedup: Speedup, device: str, again: Callable[[int], Measured], counted: Callable[[], Counted], first: Measured
) -> tuple[Failure | None, Measured, str]:
    """Decide whether a function is fast enough.

    Parameters
    ----------
    again
        Measures once more, with so many times as many rounds.
    counted
        Counts the function and the baseline.

    Returns
    -------
    tuple
        What is wrong, if anything; the last measurement; what is to be said about how it was decided.
    """
    wanted = speedup.at_least.get(device)
    if wanted is None:
        return None, first, ""
    found = counted() if device == "sim" else Counted(0, 0)
    ours, base = found.ours, found.base
    if device == "sim" and base < FEWER * ours:
        return None, first, f"not judged by time: it executes {_fewer(base, ours)}"
    measured = first
    for attempt in range(2, TRIES + 2):
        got = measured.baseline
        if got.low >= wanted:
            return None, measured, f"at least {_short(wanted)} times was asked for"
        if got.high < wanted:
            headline = f"{_short(got.median)} times as fast as the baseline, at least {_short(wanted)} times is asked for"
            sentence = f"The result is right, but slow: {_short(got.median)} times as fast as {_name(speedup)} (between "
            sentence += f"{_short(got.low)} and {_short(got.high)} times), and at least {_short(wanted)} times is asked for."
            return Failure("slow", headline, [sentence]), measured, ""
        if attempt <= TRIES:
            measured = again(attempt)
    if device != "sim":
        found = counted()
        ours, base = found.ours, found.base
    if base >= FEWER * ours:
        return None, measured, f"too noisy to tell by time; it executes {_fewer(base, ours)}"
    text = f"The result is right; its time varies too much to tell whether it is {_short(wanted)} times as fast as "
    text += f"{_name(speedup)}, and it executes {_fewer(base, ours)}."
    return Failure("slow", "too noisy to tell by time, and too many warp instructions", [text]), measured, ""


def _fewer(base: int, ours: int) -> str:
    factor = base / max(ours, 1)
    return f"{_short(factor)} times fewer warp instructions" if factor >= 1.05 else "no fewer warp instructions"


def lines(speedup: Speedup, measured: Measured, device: str, remark: str, counted: Counted | None) -> list[str]:
    """Return what a learner reads of a measurement."""
    where = "the software GPU" if device == "the software GPU" else f"the {device}"
    count = cores()
    with_cores = f", {count} CPU {'core' if count == 1 else 'cores'}" if device == "the software GPU" else ""
    found = [f"{measured.baseline} as fast as {_name(speedup)}, measured on {where}{with_cores}"]
    found[0] += f"; {remark}" if remark else ""
    if counted is not None and counted.modelled:
        where = f"modelled on the {counted.gpu}, {counted.case}"
        found.append(f"{_short(counted.modelled)} times as fast as {_name(speedup)}, {where}")
    if measured.sequential is not None:
        found.append(f"{measured.sequential} as fast as sequential C++ on one CPU core (g++ -O3)")
    if measured.with_copies is not None:
        found.append(f"{measured.with_copies} as fast as it with the copies to the device and back")
    return found


def _name(speedup: Speedup) -> str:
    path = Path(speedup.baseline)
    return "the stub" if path.parent.name == "stubs" else path.name


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0))


def _short(value: float) -> str:
    """Write a ratio with two or three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 10 else f"{value:.2g}"
