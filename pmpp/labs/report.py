"""What every lab shares: progress, figures with their bounds, pictures, and the speedup as chapter 1 defines it."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import pmpp
from pmpp import model
from pmpp._runtime import core
from pmpp._runtime.device import LIBRARIES
from pmpp._toolkit import ToolkitError, find_host_compiler

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEVICE = "the device in use"
"""The name of the contestant that runs on pmpp's device; the table says which device that is."""
SEQUENTIAL = "sequential C, g++ -O3"
ROUNDS = 5
DOTS, COLOURS = 100, 160
"""Of a picture, an inch and in all, beside greys: pages are read on a screen, and all of them together stay small."""
NEEDED = {
    "matplotlib": "matplotlib",
    "scipy": "scipy",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}  # what is imported, and what pip calls it


class MissingPackagesError(RuntimeError):
    """A package that the labs need is not installed."""


def need_packages() -> None:
    """Raise unless all packages that bring the pictures are installed."""
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingPackagesError(
            f"The labs need {', '.join(missing)}, not installed here. Run: python -m pip install {' '.join(missing)}"
        )


@dataclass(frozen=True)
class Promise:
    """A number that a lab promises, and its bound."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        """Whether it keeps its bounds; NaN keeps none."""
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)

    def __str__(self) -> str:
        bounds = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        return f"{self.name}: {self.value:.4g} ({', '.join(bounds)})"


@dataclass
class Report:
    """What a lab tells while it runs, and what it found.

    Parameters
    ----------
    name
        Of the lab.
    pictures
        The folder that the pictures go to.
    short
        For the tests: fewer seeds and epochs, and without the figures that need more.
    say
        Is called with each line.
    progress
        Is called with what happens now, and with the steps that are done with it: 0 or 1.
    """

    name: str
    pictures: Path
    short: bool = False
    say: Callable[[str], None] = print
    progress: Callable[[str, int], None] = lambda text, steps: None
    figures: list[Promise] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def step(self, text: str) -> None:
        """Begin one of the lab's steps."""
        self.progress(text, 1)

    def detail(self, text: str) -> None:
        """Tell what happens within a step."""
        self.progress(text, 0)

    def figure(self, name: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
        """Note a number and what it has to be."""
        assert at_least is not None or at_most is not None, "a figure without a bound is a remark"
        found = Promise(name, float(value), at_least, at_most)
        self.figures.append(found)
        self.say(f"  {'ok  ' if found.met else 'MISS'} {found}")

    @contextmanager
    def picture(self, name: str, columns: int = 1, rows: int = 1, *, size: tuple[float, float]) -> Iterator[tuple[Any, Any]]:
        """Give a matplotlib figure and its axes, and write them as a PNG at the end."""
        from matplotlib.figure import Figure
        from PIL import Image

        drawing: Figure = Figure(figsize=size, layout="constrained")
        axes = drawing.subplots(rows, columns) if columns else None
        yield drawing, axes
        self.pictures.mkdir(parents=True, exist_ok=True)
        path = self.pictures / f"{self.name}-{name}.png"
        # Few colours, and no time or version inside: files are small, and the same lab writes the same ones.
        drawn = io.BytesIO()
        drawing.savefig(drawn, dpi=DOTS)
        image, palette = Image.open(drawn).convert("RGB"), Image.new("P", (1, 1))
        colours = image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE).getpalette() or []
        greys = np.linspace(0, 255, 256 - COLOURS).round().astype(int).repeat(3).tolist()
        palette.putpalette([*colours[: 3 * COLOURS], *greys])
        image.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
        self.say(f"  picture {path}")

    def speedup(self) -> None:
        """Time the lab's contest and print the table: the time of the sequential program over each other time."""
        title, contestants = importlib.import_module(f"pmpp.labs.{self.name}").contest()
        rows: list[tuple[str, float]] = []
        for name, call in contestants.items():
            self.detail(f"speedup: {name}")
            rows.append((device_label(pmpp.device()) if name == DEVICE else name, seconds(call, 1 if self.short else ROUNDS)))
        said = ""
        if not self.short:
            self.detail("speedup: counting for the model")
            other = aside(self.name)
            if pmpp.device() == "cuda":
                rows.append((device_label("sim"), other["seconds"]))
            if "modelled" in other:
                rows.append((f"pmpp, {other['gpu']}, kernels alone, MODELLED", other["modelled"]))
            said = other.get("said", "")
        base = dict(rows).get(SEQUENTIAL)
        self.say(f"  speedup for {title}:")
        for name, taken in rows:
            factor = f"{base / taken:10.3g} x" if base is not None else "   no g++"
            self.say(f"    {name:<44}{1e3 * taken:10.3g} ms{factor}")
        self.say(f"  measured with a clock unless it says modelled{said}")

    @property
    def met(self) -> bool:
        """Whether every figure keeps its bounds, and there is one."""
        return bool(self.figures) and all(figure.met for figure in self.figures)

    def result(self) -> str:
        """Return the last line."""
        missed = [str(figure) for figure in self.figures if not figure.met]
        taken = time.perf_counter() - self.started
        if missed:
            return f"{self.name}: missed {len(missed)} of {len(self.figures)} figures: {'; '.join(missed)}"
        return f"{self.name}: all {len(self.figures)} figures met, in {taken:.0f} s"


def device_label(device: str) -> str:
    """Return what a device is called in a table of times."""
    if device == "sim":
        return "pmpp, software GPU (time of this CPU)"
    from cuda.core import Device

    return f"pmpp, {Device(0).name}"


def seconds(call: Callable[[], object], rounds: int) -> float:
    """Return the median time of a call, after one that is not counted."""
    call()
    core.synchronize()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        core.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def aside(name: str) -> dict[str, Any]:
    """Return what a process of its own with the software GPU says about the contest of a lab: one device a process.

    Returns
    -------
    dict
        ``seconds`` that the software GPU takes, ``modelled`` seconds of the kernels on the GPU that ``PMPP_SIM_GPU`` names, and
        the name of that ``gpu``; in their place, where there is no ptxas, what was ``said``.
    """
    with tempfile.TemporaryDirectory(prefix="pmpp-lab-") as folder:
        environment = os.environ | {"PMPP_DEVICE": "sim", "PMPP_SIM_PTX": folder}
        command = [sys.executable, "-c", f"from pmpp.labs import report; report.tell({name!r})"]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])


def tell(name: str) -> None:
    """Print what `aside` returns."""
    call = importlib.import_module(f"pmpp.labs.{name}").contest()[1][DEVICE]
    found: dict[str, Any] = {"seconds": seconds(call, 1)}
    simulator = ctypes.CDLL(str(LIBRARIES / "sim" / "libpmpp_simt.so"))
    simulator.pmpp_simt_counted.restype = ctypes.c_char_p
    simulator.pmpp_simt_count(1)
    call()
    core.synchronize()
    simulator.pmpp_simt_count(0)
    gpu, folder = model.device(os.environ.get("PMPP_SIM_GPU") or "h200"), Path(os.environ["PMPP_SIM_PTX"])
    try:
        total = 0.0
        for kernel in json.loads(simulator.pmpp_simt_counted())["kernels"]:
            symbol = kernel["symbol"]
            taken = model.resources(folder / kernel["module"], gpu, symbol)[symbol]
            total += model.modelled(kernel, gpu, taken).time_us
        found |= {"modelled": total / 1e6, "gpu": gpu.name}
    except (ToolkitError, ValueError) as failure:
        found["said"] = f"; no time is modelled: {failure}"
    print(json.dumps(found))


def sequential(source: str) -> ctypes.CDLL | None:
    """Compile C for one thread of this machine's CPU; None where there is no g++."""
    try:
        compiler = str(find_host_compiler().path)
    except ToolkitError:
        return None
    with tempfile.TemporaryDirectory(prefix="pmpp-lab-") as folder:
        code, library = Path(folder, "sequential.cpp"), Path(folder, "sequential.so")
        code.write_text(source)
        subprocess.run([compiler, "-O3", "-shared", "-fPIC", "-o", str(library), str(code)], check=True)
        return ctypes.CDLL(str(library))  # stays open when its file is gone


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Return the address of a host array, for `sequential`."""
    return ctypes.c_void_p(array.ctypes.data)


def torch() -> Any | None:
    """Return PyTorch where it is installed."""
    return importlib.import_module("torch") if importlib.util.find_spec("torch") is not None else None
