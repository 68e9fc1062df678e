"""Draws docs/loop.svg, the picture of the README: a run of pytest on a wrong kernel, then on the right one.

Run it from the root: `python docs/loop_picture.py`. Both runs are real; a learner's files are not touched.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pmpp.testing.course import Exercise

ROOT = Path(__file__).resolve().parent.parent
CHAPTER, PROBLEM, MUTANT = "ch7", "tiled", "halo_not_loaded"


def run(text: str) -> str:
    """Return what pytest prints when the learner's file is `text`."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "pyproject.toml", folder)
        chapter = Path(folder, "exercises", CHAPTER)
        shutil.copytree(ROOT / "exercises" / CHAPTER, chapter)
        (chapter / f"{PROBLEM}.cu").write_text(text)
        command = [Path(sys.executable).with_name("pytest"), "--color=yes", f"exercises/{CHAPTER}/{PROBLEM}.cu"]
        environment = {**os.environ, "COLUMNS": "80", "PMPP_DEVICE": "sim"}
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def main() -> None:
    """Run both, draw, write."""
    exercise = Exercise(ROOT / "exercises" / CHAPTER, PROBLEM)
    mutants = {mutant.name: mutant.text for mutant in exercise.mutants()}
    wrong = mutants[MUTANT]
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
    for text in (wrong, exercise.solution.read_text()):
        console.print(f"[bold]$ pytest exercises/{CHAPTER}/{PROBLEM}.cu[/bold]", highlight=False)
        lines = [line for line in run(text).splitlines() if not re.search(r"^(platform|rootdir|plugins|configfile)", line)]
        console.print(Text.from_ansi("\n".join(lines)))
    svg = console.export_svg(title="pmpp")
    # No fonts from elsewhere: the reader's own monospaced one will do.
    svg = re.sub(r"\s*@font-face\s*\{[^}]*\}", "", svg).replace("Fira Code", "monospace")
    (ROOT / "docs" / "loop.svg").write_text(svg)


main()
