"""Builds programs that others wrote, unchanged, runs them on the software GPU, and writes what came of it.

    python benchmarks/compatibility.py --samples DIR --cccl DIR --work DIR [NAME...]
    python benchmarks/compatibility.py            the tables of docs/compatibility.md, from the outcomes

The first takes a checkout of NVIDIA/cuda-samples and one of NVIDIA/cccl, at the versions that fit the nvcc that is found. With
names, of programs or families, only those run, and the outcomes of the others stay. What was built is kept in the folder
--work. Which samples count is decided by rules: those whose CMakeLists.txt and sources ask for the CUDA runtime and no more.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pmpp._toolkit import clean_environment, find_host_compiler, find_toolkit

ROOT = Path(__file__).resolve().parent.parent
OUTCOMES = ROOT / "benchmarks" / "results" / "compatibility.json"
PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- written by benchmarks/compatibility.py -->\n", "<!-- end of what is written -->\n"
SAMPLES, CUB, THRUST = "NVIDIA's samples", "CUB's examples", "Thrust's examples"
OWN_OUTPUT = {"minimal_custom_backend"}
"""Thrust's examples that print what their backend does inside: on the host that is another thing."""
WINDOWS = {"OpenGL", "GLUT"}
OPTIONS = {"globalToShmemAsyncCopy": ("-wA=256", "-hA=256", "-wB=256", "-hB=256"), "nbody": ("-compare",)}
"""Options of a program's own: by which it has a size that a processor gets through, or compares the device with the host."""
SUCCESS = re.compile(r"\b(pass|passed|ok|match|matching|success|succeeded|successful|correct|as expected)\b", re.IGNORECASE)
FAILURE = re.compile(r"\b(fail|failed|failure|incorrect|wrong|mismatch)\b(?!.*\b(as expected|0)\b)", re.IGNORECASE)
MISSING = re.compile(r"not implemented|does not know|does not have|does not launch|switched off")


@dataclass(frozen=True)
class Program:
    """A program of somebody else's: what it is built from, and the arguments with which it runs."""

    family: str
    name: str
    folder: Path
    sources: tuple[str, ...]
    flags: tuple[str, ...] = ()
    runs: tuple[tuple[str, ...], ...] = ((),)

    def build(self, work: Path) -> tuple[Path, str]:
        """Compile beside a copy of its folder, unless that was done; give where the program is, and what nvcc said."""
        command = find_toolkit().command("-O3", "-std=c++17", "-w", "-cudart", "shared", *self.flags)
        return self._compiled(work, "", [*command, *(str(self.folder / name) for name in self.sources)])

    def build_for_host(self, work: Path) -> Path:
        """Compile the same source with Thrust's algorithms for the host, as a reference."""
        command = [find_host_compiler().path, "-O1", "-std=c++17", "-w", "-x", "c++"]
        command += ["-DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP"]
        include = find_toolkit().include
        headers = [*(flag for flag in self.flags if flag.startswith("-I")), f"-I{include}", f"-I{include / 'cccl'}"]
        return self._compiled(work, ".host", [*map(str, command), *headers, str(self.folder / self.sources[0])])[0]

    def _compiled(self, work: Path, suffix: str, command: list[str]) -> tuple[Path, str]:
        place = work / self.family / self.name
        program = place / f"{self.name}.{hashlib.sha256(repr(command).encode()).hexdigest()[:8]}{suffix}"
        log = program.with_name(f"{program.name}.log")
        if not log.exists():
            shutil.copytree(self.folder, place, dirs_exist_ok=True)
            done = subprocess.run(
                [*command, "-o", program], cwd=place, env=clean_environment(), capture_output=True, text=True, check=False
            )
            log.write_text(done.stdout + done.stderr)
        return program, log.read_text()


def samples(checkout: Path, include: list[Path]) -> Iterator[tuple[Program, str]]:
    """Yield NVIDIA's samples, each with what it needs besides the CUDA runtime, or nothing."""
    arguments = json.loads((checkout / "test_args.json").read_text())
    for listing in sorted(checkout.glob("Samples/[0-6]*/*/CMakeLists.txt")):
        text, folder = re.sub(r"#.*", "", listing.read_text()), listing.parent
        built = re.search(r"add_executable\(\s*(\S+)([^)]*)\)", text)
        flags = ["-gencode", "arch=compute_80,code=[compute_80,sm_80]"]
        flags += [f"-I{path}" for path in (checkout / "Common", *include)]
        flags += re.findall(r"COMPILE_LANGUAGE:CUDA>:([^>]*)>", text)
        for added in re.findall(r"target_include_directories\(\s*\S+\s+\w+([^)]*)\)", text):
            names = (name.replace("${CMAKE_CURRENT_SOURCE_DIR}", str(folder)) for name in added.split() if "Toolkit" not in name)
            flags += [f"-I{folder / name}" for name in names]
        if re.search(r"CUDA_SEPARABLE_COMPILATION\s+ON", text):
            flags.append("-rdc=true")
        if "OpenMP" in text:
            flags += ["-Xcompiler", "-fopenmp"]
        asked = arguments.get(folder.name, {})
        runs = tuple(OPTIONS.get(folder.name, tuple(run.get("args", ()))) for run in asked.get("runs", [asked]))
        # With the arguments of their tests, samples that draw compare with an image, and open no window.
        drawn = WINDOWS & set(re.findall(r"find_package\(\s*(\w+)", text)) if any(runs) else set()
        if drawn:
            flags += ["-Xlinker", "--no-as-needed", "-lGL", "-lGLU", "-lglut"]
        sources = tuple(built[2].split()) if built else ()
        yield Program(SAMPLES, folder.name, folder, sources, tuple(flags), runs), _passed_over(text, folder, drawn)


def _passed_over(listing: str, folder: Path, drawn: set[str]) -> str:
    """Say what a sample needs besides the CUDA runtime and what it only draws with; empty if nothing."""
    found = set(re.findall(r"find_package\(\s*(\w+)", listing)) - {"CUDAToolkit", "OpenMP"} - drawn
    found |= set(re.findall(r"CUDA::(\w+)", listing)) - {"cudart"}
    if "D3D" in folder.name:
        found.add("Direct3D")
    return ", ".join(sorted(found, key=str.lower))


def examples(checkout: Path) -> Iterator[tuple[Program, str]]:
    """Yield the examples of CUB and Thrust."""
    for family, library, pattern in (
        (CUB, "cub", "examples/*/*.cu"),
        (THRUST, "thrust", "examples/*.cu"),
        (THRUST, "thrust", "examples/cuda/*.cu"),
    ):
        for source in sorted((checkout / library).glob(pattern)):
            includes = (f"-I{checkout / library / 'examples'}", f"-I{checkout / 'c2h' / 'include'}", f"-I{checkout / library}")
            flags = ("-gencode", "arch=compute_80,code=compute_80", "--extended-lambda", *includes)
            yield Program(family, source.stem, source.parent, (source.name,), flags), ""


@dataclass
class Outcome:
    """What came of a program: `right`, `waived` (by its own word), `refused`, or one of those that should not be."""

    outcome: str
    says: str = ""
    seconds: float = 0.0


ORDER = ("crashes", "wrong", "does not end", "does not build", "refused", "waived", "right")


def outcome_of(program: Program, work: Path, limit: float) -> Outcome:
    """Build a program and run it with each of its argument lists, a time for each; the worst outcome is the program's.

    A program that waives itself may be one for several devices, and has its chance with two.
    """
    built, log = program.build(work)
    if not built.exists():
        lines = [line for line in log.splitlines() if "error" in line or "undefined" in line]
        return Outcome("does not build", re.sub(r"^.*?error:", "error:", (lines or [log[:200]])[0]))
    for devices in (1, 2):
        outcomes = [_run(program, built, arguments, work, limit, devices) for arguments in program.runs]
        worst = min(outcomes, key=lambda one: ORDER.index(one.outcome))
        if worst.outcome != "waived":
            worst.says += ", with two devices" if devices == 2 else ""
            break
    return Outcome(worst.outcome, worst.says.replace(str(built), program.name), round(sum(one.seconds for one in outcomes), 1))


def _run(program: Program, built: Path, arguments: tuple[str, ...], work: Path, limit: float, devices: int) -> Outcome:
    command = [sys.executable, "-c", "from pmpp.cli import main; main()", "run", str(built), *arguments]
    start = time.monotonic()
    process = subprocess.Popen(
        command, cwd=built.parent, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PMPP_SIM_DEVICES": str(devices)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        out, err = (stream.decode(errors="replace") for stream in process.communicate(timeout=limit))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Outcome("does not end", f"within {limit:g} s", limit)
    (built.parent / "out.txt").write_text(out)
    (built.parent / "err.txt").write_text(err)
    outcome = _judged(program, process.returncode, out, err, work)
    outcome.seconds = time.monotonic() - start
    return outcome


def _judged(program: Program, code: int, out: str, err: str, work: Path) -> Outcome:
    said = [line for line in err.splitlines() if line.startswith(("pmpp: ", "Error: "))]
    missing = [line for line in said if code == 126 or MISSING.search(line)]
    failures = [line.strip() for line in out.splitlines() if FAILURE.search(line)]
    waived = [line.strip() for line in (out + err).splitlines() if "waiv" in line.lower()]
    if missing:
        return Outcome("refused", missing[0].removeprefix("pmpp: ").removeprefix("Error: "))
    if waived:
        return Outcome("waived", waived[0])
    if code < 0:
        return Outcome("crashes", (said or [signal.Signals(-code).name])[0])
    if code or failures:
        return Outcome("wrong", (failures or said or [f"exit code {code}"])[0])
    if passed := [line.strip() for line in out.splitlines() if SUCCESS.search(line)]:
        return Outcome("right", passed[-1][-100:])
    alone = program.family != THRUST or program.name in OWN_OUTPUT
    return Outcome("right", "exit code 0") if alone else _compared(program, out, work)


def _compared(program: Program, out: str, work: Path) -> Outcome:
    """Compare what a program printed with what it prints where Thrust's algorithms run on the host."""
    twin = program.build_for_host(work)
    if not twin.exists():
        return Outcome("right", "exit code 0")
    expected = subprocess.run([twin], cwd=twin.parent, capture_output=True, text=True, check=False).stdout
    if _tells_the_same(out, expected):
        return Outcome("right", "prints what it prints on the host")
    return Outcome("wrong", "prints another thing than on the host")


def _tells_the_same(one: str, other: str) -> bool:
    """Compare two outputs: sums of floats may differ by their order, and times say nothing."""
    time_said = re.compile(r"\dms\b|/s\b|\b(ms|(milli|micro|nano)?seconds?|times?|speedup)\b")
    lines = [[line for line in text.splitlines() if not time_said.search(line)] for text in (one, other)]
    words = [re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?|\S", "\n".join(text)) for text in lines]
    return len(words[0]) == len(words[1]) and all(map(_close, *words))


def _close(one: str, other: str) -> bool:
    try:
        return math.isclose(float(one), float(other), rel_tol=1e-3)
    except ValueError:
        return one == other


def page(outcomes: dict) -> str:
    """Return the tables of docs/compatibility.md."""
    lines = []
    for family, about in outcomes.items():
        rows = about["programs"]
        counts = Counter(row["outcome"] for row in rows.values())
        counted = len(rows) - counts["waived"]
        lines += [f"### {family}", ""]
        lines += [f"{about['repository']} at {about['version']} (`{about['commit'][:12]}`), built by nvcc {about['nvcc']}:"]
        refused = f", {counts['refused']} refused" if counts["refused"] else ""
        lines += [f"{counts['right']} of {counted} are right{refused}."]
        if waived := [name for name, row in rows.items() if row["outcome"] == "waived"]:
            lines[-1] += f" Not for this machine, by {'its' if len(waived) == 1 else 'their'} own word: {', '.join(waived)}."
        if about["not run"]:
            lines[-1] += f" {len(about['not run'])} were not run: {', '.join(about['not run'])}."
        lines += ["", "| program | outcome | what decided |", "|---|---|---|"]
        for name, row in sorted(rows.items(), key=lambda item: (ORDER.index(item[1]["outcome"]), item[0].lower())):
            says = row["says"].replace("|", "\\|")
            lines.append(f"| {name} | {row['outcome']} | {says if len(says) < 160 else says[:157] + '...'} |")
        if about["passed over"]:
            needs = Counter(need for needs in about["passed over"].values() for need in needs.split(", "))
            listed = ", ".join(f"{need} ({count})" for need, count in needs.most_common())
            lines += ["", f"{len(about['passed over'])} more need something besides the CUDA runtime: {listed}."]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Run what was asked for, and write the outcomes and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path)
    parser.add_argument("--cccl", type=Path)
    parser.add_argument("--include", type=Path, action="append", default=[], help="headers that the toolkit lacks: cuRAND's")
    parser.add_argument("--work", type=Path, default=Path("compatibility"))
    parser.add_argument("--seconds", type=float, default=900, help="time for a run")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    outcomes = json.loads(OUTCOMES.read_text()) if OUTCOMES.exists() else {}
    found = [
        *(samples(given.samples.resolve(), given.include) if given.samples else ()),
        *(examples(given.cccl.resolve()) if given.cccl else ()),
    ]
    for program, why in found:
        checkout = given.samples if program.family == SAMPLES else given.cccl
        about = outcomes.setdefault(program.family, {"programs": {}, "passed over": {}}) | _about(checkout)
        outcomes[program.family] = about
        about["passed over"].pop(program.name, None)
        if why:
            about["passed over"][program.name] = why
        elif not given.names or {program.name, program.family} & set(given.names):
            outcome = outcome_of(program, given.work.resolve(), given.seconds)
            about["programs"][program.name] = asdict(outcome)
            print(f"{program.name}: {outcome.outcome}, {outcome.says} ({outcome.seconds} s)", flush=True)
        known = {program.name, *about.get("not run", ())}
        about["not run"] = sorted(known - set(about["programs"]) - set(about["passed over"]))
        OUTCOMES.write_text(json.dumps(outcomes, indent=1) + "\n")
    text = PAGE.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(text[:start] + "\n" + page(outcomes) + text[end:])


def _about(checkout: Path) -> dict[str, str]:
    """Where a checkout comes from: git says it, or a file VERSION with the lines repository, version, commit."""
    written = checkout / "VERSION.compatibility"
    if written.exists():
        repository, version, commit = written.read_text().split()
    else:

        def ask(*words: str) -> str:
            command = ["git", "-C", str(checkout), *words]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

        repository = ask("remote", "get-url", "origin").removesuffix(".git").split("github.com/")[-1]
        version, commit = ask("describe", "--tags", "--always"), ask("rev-parse", "HEAD")
    return {"repository": repository, "version": version, "commit": commit, "nvcc": find_toolkit().build}


if __name__ == "__main__":
    main()
