"""Reads ELF files: programs, libraries and objects; what they need, define and carry."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

OBJECT, SHARED = 1, 3
"""Kinds of files. Most programs are of the kind of a shared library too: see :attr:`Elf.is_library`."""
MACHINES = {3: "32-bit x86", 40: "32-bit Arm", 62: "x86-64", 183: "64-bit Arm", 190: "an NVIDIA GPU", 243: "RISC-V"}
_SYMBOLS, _NO_BITS, _DYNAMIC_SYMBOLS = 2, 8, 11
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRINGS, _RPATH, _RUNPATH, _FLAGS = 1, 5, 15, 29, 0x6FFFFFFB
_IS_PROGRAM = 0x08000000
_WEAK = 2


class ElfError(ValueError):
    """A file is no ELF file that can be read; the message completes a sentence that begins with its name."""


class Symbol(NamedTuple):
    """A name that other files can see."""

    name: str
    defined: bool
    weak: bool


class _Section(NamedTuple):
    name: int
    kind: int
    at: int
    size: int
    link: int


class Elf:
    """An ELF file of 64 bits, mapped into memory.

    Raises
    ------
    ElfError
        If the file is none, also by the properties and methods, where a damaged place is met.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self.head = file.read(64)
            if not self.head.startswith(b"\x7fELF"):
                raise ElfError("is no ELF file")
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self.head[5:6] != b"\1" or len(self.head) < 64:
            raise ElfError("is an ELF file for a big-endian processor, or cut off")
        self.kind, self.machine = struct.unpack_from("<HH", self.head, 16)
        self.wide = self.head[4] == 2

    def _read(self, form: str, at: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from("<" + form, self._bytes, at)
        except (struct.error, OverflowError):
            raise ElfError("is a damaged ELF file: a table lies outside of it") from None

    def _text(self, at: int) -> str:
        end = self._bytes.find(b"\0", at) if at < len(self._bytes) else -1
        if end < 0:
            raise ElfError("is a damaged ELF file: a name does not end")
        return self._bytes[at:end].decode("utf-8", "replace")

    @cached_property
    def _segments(self) -> list[tuple[int, int, int, int]]:
        """Kind, place in the file, address and size in the file of each segment."""
        (table,) = self._read("Q", 32)
        size, count = self._read("HH", 54)
        found = []
        for i in range(count):
            kind, _, at, address, _, length = self._read("IIQQQQ", table + size * i)
            found.append((kind, at, address, length))
        return found

    @cached_property
    def _sections(self) -> list[_Section]:
        (table,) = self._read("Q", 40)
        size, count = self._read("HH", 58)
        if table and not count:  # more than 16 bits can count: the first one says how many
            (count,) = self._read("Q", table + 32)
        found = []
        for i in range(count):
            name, kind, _, _, at, length, link, _, _, _ = self._read("IIQQQQIIQQ", table + size * i)
            found.append(_Section(name, kind, at, length, link))
        return found

    @property
    def loader(self) -> str | None:
        """The file that loads the program; None of a library, and of a program that loads no libraries."""
        return next((self._text(at) for kind, at, _, _ in self._segments if kind == _INTERPRETER), None)

    @property
    def is_library(self) -> bool:
        """Whether the file cannot be started: it names no loader, and does not say that it is a program without one."""
        marked = any(tag == _FLAGS and value & _IS_PROGRAM for tag, value in self._dynamic)
        return self.kind == SHARED and self.loader is None and not marked

    @cached_property
    def _dynamic(self) -> list[tuple[int, int]]:
        found = []
        for kind, at, _, length in self._segments:
            for place in range(at, at + length, 16) if kind == _DYNAMIC else ():
                tag, value = self._read("qQ", place)
                if tag == 0:
                    break
                found.append((tag, value))
        return found

    def _strings(self, wanted: int) -> list[str]:
        """Return the texts of the dynamic entries with a tag."""
        address = next((value for tag, value in self._dynamic if tag == _STRINGS), 0)
        for kind, at, start, length in self._segments if address else ():
            if kind == _LOAD and start <= address < start + length:
                return [self._text(at + address - start + value) for tag, value in self._dynamic if tag == wanted]
        return []

    @property
    def needed(self) -> list[str]:
        """The libraries that the loader must find."""
        return self._strings(_NEEDED)

    @property
    def rpath(self) -> list[str]:
        """Folders that the loader searches before those of LD_LIBRARY_PATH."""
        return [] if self._strings(_RUNPATH) else [part for text in self._strings(_RPATH) for part in text.split(":")]

    def section(self, name: str) -> bytes:
        """Return what a section holds; empty if there is none of that name."""
        (index,) = self._read("H", 62)
        if index == 0xFFFF and self._sections:
            index = self._sections[0].link
        names = self._names_at(index)
        for section in self._sections:
            if section.kind != _NO_BITS and self._text(names + section.name) == name:
                return self._contents(section)
        return b""

    def _contents(self, section: _Section) -> bytes:
        if section.at + section.size > len(self._bytes):
            raise ElfError("is a damaged ELF file: a section lies outside of it")
        return self._bytes[section.at : section.at + section.size]

    def _names_at(self, index: int) -> int:
        """Return where the names of a section that holds names begin."""
        if self._sections and index >= len(self._sections):
            raise ElfError("is a damaged ELF file: a table of names is not there")
        return self._sections[index].at if self._sections else 0

    def symbols(self, *, dynamic: bool = False, local: bool = False) -> Iterator[Symbol]:
        """Yield the names in the table of symbols, or in the one that is left when a file is stripped."""
        for section in self._sections:
            if section.kind != (_DYNAMIC_SYMBOLS if dynamic else _SYMBOLS):
                continue
            text = self._names_at(section.link)
            table = self._contents(section)
            for name, info, _, index, _, _ in struct.iter_unpack("<IBBHQQ", table[: len(table) // 24 * 24]):
                if local or info >> 4:
                    yield Symbol(self._text(text + name), index != 0, info >> 4 == _WEAK)
