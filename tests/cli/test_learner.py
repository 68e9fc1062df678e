"""The learner's commands that run once and end: where one is, hints, solutions, a fresh start."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pmpp.cli import learner, main
from pmpp.cli.learner import Course, hours
from pmpp.testing import build
from pmpp.testing.hints import Step, fitting, read

ROOT = Path(__file__).resolve().parents[2]
LEARNERS = ("hint", "list", "new", "next", "reset", "solution", "watch")


def outside(*arguments, before="pass", **environment):
    """Run a command in a process of its own."""
    code = f"from pmpp.cli import main; {before}; main(prog_name='pmpp')"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run([sys.executable, "-c", code, *arguments], env=env, capture_output=True, text=True, check=False)


def chapters(result):
    return {entry["folder"]: entry for entry in json.loads(result.output)["chapters"]}


def test_fresh_course(pmpp):
    said = pmpp().output
    assert "0 of 5 problems solved" in said
    assert "Nothing has been begun yet." in said
    assert "Next: exercises/ch2/saxpy.cu" in said
    assert "Chapter 2 (4th edition: 2)" in said


def test_next_is_the_file_that_was_changed_last(pmpp, course):
    for age, name in ((100, "ch7/tiled"), (50, "ch7/basic"), (70, "ch2/pairs")):
        file = course / "exercises" / f"{name}.cu"
        file.write_text(file.read_text() + "// begun\n")
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - age * 60))
    said = pmpp().output
    assert "You left off at exercises/ch7/basic.cu, changed 50 minutes ago: not solved" in said
    assert "Next: exercises/ch7/basic.cu" in said
    assert json.loads(pmpp("next", "--json").output)["state"] == "begun"
    assert json.loads(pmpp("next", "ch2", "--json").output)["name"] == "ch2/saxpy"


def test_progress_follows_the_files_and_nothing_else(pmpp, course, solve):
    solve("ch2", "saxpy")
    assert chapters(pmpp("list", "--json"))["ch2"]["problems"][0]["state"] == "begun"
    pmpp("solution", "ch2/saxpy")
    found = json.loads(pmpp("list", "--json").output)
    assert (found["solved"], found["total"]) == (1, 5)
    minutes = [p["minutes"] for chapter in found["chapters"] for p in chapter["problems"]]
    assert found["minutes_left"] == sum(minutes) - minutes[0]
    assert "1 of 5 problems solved" in pmpp().output
    assert "Next: exercises/ch2/pairs.cu" in pmpp().output  # the one after the one left off
    (course / "exercises/ch2/saxpy.cu").write_text("// again\n")
    assert chapters(pmpp("list", "--json"))["ch2"]["problems"][0]["state"] == "begun"
    (course / ".pmpp" / "solved.json").unlink()
    assert chapters(pmpp("list", "--json"))["ch2"]["solved"] == 0


def test_nothing_left_to_do(pmpp, course, solve):
    for chapter, name in (("ch2", "saxpy"), ("ch2", "pairs")):
        solve(chapter, name)
        pmpp("solution", f"{chapter}/{name}")
    assert "All problems in there are solved" in pmpp("next", "ch2", code=1).output
    assert json.loads(pmpp("next", "ch2", "--json", code=1).output) is None


def test_both_editions_are_named(pmpp):
    assert "Chapter 14 (4th edition: 13), Sorting" in pmpp("list", "ch14").output
    assert "Chapter 13 (5th edition: 14), Sorting" in pmpp("list", "ch13", "--edition", "4").output
    assert "Chapter 13 (5th edition: 14), Sorting" in pmpp("--edition", "4", "list", "13").output
    assert "Chapter 13 (5th edition: 14), Sorting" in pmpp("next", "13", PMPP_EDITION="4").output
    assert "Chapter 14 (4th edition: 13)" in pmpp("next", "14", "--edition", "5", PMPP_EDITION="4").output
    assert json.loads(pmpp("next", "ch13", "--edition", "4", "--json").output)["name"] == "ch13/tiled"
    assert "There is no chapter 'ch14' in the 4th edition" in pmpp("list", "ch14", "--edition", "4", code=2).output
    assert "Chapter 12 (not in the 4th edition), Filter, has no problems" in " ".join(pmpp("list", "12", code=2).output.split())


def test_problems_are_found_by_any_name(course):
    found = Course()
    tiled = found.find("ch7/tiled")
    assert tiled.file == course / "exercises/ch7/tiled.cu"
    for name in ("7/tiled", "ch7/tiled.cu", "exercises/ch7/tiled.cu", "exercises/ch7/tiled", str(tiled.file)):
        assert found.find(name) == tiled
    assert found.find("saxpy") == found.find("ch2")
    os.chdir(course / "exercises" / "ch14")
    assert Course().find("tiled").chapter == "ch14"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tiled", "may be ch7/tiled or ch14/tiled"),
        ("saxpi", "Did you mean saxpy?"),
        ("ch7/nothing", "There is no problem 'ch7/nothing'"),
        ("ch99", "There is no problem 'ch99'"),
        ("chapters.toml", "There is no problem"),
    ],
)
def test_a_name_that_means_nothing_is_a_sentence(pmpp, name, said):
    assert said in pmpp("hint", name, code=2).output


def test_no_exercises_here(pmpp, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(learner, "SOURCES", elsewhere)
    assert "pmpp new" in pmpp(code=2).output


def test_file_that_was_renamed_is_found_again(pmpp, course):
    file = course / "exercises/ch7/basic.cu"
    file.rename(file.with_name("my basic.cu"))
    said = " ".join(pmpp("list", "ch7").output.split())
    assert "missing" in said
    assert "Was it renamed? Then: mv 'exercises/ch7/my basic.cu' exercises/ch7/basic.cu A new one from the stub: pmpp reset ch7/basic" in said
    assert "was missing, and is the stub now" in pmpp("reset", "ch7/basic").output
    assert (course / "exercises/ch7/my basic.cu").exists()


def test_problem_without_its_stub_is_told(pmpp, course):
    (course / "exercises/ch7/stubs/basic.cu").unlink()
    said = " ".join(pmpp("list", "ch7").output.split())
    assert "exercises/ch7/stubs/basic.cu is missing" in said


def test_reset_keeps_every_file(pmpp, course):
    file = course / "exercises/ch7/basic.cu"
    stub = file.read_text()
    assert "is the stub already; nothing was changed" in pmpp("reset", "ch7/basic").output
    for number, text in ((1, "one\n"), (2, "two\n")):
        file.write_text(text)
        assert f"kept in exercises/ch7/basic.{number}.cu" in pmpp("reset", "ch7/basic").output
        assert file.read_text() == stub
    assert [(file.with_name(f"basic.{n}.cu")).read_text() for n in (1, 2)] == ["one\n", "two\n"]
    assert sorted(p.name for p in file.parent.glob(".*")) == []
    assert chapters(pmpp("list", "--json"))["ch7"]["total"] == 2


#: No file can grow beyond 64 bytes from here on, as on a disk that is full.
FULL = (
    "import resource; from pmpp._toolkit import find_toolkit; find_toolkit(); resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))"
)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("reset", "ch7/basic"), "basic.cu was not reset, and is as it was"), (("hint", "ch7/basic"), "could not read or write")],
)
def test_full_disk_is_a_sentence_and_loses_nothing(course, arguments, said):
    file = course / "exercises/ch7/basic.cu"
    work = "// a day's work that no cache has seen\n" * 9
    file.write_text(work)
    (course / ".pmpp" / "build").unlink()
    before = sorted(path.name for path in file.parent.iterdir())
    done = outside(*arguments, before=FULL)
    assert said in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr
    assert file.read_text() == work
    assert sorted(path.name for path in file.parent.iterdir()) == before


def test_compiler_that_finds_the_disk_full_is_not_the_learners_fault(tmp_path, monkeypatch):
    command = ["sh", "-c", "echo 'x.ii: No space left on device' >&2; exit 1"]
    with pytest.raises(build.CompileError):  # somebody's #error
        build._run(command, tmp_path, tmp_path / "x.cu")
    monkeypatch.setattr(build.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(OSError, match="No space left on device"):
        build._run(command, tmp_path, tmp_path / "x.cu")


@pytest.mark.parametrize(
    ("name", "title"),
    [("missing_barrier", "The approach"), ("never_launched", "The idea"), ("outside_read", "The approach")],
)
def test_the_step_that_fits_the_failure_comes_first(pmpp, mutant, name, title):
    mutant("ch7", "tiled", name)
    said = pmpp("hint", "ch7/tiled").output
    assert f": {title}" in said
    assert "This step is about it." in said


def test_hints_come_one_at_a_time(pmpp, course):
    said = pmpp("hint", "ch7/tiled").output
    assert "hint 1 of 3: The idea" in said
    assert "tile[threadIdx.y]" not in said
    assert "pmpp hint ch7/tiled --step 2" in said
    assert "tile[threadIdx.y]" in pmpp("hint", "ch7/tiled", "--step", "3").output
    assert "has 3 steps" in pmpp("hint", "ch7/tiled", "--step", "4", code=2).output
    (course / "exercises/ch7/hints/tiled.md").unlink()
    assert "cannot be read" in pmpp("hint", "ch7/tiled", code=1).output


def test_what_a_step_says_decides():
    steps = [Step(1, "idea", "Sum."), Step(2, "approach", "Round the grid up."), Step(3, "code", "cudaFree(x); __syncthreads();")]
    assert [fitting(steps, kind).number for kind in ("stub", "grid too small", "leak", "race", "compile", "wrong")] == [
        1,
        2,
        3,
        3,
        3,
        2,
    ]
    assert fitting(steps, "wrong", "is a __syncthreads() missing?").number == 3


def test_every_hint_of_the_course_can_be_read():
    course = ROOT / "exercises"
    files = list(course.glob("*/hints/*.md"))
    assert files
    assert [path for path in files if len(read(path)) != 3] == []


def test_solution_is_shown_once_yours_passes(pmpp, solve, mutant):
    refused = pmpp("solution", "ch2/saxpy", code=1)
    assert "saxpy.cu does not pass yet" in refused.stderr
    assert "extern" not in refused.output
    assert "extern" in pmpp("solution", "ch2/saxpy", "--anyway").output
    solve("ch2", "saxpy")
    said = pmpp("solution").output  # the one left off
    assert "exercises/ch2/solutions/saxpy.cu" in said
    assert "-// mine" in said
    found = json.loads(pmpp("solution", "ch2/saxpy", "--json").output)
    assert found["solved"]
    assert found["yours"] == found["reference"]
    assert found["yours"]["global_store_sectors"] > 0
    assert min(found["seconds"]["yours"], found["seconds"]["reference"]) > 0
    assert f"{found['seconds']['case']}: yours " in " ".join(said.split())


def test_counts_of_a_wasteful_version_stand_beside_the_solutions(pmpp, course):
    text = (course / "exercises/ch2/solutions/saxpy.cu").read_text()
    (course / "exercises/ch2/saxpy.cu").write_text(text.replace("saxpy_kernel<<<", "saxpy_kernel<<<2 * ", 1))
    found = json.loads(pmpp("solution", "ch2/saxpy", "--json").output)
    assert found["yours"]["global_store_sectors"] == found["reference"]["global_store_sectors"]
    assert found["yours"]["warp_instructions"] > found["reference"]["warp_instructions"]


def test_solutions_that_were_not_handed_out(pmpp, course):
    (course / "exercises/ch2/solutions/saxpy.cu").unlink()
    assert "handed out without solutions" in pmpp("solution", "ch2/saxpy", "--anyway", code=1).output


def test_unknown_device_is_a_sentence(course):
    done = outside("list", PMPP_DEVICE="tpu")
    assert done.returncode == 2
    assert "PMPP_DEVICE is 'tpu'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("colour", ["yes", "no"])
def test_everything_fits_the_window(pmpp, solve, mutant, columns, colour):
    solve("ch2", "saxpy")
    mutant("ch7", "tiled", "halo_not_loaded")
    env = {"NO_COLOR": "1"} if colour == "no" else {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    for arguments in ((), ("list",), ("list", "ch7"), ("next",), ("hint", "ch7/tiled"), ("solution", "ch2/saxpy", "--json")):
        said = pmpp(*arguments, columns=columns, **env).output
        if "--json" in arguments:
            continue
        plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
        assert (plain == said) == (colour == "no"), arguments
        wide = [line for line in plain.splitlines() if len(line.rstrip()) > columns and " " in line.strip()]
        assert wide == [], arguments


@pytest.mark.parametrize("name", LEARNERS)
def test_help_has_an_example_and_the_exit_codes(pmpp, name):
    said = " ".join(pmpp(name, "--help").output.split())
    assert f"Example: pmpp {name}" in said
    assert "exit code is" in said


@pytest.mark.parametrize(("words", "offered"), [("pmpp hint ch", "ch7"), ("pmpp hint ch7/", "ch7/tiled"), ("pmpp li", "list")])
def test_names_are_completed(course, words, offered):
    done = outside(_PMPP_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" ")))
    assert f"plain,{offered}" in done.stdout.splitlines()


def test_times_are_said_in_words():
    assert [hours(m) for m in (5, 60, 61, 865)] == ["5 min", "1 h", "1 h 1 min", "14 h 25 min"]


def test_page_of_the_learner_names_what_there_is():
    text = (ROOT / "docs" / "learning.md").read_text()
    commands = set(re.findall(r"`(?:PMPP_\w+=\w )?pmpp (\w[\w-]*)", text))
    assert set(LEARNERS) | {"watch", "new"} <= commands
    assert commands <= set(main.commands)
    options = {option for command in main.commands.values() for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r" (--[a-z-]+)", text)) <= options | {"--help"}
    assert text.count("\n") <= 100  # two screens


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_shows_an_example(name):
    assert re.search(rf"^Example: (\w+=\w+ )?pmpp {name}\b", main.commands[name].epilog or "")
