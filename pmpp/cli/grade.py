"""`pmpp grade`: check what a class handed in, each file shut in, and write grades and reports."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

BROKEN = 3
"""Exit code where tests failed for a reason that is not a student's."""
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def course_folder(named: Path | None) -> Path:
    """Return the folder with chapters.toml and exercises/: the one named, the one around the working folder, or the clone."""
    here = Path.cwd()
    for folder in (named,) if named else (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "chapters.toml").is_file() and (folder / "exercises").is_dir():
            return folder.resolve()
    where = f"{named} is" if named else "Neither this folder nor one above it is"
    raise click.UsageError(f"{where} a course, which has chapters.toml and exercises/ in it. Name one: --course FOLDER.")


def _points(exercises: list[Any], asked: tuple[str, ...]) -> dict[Any, float]:
    """Return the problems that ``ch7/basic=10``, ``ch7=5`` or ``ch7`` mean, with their points."""
    found: dict[Any, float] = {}
    for text in asked:
        name, _, value = text.partition("=")
        fitting = [e for e in exercises if name in (f"{e.chapter}/{e.name}", e.chapter)]
        if not fitting:
            raise click.UsageError(f"There is no problem or chapter {name!r}: write ch7/basic=10, or ch7=5 for each of them.")
        try:
            points = float(value) if value else 1.0
        except ValueError:
            points = -1.0
        if not 0 <= points < 1e6:
            raise click.UsageError(f"{text!r} gives {value!r} points: write a number, such as {name}=10.")
        found |= dict.fromkeys(fitting, points)
    return found


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda text: progress.update(task, advance=1, description=text)


@click.command(
    "grade",
    epilog="Example: pmpp grade handed-in --problem ch7=10 --hidden my-tests --seed 20260. Exit codes: 0 all is graded, "
    "2 the command line or the folder is wrong, 3 a test itself failed.",
)
@click.argument("folder", metavar="FOLDER", type=FOLDER)
@click.option("--problem", "asked", metavar="NAME[=POINTS]", multiple=True, help="A problem or a chapter; may be repeated.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where grades go; by default FOLDER-grades.")
@click.option("--seed", type=click.IntRange(min=0), help="Of the test data; by default one that nobody knows.")
@click.option("--hidden", type=FOLDER, help="More tests: ch7/basic.py in there goes on where test_basic.py ends.")
@click.option("--jobs", type=click.IntRange(1, 256), default=os.cpu_count() or 1, show_default="all", help="Files at a time.")
@click.option("--single", is_flag=True, help="FOLDER is what one student handed in, as at Gradescope.")
@click.option("--course", type=FOLDER, help="Folder with chapters.toml and exercises/; by default the one you are in.")
def command(
    folder: Path,
    asked: tuple[str, ...],
    out: Path | None,
    seed: int | None,
    hidden: Path | None,
    jobs: int,
    single: bool,
    course: Path | None,
) -> None:
    """Grade a class.

    FOLDER holds a folder for each student, with ch7/basic.cu and the like in it, or a .cu file for each. The grades go to
    grades.csv, verdicts.csv, junit.xml, and for each student to report.txt and Gradescope's results.json. Started again, it
    goes on where it stopped and checks only what is new.

    Each file runs in a process that has no files but its own and no other processes; right values never leave the grader.
    """
    from pmpp.testing import confine, gradebook, grading
    from pmpp.testing.course import find_exercises
    from pmpp.testing.device import DeviceError, choose

    began = time.monotonic()
    folder = folder.resolve()
    out = out or folder.with_name(f"{folder.name}-grades")
    exercises = find_exercises(course_folder(course) / "exercises")
    points = _points(exercises, asked)
    try:
        device = choose()
        students, others = grading.find_students(folder, single=single)
        tasks = grading.plan(students, exercises, list(points))
        journal = click.get_current_context().with_resource(closing(grading.Journal(out / ".journal")))
        for sentence in confine.missing(driver=device.target.device == "cuda"):
            click.echo(f"Not safe: {sentence}", err=True)
        seed = journal.seed if seed is None and journal.seed is not None else secrets.randbelow(1 << 31) if seed is None else seed
        rules = grading.Rules(device.target, seed, hidden.resolve() if hidden else None)
        with _bar(len(tasks)) as advance:
            grades = grading.grade_all(
                tasks, rules, journal, out.resolve() / ".work", jobs, lambda g: advance(f"{g.student} {g.problem}")
            )
    except (grading.GradingError, DeviceError) as error:
        raise click.UsageError(str(error)) from None
    except KeyboardInterrupt:
        click.echo(f"Stopped. What was graded is kept in {out}: the same command goes on from there.", err=True)
        sys.exit(130)
    wanted = {task.exercise: points.get(task.exercise, 1.0) for task in tasks}
    gradebook.write(
        out,
        grades,
        {grading.name_of(e): value for e, value in wanted.items()},
        {grading.name_of(e): e.problem.title for e in wanted},
        single=single,
    )
    if others:
        click.echo(f"Passed over, neither a folder nor a .cu file: {', '.join(map(grading.plain, others))}")
    _print(grades, list(map(grading.name_of, wanted)))
    minutes = (time.monotonic() - began) / 60
    files = sum(grade.kind != "missing" for grade in grades)
    counted = [f"{n} {word}{'s' * (n != 1)}" for n, word in ((len(students), "submission"), (files, "file"))]
    click.echo(f"{', '.join(counted)} in {minutes:.1f} min on {device.description}, seed {seed}.")
    click.echo(f"Grades: {out}/grades.csv")
    sys.exit(BROKEN if any(grade.state == "broken" for grade in grades) else 0)


def _print(grades: list[Any], problems: list[str]) -> None:
    wide = max(map(len, problems))
    for problem in problems:
        own = [grade for grade in grades if grade.problem == problem]
        states = Counter(grade.kind if grade.kind in ("missing", "stub") else grade.state for grade in own)
        solved_first = sorted(states.items(), key=lambda item: (item[0] != "solved", item[0]))
        counts = ", ".join(f"{count} {state}" for state, count in solved_first)
        click.echo(f"{problem:<{wide}}  {counts}")
    for grade in [grade for grade in grades if grade.state == "broken"][:5]:
        click.echo(f"Not graded: {grade.student}, {grade.problem}: {grade.headline}", err=True)
