"""Where the files of a problem lie, and what its stub says is left to do.

exercises/ch7/basic.cu            the learner's file, at first a copy of the stub
              test_basic.py       declares the problem
              stubs/basic.cu      the stub; nothing but `cp` ever restores the learner's file from it
              hints/basic.md      three steps
              solutions/basic.cu
              mutants/basic.toml  wrong solutions, as edits of the right one
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pmpp.testing.problem import Problem


class CourseError(Exception):
    """A file of a problem is missing or malformed; the message is one sentence and the mend."""


@dataclass(frozen=True)
class Todo:
    """A piece of work that a stub leaves to the learner."""

    line: int
    lines: int
    text: str


@dataclass(frozen=True)
class Mutant:
    """A wrong solution that the tests must reject, and the kind of the finding that must come of it.

    ``line`` is the one that the verdict must name; 0: any.
    """

    name: str
    kind: str
    text: str
    line: int = 0


@dataclass(frozen=True)
class Exercise:
    """A problem and its files."""

    folder: Path
    name: str

    @property
    def chapter(self) -> str:
        """The chapter's folder: "ch7"."""
        return self.folder.name

    @property
    def file(self) -> Path:
        """The learner's file."""
        return self.folder / f"{self.name}.cu"

    @property
    def stub(self) -> Path:
        """The file as it was handed out."""
        return self.folder / "stubs" / f"{self.name}.cu"

    @property
    def solution(self) -> Path:
        """The reference solution."""
        return self.folder / "solutions" / f"{self.name}.cu"

    @property
    def hints(self) -> Path:
        """Three steps of hints."""
        return self.folder / "hints" / f"{self.name}.md"

    @property
    def test_file(self) -> Path:
        """The file that declares the problem."""
        return self.folder / f"test_{self.name}.py"

    @cached_property
    def problem(self) -> Problem:
        """What the test file declares."""
        name = f"_pmpp_exercises_{self.chapter}_{self.name}"
        spec = importlib.util.spec_from_file_location(name, self.test_file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        problem = getattr(module, "problem", None)
        if not isinstance(problem, Problem):
            raise CourseError(f"{self.test_file} declares no problem: it needs problem = Problem(...)")
        return problem

    def todos(self) -> list[Todo]:
        """Return what the stub leaves to do: ``// TODO (about N lines): text``, which may go on over comment lines."""
        found = []
        lines = self.stub.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if match := re.search(r"//\s*TODO \(about (\d+) lines?\):\s*(.*)", line):
                words = [match[2]]
                for more in lines[number:]:
                    if not (comment := re.match(r"\s*//\s*(.+)", more)):
                        break
                    words.append(comment[1])
                found.append(Todo(number, int(match[1]), " ".join(words)))
        return found

    def untouched(self) -> bool:
        """Tell whether the learner's file is still the stub."""
        try:
            return self.file.read_bytes() == self.stub.read_bytes()
        except OSError:
            return False

    def mutants(self) -> Iterator[Mutant]:
        """Yield the wrong solutions; each is the reference solution with some text replaced."""
        path = self.folder / "mutants" / f"{self.name}.toml"
        solution = self.solution.read_text(encoding="utf-8")
        for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            text = solution
            for edit in entry["edits"]:
                old, new = edit["replace"], edit["by"]
                if text.count(old) != 1:
                    raise CourseError(f"{path}: [{name}] replaces {old!r}, which stands {text.count(old)} times in the solution")
                text = text.replace(old, new)
            at = entry.get("at", "")
            if at and text.count(at) != 1:
                raise CourseError(f"{path}: [{name}] is wrong at {at!r}, which stands {text.count(at)} times in it")
            yield Mutant(name, entry["kind"], text, text[: text.index(at)].count("\n") + 1 if at else 0)


def exercise_of(path: Path) -> Exercise | None:
    """Return the problem to which a test file or a .cu file belongs, or None if it is neither."""
    name = path.stem.removeprefix("test_") if path.suffix == ".py" else path.stem
    if path.suffix not in (".py", ".cu") or (path.suffix == ".py" and not path.stem.startswith("test_")):
        return None
    exercise = Exercise(path.parent, name)
    return exercise if exercise.stub.is_file() else None


def find_exercises(folder: Path) -> list[Exercise]:
    """Return the problems of a chapter, or of all chapters below ``folder``, in the order in which they are worked."""
    stubs = list(folder.glob("stubs/*.cu")) or list(folder.glob("*/stubs/*.cu"))
    return in_order([Exercise(stub.parents[1], stub.stem) for stub in stubs])


def registry(folder: Path) -> list[dict]:
    """Return the chapters of the nearest chapters.toml, in a folder or above it; none if there is no such file."""
    file = next((p / "chapters.toml" for p in (folder, *folder.parents) if (p / "chapters.toml").is_file()), None)
    return tomllib.loads(file.read_text(encoding="utf-8"))["chapter"] if file else []


def numbers(exercise: Exercise) -> str:
    """Return the numbers of a problem's chapter in both editions, first in that which PMPP_EDITION names; may be empty."""
    entry = next((c for c in registry(exercise.folder.parent) if c["folder"] == exercise.chapter), {})
    editions = ("edition4", "edition5") if os.environ.get("PMPP_EDITION") == "4" else ("edition5", "edition4")
    known = [f"chapter {entry[key]} of the {key[-1]}th edition" for key in editions if key in entry]
    return ", ".join(known)


def in_order(exercises: Sequence[Exercise]) -> list[Exercise]:
    """Sort problems as chapters.toml lists them, the nearest one above them; unlisted ones come last, by name."""
    places: dict[Path, dict[tuple[str, str], int]] = {}

    def key(exercise: Exercise) -> tuple:
        home = exercise.folder.parent
        if home not in places:
            names = [(c["folder"], name) for c in registry(home) for name in c.get("exercises", [])]
            places[home] = {name: place for place, name in enumerate(names)}
        listed = places[home]
        return (listed.get((exercise.chapter, exercise.name), len(listed)), exercise.chapter, exercise.name)

    return sorted(exercises, key=key)
