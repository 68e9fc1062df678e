"""Occupancy and modelled time of a kernel on a GPU that need not be at hand.

Exact counts of the software GPU, registers as ptxas gives them, and the datasheet of a GPU go in; out comes how long the
kernel would take there, and what bounds it. It is made to rank versions of a kernel and to say why one wins, and is called
modelled wherever it is shown. docs/model.md explains it.
"""

from __future__ import annotations

import math
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pmpp._runtime.device import LIBRARIES
from pmpp._toolkit import ToolkitError, clean_environment, find_toolkit

__all__ = ["Device", "Modelled", "Occupancy", "Resources", "device", "devices", "modelled", "occupancy", "resources"]

WARP = 32
SCHEDULERS = 4
"""Of an SM; each issues one warp instruction a cycle. The same from compute capability 7.5 to 9.0, as are those below."""
REGISTERS = 65536
REGISTER_UNIT = 256
MOST_THREADS = 1024
#: Requests of one warp that are under way together before it has to wait for the first: compilers move loads ahead.
IN_FLIGHT = 4
#: Instructions of one warp that do not depend on each other, in the mean.
INDEPENDENT = 2
#: Pipes whose instructions take turns by their number alone.
ARITHMETIC = ("fp32", "fp64", "half", "integer", "special", "control")
#: PTX has steps of loops and addresses that machine code saves: a pipe nearly as busy as the issue of instructions is the bound.
NEARLY = 0.6
#: What bounds a kernel hides the rest, but not wholly: times add up as the sides of a box do to its diagonal, with this power.
OVERLAP = 3


@dataclass(frozen=True)
class Device:
    """A GPU, as its file in ``simt/model`` describes it; every number there has its source."""

    key: str
    name: str
    capability: tuple[int, int]
    sms: int
    clock_hz: float
    threads: int
    """Of an SM, like the three that follow."""
    blocks: int
    shared_bytes: int
    shared_reserved: int
    per_cycle: Mapping[str, int]
    """Results of an SM in a cycle, by pipe."""
    l1_bytes_per_cycle: float
    l2_bytes_per_cycle: float
    dram_bytes_per_second: float
    """What copies reach."""
    latency: Mapping[str, float]
    """In cycles; ``launch_us`` in microseconds."""

    @property
    def shared_unit(self) -> int:
        """Steps in which shared memory is given to blocks."""
        return 256 if self.capability < (8, 0) else 128

    @property
    def peak_flops(self) -> float:
        """Single-precision operations a second, a fused multiply-add counted as two."""
        return 2.0 * self.per_cycle["fp32"] * self.sms * self.clock_hz


@cache
def devices() -> dict[str, Device]:
    """Return the GPUs that are known, by the names that ``PMPP_SIM_GPU`` takes."""
    found = {}
    for path in sorted((LIBRARIES / "devices").glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        device, sm, bandwidth = data["device"], data["sm"], data["bandwidth"]
        found[path.stem] = Device(
            key=path.stem,
            name=device["name"],
            capability=(device["capability"][0], device["capability"][1]),
            sms=device["sms"],
            clock_hz=1e3 * device["core_khz"],
            threads=sm["threads"],
            blocks=sm["blocks"],
            shared_bytes=sm["shared_bytes"],
            shared_reserved=sm["shared_bytes_reserved"],
            per_cycle=data["per_cycle"],
            l1_bytes_per_cycle=bandwidth["l1_bytes_per_cycle"],
            l2_bytes_per_cycle=bandwidth["l2_bytes_per_cycle"],
            dram_bytes_per_second=bandwidth["dram_bytes_per_second"] * bandwidth["dram_reached"],
            latency=data["latency"],
        )
    return found


def device(key: str) -> Device:
    """Return a GPU by its name.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if key not in devices():
        raise ValueError(f"{key!r} is not a GPU that is known. Known: {', '.join(devices())}.")
    return devices()[key]


# ---- occupancy ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Resources:
    """What a thread and a block of a kernel take, as ptxas says."""

    registers: int
    """Of a thread."""
    shared_bytes: int
    """Of a block, without what a launch adds."""
    spilled_bytes: int = 0
    """That a thread stores to local memory because registers ran out."""


@dataclass(frozen=True)
class Occupancy:
    """How many threads an SM holds at a time."""

    blocks: int
    """That an SM holds; 0 if a block does not fit."""
    warps: int
    fraction: float
    """Of the warps that an SM can hold."""
    limits: Mapping[str, int]
    """Blocks that would fit by each resource alone."""
    limited_by: tuple[str, ...]
    """The resources that let the fewest blocks in; empty at full occupancy."""


def occupancy(gpu: Device, threads: int, registers: int, shared_bytes: int = 0) -> Occupancy:
    """Return how many blocks and warps of a kernel an SM holds.

    Parameters
    ----------
    gpu : Device
        See `device`.
    threads : int
        Of a block, 1 to 1024.
    registers : int
        Of a thread.
    shared_bytes : int
        Of a block, static and dynamic together.

    Raises
    ------
    ValueError
        If a block cannot have so many threads.

    Notes
    -----
    Registers go to whole warps in steps of 256, from the quarter of the register file that belongs to the warp's
    scheduler (CUDA C++ Programming Guide, "Multiprocessor Level").
    """
    if not 1 <= threads <= MOST_THREADS:
        raise ValueError(f"threads is {threads}: a block has 1 to {MOST_THREADS} threads.")
    warps = -(-threads // WARP)
    of_a_warp = -(-registers * WARP // REGISTER_UNIT) * REGISTER_UNIT
    by_registers = REGISTERS // SCHEDULERS // of_a_warp * SCHEDULERS if of_a_warp else gpu.threads // WARP
    shared = -(-(shared_bytes + gpu.shared_reserved) // gpu.shared_unit) * gpu.shared_unit
    limits = {
        "blocks": gpu.blocks,
        "threads": gpu.threads // WARP // warps,
        "registers": by_registers // warps,
        "shared memory": gpu.shared_bytes // shared if shared else gpu.blocks,
    }
    blocks = min(limits.values())
    fraction = blocks * warps * WARP / gpu.threads
    limiting = tuple(name for name, limit in limits.items() if limit == blocks)
    return Occupancy(blocks, blocks * warps, fraction, limits, () if fraction == 1 else limiting)


def resources(ptx: Path, gpu: Device, symbol: str = "") -> dict[str, Resources]:
    """Ask ptxas what kernels take on a GPU.

    Parameters
    ----------
    ptx : Path
        A file of PTX.
    gpu : Device
        See `device`.
    symbol : str
        The mangled name of the only kernel to look at, which takes less time than all.

    Returns
    -------
    dict of str to Resources
        By mangled names, in the order of the file.

    Raises
    ------
    ToolkitError
        If there is no ptxas, or it refuses the file.
    """
    ptxas = find_toolkit().nvcc.with_name("ptxas")
    asked = re.search(r"^\.target\s+sm_(\d+)", ptx.read_text(errors="replace"), re.MULTILINE)
    own = 10 * gpu.capability[0] + gpu.capability[1]
    if asked and int(asked[1]) > own:
        raise ToolkitError(
            f"The kernels need compute capability {int(asked[1]) / 10:.1f}; the {gpu.name} has {own / 10:.1f}. Name another GPU."
        )
    with tempfile.TemporaryDirectory() as folder:
        only = ["-e", symbol] if symbol else []
        command: list[str | Path] = [ptxas, "-v", f"-arch=sm_{own}", *only, "-o", Path(folder, "o"), ptx]
        try:
            done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
            if done.returncode and "Unresolved extern" in done.stderr:  # a unit of a program of several
                command.append("-c")
                done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
        except OSError as failure:
            raise ToolkitError(f"{ptxas} does not run: {failure.strerror}.") from None
    said = done.stdout + done.stderr
    if done.returncode:
        last = (said.splitlines() or ["no message"])[-1]
        raise ToolkitError(f"ptxas does not translate the kernels for the {gpu.name}: {last}")
    found = {}
    for name, body in re.findall(r"Compiling entry function '([^']+)'(.*?Used \d+ registers[^\n]*)", said, re.DOTALL):
        registers, shared = re.search(r"Used (\d+) registers", body), re.search(r"(\d+) bytes smem", body)
        spilled = re.search(r"(\d+) bytes spill stores", body)
        assert registers is not None
        found[name] = Resources(int(registers[1]), int(shared[1]) if shared else 0, int(spilled[1]) if spilled else 0)
    return found


# ---- time -----------------------------------------------------------------------------------------------------------

ADVICE = {
    "launch": ("The launch takes longer than the work: give one launch more to do.", 4),
    "DRAM": ("It waits for device memory: read and write each byte once, and keep what is used again on the chip.", 5),
    "L2": ("It moves more bytes through L2 than it needs: coalesce, and reuse what is loaded through shared memory.", 6),
    "L1": ("Its requests touch too many sectors: let neighbouring threads use neighbouring addresses, or use tiles.", 6),
    "shared memory": ("Shared memory is busy: avoid bank conflicts, and keep values in registers.", 6),
    "issue": ("It executes too many instructions: coarsen threads, unroll, use wider loads.", 6),
    "latency": ("Each warp waits for its own results and too few others fill in: more blocks, independent work.", 4),
    "atomics": ("Atomic operations queue up: give each block or thread a copy of its own and add the copies at the end.", 9),
    "fp32": ("It computes as fast as the device can: save operations, or use tensor cores.", 15),
    "fp64": ("Double precision is busy: use single precision where it is enough.", 15),
    "half": ("Half precision is busy: use tensor cores.", 15),
    "integer": ("Integer arithmetic, mostly addresses, keeps it busy: move it out of the loop.", 6),
    "special": ("Divisions, roots and conversions keep it busy: move them out of the loop.", 6),
    "tensor": ("The tensor cores are busy: as good as it gets.", 15),
    "load/store": ("It issues too many loads and stores: use wider ones.", 6),
    "control": ("Branches and barriers keep it busy: unroll, and wait less often.", 6),
}
"""What to try for each bound, and the chapter of the book that is about it."""


@dataclass(frozen=True)
class Modelled:
    """A time that the model computed."""

    time_us: float
    bound_by: str
    """The part that takes longest, one of `ADVICE`."""
    parts_us: Mapping[str, float]
    """What each part would take alone."""
    occupancy: Occupancy
    flops: float
    """Floating-point operations a second."""
    intensity: float
    """Floating-point operations a byte of DRAM traffic."""
    roofline_share: float
    """Of what the device could reach at this intensity: of its arithmetic or of its memory, whichever is nearer."""

    @property
    def advice(self) -> str:
        """One sentence on what to try, and the chapter that teaches it."""
        sentence, chapter = ADVICE[self.bound_by]
        return f"{sentence} (chapter {chapter})"


def modelled(kernel: Mapping[str, Any], gpu: Device, taken: Resources) -> Modelled:
    """Model the time of one launch.

    Parameters
    ----------
    kernel : Mapping
        An entry of ``pmpp profile --json``: ``grid``, ``block``, ``dynamic_shared``, ``counters``, ``pipes`` and ``lines``.
    gpu : Device
        Where it would run.
    taken : Resources
        What the kernel takes there.

    Raises
    ------
    ValueError
        If a block does not fit on the device.
    """
    c: Mapping[str, int] = kernel["counters"]
    pipes: Mapping[str, int] = kernel["pipes"]
    blocks = math.prod(kernel["grid"])
    threads = math.prod(kernel["block"])
    held = occupancy(gpu, threads, taken.registers, taken.shared_bytes + kernel["dynamic_shared"])
    if held.blocks == 0:
        raise ValueError(f"A block of {threads} threads does not fit on the {gpu.name}: too many {held.limited_by[0]}.")
    warps = max(1, blocks * -(-threads // WARP))
    # The SM with the most blocks ends last, and decides.
    share = -(-blocks // gpu.sms) / blocks
    issued = c["warp_instructions"] - pipes["move"]
    sectors = c["global_load_sectors"] + c["global_store_sectors"]
    requests = c["global_load_requests"] + c["global_store_requests"] + c["atomics"]
    wavefronts = c["shared_load_wavefronts"] + c["shared_store_wavefronts"]
    cycles = {
        "issue": issued / SCHEDULERS * share,
        "L1": sum(_global_wavefronts(line["counters"]) for line in kernel["lines"]) * 128 / gpu.l1_bytes_per_cycle * share,
        "L2": (sectors - c["l1_hit_sectors"]) * 32 / gpu.l2_bytes_per_cycle,
        "shared memory": wavefronts * 128 / gpu.l1_bytes_per_cycle * share,
        "atomics": (c["atomics"] + c["atomic_serialization"]) * share,
        "load/store": pipes["memory"] * WARP / gpu.per_cycle["memory"] * share,
        **{name: pipes[name] * WARP / gpu.per_cycle[name] * share for name in ARITHMETIC},
        # A warp's mma of m x n x k is counted as 2 m n k operations; other pipes have theirs in flop too.
        "tensor": (c["flop"] / 2 / gpu.per_cycle["tensor"] * share) if pipes["tensor"] else 0.0,
        "latency": _serial_cycles(c, pipes, gpu, warps, requests) * -(-blocks // (gpu.sms * held.blocks)),
    }
    parts = {name: 1e6 * value / gpu.clock_hz for name, value in cycles.items()}
    parts["DRAM"] = 1e6 * (c["dram_read_bytes"] + c["dram_write_bytes"]) / gpu.dram_bytes_per_second
    parts["launch"] = gpu.latency["launch_us"]
    work = sum(value**OVERLAP for name, value in parts.items() if name != "launch") ** (1 / OVERLAP)
    time_us = parts["launch"] + work
    moved = c["dram_read_bytes"] + c["dram_write_bytes"]
    flops = c["flop"] / time_us * 1e6
    intensity = c["flop"] / moved if moved else math.inf
    by_arithmetic = flops / gpu.peak_flops
    by_memory = moved / time_us * 1e6 / gpu.dram_bytes_per_second
    bound_by = max(parts, key=parts.__getitem__)
    busiest = max(ARITHMETIC, key=parts.__getitem__)
    if bound_by == "issue" and parts[busiest] > parts["issue"] * NEARLY:
        bound_by = busiest
    return Modelled(
        time_us, bound_by, parts, held, flops, intensity, max(by_arithmetic, by_memory)
    )  # fmt: skip


def _global_wavefronts(c: Mapping[str, int]) -> float:
    """Return how often L1 has to give or take 128 bytes for a line of source."""
    wavefronts = 0.0
    for kind in ("load", "store"):
        requests, sectors, ideal = (c[f"global_{kind}_{what}"] for what in ("requests", "sectors", "sectors_ideal"))
        # A request takes one at least; sectors beyond those that the bytes need lie in lines of their own.
        wavefronts += max(requests, ideal / 4) + max(sectors - ideal, 0)
    return wavefronts


def _serial_cycles(c: Mapping[str, int], pipes: Mapping[str, int], gpu: Device, warps: int, requests: int) -> float:
    """Return how long one warp takes if nobody stands in its way: what it has to wait for, one after the other."""
    sectors = c["global_load_sectors"] + c["global_store_sectors"]
    from_l1 = c["l1_hit_sectors"] / sectors if sectors else 0.0
    from_dram = min(1 - from_l1, (c["dram_read_bytes"] + c["dram_write_bytes"]) / (32 * sectors)) if sectors else 0.0
    from_l2 = 1 - from_l1 - from_dram
    memory = from_l1 * gpu.latency["l1"] + from_l2 * gpu.latency["l2"] + from_dram * gpu.latency["dram"]
    shared = c["shared_load_wavefronts"] - c["shared_bank_conflicts"]
    arithmetic = (c["warp_instructions"] - pipes["move"] - pipes["memory"]) * gpu.latency["arithmetic"]
    # A warp that asks for less than it could have under way waits once, and not for a part of that.
    rounds = max(requests / IN_FLIGHT / warps, min(1.0, requests / warps))
    waits = rounds * memory + max(shared, 0) / warps / IN_FLIGHT * gpu.latency["shared"]
    return waits + arithmetic / INDEPENDENT / warps + c["barriers"] / warps * gpu.latency["shared"]
