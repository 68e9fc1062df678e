"""Compiler errors as a learner should see them: file:line: message, the line with a caret, and a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOST = 3  #: errors that are shown; the rest usually follow from them


@dataclass(frozen=True)
class Message:
    """One error.

    ``column`` counts from 0 and may be -1; ``line`` is 0 where the compiler names none.
    """

    path: Path
    line: int
    text: str
    source_line: str = ""
    column: int = -1
    hint: str = ""


_DEVICE_ONLY = "It exists only in a __global__ or __device__ function."
#: What a beginner's message usually means: a pattern for the message, and for the source line; what to do.
HINTS: tuple[tuple[str, str, str], ...] = (
    (r'expected a ";"', "", "A semicolon is missing, often at the end of the line above."),
    (r'identifier "(threadIdx|blockIdx|blockDim|gridDim)" is undefined', "", _DEVICE_ONLY),
    (r'identifier "cuda\w*" is undefined', "", "Is the name of the CUDA call spelled right?"),
    (r'identifier "__sync\w*" is undefined', "", "The barrier is __syncthreads(), two underscores and a plural."),
    (r'identifier "(\w+)" is undefined', "", "Is it declared above this line and spelled the same?"),
    (
        r"a __global__ function call must be configured",
        "",
        "Launch a kernel with kernel<<<blocks, threads>>>(arguments).",
    ),
    (r"calling a __host__ function.* from a __global__", "", "A kernel can only call functions marked __device__."),
    (r"calling a __host__ function.* from a __device__", "", "A kernel can only call functions marked __device__."),
    (r"expression must be a modifiable lvalue", "", "It is const: an input. Results go to the output pointer."),
    (
        r"expression must have (pointer|arithmetic)",
        r"\[",
        "Is it an array or a pointer, and is every index an integer?",
    ),
    (r"too (few|many) arguments in function call", "", "Compare the arguments with the function's parameters."),
    (r"too (few|many) arguments", "<<<", "Compare the kernel's parameters with the arguments after >>>."),
    (
        r"argument of type .* is incompatible with parameter",
        "cudaMalloc",
        "cudaMalloc takes the address of the pointer: &pointer.",
    ),
    (r"argument of type .* is incompatible with parameter", "", "Compare the argument's type with the parameter's."),
    (
        r'no instance of (overloaded )?function.*"cudaMalloc"',
        "",
        "cudaMalloc takes the address of a pointer and a size in bytes.",
    ),
    (
        r"expression must have a constant value",
        "",
        "The size of a __shared__ or __constant__ array must be known when compiling.",
    ),
    (
        r"a __global__ function must have a void return type",
        "",
        "A kernel returns nothing: write its result to memory.",
    ),
    (r'expected a "\}"', "", "A brace is not closed."),
    (r"(CUB|Thrust|libcu\+\+) requires", "", "What CUB and Thrust have ready is what a problem asks for: write it yourself."),
    (r"undefined reference to", "", "A function is declared or called but not defined; keep the name in the stub."),
    (r"uses too much shared data", "", "A block may have 48 KiB of static shared memory: make the tile smaller."),
)

_NVCC = re.compile(r"^(?P<file>.+?)\((?P<line>\d+)\): (?:catastrophic )?(?:error|fatal error)(?: #[\w-]+)?: (?P<text>.*)$")
_GCC = re.compile(r"^(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?: (?:fatal )?error: (?P<text>.*)$")
_END = re.compile(r"^At end of source: error(?: #[\w-]+)?: (?P<text>.*)$")
_PTXAS = re.compile(r"^ptxas (?:error|fatal)\s*: (?P<text>.*)$")
_LINK = re.compile(r"undefined reference to `(?P<name>[^']+)'")


def read_messages(output: str, source: Path, compiled: Path) -> list[Message]:
    """Turn what nvcc, g++ or the linker printed into messages about ``source``, which was compiled as ``compiled``."""
    lines = output.splitlines()
    found: list[Message] = []
    for number, line in enumerate(lines):
        message = _error_at(lines, number, line, source, compiled)
        if message is not None and (message.line, message.text) not in {(m.line, m.text) for m in found}:
            found.append(message)
    if not found:
        kept = [line for line in lines if line.strip() and not line.lstrip().startswith(("#$", "collect2"))]
        found.append(Message(source, 0, " ".join(kept[:3]).replace(str(compiled), source.name) or "the compiler gave no reason"))
    return found


def _error_at(lines: list[str], number: int, line: str, source: Path, compiled: Path) -> Message | None:
    if match := _NVCC.match(line) or _GCC.match(line):
        path = source if Path(match["file"]).name == compiled.name else Path(match["file"])
        shown, column = "", -1
        if (
            number + 2 < len(lines)
            and re.fullmatch(r"\s*(\d+ \|)?\s*\^?[~^]*\s*(\|.*)?", lines[number + 2])
            and "^" in lines[number + 2]
        ):
            shown, column = lines[number + 1], lines[number + 2].index("^")
            if bar := re.match(r"\s*\d+ \| ?", shown):
                shown, column = shown[bar.end() :], column - bar.end()
        return _with_hint(Message(path, int(match["line"]), match["text"], shown, column))
    if match := _END.match(line):
        return _with_hint(Message(source, 0, f"at the end of the file: {match['text']}"))
    if match := _PTXAS.match(line):
        return _with_hint(Message(source, 0, match["text"]))
    if match := _LINK.search(line):
        if builtin := re.fullmatch(r"__device_builtin_variable_(\w+)", match["name"]):
            return Message(source, 0, f"{builtin[1]} is used by a function that runs on the host", hint=_DEVICE_ONLY)
        return _with_hint(Message(source, 0, f"undefined reference to {match['name']}"))
    return None


def _with_hint(message: Message) -> Message:
    for text, where, hint in HINTS:
        if re.search(text, message.text) and re.search(where, message.source_line):
            return Message(message.path, message.line, message.text, message.source_line, message.column, hint)
    return message


def show(messages: list[Message], relative_to: Path) -> list[str]:
    """Return the lines to print: at most three errors, indentation cut from the source lines, 78 columns."""
    lines: list[str] = []
    for message in messages[:MOST]:
        place = (
            f"{_relative(message.path, relative_to)}:{message.line}"
            if message.line
            else f"{_relative(message.path, relative_to)}"
        )
        lines += [f"{place}: {message.text}"]
        if message.source_line.strip():
            lines += _excerpt(message.source_line, message.column)
        if message.hint:
            lines.append(f"  {message.hint}")
    if len(messages) > MOST:
        lines.append(f"and {len(messages) - MOST} more, which may follow from these")
    return lines


def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _excerpt(line: str, column: int, width: int = 70) -> list[str]:
    """Return the source line and a caret under the column, cut to the width around the caret."""
    column -= len(line) - len(line.lstrip())
    line = line.strip().expandtabs(1)
    start = max(0, column - width + 10)
    shown = line[start : start + width]
    result = [f"    {shown}"]
    if 0 <= column - start < width:
        result.append("    " + " " * (column - start) + "^")
    return result
