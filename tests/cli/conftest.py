"""What the tests of the learner's commands share: a course in a folder of its own, and the commands run in it."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from pmpp.cli import main

ROOT = Path(__file__).resolve().parents[2]
PROBLEMS = {"ch2": ("saxpy", "pairs"), "ch7": ("basic", "tiled")}
REGISTRY = """
[[chapter]]
folder = "ch2"
title = "Heterogeneous data parallel computing"
edition5 = 2
edition4 = 2
exercises = ["saxpy", "pairs"]

[[chapter]]
folder = "ch12"
title = "Filter"
edition5 = 12

[[chapter]]
folder = "ch7"
title = "Convolution"
edition5 = 7
edition4 = 7
exercises = ["basic", "tiled"]

[[chapter]]
folder = "ch14"
title = "Sorting"
edition5 = 14
edition4 = 13
exercises = ["tiled"]
"""


def copy_problem(folder: Path, chapter: str, name: str) -> None:
    """Copy a problem of the repository, as it was handed out."""
    home = ROOT / "exercises" / chapter
    parts = (f"stubs/{name}.cu", f"hints/{name}.md", f"solutions/{name}.cu", f"mutants/{name}.toml", f"test_{name}.py")
    for part in parts:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(home / part, folder / part)
    shutil.copyfile(home / "README.md", folder / "README.md")
    shutil.copyfile(folder / "stubs" / f"{name}.cu", folder / f"{name}.cu")


def make_course(folder: Path) -> Path:
    """Write a small course whose compiled files are kept with those of the repository."""
    for chapter, names in PROBLEMS.items():
        for name in names:
            copy_problem(folder / "exercises" / chapter, chapter, name)
    copy_problem(folder / "exercises" / "ch14", "ch7", "tiled")
    (folder / "chapters.toml").write_text(REGISTRY)
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = ["-p", "pmpp.testing.plugin"]\n')
    (folder / ".pmpp").mkdir()
    (ROOT / ".pmpp" / "build").mkdir(parents=True, exist_ok=True)
    (folder / ".pmpp" / "build").symlink_to(ROOT / ".pmpp" / "build")
    return folder


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A small course, which is the working folder."""
    monkeypatch.setenv("PMPP_DEVICE", "sim")
    for name in ("PMPP_EDITION", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(make_course(tmp_path))
    return tmp_path


@pytest.fixture
def pmpp(course):
    """Run a command in the course; return click's result."""

    def run(*arguments, columns=80, code=0, **environment):
        result = CliRunner().invoke(main, arguments, env={"COLUMNS": str(columns), **environment}, prog_name="pmpp")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def mutant(course):
    """Write a wrong solution of the repository, by its name, into the learner's file."""
    from pmpp.testing.course import Exercise

    def write(chapter, problem, name):
        exercise = Exercise(course / "exercises" / chapter, problem)
        exercise.file.write_text(next(m.text for m in exercise.mutants() if m.name == name))

    return write


@pytest.fixture
def solve(course):
    """Write the reference solution, with a comment of one's own, into the learner's file."""

    def write(chapter, problem):
        folder = course / "exercises" / chapter
        text = (folder / "solutions" / f"{problem}.cu").read_text()
        (folder / f"{problem}.cu").write_text(f"{text}// mine\n")

    return write
