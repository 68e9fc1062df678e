"""Grades a class: finds what each student handed in, checks it in processes that are shut in, and remembers what was done.

The journal has a line for each file that was checked, with a hash of all that decided the verdict. Who starts again goes on
behind it, and checks again only what changed since. A student's code never decides where or whether its verdict is written.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path

from pmpp.testing.build import Target, simulator
from pmpp.testing.course import CourseError, Exercise

LARGEST = 1 << 20  #: bytes of a file that is read
_SOURCES = (".cu", ".cuh", ".h", ".hpp")
#: Folders of the course that a student may have handed in along with the work.
_NOT_WORK = frozenset({"stubs", "solutions", "hints", "mutants", "pictures", "__MACOSX"})


class GradingError(Exception):
    """The class cannot be graded; the message is one sentence and the mend."""


@dataclass(frozen=True)
class Task:
    """One problem of one student; `file` is None where nothing was handed in, and `refused` says what was wrong with it.

    `folder` is None where the student handed in a file and no folder.
    """

    student: str
    folder: Path | None
    exercise: Exercise
    file: Path | None
    refused: str = ""

    @property
    def problem(self) -> str:
        """The problem as a teacher names it: "ch7/basic"."""
        return name_of(self.exercise)


@dataclass(frozen=True)
class Rules:
    """What decides a verdict beside the files.

    Attributes
    ----------
    seed
        Of the test data. Students do not know it.
    hidden
        Folder of more tests: ``ch7/basic.py`` is run as if it stood at the end of ``exercises/ch7/test_basic.py``.
    """

    target: Target
    seed: int
    hidden: Path | None = None

    def more_tests(self, exercise: Exercise) -> Path | None:
        """Return the file of hidden tests of a problem."""
        path = self.hidden / exercise.chapter / f"{exercise.name}.py" if self.hidden else None
        return path if path and path.is_file() else None


@dataclass
class Grade:
    """The verdict on one problem of one student."""

    student: str
    problem: str
    state: str
    kind: str = ""
    headline: str = ""
    test: str = ""
    report: list[str] = field(default_factory=list)
    digest: str = ""

    @property
    def solved(self) -> bool:
        """Whether every test passed."""
        return self.state == "solved"


def name_of(exercise: Exercise) -> str:
    """Return a problem's name: "ch7/basic"."""
    return f"{exercise.chapter}/{exercise.name}"


def find_students(folder: Path, *, single: bool = False) -> tuple[dict[str, Path], list[str]]:
    """Return what each student handed in, a folder or a .cu file each, and the names of what is neither.

    Parameters
    ----------
    single
        The folder is what one student handed in.
    """
    if single:
        return {"submission": folder}, []
    students: dict[str, Path] = {}
    others = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        if path.is_symlink() or (not path.is_dir() and path.suffix != ".cu"):
            others.append(path.name)
            continue
        name = path.stem if path.is_file() else path.name
        if name in students:
            raise GradingError(f"{folder} has two submissions of {name}: {students[name].name} and {path.name}. Remove one.")
        students[name] = path
    if not students:
        packed = ", ".join(name for name in others if Path(name).suffix in (".zip", ".gz", ".tar"))
        unpack = f" Unpack {packed} first." if packed else ""
        raise GradingError(f"{folder} has no submissions: it needs a folder or a .cu file for each student.{unpack}")
    return students, others


def plan(students: Mapping[str, Path], exercises: Sequence[Exercise], only: Sequence[Exercise]) -> list[Task]:
    """Pair students with problems: all that are asked for, or else all that somebody handed in."""
    found = {student: dict(_files(path, only or exercises)) for student, path in students.items()}
    wanted = list(only) or [e for e in exercises if any(e in files for files in found.values())]
    if not wanted:
        raise GradingError(
            "No file of the submissions has the name of a problem, such as ch7/basic.cu. Where each student handed in one "
            "file with a name of its own, say which problem it is: --problem ch7/basic."
        )
    tasks = []
    for student, path in students.items():
        for exercise in wanted:
            if path.is_file() and len(wanted) == 1:
                file: Path | str | None = path
            else:
                file = found[student].get(exercise)
            refused = file if isinstance(file, str) else _refusal(file) if file else ""
            shown = file if isinstance(file, Path) and not refused else None
            tasks.append(Task(student, path if path.is_dir() else None, exercise, shown, refused))
    return tasks


def _files(path: Path, exercises: Sequence[Exercise]) -> Iterator[tuple[Exercise, Path | str]]:
    """Yield the files of a submission that are problems: the folder of the chapter counts, where there is one."""
    named: dict[Exercise, list[Path]] = {}
    files = [path] if path.is_file() else [file for file in _walk(path) if file.suffix == ".cu"]
    for file in files:
        fitting = [e for e in exercises if e.name == file.stem]
        exact = [e for e in fitting if path.is_dir() and e.chapter == file.parent.name]
        for exercise in exact or (fitting if len(fitting) == 1 else ()):
            named.setdefault(exercise, []).append(file)
    for exercise, several in named.items():
        best = [file for file in several if file.parent.name == exercise.chapter] or several
        if len(best) == 1:
            yield exercise, best[0]
        else:
            places = ", ".join(str(file.relative_to(path)) for file in best)
            yield exercise, f"There are {len(best)} files for this problem: {places}. Hand in one."


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files of a submission in a fixed order; links lead nowhere."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _NOT_WORK or (path.is_symlink() and path.is_dir()):
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.suffix in _SOURCES:
            yield path


def _refusal(file: Path) -> str:
    mode = file.lstat().st_mode
    if not stat.S_ISREG(mode):
        what = "a link" if stat.S_ISLNK(mode) else "no ordinary file"
        return f"{file.name} is {what}: hand in the file itself."
    if file.stat().st_size > LARGEST:
        return f"{file.name} has {file.stat().st_size:,} bytes: a solution has at most {LARGEST:,}."
    return ""


@cache
def _grader() -> str:
    """Return a hash of what grades: with another version everything is graded again."""
    own = sorted(Path(__file__).parent.glob("*.[pc][yp]*"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in (*own, simulator()) if path.is_file())).hexdigest()


def digest(task: Task, rules: Rules) -> str:
    """Return a hash of all that decides a verdict."""
    total = hashlib.sha256(f"{_grader()} {rules.target} {rules.seed} {task.problem} {task.refused}".encode())
    paths = [task.exercise.test_file, task.exercise.stub, rules.more_tests(task.exercise)]
    if task.file is not None:
        beside = [path for path in _walk(task.folder) if not _refusal(path)] if task.folder else []
        paths += [task.file, *beside]  # each may be included
    for path in paths:
        total.update(b"\0" if path is None else path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:24]


class Journal:
    """What was graded before, on disk line by line; one process at a time writes it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise GradingError(f"Another pmpp grade is at work in {path.parent}: wait for it, or give another --out.") from None
        self._file.seek(0)
        self.seed: int | None = None
        self.grades: dict[tuple[str, str], Grade] = {}
        torn = False
        for line in self._file:
            with contextlib.suppress(ValueError, TypeError):
                entry = json.loads(line)
                if "seed" in entry:
                    self.seed = int(entry["seed"])
                else:
                    grade = Grade(**entry)
                    self.grades[grade.student, grade.problem] = grade
            torn = not line.endswith("\n")
        if torn:  # the process that wrote it was killed in the middle of a line
            self._write("")

    def start(self, seed: int) -> None:
        """Note the seed, for who goes on later."""
        if seed != self.seed:
            self.seed = seed
            self._write(json.dumps({"seed": seed}))

    def add(self, grade: Grade) -> None:
        """Note a verdict; it is on disk when this returns."""
        self.grades[grade.student, grade.problem] = grade
        self._write(json.dumps(asdict(grade)))
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let others write."""
        self._file.close()

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()


def grade_all(
    tasks: Sequence[Task], rules: Rules, journal: Journal, work: Path, jobs: int, done: Callable[[Grade], None]
) -> list[Grade]:
    """Check what the journal does not know yet, and return all verdicts in the order of the tasks.

    Parameters
    ----------
    work
        A folder of this grading alone; it is gone afterwards.
    done
        Called with each verdict.
    """
    journal.start(rules.seed)
    grades: dict[tuple[str, str], Grade] = {}
    open_tasks = []
    for task in tasks:
        key = digest(task, rules)
        known = journal.grades.get((task.student, task.problem))
        if known is not None and known.digest == key:
            grades[task.student, task.problem] = known
            done(known)
        elif task.file is None:
            grades[task.student, task.problem] = nothing = _nothing(task)
            done(nothing)
        else:
            open_tasks.append((task, key))
    for task, key, grade in _checked(open_tasks, rules, work, jobs):
        grade.digest = key
        grades[task.student, task.problem] = grade
        if grade.state != "broken":  # is tried again
            journal.add(grade)
        done(grade)
    return [grades[task.student, task.problem] for task in tasks]


def _checked(tasks: Sequence[tuple[Task, str]], rules: Rules, work: Path, jobs: int) -> Iterator[tuple[Task, str, Grade]]:
    """Yield verdicts as they come, from processes that hold nothing but what they grade."""
    shutil.rmtree(work, ignore_errors=True)  # of one that was killed
    if not tasks:
        return
    work.mkdir(parents=True)
    # Started afresh: a copy of this process would hold its threads' locks.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, _begin, (work, os.getpid()))
    try:
        pending: dict[Future[Grade], tuple[Task, str]] = {}
        left = list(reversed(tasks))
        while pending or left:
            while left and len(pending) < 2 * jobs:
                task, key = left.pop()
                pending[pool.submit(grade, task, rules, work)] = task, key
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                task, key = pending.pop(future)
                yield task, key, future.result()
        pool.shutdown()
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()  # what it started ends with it
        pool.shutdown(cancel_futures=True)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _begin(work: Path, parent: int) -> None:
    """Make a process one that grades: it ends with its parent and leaves nothing outside of the work folder."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    tempfile.tempdir = str(work)
    os.environ["TMPDIR"] = str(work)


def grade(task: Task, rules: Rules, work: Path) -> Grade:
    """Check one file; whatever goes wrong is a verdict."""
    from pmpp.testing import confine

    try:
        if task.folder is not None:
            confine.strict = str(task.folder.resolve())
            return _graded(task, rules, work)
        with tempfile.TemporaryDirectory(dir=work) as alone:  # files beside it are those of other students
            copy = Path(alone, f"{task.exercise.name}.cu")
            shutil.copyfile(str(task.file), copy)
            confine.strict = alone
            return _graded(replace(task, folder=Path(alone), file=copy), rules, work)
    except Exception as error:  # one student's file must not end the grading of a class
        said = f"The tests failed, not the file: {type(error).__name__}: {error}"
        return Grade(task.student, task.problem, "broken", "grading", plain(said))
    finally:
        confine.strict = None


def _nothing(task: Task) -> Grade:
    """Say why there is nothing to check."""
    if task.refused:
        return Grade(task.student, task.problem, "wrong", "refused", task.refused)
    return Grade(task.student, task.problem, "to do", "missing", "Nothing was handed in.")


def _graded(task: Task, rules: Rules, work: Path) -> Grade:
    from pmpp.testing.check import check
    from pmpp.testing.report import block

    assert task.file is not None and task.folder is not None
    file = task.folder.resolve() / task.file.relative_to(task.folder)
    if file.read_bytes() == task.exercise.stub.read_bytes():
        return Grade(task.student, task.problem, "to do", "stub", "The file is still the stub.")
    hidden = _with_more_tests(task.exercise, rules.more_tests(task.exercise))
    cache_dir = work / f"built-{os.getpid()}"
    verdict = check(task.exercise, file, rules.target, cache_dir, root=file.parent, seed=rules.seed)
    if verdict.test in hidden:
        headline = f"A test that is not shown failed ({verdict.kind})."
        return Grade(task.student, task.problem, verdict.state, verdict.kind, headline, verdict.test)
    report = [] if verdict.solved else [plain(line) for line, _ in block(verdict, task.exercise.folder.parents[1])]
    return Grade(task.student, task.problem, verdict.state, verdict.kind, plain(verdict.headline), verdict.test, report)


def _with_more_tests(exercise: Exercise, path: Path | None) -> set[str]:
    """Add the hidden tests to a problem and return their names."""
    known = len(exercise.problem.tests)
    if path is not None:
        module = sys.modules[f"_pmpp_exercises_{exercise.chapter}_{exercise.name}"]
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), dict(vars(module)))
        if len(exercise.problem.tests) == known:
            raise CourseError(f"{path} adds no test: it needs a function with @problem.test(name)")
    return {test.name for test in exercise.problem.tests[known:]}


def plain(text: str) -> str:
    """Return text that does nothing to a terminal, a spreadsheet or an XML parser: a student's code may have printed it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text.expandtabs())


def outcomes(grades: Iterable[Grade]) -> dict[str, dict[str, Grade]]:
    """Return verdicts by student and problem."""
    found: dict[str, dict[str, Grade]] = {}
    for each in grades:
        found.setdefault(each.student, {})[each.problem] = each
    return found
