"""What a file costs in the tests of its problem: exact counts on the software GPU, to be set beside the reference solution's."""

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
from pmpp.testing.runner import call

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


def _add(total: Costs, kernel: dict[str, Any], name: str) -> None:
    total.counters.update(kernel["counters"])
    for line in kernel["lines"]:
        if Path(line["file"]).name == name:
            total.lines.setdefault(line["line"], Counter()).update(line["counters"])
