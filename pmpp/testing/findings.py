"""What checkers of the software GPU found: where to write it, how to read it, how it is shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pmpp.testing import confine

CHECKERS = ("memory", "race", "uninitialized", "sync", "api")
Finding = dict[str, Any]


def findings_of(run: Callable[[Mapping[str, str]], object], checkers: str) -> list[Finding]:
    """Return what the checkers find in the processes that `run` starts with these variables in their environment."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "findings")
        run({"PMPP_SIM_CHECK": checkers, "PMPP_SIM_FINDINGS": str(report)})
        return located(read_lines(report))


def read_lines(report: Path) -> list[Finding]:
    """Read the lines of JSON that observers wrote."""
    lines = report.read_bytes().splitlines() if report.exists() else []
    return [_names(json.loads(line)) for line in lines]


def _names(value: Any, key: str = "") -> Any:
    # The bytes of file names arrive as characters of the same number.
    if isinstance(value, dict):
        return {k: _names(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_names(v) for v in value]
    return value.encode("latin-1").decode(errors="replace") if key == "file" else value


def located(entries: list[Finding]) -> list[Finding]:
    """Give findings of host code their lines, and drop what another finding says better."""
    findings: list[Finding] = []
    # What a race let through is its fault, and there in some schedules only.
    entries = [_of_host(entry) for entry in entries]
    raced = {_place(end) for entry in entries if entry["kind"] == "race" for end in (entry, entry["other"])}
    harmful = {_pair(entry) for entry in entries if entry["kind"] == "race" and not entry.get("benign")}
    known = set()
    for entry in entries:
        if entry.get("benign") and _pair(entry) in harmful:
            continue
        if entry["kind"] == "uninitialized" and raced & {_place(entry), _place(entry["other"])}:
            continue
        # Another instruction of the same line is nothing new.
        pair = _pair(entry) if "other" in entry else None
        if entry in findings or (entry["kind"], pair) in known:
            continue
        if pair and entry["block"] is None:
            known.add((entry["kind"], pair))
        findings.append(entry)
    return findings


def _of_host(entry: Finding) -> Finding:
    # What host code did has the line of its calls.
    frames = entry.pop("frames", "")
    if "other" in entry and "file" not in entry["other"]:
        file, line = host_line(entry["other"].pop("frames", ""))
        entry["other"] = {"file": file, "line": line, "block": None, "thread": None}
    if "file" in entry:
        return entry
    file, line = host_line(frames)
    return {"kind": entry["kind"], "kernel": "", "file": file, "line": line, "block": None, "thread": None, **entry}


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
    places = []
    launches = False
    for frame in filter(None, frames.split(";")):
        file, _, offset = frame.rpartition("+")
        if file.startswith(("/lib/", "/lib64/", "/usr/lib")):  # of the system: somebody called it
            continue
        for place in _places(file, offset):
            if place[0].endswith(".cudafe1.stub.c"):
                launches = True
            elif launches:  # nvcc's function in the place of the kernel; who called it comes next
                launches = False
            elif not _is_header(place[0]):
                places.append(place)
    if not places:
        return "", 0
    file, line = places[0]
    if template := re.search(r"/tmpxft_\w+-\d+_([^/]+)\.cudafe1\.cpp$", file):  # nvcc's copy of it, with its lines
        file = next((path for path, _ in places if Path(path).name == f"{template[1]}.cu"), file)
    return file, line


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
        by = (
            f", by block {_triple(other['block'])}, thread {_triple(other['thread'])}"
            if other["block"]
            else ", by the host's call"
        )
        yield f"{_where(other)}: note: {what}{by}"
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


def source_text(file: str, line: int) -> str:
    """Return a line of a source file; empty if it is not there, or is none of a submission that is being graded."""
    lines = source_lines(file)
    return lines[line - 1] if 0 < line <= len(lines) else ""


def source_lines(file: str) -> list[str]:
    """Return all lines of a source file; the same holds for them."""
    if confine.strict is not None and not Path(file).resolve().is_relative_to(Path(confine.strict).resolve()):
        return []  # a program names the files of its lines itself, and could name one that its author cannot read
    try:
        return Path(file).read_text(errors="replace").splitlines()
    except OSError:
        return []


def shown_path(file: str) -> str:
    """Return a path as a person would type it: relative where that is shorter."""
    try:
        relative = os.path.relpath(file)
    except ValueError:
        return file
    return relative if file and len(relative) < len(file) else file
