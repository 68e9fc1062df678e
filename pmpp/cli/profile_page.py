"""The page of `pmpp profile --html`: what goes into it; pmpp/pages/profile.js makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pmpp import pages
from pmpp.testing.findings import shown_path, source_lines
from pmpp.testing.limits import WORDS

WHOLE = 1500
"""Lines of a source file up to which the page has all of it."""
AROUND = 12
"""Lines around each counted one that it has of a longer file."""
NOWHERE = "(what the compiler says is of no line)"
"""In the place of line 0."""


def write(
    path: Path, target: Path, launches: Sequence[tuple[Mapping[str, Any], int]], gpu: Mapping[str, Any], said: str
) -> None:
    """Write the page.

    Parameters
    ----------
    path : Path
        The file to write.
    target : Path
        What was profiled.
    launches : sequence of (kernel, times)
        Entries of the JSON, and how many launches did the same.
    gpu : Mapping
        As in the JSON.
    said : str
        Why no time is modelled, or nothing.
    """
    kernels = [
        {**kernel, "launches": times, "lines": [_without_zeros(line) for line in kernel["lines"]]} for kernel, times in launches
    ]
    counted: dict[str, set[int]] = {}
    for kernel in kernels:
        for line in kernel["lines"]:
            counted.setdefault(line["file"], set()).add(line["line"])
    data = {
        "target": str(target),
        "gpu": gpu,
        "said": said,
        "kernels": kernels,
        "files": {file: _source(file, lines) for file, lines in counted.items()},
        "words": dict(WORDS),
    }
    pages.write(path, f"Profile of {target.name}", "profile", data)


def _without_zeros(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line without most of what it would take in the page; the script puts the zeros back."""
    return {**line, "counters": {name: value for name, value in line["counters"].items() if value}}


def _source(file: str, counted: set[int]) -> dict[str, Any]:
    """Return a file as it is shown: all of its lines, or those around what was counted."""
    text = source_lines(file)
    shown = counted | set(range(1, len(text) + 1))
    if len(text) > WHOLE:
        shown = {n for line in counted for n in range(line - AROUND, line + AROUND + 1) if 0 < n <= len(text)} | counted
    lines = [{"number": n, "text": text[n - 1] if 0 < n <= len(text) else "" if n else NOWHERE} for n in sorted(shown)]
    return {"shown": shown_path(file) if file else "without line information", "found": bool(text), "lines": lines}
