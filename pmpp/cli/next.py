"""`pmpp next`, and `pmpp` alone: where one left off, and what to work on now."""

from __future__ import annotations

import json

import click

from pmpp.cli.learner import PROBLEM, UNSOLVED, Course, edition_option, since, todo


@click.command("next", epilog="Example: pmpp next ch7")
@click.argument("chapter", required=False, type=PROBLEM)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@edition_option
def command(chapter: str | None, as_json: bool) -> None:
    """Show the problem to work on now: the one left off, or the first unsolved one after it.

    The exit code is 1 if everything is solved, in CHAPTER or altogether.
    """
    from pmpp.cli.list import problem
    from pmpp.cli.screen import console, say

    course = Course()
    exercise = course.next(course.within(chapter))
    if exercise is None:
        click.echo("null" if as_json else f"All problems {'in there ' if chapter else ''}are solved. See: pmpp list")
        raise SystemExit(UNSOLVED)
    if as_json:
        click.echo(json.dumps(problem(course, exercise, course.state(exercise)), indent=2))
        return
    made = console()
    first, *rest = todo(course, exercise)
    say(made, first, "bold")
    for line in rest:
        say(made, line)
    if not exercise.file.exists():
        for line in course.absence(exercise):
            say(made, line, "red")
    say(made, f"Test at each save: pmpp watch {course.name(exercise)}", "cyan")
    say(made, f"Stuck? pmpp hint {course.name(exercise)}", "cyan")


def overview() -> None:
    """Say where one left off and what is next."""
    from pmpp.cli.list import count, table
    from pmpp.cli.screen import console, say

    course, made = Course(), console()
    last, following = course.left_off(), course.next()
    say(made, f"pmpp: {count(table(course, course.chapters))}", "bold")
    if last is None:
        say(made, "Nothing has been begun yet.")
    else:
        state = "solved" if course.state(last) == "solved" else "not solved, or not tested since"
        say(made, f"You left off at {course.shown(last.file)}, changed {since(last.file)}: {state}.")
    if following is None:
        say(made, "Everything is solved. pmpp list shows it all.", "green")
        return
    chapter = course.chapter_of(following)
    say(made, f"Next: {course.shown(following.file)}, {following.problem.title} (about {following.problem.minutes} minutes)")
    say(made, f"  {chapter.label(course.edition)}, {chapter.title}", hang="  ")
    for command_line, what in (
        (f"pmpp watch {course.name(following)}", "test it at each save"),
        (f"pmpp hint {course.name(following)}", "a hint, one step at a time"),
        ("pmpp list", "how far you are"),
        ("pmpp --help", "all commands"),
    ):
        say(made, f"  {command_line:<28} {what}", "cyan", hang="      ")
