"""`pmpp new`: a copy of the exercises that is complete, and a wheel that carries them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmpp._handout import copy, handed_out
from pmpp.cli import learner, new
from pmpp.testing.course import find_exercises

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def source(course, monkeypatch):
    """A course to copy from, in which a learner has worked."""
    exercises = course / "exercises/ch7"
    (exercises / "basic.cu").write_text("// solved\n")
    for name in ("basic.1.cu", "basic copy.cu", "notes.txt", ".basic.cu.swp", "pictures/basic.py", "__pycache__/x.py"):
        (exercises / name).parent.mkdir(exist_ok=True)
        (exercises / name).write_text("x\n")
    monkeypatch.setattr(new, "SOURCES", course)
    monkeypatch.setattr(learner, "SOURCES", course)
    return course


def test_copy_is_as_handed_out(pmpp, source, monkeypatch):
    assert "5 problems in mine" in pmpp("new", "mine").output
    found = find_exercises(source / "mine" / "exercises")
    assert len(found) == 5
    assert all(exercise.untouched() and exercise.solution.exists() and list(exercise.mutants()) for exercise in found)
    assert sorted(path.name for path in (source / "mine/exercises/ch7").iterdir()) == [
        "README.md", "basic.cu", "hints", "mutants", "solutions", "stubs", "test_basic.py", "test_tiled.py", "tiled.cu",
    ]  # fmt: skip
    assert sorted(path.name for path in source.iterdir() if path.name.startswith(".pmpp-")) == []
    monkeypatch.chdir(source / "mine")
    assert "0 of 5 problems solved" in pmpp().output


def test_class_gets_no_solutions_and_can_work(pmpp, source, monkeypatch):
    assert "without solutions" in pmpp("new", "class", "--no-solutions").output
    assert list((source / "class").rglob("solutions")) == list((source / "class").rglob("mutants")) == []
    monkeypatch.chdir(source / "class")
    shutil.copyfile(ROOT / "exercises/ch2/solutions/saxpy.cu", "exercises/ch2/saxpy.cu")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "exercises/ch2/saxpy.cu"], capture_output=True, text=True, check=False, env=_env()
    )
    assert done.returncode == 0, done.stdout
    assert "1 of 1 problems solved" in done.stdout
    assert "handed out without solutions" in pmpp("solution", "ch2/saxpy", code=1).output


def _env():
    return {**os.environ, "PYTHONPATH": str(ROOT), "PMPP_DEVICE": "sim"}


def test_folder_that_is_in_use_is_left_alone(pmpp, source):
    (source / "mine").mkdir()
    (source / "mine" / "work.cu").write_text("// work\n")
    assert "is there already and not empty; nothing was written" in pmpp("new", "mine", code=1).output
    assert [path.name for path in (source / "mine").iterdir()] == ["work.cu"]
    (source / "empty").mkdir()
    pmpp("new", "empty")


def test_full_disk_leaves_nothing_behind(pmpp, source, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    before = sorted(path.name for path in source.iterdir())
    assert "was not made, and nothing is left of it: No space left on device" in pmpp("new", "mine", code=1).output
    assert sorted(path.name for path in source.iterdir()) == before


def test_all_of_the_repository_is_handed_out(tmp_path):
    written = copy(ROOT, tmp_path)
    assert {e.test_file.relative_to(tmp_path) for e in find_exercises(tmp_path / "exercises")} == {
        e.test_file.relative_to(ROOT) for e in find_exercises(ROOT / "exercises")
    }
    tracked = subprocess.run(["git", "ls-files", "-z", "exercises"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    if tracked:
        chapters = {exercise.chapter for exercise in find_exercises(ROOT / "exercises")}
        expected = {Path(name) for name in tracked.split("\0") if name and Path(name).parts[1] in chapters}
        assert expected - set(written) == set()


def test_wheel_carries_what_is_handed_out():
    sys.path.insert(0, str(ROOT))
    namespace = {"__file__": str(ROOT / "setup.py"), "__name__": "setup"}
    text = (ROOT / "setup.py").read_text().replace("\nsetup(", "\ndict(")
    exec(compile(text, "setup.py", "exec"), namespace)
    command = namespace["BuildNative"](namespace["NativeDistribution"]())
    command.build_lib, command.inplace = "build/lib", False
    outputs = set(command.get_outputs())
    assert {str(Path("build/lib/pmpp/_course", name)) for name in handed_out(ROOT)} <= outputs
