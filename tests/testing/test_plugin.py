"""The plug-in as a learner meets it: pytest in a folder with problems."""

import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pmpp._runtime.device import find_gpu

ROOT = Path(__file__).resolve().parents[2]

INI = "[pytest]\naddopts = -p pmpp.testing.plugin -p no:cacheprovider -p no:hypothesispytest\n"
WRONG = """extern "C" int twice(const float* x, float* y, int n) {
    for (int i = 0; i < n; ++i) y[i] = 2 * x[i] + (i == 30);
    return 0;
}
"""


@pytest.fixture
def course(pytester, chapter):
    """Write a course of one problem; return a function that runs pytest on it."""
    pytester.makefile(".toml", chapters='[[chapter]]\nfolder = "ch2"\nexercises = ["twice"]\n')
    pytester.makeini(INI)
    exercise = chapter(pytester.path / "exercises" / "ch2")

    def run(*arguments, write=None):
        if write is not None:
            exercise.file.write_text(write)
        result = pytester.runpytest_subprocess(*arguments)
        text = result.stdout.str() + result.stderr.str()
        assert "Traceback" not in text
        assert "INTERNALERROR" not in text
        return result

    run.exercise = exercise
    return run


def test_fresh_stub_says_what_to_do(course):
    result = course("exercises/ch2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "pmpp: testing your files in exercises/ch2, on the software GPU",
            "*0 of 1 problem solved so far; 1 still the stub, which is meant to fail",
            "*ch2: twice*",
            "Twice everything (about 5 minutes)",
            "exercises/ch2/twice.cu:3: Double every element of x.",
            "Read chapter 2 (5th edition), section 2.3 (4th edition). Hints:*",
            "to do   twice  twice.cu:3: about 2 lines: Twice everything",
            "0 of 1 problems solved, on the software GPU. Next: exercises/ch2/twice.cu",
            "=* 1 failed in *",
        ]
    )


def test_reference_solutions_pass(course):
    result = course("exercises/ch2", "--solutions")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["pmpp: testing the reference solutions*", "solved  twice", "1 of 1 reference solutions pass*"]
    )


def test_header_counts_what_is_solved_and_forgets_what_changed(course):
    solution = course.exercise.solution.read_text()
    course("exercises/ch2", write=solution).assert_outcomes(passed=1)
    course("exercises/ch2", "--collect-only").stdout.fnmatch_lines(["*1 of 1 problem solved so far"])
    result = course("exercises/ch2", write=WRONG)
    result.stdout.fnmatch_lines(["*0 of 1 problem solved so far"])
    result.stdout.fnmatch_lines(
        [
            "twice, small sizes: n = 40",
            "y[[]30[]] is *, expected *; 1 of 40 elements are wrong.",
            "wrong   twice  y[[]30[]] is*",
        ]
    )


def test_solutions_do_not_count_as_the_learners(course):
    course("exercises/ch2", "--solutions")
    course("exercises/ch2", "--collect-only").stdout.fnmatch_lines(["*0 of 1 problem solved so far*"])


def test_compiler_errors_are_shown_without_noise(course):
    result = course("exercises/ch2", write=WRONG.replace("return 0;", "return 0"))
    result.stdout.fnmatch_lines(['exercises/ch2/twice.cu:4: expected a ";"', "error   twice  twice.cu:4: expected*"])
    result.stdout.no_fnmatch_line("*nvcc*")


def test_a_cu_file_can_be_named(course):
    course("exercises/ch2/twice.cu").assert_outcomes(failed=1)


def test_pytest_can_be_called_from_the_chapter(course, pytester, monkeypatch):
    monkeypatch.chdir(pytester.path / "exercises" / "ch2")
    course().assert_outcomes(failed=1)


def test_renamed_copied_and_missing_files_are_harmless(course):
    course.exercise.file.rename(course.exercise.file.with_name("mine.cu"))
    result = course("exercises/ch2")
    result.stdout.fnmatch_lines(
        ["exercises/ch2/twice.cu is missing: cp exercises/ch2/stubs/twice.cu", "exercises/ch2/twice.cu"]
    )


def test_broken_test_file_is_one_sentence(course):
    course.exercise.test_file.write_text("problem = 3\n")
    assert fnmatch(" ".join(course("exercises/ch2").outlines), "*broken, not your file: *declares no problem*")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("import numpy as np", "import numpy as np\nimport no_such_package", "*The tests need no_such_package: python -m pip*"),
        ("for n in (1, 40):", "for n in (1, 40)", "*broken, not your file: ch2/test_twice.py:*: SyntaxError: *"),
        ("2 * x}", "2 / 0 * x}", "*broken, not your file: ch2/test_twice.py:*ZeroDivisionError: division by zero*"),
        ('"n": n}', '"m": n}', "*broken, not your file: *ValueError: case 'n = 1'*gives no value for n*"),
        ("minutes=5", "minutes=5, kind='guess'", "*broken, not your file: *kind is 'guess'*"),
    ],
)
def test_every_broken_test_file_is_one_sentence(course, old, new, says):
    text = course.exercise.test_file.read_text()
    assert old in text
    course.exercise.test_file.write_text(text.replace(old, new))
    lines = course("exercises/ch2").outlines
    assert fnmatch(" ".join(lines), says)
    assert max(len(line) for line in lines if not line.startswith("rootdir:")) <= 80


def test_a_file_that_cannot_be_read_is_one_sentence(course):
    course.exercise.file.unlink()
    course.exercise.file.mkdir()
    assert fnmatch(" ".join(course("exercises/ch2").outlines), "*could not read or write *twice.cu: Is a directory.*")


def test_bytes_that_are_no_text_are_harmless(course):
    course.exercise.file.write_bytes(b"// \xff\xfe\x00 \xe9t\xe9\n" + course.exercise.solution.read_bytes())
    course("exercises/ch2").assert_outcomes(passed=1)


def test_the_hint_that_speaks_about_it_is_named(course):
    course.exercise.hints.write_text("# Hints\n\n## 1. The idea\n\nLoop.\n\n## 2. The approach\n\nThe bound is n.\n")
    result = course("exercises/ch2", write=WRONG.replace("i < n", "i <= n").replace(" + (i == 30)", ""))
    result.stdout.fnmatch_lines(["exercises/ch2/hints/twice.md, step 2 above all"])


def test_unknown_device_is_one_sentence(course, monkeypatch):
    monkeypatch.setenv("PMPP_DEVICE", "tpu")
    result = course("exercises/ch2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*PMPP_DEVICE is 'tpu'; accepted are auto, cuda and sim*"])


@pytest.mark.parametrize(
    ("edition", "said"),
    [("5", "(chapter 14 of the 5th edition, chapter 13 of the 4th edition)"),
     ("4", "(chapter 13 of the 4th edition, chapter 14 of the 5th edition)")],
)  # fmt: skip
def test_header_names_the_chapter_in_both_editions(course, monkeypatch, edition, said):
    monkeypatch.setenv("PMPP_EDITION", edition)
    registry = course.exercise.folder.parents[1] / "chapters.toml"
    registry.write_text('[[chapter]]\nfolder = "ch2"\nedition5 = 14\nedition4 = 13\nexercises = ["twice"]\n')
    assert said in " ".join(" ".join(course("exercises/ch2").outlines).split())


@pytest.mark.parametrize("colour", ["yes", "no"])
def test_everything_fits_80_columns(course, colour):
    for text in (None, WRONG, WRONG.replace("return 0;", "return 0"), WRONG.replace("y[i]", "y[1000 * n]")):
        result = course("exercises/ch2", f"--color={colour}", write=text)
        plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in result.outlines]
        assert max(len(line) for line in plain if not line.startswith("rootdir:")) <= 80
        assert result.outlines[-1].count("failed") == 1


def test_other_tests_are_left_alone(pytester):
    pytester.makeini(INI)
    pytester.makepyfile(test_plain="def test_plain(): assert 1\n")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*pmpp:*")


def test_progress_that_is_garbage_is_ignored(course, pytester):
    folder = pytester.path / ".pmpp"
    folder.mkdir()
    (folder / "solved.json").write_text("not json")
    course("exercises/ch2").assert_outcomes(failed=1)
    assert json.loads((folder / "solved.json").read_text()) == {}


@pytest.mark.parametrize("device", ["tpu", "cuda"])
def test_the_repositorys_configuration_keeps_a_bad_device_to_a_sentence(device):
    if device == "cuda" and find_gpu() is not None:
        pytest.skip("there is a GPU: asking for it is no mistake")
    command = [sys.executable, "-m", "pytest", "exercises/ch2", "--collect-only", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PMPP_DEVICE": device}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: PMPP_DEVICE is {'cuda, but' if device == 'cuda' else repr(device)}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
