"""Which names a compiled file uses and defines: a learner's code has no business with those of the tests."""

from __future__ import annotations

import re
import struct
from pathlib import Path

#: Of the tests and of the software GPU's own controls, or a way around the linker that reaches them.
_FOREIGN = re.compile(r"(pmpp_|__real_|__wrap_|_dl_|_r_debug$|(dlopen|dlmopen|dlsym|dlvsym|dlinfo|dl_iterate_phdr)$)")
#: What the tests call themselves: it must be the runtime's.
_RUNTIME = re.compile(r"(cuda[A-Z]|__cuda[A-Z]|cu[A-Z]|pmpp_|__real_|__wrap_)")


def objection(obj: Path) -> str:
    """Return a sentence about the first name in an object file that a solution must not use; empty if there is none."""
    for name, defined in sorted(_names(obj.read_bytes())):
        if not defined and _FOREIGN.match(name):
            return f"the file uses {name}, which no solution needs: it leads around the tests"
        if defined and _RUNTIME.match(name):
            return f"the file defines {name}, which is a function of the CUDA runtime or of the tests: choose another name"
    return ""


def _names(code: bytes) -> set[tuple[str, bool]]:
    """Return the global names of a 64-bit ELF object, and whether it defines them."""
    (sections_at,) = struct.unpack_from("<Q", code, 40)
    size, count = struct.unpack_from("<HH", code, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", code, sections_at + size * i) for i in range(count)]
    found = set()
    for _, kind, _, _, at, length, strings, _, _, each in sections:
        if kind != 2:  # the table of symbols
            continue
        text = sections[strings][4]
        for place in range(at, at + length, each):
            name, info, _, section = struct.unpack_from("<IBBH", code, place)
            if info >> 4:  # not local to the file
                found.add((code[text + name : code.index(b"\0", text + name)].decode("utf-8", "replace"), section != 0))
    return found
