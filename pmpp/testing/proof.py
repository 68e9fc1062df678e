"""Proves that the problems of the course can be solved, and cannot be passed by anything else.

Each problem is taken apart into steps that do not depend on each other: its files, its stub, its solution, each mutant.
Stubs are read from `stubs/`, never from the files that a learner edits.
"""

from __future__ import annotations

import difflib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pmpp.testing.build import Target
from pmpp.testing.check import Verdict, check
from pmpp.testing.course import CourseError, Exercise, Mutant

LEAST_MUTANTS = 4
#: A stub of these kinds ends badly where it should only lack something.
CRASHES = frozenset({"crash", "endless", "exit"})
FOLDERS = {"stubs": ".cu", "solutions": ".cu", "hints": ".md", "mutants": ".toml"}


@dataclass(frozen=True)
class Step:
    """One thing to prove: "files", "stub", "solution" or "mutant"."""

    exercise: Exercise
    what: str
    mutant: Mutant | None = None

    @property
    def name(self) -> str:
        """Name it as messages do."""
        rest = f"mutant {self.mutant.name}" if self.mutant is not None else self.what
        return f"{self.exercise.chapter}/{self.exercise.name}, {rest}"


@dataclass
class Proof:
    """What came of a step: sentences about what is not as it should be."""

    step: Step
    complaints: list[str] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def seconds(self) -> float:
        """What the verdict took."""
        return self.verdict.seconds if self.verdict is not None else 0.0


def steps(exercises: Sequence[Exercise]) -> list[Step]:
    """Return everything that there is to prove about some problems."""
    found = []
    for exercise in exercises:
        found += [Step(exercise, what) for what in ("files", "stub", "solution")]
        try:
            found += [Step(exercise, "mutant", mutant) for mutant in exercise.mutants()]
        except (OSError, CourseError):
            continue  # the step about the files says it
    return found


def prove(
    todo: Sequence[Step], target: Target, cache_dir: Path, root: Path, *, jobs: int, done: Callable[[Proof], object] = print
) -> list[Proof]:
    """Prove steps side by side, and return what came of each, in their order; `done` hears of each when it is finished."""

    def one(step: Step) -> Proof:
        proof = take(step, target, cache_dir, root)
        done(proof)
        return proof

    for step in todo:  # test files are imported one after the other
        take_in(step.exercise)
    pool = ThreadPoolExecutor(jobs)
    try:
        return list(pool.map(one, todo))
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C waits for what runs, not for all


def take_in(exercise: Exercise) -> str:
    """Import the test file of a problem; return what is wrong with it."""
    try:
        exercise.problem  # noqa: B018
    except Exception as error:
        return f"{exercise.test_file.name}: {type(error).__name__}: {error}"
    return ""


def take(step: Step, target: Target, cache_dir: Path, root: Path) -> Proof:
    """Prove one step."""
    exercise, proof = step.exercise, Proof(step)
    if step.what == "files":
        proof.complaints += _files(exercise)
        return proof
    if broken := take_in(exercise):
        proof.complaints.append(broken)
        return proof
    source = exercise.stub if step.what == "stub" else exercise.solution
    if not source.is_file():
        proof.complaints.append(f"there is no {source.parent.name}/{source.name}")
        return proof
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) if step.what == "solution" else None
        text = step.mutant.text if step.mutant is not None else None
        # What is made of a mutant may depend on the data: they must not change with the solution that it is an edit of.
        seed = 0 if step.mutant is not None else None
        verdict = proof.verdict = check(exercise, source, target, cache_dir, root=root, text=text, seed=seed, pictures=pictures)
        proof.complaints += {"stub": _stub, "solution": _solution, "mutant": _mutant}[step.what](step, verdict)
    return proof


def _said(verdict: Verdict) -> str:
    kind = f" ({verdict.symptom or verdict.kind})" if verdict.kind else ""
    return f"{verdict.state}{kind}: {verdict.headline}"


def _stub(step: Step, verdict: Verdict) -> Iterator[str]:
    problem = step.exercise.problem
    if verdict.state != "to do" or verdict.kind != "stub":
        yield f"it should compile, fail and say what to do, but it is {_said(verdict)}"
    elif problem.kind == "find the bug" and verdict.symptom != problem.symptom:
        yield f"its symptom should be {problem.symptom!r}, but it is {verdict.symptom!r}: {' '.join(verdict.details)}"
    elif problem.kind == "write" and verdict.symptom in CRASHES:
        yield f"it ends badly: {verdict.symptom}"


def _solution(step: Step, verdict: Verdict) -> Iterator[str]:
    if not verdict.solved:
        yield f"it should pass, but it is {_said(verdict)} [{verdict.test}, {verdict.case}] {' '.join(verdict.details)}"
    for picture in verdict.pictures:
        if not picture.read_bytes().startswith(b"\x89PNG"):
            yield f"{picture.name} is no picture"


def _mutant(step: Step, verdict: Verdict) -> Iterator[str]:
    mutant = step.mutant
    assert mutant is not None
    if verdict.state != "wrong" or verdict.kind != mutant.kind:
        details = " ".join(verdict.details)
        yield f"it should be found out as {mutant.kind!r}, but it is {_said(verdict)} [{verdict.case}] {details}"
    elif mutant.line and not re.search(rf"\b{step.exercise.name}\.cu:{mutant.line}\b", " ".join(verdict.details)):
        yield f"the verdict does not name line {mutant.line}: {' '.join(verdict.details)}"


def _files(exercise: Exercise) -> Iterator[str]:
    """Say what is missing, malformed or astray among the files of a problem."""
    parts = (exercise.file, exercise.stub, exercise.solution, exercise.hints, exercise.test_file)
    for part in parts:
        if not part.is_file():
            yield f"there is no {part.relative_to(exercise.folder)}"
    for name, suffix in FOLDERS.items():
        for path in sorted((exercise.folder / name).glob("*")):
            if path.suffix != suffix or not (exercise.folder / f"test_{path.stem}.py").is_file():
                yield f"{name}/{path.name} belongs to no problem"
    if not (exercise.folder / "README.md").is_file():
        yield "the chapter has no README.md"
    elif f"`{exercise.name}.cu`" not in (exercise.folder / "README.md").read_text(encoding="utf-8"):
        yield "the chapter's README.md does not list it"
    if not all(part.is_file() for part in parts):
        return
    headings = re.findall(r"^## (\d)\. ", exercise.hints.read_text(encoding="utf-8"), re.MULTILINE)
    if headings != ["1", "2", "3"]:
        yield f"hints/{exercise.hints.name} should have the steps ## 1., ## 2. and ## 3., and has {', '.join(headings) or 'none'}"
    try:
        mutants = list(exercise.mutants())
    except (OSError, CourseError, KeyError, ValueError) as error:
        yield f"mutants/{exercise.name}.toml: {error}"
    else:
        if len(mutants) < LEAST_MUTANTS:
            yield f"it has {len(mutants)} mutants, at least {LEAST_MUTANTS} are needed"
        if len({m.text for m in mutants} | {exercise.solution.read_text(encoding="utf-8")}) <= len(mutants):
            yield "two of its mutants are the same, or one is the solution"
    if broken := take_in(exercise):
        yield broken
        return
    yield from _todos(exercise)


def _todos(exercise: Exercise) -> Iterator[str]:
    """Say whether the stub asks for what the solution has."""
    todos = exercise.todos()
    if not todos:
        yield f"stubs/{exercise.stub.name} has no TODO (about N lines)"
    for todo in todos:
        if not todo.text.endswith("."):
            yield f"stubs/{exercise.stub.name}:{todo.line}: the TODO is no sentence that ends with a full stop"
    stub, solution = _code(exercise.stub), _code(exercise.solution)
    asked, added = sum(todo.lines for todo in todos), len(solution) - len(stub)
    if exercise.problem.kind != "write":  # lines are changed there
        opcodes = difflib.SequenceMatcher(None, stub, solution, autojunk=False).get_opcodes()
        added = sum(max(b - a, d - c) for kind, a, b, c, d in opcodes if kind != "equal")
    if abs(asked - added) > 1 + asked // 5:
        yield f"its TODO asks for about {asked} lines, and the solution adds or changes {added}"


def _code(path: Path) -> list[str]:
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("//")]
