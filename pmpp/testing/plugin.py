"""The pytest plug-in of the exercises: one item a problem, one line a problem at the end, no tracebacks.

Loaded by the repository's own pytest configuration. Test files that belong to no problem are none of its business.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from pmpp.testing.course import Exercise, exercise_of, in_order

_STATE = pytest.StashKey["State"]()


class State:
    """What a session of exercises shares."""

    def __init__(self, config: pytest.Config) -> None:
        from pmpp.testing.device import choose
        from pmpp.testing.progress import Progress

        self.root = config.rootpath
        self.solutions: bool = config.getoption("solutions")
        self.cache_dir = self.root / ".pmpp" / "build"
        self.device = choose()
        self.progress = Progress(self.root / ".pmpp", self.device.target.device)
        self.verdicts: list = []
        self.pool: ThreadPoolExecutor | None = None

    def source(self, exercise: Exercise) -> Path:
        """Return the file that is tested."""
        return exercise.solution if self.solutions else exercise.file


class UnsolvedError(Exception):
    """A problem that is not solved; carries the verdict to the report."""

    def __init__(self, verdict) -> None:
        super().__init__(verdict.headline)
        self.verdict = verdict


class ProblemFile(pytest.File):
    """The test file of a problem, or the learner's .cu file."""

    def collect(self):
        """Yield the one item."""
        yield ProblemItem.from_parent(self, name=exercise_of(self.path).name)


class ProblemItem(pytest.Item):
    """A problem: passes when every case of its tests does."""

    built: Future | None = None

    @property
    def exercise(self) -> Exercise:
        """The problem's files."""
        exercise = exercise_of(self.path)
        assert exercise is not None
        return exercise

    def runtest(self) -> None:
        """Check the file; the checker explains what is wrong."""
        from pmpp.testing.check import check

        state = self.config.stash[_STATE]
        if self.built is not None:
            self.built.exception()  # the checker meets the same error again, and explains it
        verdict = check(
            self.exercise,
            state.source(self.exercise),
            state.device.target,
            state.cache_dir,
            root=state.root,
            pictures=self.exercise.folder / "pictures",
        )
        state.verdicts.append(verdict)
        if not state.solutions:
            state.progress.note(self.exercise, verdict.solved)
        if not verdict.solved:
            raise UnsolvedError(verdict)

    def repr_failure(self, excinfo, style=None):
        """Show the verdict; where the tests themselves are broken, one sentence."""
        if isinstance(excinfo.value, UnsolvedError):
            return _Report(excinfo.value.verdict, self.config.stash[_STATE].root)
        if isinstance(excinfo.value, KeyboardInterrupt):
            return "interrupted"
        return f"The test of this problem is broken, not your file: {type(excinfo.value).__name__}: {excinfo.value}"

    def reportinfo(self):
        """Name the problem in the heading of its block."""
        return self.path, None, f"{self.exercise.chapter}: {self.exercise.name}"


class _Report:
    """A verdict, printed with pytest's colours."""

    def __init__(self, verdict, root: Path) -> None:
        self.verdict, self.root = verdict, root

    def toterminal(self, tw) -> None:
        """Print the block of a problem."""
        from pmpp.testing.report import block

        for line, markup in block(self.verdict, self.root):
            tw.line(line, **markup)

    def __str__(self) -> str:
        from pmpp.testing.report import block

        return "\n".join(line for line, _ in block(self.verdict, self.root))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option of the exercises."""
    parser.addoption("--solutions", action="store_true", help="exercises: test the reference solutions instead of your own files")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent):
    """Take the test files of problems from pytest's own collector."""
    if exercise_of(module_path) is not None:
        return ProblemFile.from_parent(parent, path=module_path)
    return None


def pytest_collect_file(file_path: Path, parent):
    """Let a learner name the .cu file itself."""
    if file_path.suffix == ".cu" and parent.session.isinitpath(file_path) and exercise_of(file_path) is not None:
        return ProblemFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the problems into the order of the course; other tests stay where they are."""
    problems = {place: item for place, item in enumerate(items) if isinstance(item, ProblemItem)}
    by_exercise = {item.exercise: item for item in problems.values()}
    if len(by_exercise) == len(problems):
        for place, exercise in zip(problems, in_order(list(by_exercise)), strict=True):
            items[place] = by_exercise[exercise]


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]):
    """Print the header of the exercises, and start to compile."""
    from pmpp.testing.build import build
    from pmpp.testing.device import DeviceError
    from pmpp.testing.report import header

    problems = [item for item in items if isinstance(item, ProblemItem)]
    if not problems:
        return None
    try:
        state = config.stash[_STATE] = State(config)
    except DeviceError as error:
        raise pytest.UsageError(str(error)) from None
    state.pool = ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1))
    if not config.option.collectonly:
        for item in problems:
            source = state.source(item.exercise)
            if source.exists():
                item.built = state.pool.submit(build, source, state.cache_dir, state.device.target)
    exercises = [item.exercise for item in problems]
    known = sum(state.progress.solved(exercise) for exercise in exercises)
    return header(exercises, solutions=state.solutions, device=state.device.description, known=known, root=state.root)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Print one line a problem; pytest's own last line follows."""
    from pmpp.testing.report import summary

    state = config.stash.get(_STATE, None)
    if state is None or not state.verdicts:
        return
    if config.option.reportchars == "fE":
        config.option.reportchars = terminalreporter.reportchars = ""  # the lines below say it better
    terminalreporter.ensure_newline()
    terminalreporter.section("exercises")
    lines = summary(state.verdicts, solutions=state.solutions, device=state.device.description, root=state.root)
    for line, markup in lines:
        terminalreporter.write_line(line, **markup)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep what is known about solved problems."""
    state = session.config.stash.get(_STATE, None)
    if state is None:
        return
    if state.pool is not None:
        state.pool.shutdown(cancel_futures=True)
    if state.verdicts:
        state.progress.save()
