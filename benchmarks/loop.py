"""How long a learner waits: from the save of a file to the verdict on the screen of `pmpp watch`, over all problems.

    python benchmarks/loop.py [--json FILE] [ch7 | ch7/tiled]...

Each problem of a fresh copy of the exercises is opened in a terminal. Its file is then saved as editors do (a new file takes the
place of the old one), once for each version: the solution, and the first wrong solution that there is. All of it is new to the
compiler's cache. The clock runs from the rename to the verdict on the screen. Processor time is told beside it: on a machine
that is busy otherwise it says more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "tests" / "cli")]

from terminal import Terminal  # noqa: E402

from pmpp._handout import copy  # noqa: E402
from pmpp.testing.course import Exercise, find_exercises  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
VERDICT = re.compile(r": (solved|wrong|error|broken|to do) \(\d")


def save(file: Path, text: str) -> None:
    """Save as an editor does."""
    new = file.with_name(f".{file.name}.swp")
    new.write_text(text)
    new.replace(file)


def wait(terminal: Terminal) -> str:
    """Return the verdict on the screen once there is one and no test is running."""
    found: list[str] = []

    def seen(text: str) -> bool:
        match = VERDICT.search(" ".join(text.split()).replace("(# s)", "(0"))
        if match and "testing ..." not in text:
            found.append(match[1])
        return bool(match) and "testing ..." not in text

    return found[-1] if terminal.until(seen, 120) else "no verdict"


def versions(exercise: Exercise) -> dict[str, str]:
    """Return what is saved, by a name for it."""
    stamp = f"\n// {time.time_ns()}\n"  # no cache has seen it
    texts = {"solution": exercise.solution.read_text() + stamp}
    for mutant in exercise.mutants():
        texts[mutant.name] = mutant.text + stamp
        break
    return texts


def processor(pid: int) -> float:
    """Return the seconds of processor time that a process, its children and what they waited for have used."""
    used = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if pid in (int(path.parent.name), int(fields[1])):
            used += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return used


def measure(exercise: Exercise, root: Path) -> list[dict]:
    """Return what each save of a problem took."""
    entries = []
    with Terminal(("watch", f"{exercise.chapter}/{exercise.name}"), root, rows=200) as terminal:
        wait(terminal)
        for name, text in versions(exercise).items():
            began, used = time.perf_counter(), processor(terminal.pid)
            save(exercise.file, text)
            terminal.until("testing ...", 20)
            state = wait(terminal)
            seconds = time.perf_counter() - began
            busy = processor(terminal.pid) - used
            problem = f"{exercise.chapter}/{exercise.name}"
            entries.append({"problem": problem, "saved": name, "state": state, "seconds": seconds, "processor": busy})
        terminal.press("q")
        terminal.end()
    return entries


def main() -> None:
    """Measure, print a line a save, and the median and the slowest at the end."""
    parser = argparse.ArgumentParser(description="Time pmpp watch from save to verdict.")
    parser.add_argument("names", nargs="*", help="ch7, ch7/tiled ...; all by default")
    parser.add_argument("--json", type=Path, help="write all times to this file")
    arguments = parser.parse_args()
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy(ROOT, root)
        for exercise in find_exercises(root / "exercises"):
            name = f"{exercise.chapter}/{exercise.name}"
            if not arguments.names or {exercise.chapter, name} & set(arguments.names):
                for entry in measure(exercise, root):
                    entries.append(entry)
                    line = "{seconds:6.2f} s, {processor:5.2f} s of processor time  {state:10} {problem}: {saved}"
                    print(line.format(**entry), flush=True)
    seconds = [entry["seconds"] for entry in entries]
    slowest = max(entries, key=lambda entry: entry["seconds"])
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    busy = statistics.median(entry["processor"] for entry in entries)
    print(f"median {statistics.median(seconds):.2f} s, slowest {slowest['seconds']:.2f} s ({slowest['problem']})")
    print(f"median of processor time {busy:.2f} s; {len(entries)} saves, {os.cpu_count()} cores, load {load}")
    if arguments.json:
        arguments.json.write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
