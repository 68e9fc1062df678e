"""Says in a sentence how a run went wrong that gave no result, or gave a right one in a wrong way."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, field

from pmpp.testing.diagnose import Finding
from pmpp.testing.problem import Case, Problem
from pmpp.testing.runner import BUDGET, FLOOD, MEMORY_LIMIT, Outcome, Written


@dataclass
class Failure:
    """What a learner is told: the kind, a sentence for lists, paragraphs; one that starts with a blank stays as it is.

    `observe` is False where another run with checkers would only take its time.
    """

    kind: str
    headline: str
    details: list[str] = field(default_factory=list)
    observe: bool = True


#: Kinds for which another schedule of the warps would tell nothing new.
FINAL = frozenset(
    {
        "crash",
        "endless",
        "exit",
        "forbidden",
        "implausible",
        "memory",
        "no function",
        "not loaded",
        "start",
        "not launched",
        "leak",
        "error ignored",
        "launch",
        "no wait",
        "output",
        "too many threads",
    }
)
#: Kinds that are not the learner's doing, and that a stub must not hide.
BROKEN = frozenset({"not loaded", "start"})

_SIGNALS: dict[int, str] = {
    signal.SIGSEGV: "crashed: it used memory that is not its own (segmentation fault). A device pointer that host code "
    "reads or an index outside of an array does that.",
    signal.SIGBUS: "crashed: it used memory that is not there (bus error).",
    signal.SIGFPE: "crashed: an integer was divided by zero.",
    signal.SIGABRT: "crashed: it called abort(), or an exception or an assertion ended it.",
    signal.SIGILL: "crashed: it ran an illegal instruction; does a function with a result end without return?",
    signal.SIGKILL: "was killed, perhaps because the machine ran out of memory.",
}


def ended(outcome: Outcome, written: Written | None, name: str, problem: Problem) -> Finding:
    """Explain why the process ended before its time, in the function of this name."""
    said = device_message(outcome.stderr)
    if outcome.end == "no function":
        return Finding("no function", f"The file has no function {name}: keep the line 'extern \"C\" ... {name}(' of the stub.")
    if outcome.end == "not loaded":
        return Finding("not loaded", f"The compiled file could not be loaded: {outcome.stderr.strip()}")
    if outcome.end == "signal" and outcome.code == signal.SIGSYS:
        return Finding(
            "forbidden",
            f"{name} or what runs beside it tried to start a process, to signal or watch another one, or to use the "
            "network: the test ended it. A solution needs nothing of the kind.",
        )
    if outcome.end == "forged":
        return Finding("forbidden", f"{name} wrote to where the test keeps its counts: a solution has nothing to write there.")
    if outcome.end == "output":
        return Finding("output", f"{name} printed more than {FLOOD >> 20} MiB: is there a loop that prints and never ends?")
    if outcome.stage in ("starting", "loading", "preparing"):
        text = outcome.stderr.strip().splitlines()
        return Finding("start", f"The test could not start ({outcome.end} {outcome.code}): {text[-1] if text else 'no message'}")
    if outcome.end == "time":
        inside = "the kernel or " if written is not None and written.launches else ""
        return Finding(
            "endless",
            f"{name} did not return within {problem.seconds:g} s: is there a loop that never ends in {inside}it?",
        )
    if outcome.end == "memory" or (written is not None and written.refused_bytes and not written.refused_on_device):
        size = f"for {written.refused_bytes:,} bytes" if written is not None and written.refused_bytes else "for more"
        return Finding(
            "memory",
            f"{name} asked {size} of memory than the {MEMORY_LIMIT >> 30} GiB a test may use.".replace(
                " bytes of memory than", " bytes of memory, more than"
            ),
        )
    if outcome.end == "signal":
        what = _SIGNALS.get(outcome.code, f"ended by signal {outcome.code}.")
        if said:
            what = f"crashed. {said}"
        return Finding("crash", f"{name} {what}{_after(written)}")
    return Finding("exit", f"{name} ended the whole process with exit({outcome.code}) instead of returning to its caller.")


def _after(written: Written | None) -> str:
    if written is None or not written.first_error:
        return ""
    return f" Before that {written.first_error_call} had failed with error {written.first_error}."


def device_message(stderr: str) -> str:
    """Return what the software GPU said, without its prefix; empty if it said nothing."""
    said = [m[1] for m in re.finditer(r"^pmpp(?:-simt| simt|): (.*)$", stderr, re.MULTILINE)]
    if not said:
        return ""
    text = _demangled(said[0]).removesuffix(". PMPP_SIM_BUDGET sets the limit").rstrip(".") + "."
    far = re.search(r"(\d+) bytes past the end", text)
    if far and int(far[1]) > 1 << 32:
        text += " That is far from any device memory: was a host pointer passed to the kernel?"
    return text[0].upper() + text[1:]


def _demangled(text: str) -> str:
    """Shorten the names of C++: _Z10add_kernelPKfi to add_kernel, a variable in a kernel to its own name."""

    def short(match: re.Match) -> str:
        names = re.findall(r"(\d+)([A-Za-z_]\w*)", match[0])
        inner = re.search(r"E(\d+)([A-Za-z_]\w*)$", match[0]) if match[0].startswith("_ZZ") else None
        length, name = inner.groups() if inner else names[0]
        return name[: int(length)]

    return re.sub(r"\b_ZZ?\d+\w+", short, text)


def cuda(written: Written, case: Case, outcome: Outcome) -> Finding | None:
    """Explain an error of the device, or a status that is not the expected one."""
    if isinstance(case.returns, str):
        if written.returned_name == case.returns:
            return None
        came = written.returned_name if written.returned else "0 (success)"
        why = f" after cudaMalloc number {case.fail_malloc} was refused" if case.fail_malloc else ""
        return Finding("error ignored", f"The function returned {came}{why}; it must return {case.returns}.")
    if written.refused_bytes and written.refused_on_device and (written.returned or written.error):
        return Finding(
            "memory",
            f"cudaMalloc was asked for {written.refused_bytes:,} bytes, more than the device has: sizes are in bytes.",
        )
    if written.returned != case.returns:
        if written.returned in (written.first_error, written.error):
            return _device_error(written.returned_name, written, outcome)
        return Finding("status", f"The function returned {written.returned}, expected {case.returns}.")
    if written.error:
        return _device_error(written.error_name or f"CUDA error {written.error}", written, outcome)
    return None


def _device_error(name: str, written: Written, outcome: Outcome) -> Finding:
    said = device_message(outcome.stderr)
    launch = f" The launch was {written.launch}." if written.launch is not None else ""
    if name == "cudaErrorLaunchTimeout":
        return Finding(
            "endless",
            said or f"A kernel ran for more than {BUDGET:,} warp instructions: is there a loop that never ends?",
        )
    refused = name == "cudaErrorInvalidValue" and written.first_error_call == "kernel launch"
    if refused or name in ("cudaErrorInvalidConfiguration", "cudaErrorLaunchOutOfResources"):
        rule = said or "A block has 1 to 1024 threads, and no dimension of the grid is 0."
        return Finding("launch", f"The launch was refused ({name}). {rule}{launch}")
    if name in ("cudaErrorIllegalAddress", "cudaErrorMisalignedAddress", "cudaErrorInvalidAddressSpace"):
        return Finding(
            "out of bounds",
            said or f"A kernel used an address outside of its arrays ({name}): check the bounds.{launch}",
        )
    where = f" in {written.first_error_call}" if written.first_error else ""
    return Finding("cuda error", f"{name}{where}. {said}".rstrip() + launch)


def conduct(written: Written, case: Case, problem: Problem) -> Finding | None:
    """Find fault with code whose result is right: no kernel, memory that is not given back."""
    if written.launches < case.min_launches:
        return Finding("not launched", "The result is right, but no kernel computed it: the work belongs on the device.")
    launch = written.launch
    if case.max_threads and launch is not None and launch.total > case.max_threads:
        return Finding(
            "too many threads",
            f"The result is right, but {launch} has {launch.total:,} threads where {case.max_threads:,} are enough: "
            "each thread must do more than one element.",
        )
    if case.must_wait and not written.synchronizations:
        return Finding(
            "no wait",
            "The function returns without waiting: cudaDeviceSynchronize() waits and reports what went wrong.",
        )
    if problem.memory == "host" and written.leaked:
        what = "allocation was" if written.leaked == 1 else "allocations were"
        return Finding(
            "leak",
            f"{written.leaked} of {written.allocations} device {what} never freed ({written.leaked_bytes:,} bytes).",
        )
    return None
