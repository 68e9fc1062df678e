"""Calls a learner's function in a process of its own and brings back what it wrote.

The process is started afresh, never forked, and gets nothing but inputs, in memory that both sides map:

    0       stage u32, case u32        how far the process came
    8       length u64, plan           marshalled: library, function, arguments of every case
    ...     a record of 256 bytes a case   what the probe saw (probe.cpp), return value, error
    ...     the arrays                 each between two canaries

Expected values never leave the parent.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import marshal
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pmpp.testing import confine
from pmpp.testing.build import simulator
from pmpp.testing.counters import Kernel, parse
from pmpp.testing.geometry import Launch
from pmpp.testing.problem import Case
from pmpp.testing.signature import Signature

CHILD = Path(__file__).with_name("child.py")
GUARD = 256  #: bytes of canary on either side of an array
RECORD = 256
MEMORY_LIMIT = 4 << 30
OUTPUT_LIMIT = 16 << 10
#: Of what is printed, in bytes: more ends the process.
FLOOD = 16 << 20
#: Of a file of findings, where submissions are graded.
FILE_LIMIT = 64 << 20
#: How much memory there is, and on how many processors.
_WHAT_THE_DEVICE_READS = {
    "sim": ("/proc/meminfo", "/proc/self/cgroup", "/proc/self/statm", "/sys/fs/cgroup", "/sys/devices/system/cpu"),
    "cuda": ("/proc", "/sys", "/etc/ld.so.cache", "/lib", "/lib64", "/usr/lib", "/usr/lib64"),
}
_WHAT_THE_DRIVER_USES = ("/dev", "/proc/self/task")
#: Warp instructions that a kernel of an exercise may take on the software GPU before it counts as endless.
BUDGET = 20_000_000
_STAGES = ("starting", "loading", "preparing", "calling", "collecting", "done")


@dataclass
class Written:
    """What one call left behind.

    Attributes
    ----------
    outputs
        The arrays that the function could write; elements that it did not touch hold the sentinel.
    touched
        For each output: which elements were written.
    changed
        Inputs that are not what they were: name -> flat index of the first change.
    overrun
        Arrays whose canary is gone: name -> bytes before the array (negative) or past its end.
    kernels
        What the launches counted, where counting was asked for.
    entries
        The same as the software GPU wrote it, with what only a model of a GPU needs.
    """

    returned: int = 0
    returned_name: str = ""
    error: int = 0
    error_name: str = ""
    launch: Launch | None = None
    launches: int = 0
    allocations: int = 0
    leaked: int = 0
    leaked_bytes: int = 0
    copies_in: int = 0
    copies_out: int = 0
    synchronizations: int = 0
    first_error: int = 0
    first_error_call: str = ""
    refused_bytes: int = 0
    refused_on_device: bool = False
    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    touched: dict[str, np.ndarray] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    overrun: dict[str, int] = field(default_factory=dict)
    kernels: list[Kernel] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Outcome:
    """How the process ended, and what each call that returned left behind.

    ``end`` is "finished", "signal", "exit", "time", "memory", "output", "no function", "not loaded", "race failed" or "forged";
    ``code`` is the signal or the exit status. ``rounds`` has the times of a race, in seconds: a row a round, a column a
    contestant.
    """

    end: str
    code: int
    stage: str
    case: int
    written: list[Written]
    stdout: str
    stderr: str
    rounds: np.ndarray | None = None


@dataclass(frozen=True)
class Race:
    """How functions are timed beside each other in one process.

    Attributes
    ----------
    others
        Libraries and functions that run beside the learner's, in memory of the device, or of the host if they are plain C++.
    rounds
        At least and at most.
    seconds
        After so long no round beyond the least is begun.
    threads
        Of the software GPU.
    flushed
        Bytes that are overwritten before a call is timed.
    events
        Use the device's clock, in place of the host's.
    """

    others: Sequence[tuple[str, str]]
    rounds: tuple[int, int]
    seconds: float
    threads: int
    flushed: int
    events: bool


@dataclass(frozen=True)
class _Array:
    name: str
    offset: int
    value: np.ndarray
    output: bool

    @property
    def canary(self) -> int:
        """The byte that lies before and after the array."""
        return _CANARY_OUTPUT if self.output else _CANARY_INPUT


def call(
    library: Path,
    signature: Signature,
    cases: Sequence[Case],
    *,
    device: str,
    memory: str,
    seconds: float = 5.0,
    seed: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    count: bool = False,
    race: Race | None = None,
    observers: Mapping[str, str] | None = None,
) -> Outcome:
    """Call the function once for each case, in one new process.

    Parameters
    ----------
    device
        "sim" or "cuda"; the library was built for it.
    memory
        "device" or "host": what kind of pointers the function takes.
    seconds
        The process is ended after so much processor time, or six times as long.
    seed
        Schedule of the software GPU.
    count
        Count what the kernels do, on the software GPU.
    race
        Time the function on the first case, beside others.
    observers
        Variables that switch checkers of the software GPU on.
    """
    wanted = count or race is not None
    environment = _environment(device, seed, race.threads if race else 1) | dict(observers or {})
    if count:  # `pmpp profile` shows the run that is not counted for the verdict
        environment.pop("PMPP_SIM_COUNTERS", None)
    with _results(wanted) as results:
        libraries = [library, *(Path(path) for path, _ in race.others)] if race else [library]
        shut_in = _shut_in(libraries, device, seconds, memory_limit, environment)
        shut_in["secret"] = secret = os.urandom(16)
        with _Shared(library, signature, cases, device, memory, shut_in, count, race, results) as shared:
            end, code, out, err = _watch(shared.fd, environment, seconds, memory_limit, results, secret)
            outcome = shared.outcome(end, code, out, err)
        told = _told(os.pread(results, min(os.fstat(results).st_size, FILE_LIMIT), 0), secret) if wanted else []
        if told is None:
            outcome.end, outcome.case = "forged", 0
        elif count:
            for written, line in zip(outcome.written, told, strict=False):
                written.kernels, written.entries = parse(line), json.loads(line)["kernels"]
        elif race:
            outcome.rounds = np.frombuffer(b"".join(told)).reshape(-1, 2 + len(race.others))
        return outcome


def _told(text: bytes, secret: bytes) -> list[bytes] | None:
    """Take apart what the process reported; None if the code that ran in it added something of its own."""
    found, at = [], 0
    head = len(secret) + 4
    while at < len(text):
        if text[at : at + len(secret)] != secret[: len(text) - at]:
            return None
        if len(text) < at + head:
            break  # it ended in the middle
        (length,) = struct.unpack_from("<I", text, at + len(secret))
        if len(text) < at + head + length:
            break
        found.append(text[at + head : at + head + length])
        at += head + length
    return found


@contextlib.contextmanager
def _results(wanted: bool) -> Iterator[int]:
    """Give a file in memory for what the process reports beside the outputs; -1: nothing."""
    fd = os.memfd_create("pmpp-results") if wanted else -1
    if wanted:
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND)  # what was reported stays
    try:
        yield fd
    finally:
        if wanted:
            os.close(fd)


class _Shared:
    """The memory that parent and child both map."""

    def __init__(self, library, signature, cases, device, memory, shut_in, count, race, results) -> None:
        self.cases = cases
        self.arrays: list[list[_Array]] = []
        on_device = memory == "device"
        plan = {
            "library": str(library),
            "function": signature.name,
            "returns": signature.returns != "void",
            "device_memory": on_device,
            "guard": GUARD if on_device and device == "cuda" else 0,
            **shut_in,
            "counts": results if count else -1,
            "race": None if race is None else {**vars(race), "results": results, "restored": [], "written": []},
            "cases": [{"arguments": [], "record": 1 << 60, "fail_malloc": case.fail_malloc} for case in cases],
        }
        layout = 0  # offsets are first counted from the end of the records
        for case, planned in zip(cases, plan["cases"], strict=True):
            arrays: list[_Array] = []
            for parameter in signature.parameters:
                if parameter.kind == "stream":
                    planned["arguments"].append(("P", 0, -1))
                elif parameter.kind == "scalar":
                    planned["arguments"].append((_code(parameter.dtype), _scalar(parameter, case), 0))
                else:
                    value = _first_value(parameter, case)
                    arrays.append(_Array(parameter.name, layout + GUARD, value, parameter.kind == "output"))
                    planned["arguments"].append(["P", layout + GUARD, value.nbytes])
                    layout += 2 * GUARD + -(-value.nbytes // GUARD) * GUARD
            self.arrays.append(arrays)
        if race is not None:
            # All outputs: one that kept what the first call wrote would do for a function that does nothing afterwards.
            plan["race"]["restored"] = [[a.offset, a.value.nbytes] for a in self.arrays[0] if a.output]
            plan["race"]["written"] = [a.output for a in self.arrays[0] if a.value.nbytes and on_device]
        start = 16 + len(marshal.dumps(plan)) + 64 * (1 + sum(map(len, self.arrays)) + len(cases))
        records = -(-start // RECORD) * RECORD
        self.data = records + RECORD * len(cases)
        self.records = records
        for number, planned in enumerate(plan["cases"]):
            planned["record"] = records + RECORD * number
            for argument in planned["arguments"]:
                if isinstance(argument, list):
                    argument[1] += self.data
        for place in plan["race"]["restored"] if race is not None else ():
            place[0] += self.data
        blob = marshal.dumps(plan)
        self.fd = os.memfd_create("pmpp-exercise", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.fd, self.data + layout)
        # Memory that the other side could shorten would end this process at its next look.
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        self.map = mmap.mmap(self.fd, self.data + layout)
        self.map[8 : 16 + len(blob)] = struct.pack("<Q", len(blob)) + blob
        bytes_ = np.frombuffer(self.map, np.uint8)
        for array in (a for arrays in self.arrays for a in arrays):
            at = self.data + array.offset
            bytes_[at - GUARD : at + -(-array.value.nbytes // GUARD) * GUARD + GUARD] = array.canary
            bytes_[at : at + array.value.nbytes] = np.frombuffer(array.value.tobytes(), np.uint8)
        self.bytes = bytes_

    def __enter__(self) -> _Shared:
        return self

    def __exit__(self, *_: object) -> None:
        del self.bytes
        with contextlib.suppress(BufferError):
            self.map.close()
        os.close(self.fd)

    def outcome(self, end: str, code: int, out: bytes, err: bytes) -> Outcome:
        stage, case = struct.unpack_from("<II", self.map, 0)
        # The code itself can write there: what it says of an end that was none is not believed.
        finished = stage == len(_STAGES) - 1 and case == len(self.cases) and end == "finished"
        if end == "finished" and not finished:
            end = "exit"
        complete = case if finished else max(0, min(case, len(self.cases) - 1))
        name = "done" if finished else "calling" if stage >= len(_STAGES) - 1 else _STAGES[stage]
        # A case whose call did not come back still has the record of the probe, and so its launch and its errors.
        reached = complete + (name in ("calling", "collecting"))
        written = [self._written(number) for number in range(min(reached, len(self.cases)))]
        stopped = next((i for i, w in enumerate(written) if w.error and not w.returned), None)
        if name == "done" and stopped is not None:
            written = written[: stopped + 1]
            complete = stopped
        return Outcome(end, code, name, complete, written, _text(out), _text(err))

    def _written(self, number: int) -> Written:
        at = self.records + RECORD * number
        v = struct.unpack_from("<q3I3IQ4q4qQii40s", self.map, at)
        returned, error = struct.unpack_from("<qi", self.map, at + 160)
        error_name, returned_name = struct.unpack_from("32s32s", self.map, at + 176)
        result = Written(
            returned=returned,
            returned_name=_text(returned_name.rstrip(b"\0")),
            error=error,
            error_name=_text(error_name.rstrip(b"\0")),
            # What the code itself could have written must not bring down who reads it.
            launch=Launch(v[1:4], v[4:7], v[7]) if v[0] and all(v[1:7]) else None,
            launches=v[0],
            allocations=v[8],
            leaked=v[10],
            leaked_bytes=v[11],
            copies_in=v[12],
            copies_out=v[13],
            synchronizations=v[14],
            refused_bytes=v[16],
            refused_on_device=bool(v[17]),
            first_error=v[18],
            first_error_call=_text(v[19].rstrip(b"\0")),
        )
        for array in self.arrays[number]:
            start = self.data + array.offset
            stop = start + array.value.nbytes
            now = self.bytes[start:stop].copy().view(array.value.dtype).reshape(array.value.shape)
            same = _bits(now) == _bits(array.value)
            if array.output:
                result.outputs[array.name] = now
                result.touched[array.name] = ~same
            elif not same.all():
                result.changed[array.name] = int(np.flatnonzero(~same)[0])
            before = np.flatnonzero(self.bytes[start - GUARD : start] != array.canary)
            padded = -(-stop // GUARD) * GUARD + GUARD
            after = np.flatnonzero(self.bytes[stop:padded] != array.canary)
            if len(before):
                result.overrun[array.name] = int(before[-1]) - GUARD
            elif len(after):
                result.overrun[array.name] = int(after[0]) + 1
        return result


#: What lies around an input is a NaN if it is read as a float: it spoils the sums it goes into.
_CANARY_INPUT = 0xFF
_CANARY_OUTPUT = 0xA5
_UNWRITTEN = 0xA5


def sentinel(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return what an output holds before the learner's code ran: a NaN nobody computes, or a pattern of bytes."""
    value = np.full(shape, _UNWRITTEN, np.uint8) if dtype.itemsize == 1 else np.empty(shape, dtype)
    if dtype.kind == "f":
        value.view(f"u{dtype.itemsize}")[...] = {4: 0x7FC5A5A5, 8: 0x7FF8A5A5A5A5A5A5}[dtype.itemsize]
    else:
        value.view(np.uint8)[...] = _UNWRITTEN
    return value


def _bits(array: np.ndarray) -> np.ndarray:
    return array.view(f"u{array.dtype.itemsize}")


def _code(dtype: np.dtype) -> str:
    return {"float32": "f", "float64": "d", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "uint8": "B"}[dtype.name]


def _scalar(parameter, case: Case) -> int | float:
    if parameter.name not in case.inputs:
        raise ValueError(f"case {case.name!r} gives no value for {parameter.name}")
    value = case.inputs[parameter.name]
    return float(value) if parameter.dtype.kind == "f" else int(value)


def _first_value(parameter, case: Case) -> np.ndarray:
    if parameter.name in case.inputs:
        value = np.ascontiguousarray(case.inputs[parameter.name])
        if value.dtype != parameter.dtype:
            raise ValueError(f"case {case.name!r}: {parameter.name} is {value.dtype}, the prototype says {parameter.dtype}")
        return value
    if parameter.kind == "input" or parameter.name not in case.expect:
        raise ValueError(f"case {case.name!r} gives no value for {parameter.name}")
    return sentinel(np.shape(case.expect[parameter.name]), parameter.dtype)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _shut_in(
    libraries: Sequence[Path], device: str, seconds: float, memory_limit: int, environment: Mapping[str, str]
) -> dict[str, object]:
    """Return the part of the plan that keeps the process to its own affairs; see confine.py."""
    limits = {"core": 0, "cpu": int(seconds) + 10}
    if device == "sim":
        limits["data"] = memory_limit
    rules: dict[str, object] = {"strict": False, "driver": device == "cuda", "parent": os.getpid()}
    preload: list[str] = []
    if confine.strict is not None:
        files = confine.readable(*libraries, *_WHAT_THE_DEVICE_READS[device])
        if device == "sim":
            limits |= {"fsize": FILE_LIMIT, "nofile": 64}
            preload = [str(simulator()), "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6"]
        else:
            files |= confine.writable(*_WHAT_THE_DRIVER_USES)
            preload = ["libcuda.so.1", "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "librt.so.1", "libpthread.so.0"]
        for name in ("PMPP_SIM_FINDINGS", "PMPP_SIM_COUNTERS"):
            if report := environment.get(name):
                Path(report).touch()
                files |= confine.writable(report)
        rules |= {"strict": True, "files": files}
    return {"preload": preload, "limits": limits, "rules": rules}


def _environment(device: str, seed: int, threads: int) -> dict[str, str]:
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PMPP_SIM_", "LD_PRELOAD"))}
    if confine.strict is not None:
        keep = {k: v for k, v in keep.items() if k in ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")}
        keep |= {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "CUDA_CACHE_DISABLE": "1"}
    if device == "sim":
        # With one simulator thread one seed gives one result, every time.
        keep |= {"PMPP_SIM_THREADS": str(threads), "PMPP_SIM_SEED": str(seed), "PMPP_SIM_BUDGET": str(BUDGET)}
        passed_on = ("PMPP_SIM_ISA", "PMPP_SIM_GPU", "PMPP_SIM_CHECK", "PMPP_SIM_FINDINGS", "PMPP_SIM_COUNTERS", "PMPP_SIM_PTX")
        keep |= {name: os.environ[name] for name in passed_on if name in os.environ}
    return keep


def _watch(
    fd: int, environment: dict[str, str], seconds: float, memory_limit: int, results: int, secret: bytes
) -> tuple[str, int, bytes, bytes]:
    """Start the process, read what it prints, and end it at its limits; return how it ended."""
    done_read, done_write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(CHILD), str(fd), str(done_write)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(fd, done_write, results) if results >= 0 else (fd, done_write),
        env=environment,
        start_new_session=True,
    )
    os.close(done_write)
    assert process.stdout is not None and process.stderr is not None
    printed = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    open_ends = [done_read, *printed]
    flood, done = 0, False
    # Time that the process was given counts, so that a busy machine changes no verdict; the rest is for one that sleeps.
    deadline = time.monotonic() + 6 * seconds
    end = ""
    try:
        while open_ends:
            ready, _, _ = select.select(open_ends, [], [], 0.05)
            for ready_fd in ready:
                data = os.read(ready_fd, 65536)
                if ready_fd == done_read:
                    open_ends.remove(ready_fd)  # the process said that it is done, or is gone
                    done = data == secret
                elif data:
                    flood += len(data)
                    printed[ready_fd] = (printed[ready_fd] + data)[:OUTPUT_LIMIT]
                else:
                    open_ends.remove(ready_fd)
            if not end and (_busy(process.pid) > seconds or time.monotonic() > deadline):
                end = "time"
            if not end and _resident(process.pid) > memory_limit:
                end = "memory"
            if not end and flood > FLOOD:
                end = "output"
            if end or (done_read not in open_ends and process.poll() is not None and not ready):
                break
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        os.close(done_read)
        process.stdout.close()
        process.stderr.close()
    out, err = printed.values()
    if end:
        return end, 0, out, err
    if done:
        return "finished", 0, out, err
    if code < 0:
        return "signal", -code, out, err
    named = {99: "memory", 101: "no function", 103: "not loaded", 104: "race failed"}
    return named.get(code, "exit"), code, out, err


def _busy(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * mmap.PAGESIZE
    except (OSError, IndexError, ValueError):
        return 0
