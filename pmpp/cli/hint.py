"""`pmpp hint`: one step of a problem's hints, first the one that fits what went wrong."""

from __future__ import annotations

from typing import Any

import click

from pmpp.cli.learner import PROBLEM, Course, edition_option
from pmpp.testing.course import Exercise
from pmpp.testing.hints import Step, fitting, read


@click.command("hint", epilog="Example: pmpp hint ch7/tiled --step 2")
@click.argument("problem", required=False, type=PROBLEM)
@click.option("--step", type=click.IntRange(min=1), help="Show this step; by default the one that fits your last failure.")
@edition_option
def command(problem: str | None, step: int | None) -> None:
    """Show one step of the hints for PROBLEM, or for the problem you are at.

    There are three: the idea, the approach, nearly the code. Without --step your file is tested, and the step that speaks about
    what is wrong comes first. The exit code is 0.
    """
    from pmpp.cli.screen import console, say

    course = Course()
    exercise = course.find(problem)
    steps = read_hints(course, exercise)
    made = console()
    why = ""
    if step is None:
        chosen, why = first_step(course, exercise, steps)
    elif step > len(steps):
        raise click.UsageError(f"--step {step}: {course.name(exercise)} has {len(steps)} steps.")
    else:
        chosen = steps[step - 1]
    chapter = course.chapter_of(exercise)
    say(made, f"{chapter.label(course.edition)}, {chapter.title}", "bold")
    show(course, exercise, len(steps), chosen, made, why)
    for other in steps:
        if other is not chosen:
            say(made, f"pmpp hint {course.name(exercise)} --step {other.number}  {other.title.lower()}", "cyan")


def read_hints(course: Course, exercise: Exercise) -> list[Step]:
    """Return the steps; a sentence where the file is gone."""
    try:
        steps = read(exercise.hints)
    except OSError as error:
        raise click.ClickException(f"{course.shown(exercise.hints)} cannot be read: {error.strerror}.") from None
    if not steps:
        raise click.ClickException(f"{course.shown(exercise.hints)} has no steps: each begins with a line ## 1. The idea")
    return steps


def first_step(course: Course, exercise: Exercise, steps: list[Step]) -> tuple[Step, str]:
    """Test the file; return the step that fits the failure, and why it is that one."""
    verdict = course.test(exercise)
    if verdict.state == "solved":
        return steps[0], "Your file passes; hints are here all the same."
    chosen = fitting(steps, verdict.kind, " ".join((verdict.headline, *verdict.details)))
    if verdict.state == "to do":
        return chosen, ""
    if verdict.state == "broken":
        return chosen, verdict.headline
    return chosen, f"The test says: {verdict.kind}. This step is about it."


def show(course: Course, exercise: Exercise, count: int, step: Step, made: Any, why: str = "") -> None:
    """Print a step, one of so many."""
    from rich.markdown import Markdown

    from pmpp.cli.screen import say

    say(made, f"{course.name(exercise)}, hint {step.number} of {count}: {step.title}", "bold")
    if why:
        say(made, why)
    made.print(Markdown(step.text, code_theme="ansi_dark"))
