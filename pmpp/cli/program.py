"""What `pmpp run`, `pmpp check` and `pmpp profile` share: from a file to a program that runs on the software GPU."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pmpp import model
from pmpp._toolkit import ToolkitError, clean_environment, find_toolkit
from pmpp.cli.executable import RUNTIME, STAND_IN, objections
from pmpp.testing.findings import read_lines


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


def _split(context: click.Context, option: click.Parameter, flags: str) -> list[str]:
    try:
        return shlex.split(flags)
    except ValueError as failure:
        raise click.BadParameter(f"{flags!r}: {failure}.") from None


nvcc_flags_option = click.option(
    "--nvcc-flags",
    metavar="FLAGS",
    default="",
    callback=_split,
    help='More flags for nvcc, which compiles FILE.cu: --nvcc-flags "-O3 -Iinclude".',
)


def on_software_gpu(gpu: str | None = None) -> dict[str, str]:
    """Return the environment in which a program finds the software GPU in the place of its CUDA runtime."""
    if not STAND_IN.exists():
        raise click.ClickException("The software GPU was not built. Run: pmpp doctor")
    paths = os.pathsep.join(filter(None, [str(RUNTIME), os.environ.get("LD_LIBRARY_PATH")]))
    environment = {**os.environ, "LD_LIBRARY_PATH": paths, "PMPP_DEVICE": "sim"}
    return environment if gpu is None else {**environment, "PMPP_SIM_GPU": gpu}


@contextmanager
def command_of(
    target: Path, arguments: tuple[str, ...], flags: Sequence[str] = (), gpu: str | None = None
) -> Iterator[list[str]]:
    """Give the command that runs a program, a `.cu` file, compiled first, or an exercise or its solution, by its test.

    Raises
    ------
    click.ClickException
        If it does not compile, or would not run on the software GPU: the message says why, and what to do.
    """
    own = target.suffix == ".cu" and has_main(target.read_text(errors="replace"))
    if flags and not own:
        raise click.UsageError(f"--nvcc-flags is for a .cu file with a main(), which is compiled here; {target} is none.")
    if target.suffix != ".cu":
        _refuse(target, target, on_software_gpu(gpu))
        yield [str(target) if os.sep in str(target) else f"{os.curdir}{os.sep}{target}", *arguments]
        return
    if not own:
        solution = target.resolve().parent.name == "solutions"
        test = target.resolve().parents[solution] / f"test_{target.stem}.py"
        if not test.exists():
            raise click.ClickException(
                f"{target} has no main(), and there is no {os.path.relpath(test)} with inputs for it. Give a .cu file with a "
                f"main(), an exercise, its solution, or a program that is linked against libcudart.so.13."
            )
        yield [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *["--solutions"] * solution, str(test), *arguments,
        ]  # fmt: skip
        return
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, target.stem)
        compile_program(target, program, flags)
        _refuse(program, target, on_software_gpu(gpu))
        yield [str(program), *arguments]


def _refuse(program: Path, target: Path, environment: Mapping[str, str]) -> None:
    """Raise if a program would not run; the message names what was given on the command line."""
    devices = model.devices()
    gpu = devices.get(environment.get("PMPP_SIM_GPU", ""), devices["h200"])
    if said := list(objections(program, gpu, environment)):
        raise click.ClickException("\n".join(said).replace(str(program), str(target)))


def has_main(text: str) -> bool:
    """Say whether a source file defines main()."""
    code = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', " ", text, flags=re.DOTALL)
    return re.search(r"\bmain\s*\(", code) is not None


def compile_program(source: Path, program: Path, flags: Sequence[str] = ()) -> None:
    """Compile with line information of host and device; the compiler's messages are shown where it fails.

    Flags that name a language standard or an architecture take the place of those that are chosen otherwise.
    """
    try:
        toolkit = find_toolkit()
    except ToolkitError as failure:
        raise click.ClickException(str(failure)) from None
    virtual = _architecture(source)
    chosen = [
        *([] if _names_one(flags, "-std") else ["-std=c++17"]),
        *([] if _names_one(flags, "-arch", "-gencode", "-code", "-gpu") else [f"-gencode=arch={virtual},code={virtual}"]),
    ]
    with tempfile.TemporaryDirectory() as links:
        link = ["-cudart", "none", "-cudadevrt", "none", f"-L{toolkit.lib}", "-l:libcudart.so.13"]
        if _names_one(flags, "-rdc", "-relocatable-device-code", "-dlto"):
            # nvcc links device code only if it knows the runtime, by a name that the wheels do not have.
            Path(links, "libcudart.so").symlink_to(toolkit.lib / "libcudart.so.13")
            link = ["-cudart", "shared", f"-L{links}", f"-L{toolkit.lib}"]
        _compile(source, toolkit.command(*chosen, "-g", "-lineinfo", *link, "-o", program, source, *flags))


def _names_one(flags: Sequence[str], *options: str) -> bool:
    return any(flag.replace("--", "-", 1).startswith(options) for flag in flags)


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
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report")
        env = {**on_software_gpu(), variable: str(report), **environment}
        try:
            status = subprocess.run(command, env=env, check=False).returncode
        except OSError as failure:
            raise click.ClickException(f"{command[0]} does not run: {failure.strerror}.") from None
        return Observed(status, read_lines(report))
