"""`pmpp list`: how far one is, by chapter or by problem."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pmpp.cli.learner import PROBLEM, Chapter, Course, edition_option, hours
from pmpp.testing.course import Exercise

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"solved": "green", "begun": "cyan", "to do": "yellow", "missing": "red"}


@click.command("list", epilog="Example: pmpp list ch7")
@click.argument("chapter", required=False, type=PROBLEM)
@click.option("--json", "as_json", is_flag=True, help="Print everything, all problems included, as JSON.")
@edition_option
def command(chapter: str | None, as_json: bool) -> None:
    """Show what is solved and how many minutes are left, by chapter; with CHAPTER, its problems.

    A problem is solved, begun (not solved, or not tested since it changed), to do (still the stub), or missing. Nothing is
    tested here; pytest and pmpp watch test. The exit code is 0.
    """
    course = Course()
    chapters = [c for c in course.chapters if c.exercises or c.missing]
    if chapter is not None:
        wanted = {exercise.chapter for exercise in course.within(chapter)}
        chapters = [c for c in chapters if c.folder in wanted]
    if as_json:
        click.echo(json.dumps(table(course, chapters), indent=2))
    elif chapter is not None:
        show_problems(course, chapters[0])
    else:
        show_chapters(course, chapters)


def table(course: Course, chapters: list[Chapter]) -> dict[str, Any]:
    """Return what there is to say about chapters, for JSON and for the tables."""
    progress = course.progress
    entries: list[dict[str, Any]] = []
    for chapter in chapters:
        problems = [problem(course, exercise, course.state(exercise, progress)) for exercise in chapter.exercises]
        entries.append(
            {
                "folder": chapter.folder,
                "title": chapter.title,
                "edition5": chapter.edition5,
                "edition4": chapter.edition4,
                **_sums(problems),
                "problems": problems,
            }
        )
    problems = [p for entry in entries for p in entry["problems"]]
    return {"edition": course.edition, "device": course.device.target.device, **_sums(problems), "chapters": entries}


def problem(course: Course, exercise: Exercise, state: str) -> dict[str, Any]:
    """Return what there is to say about a problem."""
    return {
        "name": course.name(exercise),
        "title": exercise.problem.title,
        "minutes": exercise.problem.minutes,
        "state": state,
        "file": course.shown(exercise.file),
    }


def _sums(problems: list[dict[str, Any]]) -> dict[str, int]:
    solved = sum(p["state"] == "solved" for p in problems)
    left = sum(p["minutes"] for p in problems if p["state"] != "solved")
    return {"solved": solved, "total": len(problems), "minutes_left": left}


def count(sums: dict[str, Any]) -> str:
    """Say how far one is."""
    left = f", about {hours(sums['minutes_left'])} left" if sums["minutes_left"] else ""
    return f"{sums['solved']} of {sums['total']} problems solved{left}."


def show_chapters(course: Course, chapters: list[Chapter]) -> None:
    """Print a line a chapter."""
    from rich.table import Table
    from rich.text import Text

    from pmpp.cli.screen import console, say

    made, sums = console(), table(course, chapters)
    other = 9 - course.edition
    lines = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold")
    lines.add_column(f"{course.edition}th", justify="right", no_wrap=True)
    lines.add_column(f"{other}th ed.", justify="right", no_wrap=True)
    lines.add_column("chapter", no_wrap=True, overflow="ellipsis", ratio=1)
    lines.add_column("solved", justify="right", no_wrap=True)
    lines.add_column("left", justify="right", no_wrap=True)
    for chapter, entry in zip(chapters, sums["chapters"], strict=True):
        done = entry["solved"] == entry["total"]
        lines.add_row(
            str(chapter.number(course.edition) or "-"),
            str(chapter.number(other) or "-"),
            Text(chapter.title),
            f"{entry['solved']}/{entry['total']}",
            "-" if done else hours(entry["minutes_left"]),
            style="green" if done else None,
        )
    made.print(lines)
    say(made, count(sums), "bold")
    _say_missing(course, chapters, made)


def show_problems(course: Course, chapter: Chapter, made: Console | None = None) -> None:
    """Print a line a problem."""
    from rich.table import Table
    from rich.text import Text

    from pmpp.cli.screen import console, say

    made, sums = made or console(), table(course, [chapter])
    say(made, f"{chapter.label(course.edition)}, {chapter.title}", "bold")
    lines = Table.grid(padding=(0, 2), expand=True)
    lines.add_column(no_wrap=True)
    lines.add_column(no_wrap=True)
    lines.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    lines.add_column(justify="right", no_wrap=True)
    for entry in sums["chapters"][0]["problems"]:
        state = Text(entry["state"], STYLES[entry["state"]])
        lines.add_row(state, entry["name"].partition("/")[2], Text(entry["title"]), f"{entry['minutes']} min")
    made.print(lines)
    say(made, count(sums), "bold")
    _say_missing(course, [chapter], made)


def _say_missing(course: Course, chapters: list[Chapter], made: Any) -> None:
    from pmpp.cli.screen import say

    for chapter in chapters:
        for exercise in chapter.exercises:
            if not exercise.file.exists():
                for line in course.absence(exercise):
                    say(made, line, "red")
        for name in chapter.missing:
            stub = course.shown(course.home / chapter.folder / "stubs" / f"{name}.cu")
            say(made, f"{stub} is missing, and the problem cannot be shown without it. From a clone: git checkout {stub}", "red")
