"""`pmpp solution`: the reference solution, how it differs from the learner's file, and what both cost."""

from __future__ import annotations

import difflib
import json
import sys
from typing import Any

import click

from pmpp.cli.learner import BROKEN, PROBLEM, UNSOLVED, Course, edition_option
from pmpp.testing.course import Exercise


@click.command("solution", epilog="Example: pmpp solution ch7/tiled")
@click.argument("problem", required=False, type=PROBLEM)
@click.option("--anyway", is_flag=True, help="Show it although your file does not pass yet.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@edition_option
def command(problem: str | None, anyway: bool, as_json: bool) -> None:
    """Show the reference solution of PROBLEM once yours passes: the file, a diff, and what both cost in the tests.

    Without PROBLEM: of the problem you left off. The costs are exact counts on the software GPU, and times on the device in use.
    The exit code is 1 if your file does not pass and --anyway is not given, 3 if it could not be tested.
    """
    from pmpp.testing.costs import costs, race

    course = Course()
    exercise = (course.left_off() if problem is None else None) or course.find(problem)
    reference = _text(course, exercise)
    verdict = course.test(exercise)
    if not verdict.solved and not anyway:
        name = course.name(exercise)
        click.echo(f"{course.shown(exercise.file)} does not pass yet: {verdict.headline}", err=True)
        click.echo(f"A hint: pmpp hint {name}. The solution all the same: pmpp solution {name} --anyway", err=True)
        sys.exit(BROKEN if verdict.state == "broken" else UNSOLVED)
    mine = exercise.file.read_text(encoding="utf-8", errors="replace") if exercise.file.exists() else ""
    files = course.shown(exercise.file), course.shown(exercise.solution)
    diff = list(difflib.unified_diff(mine.splitlines(), reference.splitlines(), *files, lineterm=""))
    counted = [costs(exercise, source, course.cache_dir) for source in (exercise.file, exercise.solution)]
    names = shown(counted)
    yours, theirs = ({name: found.counters[name] for name in names} if found else None for found in counted)
    raced = race(exercise, course.device.target, course.cache_dir) if verdict.solved else None
    if as_json:
        times = {"case": raced[2], "yours": raced[0], "reference": raced[1]} if raced else None
        entry = {"name": course.name(exercise), "solved": verdict.solved, "yours": yours, "reference": theirs}
        click.echo(json.dumps({**entry, "seconds": times, "solution": reference, "diff": diff}, indent=2))
    else:
        _print(course, exercise, reference, diff, yours, theirs)
        if raced:
            from pmpp.cli.screen import console, say

            ours, other, case = raced
            line = f"{case}: yours {ours * 1e3:.3g} ms, the reference {other * 1e3:.3g} ms, {ours / other:.2f} x"
            say(console(), f"{line}; measured in turn, medians, on {course.device.description}.")


def _text(course: Course, exercise: Exercise) -> str:
    try:
        return exercise.solution.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = f"{course.shown(exercise.solution)} is not there: these exercises were handed out without solutions."
        raise click.ClickException(text) from None


def shown(counted: list[Any]) -> list[str]:
    """Return the counters that either version has."""
    from pmpp.testing.costs import SHOWN

    return [name for name in SHOWN if any(found and found.counters[name] for found in counted)]


def _print(
    course: Course,
    exercise: Exercise,
    reference: str,
    diff: list[str],
    yours: dict[str, int] | None,
    theirs: dict[str, int] | None,
) -> None:
    from rich.syntax import Syntax

    from pmpp.cli.screen import console, say

    made = console()
    chapter = course.chapter_of(exercise)
    say(made, f"{chapter.label(course.edition)}, {chapter.title}", "bold")
    for title, text, lexer in (
        (course.shown(exercise.solution), reference, "cuda"),
        ("From yours to the reference solution", "\n".join(diff), "diff"),
    ):
        say(made, title, "bold")
        if not text:
            say(made, "Yours is the same, to the letter.")
        elif made.is_terminal:
            made.print(Syntax(text.rstrip(), lexer, theme="ansi_dark", background_color="default", word_wrap=True))
        else:
            click.echo(text.rstrip())
        made.print()
    show_costs(made, yours, theirs)


def show_costs(made: Any, yours: dict[str, int] | None, theirs: dict[str, int] | None) -> None:
    """Print counters side by side; the learner's alone where there is no reference solution."""
    from rich.table import Table

    from pmpp.cli.screen import say

    if not yours:
        say(made, "There are no counts to show: " + ("no kernel is counted." if yours is not None else "not all runs end well."))
        return
    say(made, "In all tests together, counted on the software GPU:", "bold")
    lines = Table.grid(padding=(0, 2))
    lines.add_column(overflow="fold")
    for _ in range(3 if theirs else 1):
        lines.add_column(justify="right", no_wrap=True)
    if theirs:
        lines.add_row("", "yours", "reference", "")
    for name, count in yours.items():
        row = [name.replace("_", " "), f"{count:,}"]
        if theirs:
            other = theirs[name]
            row += [f"{other:,}", f"{count / other:.2f} x" if other else ""]
        lines.add_row(*row)
    made.print(lines)
