"""`pmpp new-problem`: the skeleton of each kind works, and is entered where it belongs."""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from pmpp.cli import main
from pmpp.cli.new_problem import KINDS, enter, list_in
from pmpp.testing.build import Target
from pmpp.testing.check import check
from pmpp.testing.course import Exercise, find_exercises

REGISTRY = '[[chapter]]\nfolder = "ch7"\ntitle = "Convolution"\nedition5 = 7\nedition4 = 7\n\n[[chapter]]\nfolder = "ch8"\ntitle = "Stencil"\nedition5 = 8\n'
CACHE = Path(__file__).resolve().parents[2] / ".pmpp" / "build"


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PMPP_DEVICE", "sim")
    (tmp_path / "exercises").mkdir()
    (tmp_path / "chapters.toml").write_text(REGISTRY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["new-problem", *arguments])
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.parametrize("kind", KINDS)
def test_skeleton_works(course, kind):
    code, said = run("ch8", "heat", "--title", "Heat in a rod", "--kind", kind)
    assert code == 0, said
    assert said.endswith("What is left to do: pmpp check-course ch8/heat")
    (exercise,) = find_exercises(course / "exercises")
    assert (exercise, exercise.problem.title, exercise.problem.read) == (
        Exercise(course / "exercises" / "ch8", "heat"),
        "Heat in a rod",
        ("8", None),
    )
    assert max(map(len, exercise.test_file.read_text().splitlines())) <= 130
    verdict = check(exercise, exercise.file, Target("sim"), CACHE, root=course)
    assert (verdict.state, verdict.kind) == ("to do", "stub"), verdict.details
    assert kind != "find the bug" or verdict.symptom == exercise.problem.symptom
    verdict = check(exercise, exercise.solution, Target("sim"), CACHE, root=course)
    assert verdict.solved, verdict.details
    (mutant,) = exercise.mutants()
    verdict = check(exercise, exercise.solution, Target("sim"), CACHE, root=course, text=mutant.text)
    assert (verdict.state, verdict.kind) == ("wrong", mutant.kind), verdict.details


def test_problem_is_entered_and_listed(course):
    assert run("ch8", "heat")[0] == 0
    assert run("ch8", "wave", "--minutes", "40")[0] == 0
    assert [chapter.get("exercises") for chapter in tomllib.loads((course / "chapters.toml").read_text())["chapter"]] == [
        None,
        ["heat", "wave"],
    ]
    readme = (course / "exercises" / "ch8" / "README.md").read_text()
    assert readme.startswith("# Chapter 8: Stencil\n")
    assert readme.endswith("|---|---|---|\n| `heat.cu` | Heat | 15 |\n| `wave.cu` | Wave | 40 |\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('exercises = ["a", "b"]', 'exercises = ["a", "b", "c"]'),
        ("exercises = []", 'exercises = ["c"]'),
        ('exercises = [\n    "a",\n    "b",\n]', 'exercises = [\n    "a",\n    "b",\n    "c",\n]'),
    ],
)
def test_lists_of_every_form_grow(before, after):
    registry = REGISTRY.replace("edition4 = 7\n", f"edition4 = 7\n{before}\n")
    assert enter(registry, "ch7", "c") == registry.replace(before, after)


def test_row_has_the_columns_of_its_table():
    table = "# x\n\n| file | a | b | minutes |\n|---|---|---|---|\n| `x.cu` | 1 | 2 | 3 |\n\nafter\n"
    assert list_in(table, "c", "Title", 7) == table.replace("| 3 |\n", "| 3 |\n| `c.cu` | Title | ... | 7 |\n")


def test_bad_input_gets_a_sentence(course):
    assert "There is no chapter 'ch9'; there are ch7, ch8." in run("ch9", "heat")[1]
    assert "'Heat!' is no name of a problem: it has small letters" in run("ch8", "Heat!")[1]
    assert "A title has no" in run("ch8", "heat", "--title", 'a "b"')[1]
    assert (
        "accepts" in run("ch8", "heat", "--kind", "guess")[1]
        or "is not one of 'write'" in run("ch8", "heat", "--kind", "guess")[1]
    )
    assert not list((course / "exercises").iterdir())
    assert run("ch8", "heat")[0] == 0
    (course / "exercises" / "ch8" / "heat.cu").unlink()
    assert "exercises/ch8/stubs/heat.cu exists: choose another name, or remove it." in run("ch8", "heat")[1]
    assert not (course / "exercises" / "ch8" / "heat.cu").exists()
