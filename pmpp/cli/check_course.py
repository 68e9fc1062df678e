"""`pmpp check-course`: prove that every problem can be solved, and that wrong solutions are told what is wrong."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.progress import Progress

    from pmpp.testing.course import Exercise
    from pmpp.testing.proof import Proof

FOLDER = Path(__file__).resolve().parents[2] / "exercises"
"""It belongs to the repository, as the benchmarks do."""
CACHE = FOLDER.parent / ".pmpp" / "build"
WIDTH = 78


@click.command("check-course", epilog="Example: pmpp check-course ch10 ch11")
@click.argument("chapters", metavar="[CHAPTER]...", nargs=-1)
@click.option("--summary", is_flag=True, help="Count problems, mutants and minutes, and prove nothing.")
@click.option("--jobs", metavar="N", type=click.IntRange(1), help="Problems that are looked at together; one for each CPU core.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(chapters: tuple[str, ...], summary: bool, jobs: int | None, as_json: bool) -> None:
    """Prove the problems of the course: stubs fail, solutions pass, wrong solutions are found out for what they are.

    CHAPTER is a folder of exercises/, such as ch10, or one problem, ch10/tree. The exit code is 1 if anything is not as it
    should be.
    """
    exercises = _chosen(chapters)
    if summary:
        _summarize(exercises, as_json)
        return
    from pmpp._runtime.device import DeviceError
    from pmpp._toolkit import ToolkitError, find_toolkit
    from pmpp.testing.device import choose
    from pmpp.testing.proof import prove, steps
    from pmpp.testing.speedup import cores

    try:
        device = choose()
        find_toolkit()
    except (DeviceError, ToolkitError) as error:
        raise click.ClickException(str(error)) from None
    began = time.monotonic()
    todo = steps(exercises)
    bar, progress = _bar(len(todo), as_json)
    with bar:
        proofs = prove(todo, device.target, CACHE, FOLDER.parent, jobs=jobs or cores(), done=progress)
    seconds = time.monotonic() - began
    bad = [proof for proof in proofs if proof.complaints]
    if as_json:
        entries = [
            {
                "problem": f"{proof.step.exercise.chapter}/{proof.step.exercise.name}",
                "step": proof.step.what,
                "mutant": proof.step.mutant.name if proof.step.mutant else None,
                "kind": proof.verdict.kind if proof.verdict else None,
                "complaints": proof.complaints,
                "seconds": round(proof.seconds, 3),
            }
            for proof in proofs
        ]
        click.echo(json.dumps({"device": device.description, "seconds": round(seconds, 1), "steps": entries}, indent=1))
    else:
        _report(bad, len(exercises), len(proofs), device.description, seconds)
    sys.exit(1 if bad else 0)


def _chosen(chapters: tuple[str, ...]) -> list[Exercise]:
    from pmpp.testing.course import find_exercises

    if not FOLDER.is_dir():
        raise click.UsageError("The course is not here: it belongs to a clone of the repository.")
    everything = find_exercises(FOLDER)
    names = [chapter.rstrip("/").removeprefix("exercises/").removesuffix(".cu") for chapter in chapters]
    for given, name in zip(chapters, names, strict=True):
        if not any(name in (e.chapter, f"{e.chapter}/{e.name}") for e in everything):
            known = ", ".join(dict.fromkeys(e.chapter for e in everything))
            raise click.UsageError(f"There is no chapter or problem {given!r}. Chapters: {known}.")
    return [e for e in everything if not names or e.chapter in names or f"{e.chapter}/{e.name}" in names]


def _bar(total: int, quiet: bool) -> tuple[Progress, Callable[[Proof], None]]:
    """Return a progress bar, which is only drawn on a terminal, and what moves it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = _console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    task = bar.add_task("proving", total=total)
    return bar, lambda proof: bar.advance(task)


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    console = Console(highlight=False, stderr=stderr)
    console.width = min(console.width, WIDTH)
    return console


def _report(bad: list[Proof], problems: int, steps: int, device: str, seconds: float) -> None:
    from rich.text import Text

    console = _console()
    for proof in bad:
        for complaint in proof.complaints:
            console.print(Text(proof.step.name, "bold"))
            console.print(Text(f"  {complaint}", "red"), soft_wrap=False)
    tail = f"{problems} problems, {steps} steps, on {device}, in {seconds:.0f} s"
    if bad:
        console.print(Text(f"{len(bad)} of {steps} steps are not as they should be: {tail}.", "red"))
    else:
        console.print(Text(f"Everything is as it should be: {tail}.", "green"))


def _summarize(exercises: list[Exercise], as_json: bool) -> None:
    from pmpp.testing.problem import KINDS

    rows = {}
    for chapter in dict.fromkeys(e.chapter for e in exercises):
        members = [e for e in exercises if e.chapter == chapter]
        kinds = Counter(e.problem.kind for e in members)
        rows[chapter] = {
            "problems": len(members),
            **{kind: kinds[kind] for kind in KINDS},
            "timed": sum(e.problem.speedup is not None for e in members),
            "mutants": sum(len(list(e.mutants())) for e in members),
            "minutes": sum(e.problem.minutes for e in members),
        }
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_footer=True, header_style="dim")
    names = list(next(iter(rows.values())))
    table.add_column("chapter", "all")
    for name in names:
        table.add_column(name, f"{sum(row[name] for row in rows.values()):,}", justify="right")
    for chapter, row in rows.items():
        table.add_row(chapter, *(f"{value:,}" if value else "-" for value in row.values()))
    _console().print(table)
