"""What a benchmark is, and how its contestants are timed beside each other.

Rounds are interleaved: each makes every call once, so that a slow moment of the machine meets them all, and two contestants
are compared by the ratio of their times in the same round. On a GPU a call is timed by events of its stream, right after a
kernel that overwrites the L2 cache: the cache is cold, and while that kernel runs the call is queued, so that what the
host needs to launch it is not in the time. On the software GPU the clock of this machine runs until the device is done.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import json
import math
import os
import re
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

import pmpp
from pmpp import model
from pmpp._runtime import core
from pmpp._toolkit import find_host_compiler

ROOT = Path(__file__).resolve().parent.parent
FLUSHED = 120 << 20  # more than the L2 cache of any GPU
ROUNDS = {"sim": 5, "cuda": 30}
HOST_ROUNDS, HOST_SECONDS = 3, 1.0
"""How often a call on the host is timed, and for how long at most: no round begins after that."""


@dataclass(frozen=True)
class Case:
    """One function on one problem, with everything that it is compared with."""

    name: str
    function: Callable
    """Its variants are the rungs."""
    problem: str
    work: float
    """Bytes that have to move, or floating-point operations, by `unit`: what a time is turned into a throughput with."""
    unit: str
    """``B`` or ``FLOP``."""
    least: float
    """Bytes that any kernel has to move through global memory."""
    arrays: tuple[pmpp.DeviceArray, ...]
    """On the device; the last ones are written."""
    call: Callable[..., object]
    """Takes ``variant=`` and ``stream=``."""
    check: Callable[[], None]
    """Raises if what the last call wrote is wrong."""
    sequential: Callable[[], object]
    """The same in one thread on this machine's CPU, in C++."""
    host: dict[str, Callable[[], object]] = field(default_factory=dict)
    """Peers on the host."""
    gpu: dict[str, Callable[..., object]] = field(default_factory=dict)
    """Peers on a GPU, by the name of their package; they take the package and its views of `arrays`."""
    variants: tuple[str, ...] | None = None
    """The rungs that can do this problem, if not all."""
    tensor: bool = False
    """Whether the limit is that of tensor cores."""
    sequential_share: float = 1
    """How much of the problem `sequential` does: its time is divided by this."""

    @property
    def rungs(self) -> tuple[str, ...]:
        """The variants that are timed."""
        return pmpp.variants(self.function) if self.variants is None else self.variants


@dataclass
class Row:
    """A contestant's result."""

    name: str
    kind: str
    """``rung``, ``peer``, ``host peer`` or ``sequential``."""
    seconds: float
    """Median."""
    times: list[float]
    moved: float | None = None
    """Bytes in sectors of global memory that were counted; None where nothing counts."""


@dataclass
class Result:
    """A case that was measured."""

    name: str
    problem: str
    device: str
    work: float
    unit: str
    least: float
    kernels: str
    """Where they are, under cuda_src."""
    digest: str
    """Theirs, when they were measured."""
    limit: float | None
    """What the device can do at most, in `unit` a second; None where that is not known."""
    rows: list[Row]

    def json(self) -> dict:
        """Return it as plain values."""
        return asdict(self)


def files() -> dict[str, Path]:
    """Return the files that have cases, by the name of their module."""
    folder = Path(__file__).resolve().parent
    found = {str(path.relative_to(folder).with_suffix("")): path for path in sorted(folder.rglob("*.py"))}
    marks = ("\nSIZES = ", "\ndef cases(")
    return {name: path for name, path in found.items() if all(mark in path.read_text() for mark in marks)}


def sequential(source: str) -> ctypes.CDLL:
    """Compile C++ for this machine's CPU: what somebody would write who has never heard of parallelism."""
    folder = Path(tempfile.mkdtemp(prefix="pmpp-bench-"))
    code, library = folder / "sequential.cpp", folder / "sequential.so"
    code.write_text(source)
    command = [str(find_host_compiler().path), "-std=c++17", "-O2", "-shared", "-fPIC", "-o", str(library), str(code)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Return the address of a host array, for `sequential`."""
    return ctypes.c_void_p(array.ctypes.data)


def random(dtype: str, *shape: int) -> tuple[np.ndarray, pmpp.DeviceArray]:
    """Return random elements on the host and on the device, different for each shape and dtype but always the same."""
    kind, rng = np.dtype(dtype), np.random.default_rng([*shape, len(dtype)])
    if kind.kind == "f":
        host = rng.random(shape, dtype=np.float64 if kind.itemsize > 4 else np.float32).astype(kind)
    else:
        host = rng.integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)
    return host, pmpp.DeviceArray.from_numpy(host)


def digest(kernels: str) -> str:
    """Return what tells the kernels at a place under cuda_src from those of another time: a measured time belongs to its own."""
    place = ROOT / "cuda_src" / kernels
    files = sorted(path for path in place.rglob("*") if path.is_file()) or sorted(place.parent.glob(f"{place.name}.*"))
    if not files:
        raise ValueError(f"there are no kernels at {place}")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def measure(
    case: Case,
    rounds: int,
    progress: Callable[[str], None] = lambda text: None,
    counts: dict[str, dict[str, float]] | None = None,
    host: bool = True,
) -> Result:
    """Time all contestants of a case; every rung is checked before and after.

    Parameters
    ----------
    case
    rounds
        How often each contestant is timed.
    progress
        Is told what happens.
    counts
        What `moved` returned, on the software GPU.
    host
        Whether those on this machine's CPU are timed as well: on a rented GPU they are what takes longest.
    """
    on_gpu, stream = pmpp.device() == "cuda", pmpp.Stream()
    calls: dict[str, tuple[str, Callable[[], object]]] = {}
    for variant in case.rungs:
        calls[variant] = "rung", lambda variant=variant: case.call(variant=variant, stream=stream)
    if on_gpu:
        calls |= {name: ("peer", call) for name, call in _peers(case, stream)}
    for name, (kind, call) in calls.items():
        progress(name)
        call()
        stream.synchronize()
        if kind == "rung":
            case.check()
    clock = _events(stream) if on_gpu else _host_clock(stream)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        progress(f"round {turn + 1} of {rounds}")
        for name, (_, call) in calls.items():
            times[name].append(clock(call))
    rows = [Row(name, kind, statistics.median(times[name]), times[name]) for name, (kind, _) in calls.items()]
    for row in rows:
        if row.kind == "rung":
            row.moved = (counts or {}).get(case.name, {}).get(row.name)
            calls[row.name][1]()
            stream.synchronize()
            case.check()
    for name, call in {**case.host, "sequential C++": case.sequential}.items() if host else ():
        progress(name)
        kind = "sequential" if call is case.sequential else "host peer"
        share = case.sequential_share if kind == "sequential" else 1
        seconds: list[float] = []
        while len(seconds) < min(rounds, HOST_ROUNDS) and sum(seconds) * share < HOST_SECONDS:
            seconds.append(_seconds(call) / share)
        rows.append(Row(name, kind, statistics.median(seconds), seconds))
    device = gpu_name() if on_gpu else "software GPU"
    most = limit(case.unit, case.tensor) if on_gpu else None
    kernels = case.function.__module__.removeprefix("pmpp.").replace(".", "/")
    return Result(case.name, case.problem, device, case.work, case.unit, case.least, kernels, digest(kernels), most, rows)


def moved(path: Path, n: int) -> dict[str, dict[str, float]]:
    """Return the bytes that every rung of a file's cases moves, in sectors.

    They are counted in a process with one thread of the software GPU: blocks then run in order, and what a tile asks the
    tiles before it is asked once.
    """
    environment = os.environ | {"PMPP_DEVICE": "sim", "PMPP_SIM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__)), str(path), str(n)]
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _count(path: str, n: int) -> dict[str, dict[str, float]]:
    from pmpp.testing import counters

    found: dict[str, dict[str, float]] = {}
    for case in runpy.run_path(path)["cases"](n):
        for variant in case.rungs:
            with counters.count() as kernels:
                case.call(variant=variant)
            sectors = sum(k.counters["global_load_sectors"] + k.counters["global_store_sectors"] for k in kernels)
            found.setdefault(case.name, {})[variant] = 32.0 * sectors
    return found


def ratio(ours: Row, theirs: Row) -> tuple[float, float, float]:
    """Return how many times faster `ours` is, with the interval in which the median lies with 95 %, by rounds."""
    ratios = sorted(b / a for a, b in zip(ours.times, theirs.times, strict=False))
    n = len(ratios)
    reach = 0.98 * math.sqrt(n)  # 1.96 standard deviations of the rank of the median
    low, high = max(0, math.floor(n / 2 - reach)), min(n - 1, math.ceil(n / 2 + reach))
    return statistics.median(ratios), ratios[low], ratios[high]


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _host_clock(stream: pmpp.Stream) -> Callable[[Callable[[], object]], float]:
    def clock(call: Callable[[], object]) -> float:
        start = time.perf_counter()
        call()
        stream.synchronize()
        return time.perf_counter() - start

    return clock


def _events(stream: pmpp.Stream) -> Callable[[Callable[[], object]], float]:
    from cuda.core import EventOptions, Stream

    queue = Stream.from_handle(stream.handle)
    try:
        options = EventOptions(timing_enabled=True)
    except TypeError:  # its name before cuda.core 1.0
        options = EventOptions(enable_timing=True)
    filler = pmpp.DeviceArray((2, FLUSHED), "uint8")

    def clock(call: Callable[[], object]) -> float:
        core.copy_on_device(filler.pointer, filler.pointer + FLUSHED, FLUSHED, stream.handle)
        begin = queue.record(options=options)
        call()
        end = queue.record(options=options)
        end.sync()
        return (end - begin) / 1e3

    return clock


def _peers(case: Case, stream: pmpp.Stream) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the GPU peers that are installed, on our stream."""
    for name, call in case.gpu.items():
        package = name.partition(".")[0]
        try:
            library = importlib.import_module(package)
        except ImportError:
            continue
        if package == "torch":
            library.backends.cuda.matmul.allow_tf32 = False
            current, take = library.cuda.stream(library.cuda.ExternalStream(stream.handle)), library.from_dlpack
        elif package == "cupy":
            current, take = library.cuda.ExternalStream(stream.handle), library.from_dlpack
        else:
            current, take = None, lambda array: array
        views = [take(array) for array in case.arrays]

        def timed(call=call, library=library, views=views, current=current) -> None:
            if current is None:
                call(library, *views, stream.handle)
                return
            with current:
                call(library, *views)

        yield name, timed


@cache
def gpu_name() -> str:
    """Return the name of the GPU."""
    from cuda.core import Device

    return Device(0).name


@cache
def limit(unit: str, tensor: bool = False) -> float | None:
    """Return what the GPU can do at most by its clocks: bytes a second from DRAM, or float32 operations a second.

    Those of tensor cores, on 16-bit floats, are known of the GPUs that the model knows.
    """
    from cuda.bindings import runtime

    def attribute(name: str) -> int:
        status, value = runtime.cudaDeviceGetAttribute(getattr(runtime.cudaDeviceAttr, name), 0)
        if status != runtime.cudaError_t.cudaSuccess:
            raise RuntimeError(f"{name} cannot be asked for: {status.name}")
        return value

    if unit == "B":  # two transfers a clock; clocks are in kHz, widths in bits
        return 2e3 * attribute("cudaDevAttrMemoryClockRate") * attribute("cudaDevAttrGlobalMemoryBusWidth") / 8
    capability = 10 * attribute("cudaDevAttrComputeCapabilityMajor") + attribute("cudaDevAttrComputeCapabilityMinor")
    lanes = 64 if capability <= 80 else 128
    if tensor:
        known = (gpu for gpu in model.devices().values() if re.search(rf"\b{re.escape(gpu.name)}\b", gpu_name()))
        lanes = next((gpu.per_cycle["tensor"] for gpu in known), None)
    return lanes and 2e3 * lanes * attribute("cudaDevAttrClockRate") * attribute("cudaDevAttrMultiProcessorCount")


if __name__ == "__main__":
    json.dump(_count(sys.argv[1], int(sys.argv[2])), sys.stdout)
