"""`pmpp check`: run a program on the software GPU with all checkers, and say on which lines it goes wrong."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click

from pmpp.cli.program import command_of, run_observed, shown_path, source_text

CHECKERS = ("memory", "race", "uninitialized", "sync", "api")
Finding = dict[str, Any]


@click.command("check", context_settings={"ignore_unknown_options": True}, epilog="Example: pmpp check reduce.cu 1000")
@click.argument("target", metavar="FILE.cu|PROGRAM", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--json", "as_json", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the findings to FILE."
)
@click.option("--without", multiple=True, type=click.Choice(CHECKERS), help="Leave a checker out; may be repeated.")
def command(target: Path, arguments: tuple[str, ...], as_json: Path | None, without: tuple[str, ...]) -> None:
    """Run a CUDA program with checkers for memory, races, uninitialised values, synchronisation and API use.

    A .cu file is compiled first; an exercise, which has no main(), is run by its test. The program must be linked against
    the shared CUDA runtime (nvcc -cudart shared). The exit code is 1 if there were findings or the program failed.
    """
    wanted = [name for name in CHECKERS if name not in without]
    with command_of(target, arguments) as program:
        observed = run_observed(program, "PMPP_SIM_FINDINGS", PMPP_SIM_CHECK=" ".join(wanted), PMPP_SIM_QUIET="1")
        findings = located(observed.entries)
    if as_json:
        as_json.write_text(json.dumps(findings, indent=2) + "\n")
    for finding in findings:
        click.echo("\n".join(described(finding)), err=True)
    counted = [finding for finding in findings if not finding.get("benign")]
    if observed.status < 0:
        click.echo(f"{target.name} was ended by {signal.Signals(-observed.status).name}.", err=True)
    elif observed.status > 0:
        click.echo(f"{target.name} ended with exit code {observed.status}.", err=True)
    amount = f"{len(counted)} finding{'s' if len(counted) != 1 else ''}" if counted else "no findings"
    click.echo(f"pmpp check: {amount}", err=True)
    sys.exit(1 if counted or observed.status else 0)


def located(entries: list[Finding]) -> list[Finding]:
    """Give findings of host code their lines, and drop what another finding says better."""
    findings: list[Finding] = []
    # What a race let through is its fault, and there in some schedules only.
    raced = {_place(end) for entry in entries if entry["kind"] == "race" for end in (entry, entry["other"])}
    harmful = {_pair(entry) for entry in entries if entry["kind"] == "race" and not entry.get("benign")}
    for entry in entries:
        frames = entry.pop("frames", "")
        if "file" not in entry:
            file, line = host_line(frames)
            entry = {"kind": entry["kind"], "kernel": "", "file": file, "line": line, "block": None, "thread": None, **entry}
        if entry.get("benign") and _pair(entry) in harmful:
            continue
        if entry["kind"] == "uninitialized" and raced & {_place(entry), _place(entry["other"])}:
            continue
        if entry not in findings:
            findings.append(entry)
    return findings


def _place(entry: Finding) -> tuple[str, int]:
    return entry["file"], entry["line"]


def _pair(finding: Finding) -> frozenset[tuple[str, int]]:
    places = (finding, finding.get("other") or {})
    return frozenset(_place(place) for place in places if place)


def host_line(frames: str) -> tuple[str, int]:
    """Return the innermost line of the program's own code among some calls.

    Parameters
    ----------
    frames : str
        Places in executable files, innermost first: ``file+0x12;file+0x34``.
    """
    launches = False
    for frame in filter(None, frames.split(";")):
        file, _, offset = frame.rpartition("+")
        for place in _places(file, offset):
            if place[0].endswith(".cudafe1.stub.c"):
                launches = True
            elif launches:  # nvcc's function in the place of the kernel; who called it comes next
                launches = False
            elif not _is_header(place[0]):
                return place
    return "", 0


def _is_header(file: str) -> bool:
    return file.startswith("/usr/include/") or ("/include/" in file and Path(file).suffix in {".h", ".hpp", ".cuh", ""})


@cache
def _places(file: str, offset: str) -> tuple[tuple[str, int], ...]:
    """Ask the debug information for an address: the innermost inlined function first."""
    tool = shutil.which("addr2line")
    if tool is None or not Path(file).exists():
        return ()
    done = subprocess.run([tool, "-i", "-e", file, offset], capture_output=True, text=True, check=False)
    places = (line.split(" (discriminator")[0].rpartition(":") for line in done.stdout.splitlines())
    return tuple((path, int(number)) for path, _, number in places if number.isdigit() and int(number) and path != "??")


def described(finding: Finding) -> Iterator[str]:
    """Yield the lines in which a finding is shown, as compilers do."""
    level = "note" if finding.get("benign") else "error"
    yield f"{_where(finding)}: {level}: {finding['kind']}: {finding['message']}"
    yield from _excerpt(finding)
    if finding.get("block"):
        kernel = f"kernel {finding['kernel']}, " if finding["kernel"] else ""
        yield f"    {kernel}block {_triple(finding['block'])}, thread {_triple(finding['thread'])}"
    if (other := finding.get("other")) and (finding["kind"] == "race" or _place(other) != _place(finding)):
        what = "the other access" if finding["kind"] == "race" else "it concerns this"
        yield f"{_where(other)}: note: {what}, by block {_triple(other['block'])}, thread {_triple(other['thread'])}"
        yield from _excerpt(other)


def _where(place: Finding) -> str:
    return f"{shown_path(place['file'])}:{place['line']}" if place["file"] else "pmpp"


def _excerpt(place: Finding) -> Iterator[str]:
    text = source_text(place["file"], place["line"]).expandtabs(4)
    if text.strip():
        margin = f"{place['line']:5} | "
        yield margin + text
        yield " " * (len(margin) - 2) + "| " + " " * (len(text) - len(text.lstrip())) + "^" + "~" * (len(text.strip()) - 1)


def _triple(numbers: list[int]) -> str:
    return f"({', '.join(map(str, numbers))})"
