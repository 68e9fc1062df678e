"""What a file costs in the tests of its problem, beside the reference solution: exact counts on the software GPU, and times."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pmpp.testing.build import CompileError, Target, build
from pmpp.testing.course import Exercise
from pmpp.testing.findings import read_lines
from pmpp.testing.runner import Race, call
from pmpp.testing.speedup import FLUSHED, ROUNDS, TOO_LONG, cores

#: What is shown of the counters, in this order; the others follow from them or are of interest to few.
SHOWN = (
    "warp_instructions",
    "divergent_branches",
    "global_load_sectors",
    "global_store_sectors",
    "shared_bank_conflicts",
    "atomics",
    "barriers",
)


@dataclass
class Costs:
    """The counters of all launches in all tests together, and of each source line of the file."""

    counters: Counter[str] = field(default_factory=Counter)
    lines: dict[int, Counter[str]] = field(default_factory=dict)


def costs(exercise: Exercise, source: Path, cache_dir: Path, *, text: str | None = None) -> Costs | None:
    """Count what a file does in the tests of its problem; None if it does not come through them.

    Parameters
    ----------
    source
        The learner's file, or the reference solution.
    text
        Count this text instead of the file's.
    """
    problem, total = exercise.problem, Costs()
    if problem.kind == "predict":
        return total  # what is written there is numbers
    try:
        library = build(source, cache_dir, Target("sim"), text=text)
    except (OSError, CompileError):
        return None
    rng = np.random.default_rng(0)
    for test in problem.tests:
        if test.asks_device:
            continue
        cases = list(test.cases(rng))
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "counters")
            os.environ["PMPP_SIM_COUNTERS"] = str(report)
            try:
                outcome = call(
                    library, problem.signature, cases, device="sim", memory=problem.memory, seconds=10 * problem.seconds
                )
            finally:
                del os.environ["PMPP_SIM_COUNTERS"]
            if outcome.end != "finished":
                return None
            for kernel in read_lines(report):
                _add(total, kernel, source.name)
    return total


def race(exercise: Exercise, target: Target, cache_dir: Path) -> tuple[float, float, str] | None:
    """Time a learner's function and the reference solution's, in turn in one process, on the largest case of the tests.

    Returns
    -------
    tuple or None
        Median seconds of both, and the name of the case; None if one of them does not come through.
    """
    problem = exercise.problem
    if problem.kind == "predict":
        return None
    try:
        mine, reference = (build(source, cache_dir, target) for source in (exercise.file, exercise.solution))
    except (OSError, CompileError):
        return None
    rng = np.random.default_rng(0)
    cases = [case for test in problem.tests if not test.asks_device for case in test.cases(rng)]
    cases = [case for case in cases if not case.fail_malloc and case.returns == 0]
    if not cases:
        return None
    largest = max(cases, key=lambda case: sum(np.asarray(value).nbytes for value in case.inputs.values()))
    least, most, seconds = ROUNDS[target.device]
    outcome = call(
        mine,
        problem.signature,
        [largest],
        device=target.device,
        memory=problem.memory,
        seconds=TOO_LONG,
        race=Race(
            others=[(str(reference), problem.signature.name)],
            rounds=(least, most),
            seconds=seconds,
            threads=cores(),
            flushed=FLUSHED if target.device == "cuda" else 0,
            events=target.device == "cuda" and problem.memory == "device",
        ),
    )
    if outcome.end != "finished" or outcome.rounds is None or not len(outcome.rounds):
        return None
    ours, theirs = np.median(outcome.rounds[:, :2], axis=0).tolist()
    return ours, theirs, largest.name


def _add(total: Costs, kernel: dict[str, Any], name: str) -> None:
    total.counters.update(kernel["counters"])
    for line in kernel["lines"]:
        if Path(line["file"]).name == name:
            total.lines.setdefault(line["line"], Counter()).update(line["counters"])
