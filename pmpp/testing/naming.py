"""What a line of CUDA C++ assigns, read from its text: compilers leave line numbers, but no names of variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

TYPES = {
    "float": "f32", "double": "f64", "int": "s32", "unsigned": "u32", "unsigned int": "u32", "uint": "u32", "uint32_t": "u32",
    "int32_t": "s32", "long long": "s64", "unsigned long long": "u64", "size_t": "u64", "int64_t": "s64", "uint64_t": "u64",
    "long": "s64", "unsigned long": "u64", "short": "s16", "unsigned short": "u16", "char": "s8", "unsigned char": "u8",
    "uint8_t": "u8", "int8_t": "s8", "signed char": "s8", "ptrdiff_t": "s64", "bool": "bool",
}  # fmt: skip
"""C++'s words for types -> PTX's."""
_TYPE = r"(?:unsigned\s+long\s+long|unsigned\s+(?:int|long|short|char)|long\s+long(?:\s+int)?|signed\s+char|\w+)"
_PLACE = r"(?:\*\s*)?[A-Za-z_]\w*(?:\s*(?:\.|->)\s*\w+|\s*\[(?:[^\[\]]|\[[^\[\]]*\])*\])*"
_ASSIGNS = re.compile(rf"({_PLACE})\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)|({_PLACE})\s*(?:\+\+|--)|(?:\+\+|--)\s*({_PLACE})")
_ATOMIC = re.compile(r"\batomic\w+\s*\(\s*(?:&\s*)?([^,;]+),")


@dataclass(frozen=True)
class Place:
    """What a line assigns."""

    label: str
    memory: bool
    """An element of an array, or what a pointer points to."""
    type: str = ""
    """A word of PTX; empty if the file does not say."""


class Source:
    """The text of a file, or nothing where it is not there."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        code, inside = [], False
        for line in lines:
            kept, inside = _code(line, inside)
            code.append(kept)
        self.code = code
        self.text = "\n".join(code)

    def places(self, number: int) -> list[Place]:
        """Return what a line assigns, by name, in the order of the text."""
        line = self.code[number - 1] if 0 < number <= len(self.code) else ""
        found: dict[str, Place] = {}
        for match in _ASSIGNS.finditer(line):
            if line[: match.start()].endswith(("=", "<", ">", "!")):
                continue
            text = next(filter(None, match.groups()))
            self._add(found, text)
        for match in _ATOMIC.finditer(line):
            self._add(found, match[1], memory=True)
        return list(found.values())

    def _add(self, found: dict[str, Place], text: str, *, memory: bool = False) -> None:
        label = re.sub(r"\s+", " ", text.strip())
        memory = memory or "[" in label or "->" in label or label.startswith("*")
        name = re.match(r"\*?\s*(\w+)", label)
        found.setdefault(label, Place(label, memory, self.type_of(name[1]) if name else ""))

    @cache  # noqa: B019 - a source is read once
    def type_of(self, name: str) -> str:
        """Return the type with which a name is declared, if it is one of the built-in ones wherever it is declared."""
        others = r"(?:\w+\s*(?:=[^,;]*)?,\s*)*"  # int i = 0, name;
        declared = rf"\b({_TYPE})\s*(?:const\s*)?[*&]*\s*(?:__restrict__\s*)?{others}\b{re.escape(name)}\b\s*[=;,)\[({{]"
        types = {TYPES.get(re.sub(r"\s+", " ", m[1]), "") for m in re.finditer(declared, self.text)} - {""}
        return types.pop() if len(types) == 1 else ""

    def parameters(self, kernel: str) -> list[str]:
        """Return the names of a kernel's parameters."""
        name = re.escape(re.sub(r"<.*", "", kernel.rpartition("::")[2] or kernel))
        match = re.search(rf"__global__[^;{{]*?\b{name}\s*\(([^)]*)\)", self.text)
        return [(re.findall(r"\w+", part.split("=")[0]) or [""])[-1] for part in match[1].split(",")] if match else []

    def shared(self) -> Iterator[tuple[str, str]]:
        """Yield the names of shared variables and their types, in the order of the text."""
        for match in re.finditer(rf"__shared__\s+(?:__align__\s*\([^)]*\)\s*)?(?:volatile\s+)?({_TYPE})\s+([^;]+);", self.text):
            for part in re.split(r",(?![^\[]*\])", match[2]):
                if name := re.match(r"\s*(\w+)", part):
                    yield name[1], TYPES.get(re.sub(r"\s+", " ", match[1]), "")


def _code(line: str, inside: bool) -> tuple[str, bool]:
    """Blank out comments and strings."""
    if inside:
        end = line.find("*/")
        if end < 0:
            return "", True
        line = " " * (end + 2) + line[end + 2 :]
    line = re.sub(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|//.*', lambda m: " " * len(m[0]), line)
    begin = line.find("/*")
    return (line[:begin], True) if begin >= 0 else (line, False)


def short_name(mangled: str) -> str:
    """Return a variable's own name: "sums" of "_ZZ4scanPKfPfiE4sums"."""
    found = re.search(r"E(\d+)([A-Za-z_]\w*?)(?:_\d+)?$", mangled)
    if mangled.startswith("_ZZ") and found:
        return found[2][: int(found[1])]
    return re.sub(r"^_ZN?\d*(\w+?)E?$", r"\1", mangled) if mangled.startswith("_Z") else mangled
