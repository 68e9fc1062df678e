"""What the learner's commands share: the course around the working folder, how a problem is named, where one left off.

Nothing is stored: what was begun is seen from the files, and what is solved from `pmpp.testing.progress`, as in pytest.
"""

from __future__ import annotations

import difflib
import os
import shlex
import time
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from pmpp.testing.check import Verdict
    from pmpp.testing.course import Exercise
    from pmpp.testing.device import Choice
    from pmpp.testing.progress import Progress

UNSOLVED = 1
"""Exit code where a problem is not solved, or there is nothing left to do; click's own for a wrong command line is 2."""
BROKEN = 3
"""Exit code where pmpp or the machine is at fault, and not the learner."""
SOURCES = Path(__file__).resolve().parents[2]
EDITION = "pmpp.edition"
NAMES = {5: "5th", 4: "4th"}
COPY = "pmpp new exercises-of-mine"


@dataclass(frozen=True)
class Chapter:
    """A chapter of the registry with its problems."""

    folder: str
    title: str
    edition5: int | None
    edition4: int | None
    exercises: list[Exercise] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Problems that the registry lists and whose stub is not there."""

    def number(self, edition: int) -> int | None:
        """The number in an edition, None if it is not in there."""
        return self.edition5 if edition == 5 else self.edition4

    def label(self, edition: int) -> str:
        """Both numbers: "Chapter 13 (4th edition: 12)"."""
        here, there, other = self.number(edition), self.number(9 - edition), NAMES[9 - edition]
        if here is None:
            return f"Chapter {there} of the {other} edition (not in the {NAMES[edition]})"
        return f"Chapter {here} ({f'{other} edition: {there}' if there else f'not in the {other} edition'})"


class Course:
    """The exercises around the working folder."""

    def __init__(self) -> None:
        context = click.get_current_context(silent=True)
        self.edition: int = context.meta.get(EDITION, 5) if context else 5
        self.root = _root()
        self.home = self.root / "exercises"

    @cached_property
    def chapters(self) -> list[Chapter]:
        """All chapters, in the order of the edition; those that it does not have come last."""
        from pmpp.testing.course import find_exercises

        listed = tomllib.loads((self.root / "chapters.toml").read_text(encoding="utf-8"))["chapter"]
        found: dict[str, list[Exercise]] = {}
        for exercise in find_exercises(self.home):
            found.setdefault(exercise.chapter, []).append(exercise)
        chapters = []
        for entry in listed:
            exercises = found.get(entry["folder"], [])
            absent = [name for name in entry.get("exercises", []) if name not in {e.name for e in exercises}]
            numbers = entry.get("edition5"), entry.get("edition4")
            chapters.append(Chapter(entry["folder"], entry["title"], *numbers, exercises, absent))
        return sorted(chapters, key=lambda chapter: chapter.number(self.edition) or 1000)

    @property
    def exercises(self) -> list[Exercise]:
        """All problems, in the order in which they are worked."""
        return [exercise for chapter in self.chapters for exercise in chapter.exercises]

    @cached_property
    def device(self) -> Choice:
        """The device that the tests use."""
        from pmpp.testing.device import DeviceError, choose

        try:
            return choose()
        except DeviceError as error:
            raise click.UsageError(str(error)) from None

    @property
    def cache_dir(self) -> Path:
        """Where compiled files are kept, those of pytest too."""
        return self.root / ".pmpp" / "build"

    @property
    def progress(self) -> Progress:
        """What is known to be solved, read afresh: pytest may have written it meanwhile."""
        from pmpp.testing.progress import Progress

        return Progress(self.root / ".pmpp", self.device.target.device)

    def test(self, exercise: Exercise, *, pictures: bool = False) -> Verdict:
        """Test the learner's file with the one checker, and remember whether it passed, as pytest does."""
        from pmpp.testing.check import check

        folder = exercise.folder / "pictures" if pictures else None
        verdict = check(exercise, exercise.file, self.device.target, self.cache_dir, root=self.root, pictures=folder)
        progress = self.progress
        progress.note(exercise, verdict.solved)
        progress.save()
        return verdict

    def shown(self, path: Path) -> str:
        """A path as the learner would type it."""
        try:
            return str(path.relative_to(Path.cwd()))
        except ValueError:
            return str(path) if len(str(path)) < len(os.path.relpath(path)) else os.path.relpath(path)

    def name(self, exercise: Exercise) -> str:
        """The name under which the commands take a problem, in the numbers of the edition."""
        number = self.chapter_of(exercise).number(self.edition)
        return f"ch{number}/{exercise.name}" if number else f"{exercise.chapter}/{exercise.name}"

    def chapter_of(self, exercise: Exercise) -> Chapter:
        """The chapter of a problem."""
        found = next((chapter for chapter in self.chapters if chapter.folder == exercise.chapter), None)
        return found or Chapter(exercise.chapter, exercise.chapter, None, None, [exercise])

    def state(self, exercise: Exercise, progress: Progress | None = None) -> str:
        """Tell: "solved", "begun" (not solved, or not tested since it changed), "to do" (still the stub), "missing"."""
        if not exercise.file.exists():
            return "missing"
        if (progress or self.progress).solved(exercise):
            return "solved"
        return "to do" if exercise.untouched() else "begun"

    def left_off(self) -> Exercise | None:
        """The problem whose file was changed last, None if all are still stubs."""
        begun = [e for e in self.exercises if e.file.exists() and not e.untouched()]
        return max(begun, key=lambda exercise: exercise.file.stat().st_mtime, default=None)

    def next(self, within: Iterable[Exercise] | None = None) -> Exercise | None:
        """The problem to work on: the one left off if it is unsolved, or the first unsolved one after it.

        Parameters
        ----------
        within
            Only these are considered.
        """
        progress, last = self.progress, self.left_off()
        candidates = list(self.exercises if within is None else within)
        if last in candidates:
            place = candidates.index(last)
            candidates = candidates[place:] + candidates[:place]
        return next((e for e in candidates if self.state(e, progress) != "solved"), None)

    def find_chapter(self, text: str) -> Chapter | None:
        """The chapter that "ch7", "7" or a folder means; None if it is none."""
        path = Path(text)
        if len(path.parts) > 1 and path.is_dir():
            return next((c for c in self.chapters if (self.home / c.folder) == path.resolve()), None)
        number = text.removeprefix("ch").rstrip("/")
        if number.isdigit():
            return next((c for c in self.chapters if c.number(self.edition) == int(number)), None)
        return next((c for c in self.chapters if c.folder == text.rstrip("/")), None)

    def find(self, text: str | None) -> Exercise:
        """The problem that is meant; a sentence where it is none, or more than one."""
        from pmpp.testing.course import exercise_of

        if text is None:
            return self._or_nothing_left(self.next())
        path = Path(text)
        if path.suffix == ".cu" or len(path.parts) > 2:
            exercise = exercise_of(path.resolve().with_suffix(".cu"))
            if exercise is not None and exercise in self.exercises:
                return exercise
        folder, _, name = text.removesuffix(".cu").rpartition("/")
        if folder and (chapter := self.find_chapter(folder)):
            fitting = [e for e in chapter.exercises if e.name == name]
        elif chapter := self.find_chapter(text):
            return self._or_nothing_left(self.next(self._with_problems(chapter)))
        else:
            fitting = [e for e in self.exercises if e.name == Path(name).name] if not folder else []
        here = [e for e in fitting if e.folder == Path.cwd()]
        fitting = here or fitting
        if len(fitting) == 1:
            return fitting[0]
        names = [self.name(e) for e in self.exercises]
        if fitting:
            raise click.UsageError(f"{text!r} may be {' or '.join(self.name(e) for e in fitting)}: name the chapter too.")
        near = difflib.get_close_matches(text, [*names, *(e.name for e in self.exercises)], 1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise click.UsageError(
            f"There is no problem {text!r}. {meant}A problem is named {names[0] if names else 'ch2/saxpy'}, by its file, or by "
            "its chapter alone for the next one in there; pmpp list shows the chapters."
        )

    def within(self, text: str | None) -> list[Exercise]:
        """The problems of a chapter; of all for None."""
        if text is None:
            return self.exercises
        chapter = self.find_chapter(text)
        if chapter is None:
            having = [c for c in self.chapters if c.exercises and c.number(self.edition)]
            raise click.UsageError(
                f"There is no chapter {text!r} in the {NAMES[self.edition]} edition. Chapters with problems: "
                f"{', '.join(f'ch{c.number(self.edition)}' for c in having)}."
            )
        return self._with_problems(chapter)

    def _with_problems(self, chapter: Chapter) -> list[Exercise]:
        if not chapter.exercises:
            raise click.UsageError(f"{chapter.label(self.edition)}, {chapter.title}, has no problems yet. Try: pmpp list")
        return chapter.exercises

    def _or_nothing_left(self, exercise: Exercise | None) -> Exercise:
        if exercise is None:
            click.echo("All problems are solved. Name one to come back to it.")
            raise SystemExit(UNSOLVED)
        return exercise

    def absence(self, exercise: Exercise) -> Iterable[str]:
        """Yield what may have become of a learner's file that is not there, and what to do."""
        problems = {e.file for e in self.exercises}
        strays = [path for path in exercise.folder.glob("*.cu") if path not in problems]
        newest = max(strays, key=lambda path: path.stat().st_mtime, default=None)
        yield (
            f"{self.shown(exercise.file)} is missing. Was it renamed? Then:"
            if newest
            else f"{self.shown(exercise.file)} is missing."
        )
        if newest is not None:
            yield f"  mv {shlex.quote(self.shown(newest))} {self.shown(exercise.file)}"
        yield "A new one from the stub:"
        yield f"  pmpp reset {self.name(exercise)}"


def _root() -> Path:
    """The folder with chapters.toml and exercises/, here or above; in a clone, the clone's."""
    here = Path.cwd()
    for folder in (here, *here.parents, SOURCES):
        if (folder / "chapters.toml").is_file() and (folder / "exercises").is_dir():
            return folder
    raise click.UsageError(
        f"There are no exercises in this folder or above it. To make a copy of them: {COPY} && cd {COPY.split()[-1]}"
    )


class _Problem(click.ParamType):
    """A problem or a chapter, by any of its names."""

    name = "problem"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer chapters, and the problems of the one that is begun."""
        try:
            course = Course()
            chapters = [f"ch{c.number(course.edition)}" for c in course.chapters if c.exercises and c.number(course.edition)]
            names = [course.name(e) for e in course.exercises] if "/" in incomplete else chapters
        except (click.ClickException, OSError):
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


PROBLEM = _Problem()


def _note_edition(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    typed = ctx.get_parameter_source("edition") is ParameterSource.COMMANDLINE
    if value and (typed or EDITION not in ctx.meta):
        ctx.meta[EDITION] = int(value)  # commands and the group before them share it


def edition_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --edition; `Course` heeds it."""
    return click.option(
        "--edition",
        type=click.Choice(["4", "5"]),
        envvar="PMPP_EDITION",
        expose_value=False,
        callback=_note_edition,
        help="Speak in the numbers of this edition of the book; by default what PMPP_EDITION says, or 5.",
    )(command)


def hours(minutes: int) -> str:
    """Say how long something takes: "40 min", "6 h 20 min"."""
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min".replace(" 0 min", "")


def ago(seconds: float) -> str:
    """Say how long ago something was."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds / size)
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def since(path: Path) -> str:
    """Say how long ago a file was changed."""
    return ago(time.time() - path.stat().st_mtime)


def todo(course: Course, exercise: Exercise) -> Iterable[str]:
    """Yield what there is to do in a problem, and what to read."""
    chapter = course.chapter_of(exercise)
    yield f"{chapter.label(course.edition)}, {chapter.title}"
    yield f"{course.shown(exercise.file)}: {exercise.problem.title} (about {exercise.problem.minutes} minutes)"
    if exercise.untouched():
        yield from (f"  line {todo.line}: {todo.text}" for todo in exercise.todos())
    places = zip(exercise.problem.read, (5, 4), strict=True)
    read = [f"{place} ({NAMES[edition]} edition)" for place, edition in places if place]
    yield f"Read {', '.join(read if course.edition == 5 else read[::-1])}; {course.shown(exercise.folder / 'README.md')}"
