"""The files of the exercises as they are handed out: put into the wheel, and copied by `pmpp new`.

The standard library only: the build loads this file before anything is installed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

KINDS = frozenset({".cpp", ".cu", ".cuh", ".h", ".md", ".py", ".toml"})
#: What is left out where no solutions are handed out: mutants are edits of the solutions.
ANSWERS = frozenset({"solutions", "mutants"})


def handed_out(root: Path, *, solutions: bool = True) -> dict[Path, Path]:
    """Return what is handed out: where it goes, below the folder of a copy, and where it lies.

    A learner's file is the stub again, whatever was written into it here, and files that a learner added stay.
    """
    home = root / "exercises"
    files = {Path("chapters.toml"): root / "chapters.toml"}
    for chapter in sorted({stub.parents[1] for stub in home.glob("*/stubs/*.cu")}):
        for path in sorted(chapter.rglob("*")):
            inside = path.relative_to(chapter)
            learners = len(inside.parts) == 1 and path.suffix == ".cu"
            hidden = inside.parts[0] == "pictures" or any(part.startswith((".", "__")) for part in inside.parts)
            answer = inside.parts[0] in ANSWERS and not solutions
            if path.is_file() and path.suffix in KINDS and not (learners or hidden or answer):
                files[path.relative_to(root)] = path
                if inside.parts[0] == "stubs":
                    files[Path("exercises", chapter.name, path.name)] = path
    return files


def copy(root: Path, folder: Path, *, solutions: bool = True) -> list[Path]:
    """Copy what is handed out into a folder; return what was written, relative to it."""
    files = handed_out(root, solutions=solutions)
    for name, source in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    return list(files)
