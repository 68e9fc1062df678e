"""What `pmpp replay` runs: a program, or an exercise's function on the inputs of its test. Both can run again and again."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import click

from pmpp._toolkit import ToolkitError
from pmpp.cli.program import on_software_gpu
from pmpp.testing import check, messages
from pmpp.testing.build import CompileError, build
from pmpp.testing.compare import compare
from pmpp.testing.course import Exercise
from pmpp.testing.findings import CHECKERS, Finding, findings_of, read_lines
from pmpp.testing.judge import first_wrong
from pmpp.testing.problem import Case
from pmpp.testing.runner import Outcome, call

SCHEDULES = 32
SECONDS = 20.0
"""So many schedules are tried for one whose answer is wrong, and for so long."""


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    answer: str
    """Stands for all that came out: two runs with one answer did the same."""
    wrong: str = ""
    """A sentence, if it is known to be wrong."""
    printed: str = ""
    """The last line of what it printed."""


class Subject(Protocol):
    """Something that runs on the software GPU."""

    files: dict[str, Path]
    said: list[str]
    """Sentences about what is run."""

    def run(self, environment: Mapping[str, str]) -> Result:
        """Run it once, with observers on; PMPP_SIM_SEED is the schedule."""
        ...

    def suspect(self) -> tuple[list[int], int] | None:
        """Return the block and the thread that computed what is wrong, if that is known."""
        ...


class Program:
    """An executable file with its arguments."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command
        self.files: dict[str, Path] = {}
        self.said: list[str] = []

    def run(self, environment: Mapping[str, str]) -> Result:
        """Run it; its output is part of its answer."""
        env = {**on_software_gpu(), "PMPP_SIM_QUIET": "1", **environment}
        try:
            done = subprocess.run(self.command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except OSError as failure:
            raise click.ClickException(f"{self.command[0]} does not run: {failure.strerror}.") from None
        report = environment.get("PMPP_SIM_REPLAY")
        memory = [entry["memory"] for entry in read_lines(Path(report)) if "memory" in entry] if report else []
        answer = hashlib.sha256(repr((done.returncode, done.stdout, memory)).encode()).hexdigest()
        printed = done.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return Result(answer, f"The program ended with exit code {done.returncode}." if done.returncode else "", printed[:200])

    def suspect(self) -> None:
        """Nobody knows."""
        return


class Function:
    """An exercise's function on one case of its test: the smallest that is wrong, if there is one."""

    def __init__(self, exercise: Exercise, source: Path, root: Path) -> None:
        self.exercise, self.problem = exercise, exercise.problem
        self.files = {source.name: source}
        self.said: list[str] = []
        self.outcome: Outcome | None = None
        cache = root / ".pmpp" / "build"
        try:
            text = source.read_text(encoding="utf-8", errors="replace")
            asked = exercise.problem.predictions
            self.checker = check.Checker(exercise, source, text, None, check.SIM, cache, root, None)
            self.library = build(exercise.stub, cache, check.SIM) if asked else self.checker.library
        except CompileError as error:
            raise click.ClickException("\n".join(messages.show(error.messages, root))) from None
        except ToolkitError as error:
            raise click.ClickException(str(error)) from None
        self.case = asked[0].case if asked else self._choose()

    def _choose(self) -> Case:
        tests = range(len(self.problem.tests))
        cases = [case for n in tests for case in self.checker.cases(n, check.SIM) if not case.fail_malloc]
        launching = []
        for case in sorted(cases, key=_size):
            wrong = self._wrong(case, 0, {})
            if wrong:
                self.said.append(f"Wrong with {case.name}: {wrong}")
                return case
            if self.outcome and self.outcome.written and self.outcome.written[0].launches:
                launching.append(case)
        if not (cases := launching):
            raise click.ClickException("No kernel was launched: there is nothing to replay.")
        # Nothing is wrong that a result would show: the smallest case to which the checkers object.
        for case in cases:
            if _harmful(findings_of(partial(self._wrong, case, 0), " ".join(CHECKERS))):
                self.said.append(f"Right with {case.name}, but not by right.")
                return case
        case = cases[len(cases) // 2]  # neither a single element nor a photograph
        self.said.append(f"Right with {case.name}, as with all cases of its test.")
        return case

    def _wrong(self, case: Case, seed: int, environment: Mapping[str, str]) -> str:
        problem = self.problem
        self.outcome = call(
            self.library, problem.signature, [case], device="sim", memory=problem.memory,
            seconds=check.CHECKED * problem.seconds, seed=seed, observers={"PMPP_SIM_QUIET": "1", **environment},
        )  # fmt: skip
        wrong = first_wrong(problem, [case], self.outcome)
        return wrong[1].headline if wrong else ""

    def run(self, environment: Mapping[str, str]) -> Result:
        """Call the function on the case."""
        wrong = self._wrong(self.case, int(environment.get("PMPP_SIM_SEED", 0)), environment)
        assert self.outcome is not None
        outputs = [value.tobytes() for written in self.outcome.written for value in written.outputs.values()]
        return Result(hashlib.sha256(repr((self.outcome.end, self.outcome.code, outputs)).encode()).hexdigest(), wrong)

    def suspect(self) -> tuple[list[int], int] | None:
        """Return the owner of the first wrong element of the last run."""
        written = self.outcome.written[0] if self.outcome and self.outcome.written else None
        if written is None or written.launch is None or self.outcome is None or self.outcome.end != "finished":
            return None
        for name, expected in self.case.expect.items():
            mismatch = compare(name, written.outputs[name], expected, self.case.rtol, self.case.atol)
            if mismatch is None:
                continue
            owned = self.problem.owner.find(mismatch.first, mismatch.wrong.shape, written.launch)
            if not owned.exists or not owned.block:
                return None
            width, height, _ = written.launch.block
            x, y, z = (*owned.thread, 0, 0)[:3]
            return list((*owned.block, 0, 0)[:3]), x + width * (y + height * z)
        return None


def _size(case: Case) -> int:
    return sum(getattr(value, "nbytes", 8) for value in case.inputs.values())


def observe(subject: Subject, variable: str, **environment: str) -> tuple[Result, list[dict[str, Any]]]:
    """Run with an observer that writes to the file which the variable names."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report")
        result = subject.run({variable: str(report), **environment})
        return result, read_lines(report)


@dataclass(frozen=True)
class Search:
    """What other schedules of the warps came to."""

    seed: int
    sentence: str


def search(subject: Subject) -> Search:
    """Look for a schedule whose answer is wrong, or at least another than in the natural order of the warps."""
    results: list[Result] = []
    began = time.monotonic()
    while len(results) < SCHEDULES and time.monotonic() - began < SECONDS:
        number = str(len(results))
        results.append(observe(subject, "PMPP_SIM_REPLAY", PMPP_SIM_REPLAY_STEPS="0", PMPP_SIM_SEED=number)[0])
    tried = f"{len(results)} schedules of the warps"
    answers = [result.answer for result in results]
    wrong = [seed for seed, result in enumerate(results) if result.wrong]
    if wrong:
        seed, right = wrong[0], len(results) - len(wrong)
        others = f"{right} of {tried} get it right." if right else f"So it is with all of {tried} that were tried."
        return Search(seed, f"With this schedule (seed {seed}) the answer is wrong: {results[seed].wrong} {others}")
    if len(set(answers)) == 1:
        return Search(
            0, f"All of {tried} that were tried give one answer: no wrong one was found. The race is there all the same."
        )
    # Which answer is right nobody says; more than one cannot be.
    seed = next(n for n, answer in enumerate(answers) if answer != answers[0])
    this, natural = results[seed].printed, results[0].printed
    how = (
        f"the program prints {this!r}, and with seed 0 {natural!r}"
        if this != natural
        else "memory ends otherwise than with seed 0"
    )
    return Search(
        seed,
        f"The answer depends on the schedule. With this one (seed {seed}) {how}: of {len(set(answers))} different answers in "
        f"{tried} at most one is right.",
    )


def findings(subject: Subject) -> list[Finding]:
    """Return what the checkers object to in kernels, other than races that do no harm."""
    return _harmful(findings_of(subject.run, " ".join(CHECKERS)))


def _harmful(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding["kernel"] and not finding.get("benign")]


def exercise_root(exercise: Exercise) -> Path:
    """Return the folder in which the exercise's course keeps what it builds."""
    folder = exercise.folder.resolve()
    return next((parent for parent in folder.parents if (parent / "pyproject.toml").is_file()), folder.parent)
