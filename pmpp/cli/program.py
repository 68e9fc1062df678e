"""What `pmpp check` and `pmpp profile` share: from a file to a program that runs on the software GPU and is observed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pmpp import model
from pmpp._runtime.device import LIBRARIES
from pmpp._toolkit import ToolkitError, clean_environment, find_toolkit
from pmpp.testing.findings import read_lines

RUNTIME = LIBRARIES / "run"
"""The folder of the software GPU that stands in for libcudart.so.13."""


@dataclass(frozen=True)
class Observed:
    """A program that has run."""

    status: int
    entries: list[dict[str, Any]]
    """What observers wrote, in order."""


gpu_option = click.option(
    "--gpu",
    type=click.Choice(list(model.devices())),
    default=lambda: os.environ.get("PMPP_SIM_GPU") or "h200",
    show_default="PMPP_SIM_GPU, else h200",
    help="The GPU that is modelled.",
)


@contextmanager
def command_of(target: Path, arguments: tuple[str, ...]) -> Iterator[list[str]]:
    """Give the command that runs a program, a `.cu` file, which is compiled first, or an exercise, by its test."""
    if target.suffix != ".cu":
        yield [str(target.resolve()), *arguments]
        return
    test = target.resolve().with_name(f"test_{target.stem}.py")
    if not has_main(target.read_text(errors="replace")):
        if not test.exists():
            raise click.ClickException(
                f"{target} has no main(), and no {test.name} beside it has inputs for it. Give a .cu file with a main(), an "
                f"exercise, or a program that is linked against libcudart.so.13."
            )
        yield [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test), *arguments]
        return
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, target.stem)
        compile_program(target, program)
        yield [str(program), *arguments]


def has_main(text: str) -> bool:
    """Say whether a source file defines main()."""
    code = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', " ", text, flags=re.DOTALL)
    return re.search(r"\bmain\s*\(", code) is not None


def compile_program(source: Path, program: Path) -> None:
    """Compile with line information of host and device; the compiler's messages are shown where it fails."""
    try:
        toolkit = find_toolkit()
    except ToolkitError as failure:
        raise click.ClickException(str(failure)) from None
    virtual = _architecture(source)
    _compile(source, toolkit.command(
        "-std=c++17", "-g", "-lineinfo", f"-gencode=arch={virtual},code={virtual}", "-cudart", "none", "-cudadevrt", "none",
        f"-L{toolkit.lib}", "-l:libcudart.so.13", "-o", program, source,
    ))  # fmt: skip


@contextmanager
def ptx_of(source: Path, gpu: model.Device) -> Iterator[Path]:
    """Give the PTX that nvcc makes of a source file."""
    try:
        toolkit = find_toolkit()
    except ToolkitError as failure:
        raise click.ClickException(str(failure)) from None
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, source.stem + ".ptx")
        _compile(source, toolkit.command("-std=c++17", "-ptx", f"-arch={_architecture(source)}", "-o", made, source))
        yield made


def _architecture(source: Path) -> str:
    asked = re.search(r"^//\s*pmpp:\s*arch=(\w+)\s*$", source.read_text(errors="replace"), re.MULTILINE)
    return f"compute_{asked[1] if asked else 75}"


def _compile(source: Path, command: list[str]) -> None:
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"{source} does not compile:\n{(done.stdout + done.stderr).strip()}")


def demangled(symbols: list[str]) -> dict[str, str]:
    """Return mangled names as a person wrote them, by c++filt, which comes with g++; without it, as they are."""
    try:
        done = subprocess.run(["c++filt"], input="\n".join(symbols), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {symbol: symbol for symbol in symbols}
    return dict(zip(symbols, done.stdout.splitlines(), strict=True))


def run_observed(command: list[str], variable: str, **environment: str) -> Observed:
    """Run a command with observers on that write JSON lines to the file that the variable names."""
    if not (RUNTIME / "libcudart.so.13").exists():
        raise click.ClickException("The software GPU was not built. Run: pmpp doctor")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report")
        paths = os.pathsep.join(filter(None, [str(RUNTIME), os.environ.get("LD_LIBRARY_PATH")]))
        env = {**os.environ, "LD_LIBRARY_PATH": paths, "PMPP_DEVICE": "sim", variable: str(report), **environment}
        try:
            status = subprocess.run(command, env=env, check=False).returncode
        except OSError as failure:
            raise click.ClickException(f"{command[0]} does not run: {failure.strerror}.") from None
        return Observed(status, read_lines(report))
