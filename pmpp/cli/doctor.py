"""`pmpp doctor`: what pmpp runs on, what is wrong with it, and the mend."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from pmpp._runtime import device
from pmpp._toolkit import ToolkitError, clean_environment, find_host_compiler, find_toolkit, sources_digest

PACKAGE = Path(__file__).resolve().parents[1]
FROM_SOURCE = (PACKAGE.parent / "pyproject.toml").exists()
REBUILD = 'python -m pip install -e ".[dev]"' if FROM_SOURCE else "python -m pip install --force-reinstall pmpp"


@dataclass
class Finding:
    """One line of the report."""

    topic: str
    value: str
    problem: str = ""
    """Empty, ``warning``, or ``error`` if it keeps pmpp from working."""
    mend: str = ""


def _python() -> Iterator[Finding]:
    yield Finding("Python", f"{platform.python_version()} at {sys.executable}")
    for name in ("numpy", "cuda-python", "cuda-core"):
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, "not installed", "error", f"Run: python -m pip install {name}")


def _compilers() -> Iterator[Finding]:
    try:
        compiler = find_host_compiler()
    except ToolkitError as failure:
        yield Finding("host compiler", "none that nvcc accepts", "error", str(failure))
        return
    yield Finding("host compiler", f"g++ {compiler.version} at {compiler.path}")
    try:
        toolkit = find_toolkit()
    except ToolkitError as failure:
        # The kernels of an installed wheel are compiled already; only exercises need nvcc.
        yield Finding("nvcc", "none that pmpp can use", "error" if FROM_SOURCE else "warning", str(failure))
        return
    where = {"CUDA_HOME": "from CUDA_HOME", "PATH": "from PATH", "wheels": "installed by pip"}[toolkit.origin]
    yield Finding("nvcc", f"{toolkit.build} at {toolkit.nvcc}, {where}")
    for reason in toolkit.passed_over:
        yield Finding("", f"not used: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.cu")
        source.write_text("__global__ void probe(int *x) { *x = 1; }\n")
        command = toolkit.command("-c", "-gencode=arch=compute_75,code=compute_75", "-o", source.with_suffix(".o"), source)
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = next(iter((done.stderr + done.stdout).strip().splitlines()), "no message")
        yield Finding("", f"it does not compile: {said}", "error", f"Run: {REBUILD}")


def _device() -> Iterator[Finding]:
    gpu = device.find_gpu()
    if gpu is None:
        mend = f"Install an NVIDIA driver ({device.OLDEST_DRIVER} or newer); if there is one, see what nvidia-smi says."
    else:
        mend = f"Install a driver of the {device.OLDEST_DRIVER} line or newer, or set PMPP_DEVICE=sim."
    try:
        chosen = device.choose()
        name = chosen.gpu.name if chosen.name == "cuda" and chosen.gpu else "the software GPU"
        unused = chosen.name == "sim" and gpu is not None and "PMPP_DEVICE" not in os.environ
        yield Finding("device", f"{name}: {chosen.reason}", *(("warning", mend) if unused else ()))
    except device.DeviceError as failure:
        asked = os.environ.get("PMPP_DEVICE")
        yield Finding("device", f"none: {failure}", "error", mend if asked == "cuda" else "Run: unset PMPP_DEVICE")
    yield Finding("NVIDIA driver", gpu.driver if gpu else "none")


def _build() -> Iterator[Finding]:
    library = PACKAGE / "_lib" / "sim" / "libpmpp_simt.so"
    if not (PACKAGE / "_lib" / "sources").exists():
        yield Finding("native libraries", "not built", "error", f"Run: {REBUILD}")
        return
    try:
        simulator = ctypes.CDLL(str(library))
    except OSError as failure:
        yield Finding("software GPU", f"does not load: {failure}", "error", f"Run: {REBUILD}")
        return
    simulator.pmpp_simt_isa.restype = simulator.pmpp_simt_device_name.restype = ctypes.c_char_p
    threads = simulator.pmpp_simt_threads()
    yield Finding(
        "software GPU",
        f"{simulator.pmpp_simt_device_name().decode()}, instruction set {simulator.pmpp_simt_isa().decode()}, "
        f"{threads} thread{'s' if threads != 1 else ''}",
    )
    sources = PACKAGE.parent
    if FROM_SOURCE and sources_digest(sources) != (PACKAGE / "_lib" / "sources").read_text():
        yield Finding("native libraries", "older than the sources in this folder", "warning", f"Run: {REBUILD}")


def findings() -> list[Finding]:
    """Examine this machine."""
    return [*_device(), *_build(), *_compilers(), *_python()]


@click.command("doctor", epilog="Example: PMPP_DEVICE=cuda pmpp doctor --json")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Say what pmpp runs on, what is wrong, and the mend.

    The exit code is 1 if something keeps pmpp from working.
    """
    found = findings()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        _print(found)
    sys.exit(any(finding.problem == "error" for finding in found))


def _print(found: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    styles = {"": "green", "warning": "yellow", "error": "bold red"}
    marks = {"": "ok", "warning": "!", "error": "x"}
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in found:
        mark = Text(marks[finding.problem], styles[finding.problem]) if finding.topic or finding.problem else Text()
        table.add_row(mark, finding.topic, Text(finding.value))
        if finding.mend:
            table.add_row("", "", Text(finding.mend, styles[finding.problem]))
    console.print(table, width=min(console.width, 100))
    wrong = [finding for finding in found if finding.problem]
    if not wrong:
        console.print("Nothing is wrong.", style="green")
    elif not any(finding.problem == "error" for finding in wrong):
        console.print("pmpp works; see what is marked with ! above.", style="yellow")
    else:
        console.print("pmpp cannot work like this; see what is marked with x above.", style="bold red")
