"""`pmpp check-course` on made-up chapters; the course itself is proved in tests/testing."""

import json

import pytest
from click.testing import CliRunner

from pmpp.cli import check_course, main

GOOD = {
    "stubs/add.cu": '// Adds.\nextern "C" int add(int a, int b, int* c) {\n    // TODO (about 1 line): Add.\n    return 0;\n}\n',
    "solutions/add.cu": '// Adds.\nextern "C" int add(int a, int b, int* c) {\n    *c = a + b;\n    return 0;\n}\n',
    "hints/add.md": "## 1. a\n## 2. b\n## 3. c\n",
    "README.md": "`add.cu`\n",
    "test_add.py": """
import numpy as np
from pmpp.testing import Case, Problem

problem = Problem("Add", 5, "int add(int a, int b, int* c)", ("2", "2"), memory="host")


@problem.test("numbers")
def numbers(rng):
    a, b = (int(x) for x in rng.integers(1, 100, 2))
    yield Case("two", {"a": a, "b": b}, {"c": np.array([a + b], np.int32)}, min_launches=0)
""",
    "mutants/add.toml": "".join(
        f'[{name}]\nkind = "{kind}"\nedits = [{{ replace = "*c = a + b;", by = "{by}" }}]\n'
        for name, kind, by in (
            ("unwritten", "unwritten", ""),
            ("minus", "wrong", "*c = a - b - 7;"),
            ("zero", "all zero", "*c = 0;"),
            ("far", "overrun", "c[1] = a + b; *c = a + b;"),
        )
    ),
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Write a course of one problem and run the command on it; give its exit code and what it prints."""
    monkeypatch.setenv("PMPP_DEVICE", "sim")
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "exercises"
    monkeypatch.setattr(check_course, "FOLDER", folder)
    for name, text in {**GOOD, "add.cu": GOOD["stubs/add.cu"]}.items():
        (folder / "ch2" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "ch2" / name).write_text(text)

    def ran(*arguments):
        result = CliRunner().invoke(main, ["check-course", *arguments])
        assert max(map(len, result.output.splitlines())) <= 80 or "--json" in arguments
        return result.exit_code, result.output

    ran.folder = folder
    return ran


def test_a_good_course_is_proved(run):
    status, text = run("--jobs", "2")
    assert "Everything is as it should be: 1 problems, 7 steps, on the software GPU, in" in " ".join(text.split())
    assert status == 0


def test_what_is_wrong_is_said_and_the_exit_code_is_1(run):
    solution = run.folder / "ch2" / "solutions" / "add.cu"
    solution.write_text(solution.read_text().replace("return 0", "return 3"))
    status, text = run("ch2/add", "--json")
    assert status == 1
    complaints = {step["step"]: step["complaints"] for step in json.loads(text)["steps"] if step["mutant"] is None}
    assert complaints["stub"] == complaints["files"] == []
    assert "it should pass, but it is wrong (status)" in complaints["solution"][0]
    assert "ch2/add, solution" in run("exercises/ch2")[1]


def test_summary_counts(run):
    assert json.loads(run("--summary", "--json")[1])["ch2"] == {
        "problems": 1, "write": 1, "find the bug": 0, "predict": 0, "make it faster": 0, "timed": 0, "mutants": 4, "minutes": 5,
    }  # fmt: skip
    lines = run("--summary")[1].splitlines()
    assert lines[-1].split() == ["all", "1", "1", "0", "0", "0", "0", "4", "5"]


def test_unknown_chapters_and_missing_courses_are_one_sentence(run, monkeypatch, tmp_path):
    status, text = run("ch99")
    assert (status, "There is no chapter or problem 'ch99'. Chapters: ch2." in text) == (2, True)
    monkeypatch.setattr(check_course, "FOLDER", tmp_path / "nowhere")
    assert "it belongs to a clone of the repository" in " ".join(run()[1].split())
