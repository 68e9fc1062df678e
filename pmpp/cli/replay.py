"""`pmpp replay`: one block's run on the software GPU as a page, forwards and backwards."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from pmpp import pages
from pmpp.cli.program import command_of, has_main, nvcc_flags_option
from pmpp.cli.replayed import SCHEDULES, Function, Program, Search, Subject, exercise_root, findings, observe, search
from pmpp.testing.course import Exercise
from pmpp.testing.findings import Finding, shown_path
from pmpp.testing.recording import Recording

STEPS = 60000
"""What the software GPU keeps at most: more than a page holds."""


def _block(context: click.Context, option: click.Parameter, text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = text.strip("()").split(",")
    if len(parts) > 3 or not all(part.strip().isdigit() for part in parts):
        raise click.BadParameter(f"{text!r}: give one to three numbers, such as 2 or 2,0,1.")
    return [*map(int, parts), 0, 0][:3]


@click.command("replay", context_settings={"ignore_unknown_options": True}, epilog="Example: pmpp replay reduce.cu 1000")
@click.argument("target", metavar="FILE.cu|PROGRAM", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--kernel", help="The kernel; without it the one of the first finding, else the first that is launched.")
@click.option("--block", metavar="X,Y,Z", callback=_block, help="The block; without it the one of the first finding, else 0,0,0.")
@click.option("--launch", type=click.IntRange(min=1), help="Which launch of the kernel.", metavar="N")
@click.option(
    "--html", "page", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes; without it NAME.replay.html, which is opened where there is a screen.",
)  # fmt: skip
@nvcc_flags_option
def command(
    target: Path, arguments: tuple[str, ...], kernel: str | None, block: list[int] | None, launch: int | None, page: Path | None,
    nvcc_flags: list[str],
) -> None:  # fmt: skip
    """Write a page that shows one block's run, step by step, forwards and backwards.

    The lanes of every warp on their source lines, values by lane, shared memory with who wrote each word, barriers and who
    waits. All checkers are on: the page opens at what they find. For a race, schedules of the warps are tried until the answer
    is wrong. A .cu file is compiled first; an exercise, which has no main(), runs on the smallest input that it gets wrong.
    """
    with _subject(target, arguments, nvcc_flags) as subject:
        found = findings(subject)
        chosen = [f for f in found if (kernel is None or f["kernel"] == kernel) and (block is None or f["block"] == block)]
        searched: Search | None = None
        if any(finding["kind"] == "race" for finding in chosen):
            click.echo(f"A race: up to {SCHEDULES} schedules of the warps are tried.", err=True)
            searched = search(subject)
        seed = searched.seed if searched else 0
        plain, _ = observe(subject, "PMPP_SIM_REPLAY", PMPP_SIM_REPLAY_STEPS="0", PMPP_SIM_SEED=str(seed))
        suspect = subject.suspect()
        if chosen:
            kernel, block = kernel or chosen[0]["kernel"], block or chosen[0]["block"]
        elif suspect and block is None:
            block = suspect[0]
        environment = {"PMPP_SIM_REPLAY_STEPS": str(STEPS), "PMPP_SIM_SEED": str(seed), "PMPP_SIM_REPLAY_KERNEL": kernel or ""}
        environment["PMPP_SIM_REPLAY_BLOCK"] = ",".join(map(str, block or [0, 0, 0]))
        environment["PMPP_SIM_REPLAY_LAUNCH"] = str(launch or "")
        if chosen and launch is None:
            environment["PMPP_SIM_CHECK"] = "all"
        _, entries = observe(subject, "PMPP_SIM_REPLAY", **environment)
    recording = _recording(entries, subject, kernel, launch)
    said = [*subject.said, searched.sentence] if searched else subject.said or [plain.wrong] if plain.wrong else subject.said
    data = _data(recording, found, suspect if suspect and suspect[0] == recording.block else None, said, target, arguments)
    file = page or Path(f"{target.stem}.replay.html")
    try:
        pages.write(file, f"{recording.kernel}, step by step", "replay", data)
    except OSError as failure:
        raise click.ClickException(f"{file} cannot be written: {failure.strerror}.") from None
    for finding in data["findings"]:
        click.echo(f"{finding['kind']}: {finding['message']}", err=True)
    for sentence in data["said"]:
        click.echo(sentence, err=True)
    where = ", ".join(map(str, recording.block))
    click.echo(f"{file}: kernel {recording.kernel}, block ({where}), {data['count']:,} steps", err=True)
    if page is None and sys.stdout.isatty() and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        click.launch(str(file))


@contextmanager
def _subject(target: Path, arguments: tuple[str, ...], flags: Sequence[str]) -> Iterator[Subject]:
    solution = target.resolve().parent.name == "solutions"
    exercise = Exercise(target.resolve().parents[solution], target.stem)
    if target.suffix == ".cu" and not has_main(target.read_text(errors="replace")) and exercise.test_file.exists():
        if flags or arguments:
            raise click.UsageError(
                f"{target} is an exercise: its test has the inputs, so that flags and arguments have no place."
            )
        yield Function(exercise, target.resolve(), exercise_root(exercise))
        return
    with command_of(target, arguments, flags) as command:
        yield Program(command)


def _recording(entries: list[dict[str, Any]], subject: Subject, kernel: str | None, launch: int | None) -> Recording:
    """Read what was recorded, or say why there is nothing."""
    runs = [entry for entry in entries if "steps" in entry]
    launched = [entry["launched"] for entry in entries if "launched" in entry]
    if not runs:
        if not launched:
            raise click.ClickException("No kernel was launched: there is nothing to replay.")
        if kernel and kernel not in launched:
            raise click.ClickException(f"No kernel {kernel} was launched, but {', '.join(launched)}.")
        raise click.ClickException(f"There is no launch {launch} of {kernel or launched[0]}.")
    entry = runs[-1]
    if not entry["there_is"]:
        grid = " x ".join(map(str, entry["grid"]))
        raise click.ClickException(f"There is no block {tuple(entry['of'])} of {entry['kernel']}: its grid is {grid} blocks.")
    if not any(line["file"] for line in entry["lines"]):
        raise click.ClickException("The program has no line numbers: compile it with nvcc -lineinfo.")
    return Recording(entry, subject.files)


def _data(
    recording: Recording, found: list[Finding], suspect: tuple[list[int], int] | None, said: list[str], target: Path,
    arguments: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    data = recording.data()
    shown = []
    for finding in found:
        here = recording.steps_of(finding) if finding["kernel"] == recording.kernel else []
        steps = [step for step in here if step < data["count"]]
        elsewhere = ""
        if not steps and finding.get("block"):
            elsewhere = f"It is not among these steps: {command_for(target, finding, arguments)}"
        kept = {key: finding[key] for key in ("kind", "message")}
        kept["words"] = recording.clash(finding, steps)
        shown.append({**kept, "steps": steps, "ends": [recording.end(step) for step in steps], "elsewhere": elsewhere})
    opens = next((finding["steps"][0] for finding in shown if finding["steps"]), None)
    if opens is None and suspect is not None:
        opens = recording.last_store(suspect[1])
        if opens is not None:
            said = [*said, f"The page opens where thread {suspect[1]} of the block stores what is wrong."]
    if data["count"] < data["total"]:
        said = [
            *said,
            f"The first {data['count']:,} of {data['total']:,} steps are here. A smaller input has fewer.",
        ]
    return {**data, "findings": shown, "said": said, "open": min(opens or 0, data["count"] - 1)}


def command_for(target: Path, finding: Finding, arguments: Sequence[str] = ()) -> str:
    """Return the command that shows a finding of a kernel."""
    block = ",".join(map(str, finding["block"]))
    return shlex.join(["pmpp", "replay", shown_path(str(target)), *arguments, "--kernel", finding["kernel"], "--block", block])
