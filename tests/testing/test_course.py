"""The course proves itself: stubs fail with a sentence, solutions pass, every mutant is found out for what it is.

Stubs are read from `stubs/`, never from the files that a learner edits.
"""

import contextlib
import difflib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pmpp.testing.build import CompileError, Target, build
from pmpp.testing.check import check
from pmpp.testing.course import find_exercises

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = find_exercises(ROOT / "exercises")
MUTANTS = [(exercise, mutant) for exercise in EXERCISES for mutant in exercise.mutants()]


def _name(value):
    return getattr(value, "name", None)


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    """Compile everything at once, on all cores."""
    jobs = [(e.solution, None) for e in EXERCISES] + [(e.stub, None) for e in EXERCISES]
    jobs += [(e.solution, m.text) for e, m in MUTANTS]

    def compiled(job):
        with contextlib.suppress(CompileError):  # the test of this file reports it
            build(job[0], ROOT / ".pmpp" / "build", Target("sim"), text=job[1])

    with ThreadPoolExecutor() as pool:
        list(pool.map(compiled, jobs))


def test_there_are_problems():
    assert {e.chapter for e in EXERCISES} >= {"ch2", "ch7"}


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_stub_compiles_and_fails(exercise, sim, cache):
    verdict = check(exercise, exercise.stub, sim, cache, root=ROOT)
    assert verdict.state == "to do", verdict.headline
    assert exercise.problem.kind != "find the bug" or verdict.symptom == exercise.problem.symptom
    assert exercise.problem.kind != "write" or verdict.symptom not in ("crash", "endless", "exit"), verdict.details


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_stub_says_what_to_do(exercise):
    todos = exercise.todos()
    assert todos
    assert all(todo.text.endswith(".") for todo in todos)


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_solution_passes(exercise, sim, cache, tmp_path):
    verdict = check(exercise, exercise.solution, sim, cache, root=ROOT, pictures=tmp_path)
    assert verdict.solved, (verdict.case, verdict.headline, verdict.details)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in verdict.pictures)


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_stub_asks_for_about_as_many_lines_as_the_solution_has(exercise):
    def code(path):
        lines = [line.strip() for line in path.read_text().splitlines()]
        return [line for line in lines if line and not line.startswith("//")]

    asked = sum(todo.lines for todo in exercise.todos())
    stub, solution = code(exercise.stub), code(exercise.solution)
    added = len(solution) - len(stub)
    if exercise.problem.kind != "write":  # lines are changed there
        steps = difflib.SequenceMatcher(None, stub, solution, autojunk=False).get_opcodes()
        added = sum(max(b - a, d - c) for step, a, b, c, d in steps if step != "equal")
    assert abs(asked - added) <= 1 + asked // 5, f"TODO says {asked}, the solution adds {added}"


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_hints_have_three_steps(exercise):
    headings = re.findall(r"^## (\d)\. ", exercise.hints.read_text(), re.MULTILINE)
    assert headings == ["1", "2", "3"]


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_there_are_enough_mutants(exercise):
    mutants = list(exercise.mutants())
    assert len(mutants) >= 4
    assert len({m.text for m in mutants} | {exercise.solution.read_text()}) == len(mutants) + 1


@pytest.mark.parametrize(("exercise", "mutant"), MUTANTS, ids=_name)
def test_mutant_is_found_out(exercise, mutant, sim, cache):
    verdict = check(exercise, exercise.solution, sim, cache, root=ROOT, text=mutant.text)
    assert verdict.state == "wrong", verdict.headline
    assert verdict.kind == mutant.kind, (verdict.case, verdict.headline, verdict.details)


@pytest.mark.parametrize(("exercise", "mutant"), [p for p in MUTANTS if p[1].kind == "race"], ids=_name)
def test_races_are_found_ten_times_in_a_row(exercise, mutant, sim, cache):
    verdicts = [check(exercise, exercise.solution, sim, cache, root=ROOT, text=mutant.text) for _ in range(10)]
    assert {(v.kind, v.headline) for v in verdicts} == {("race", verdicts[0].headline)}
