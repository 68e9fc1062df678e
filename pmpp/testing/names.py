"""Which names a compiled file uses and defines: a learner's code has no business with those of the tests."""

from __future__ import annotations

import re
from pathlib import Path

from pmpp._elf import Elf

#: Of the tests and of the software GPU's own controls, or a way around the linker that reaches them.
_FOREIGN = re.compile(r"(pmpp_|__real_|__wrap_|_dl_|_r_debug$|(dlopen|dlmopen|dlsym|dlvsym|dlinfo|dl_iterate_phdr)$)")
#: What the tests call themselves: it must be the runtime's.
_RUNTIME = re.compile(r"(cuda[A-Z]|__cuda[A-Z]|cu[A-Z]|pmpp_|__real_|__wrap_)")


def objection(obj: Path) -> str:
    """Return a sentence about the first name in an object file that a solution must not use; empty if there is none."""
    for name, defined, _ in sorted(Elf(obj).symbols()):
        if not defined and _FOREIGN.match(name):
            return f"the file uses {name}, which no solution needs: it leads around the tests"
        if defined and _RUNTIME.match(name):
            return f"the file defines {name}, which is a function of the CUDA runtime or of the tests: choose another name"
    return ""
