"""What `pmpp check-course` proves: each thing that can be wrong with a problem is found, by its sentence."""

import pytest

from pmpp.testing.course import find_exercises
from pmpp.testing.proof import Step, prove, steps, take

README = "# Chapter 2\n\n| `twice.cu` | 5 |\n"
HINTS = "# Hints\n\n## 1. The idea\n\n## 2. The approach\n\n## 3. Nearly the code\n"
MUTANTS = """
[threefold]
kind = "wrong"
edits = [{ replace = "2 * x", by = "3 * x" }]

[one_too_many]
kind = "overrun"
edits = [{ replace = "i < n", by = "i <= n" }]

[status]
kind = "status"
edits = [{ replace = "return 0", by = "return 1" }]

[unclosed]
kind = "compile"
edits = [{ replace = "return 0;", by = "return 0" }]
"""


@pytest.fixture
def problem(tmp_path, chapter):
    """Write a whole problem."""
    exercise = chapter(tmp_path / "ch2")
    for name, text in {"README.md": README, "hints/twice.md": HINTS, "mutants/twice.toml": MUTANTS}.items():
        (exercise.folder / name).parent.mkdir(exist_ok=True)
        (exercise.folder / name).write_text(text)
    return exercise


def _edit(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_every_step_is_proved(problem, sim, cache, tmp_path):
    todo = steps(find_exercises(tmp_path))
    assert [step.name for step in todo][2:4] == ["ch2/twice, solution", "ch2/twice, mutant threefold"]
    heard = []
    proofs = prove(todo, sim, cache, tmp_path, jobs=2, done=heard.append)
    assert len(heard) == len(proofs) == 7
    assert [proof.step for proof in proofs] == todo
    # What does not compile is found by the compiler: that proves nothing about the tests.
    assert [proof.complaints for proof in proofs[:-1]] == [[]] * 6
    assert "should be found out as 'compile', but it is error" in proofs[-1].complaints[0]


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        ("twice.cu", None, None, "there is no twice.cu"),
        ("hints/twice.md", None, None, "there is no hints/twice.md"),
        ("hints/twice.md", "## 3.", "## 4.", "should have the steps"),
        ("README.md", None, None, "no README.md"),
        ("README.md", "twice.cu", "thrice.cu", "does not list it"),
        ("mutants/twice.toml", None, None, "mutants/twice.toml: "),
        ("mutants/twice.toml", "2 * x", "7 * x", "replaces '7 * x', which stands 0 times"),
        ("mutants/twice.toml", "[status]", "[status", "mutants/twice.toml: "),
        ("mutants/twice.toml", 'by = "3 * x"', 'by = "2 * x"', "one is the solution"),
        ("mutants/twice.toml", '\n[unclosed]\nkind = "compile"\n', "\n#", "it has 3 mutants"),
        ("mutants/twice.toml", 'kind = "wrong"\n', 'kind = "wrong"\nat = "nowhere"\n', "is wrong at 'nowhere', which stands 0"),
        ("stubs/twice.cu", "TODO", "to do", "has no TODO"),
        ("stubs/twice.cu", "element of x.", "element of x", "full stop"),
        ("stubs/twice.cu", "about 2", "about 9", "asks for about 9 lines, and the solution adds or changes 1"),
        ("test_twice.py", "minutes=5", "minutes=5, kind='guess'", "kind is 'guess'"),
        ("stubs/left_over.cu", "", "", "stubs/left_over.cu belongs to no problem"),
    ],
)
def test_files_that_are_missing_malformed_or_astray(problem, sim, cache, tmp_path, path, old, new, says):
    file = problem.folder / path
    if old is None:
        file.unlink()
    elif old == "":
        file.write_text("")
    else:
        _edit(file, old, new)
    complaints = take(Step(problem, "files"), sim, cache, tmp_path).complaints
    assert says in "; ".join(complaints)


def test_a_stub_that_passes_is_found(problem, sim, cache, tmp_path):
    _edit(problem.stub, "return 0;", "for (int i = 0; i < n; ++i) y[i] = 2 * x[i];\n    return 0;")
    assert "but it is solved" in take(Step(problem, "stub"), sim, cache, tmp_path).complaints[0]


def test_a_stub_that_crashes_is_found(problem, sim, cache, tmp_path):
    _edit(problem.stub, "return 0;", "return *(int*)0;")
    assert "it ends badly: crash" in take(Step(problem, "stub"), sim, cache, tmp_path).complaints


def test_a_symptom_that_is_another_is_found(problem, sim, cache, tmp_path):
    _edit(problem.test_file, "minutes=5", "minutes=5, kind='find the bug', symptom='race'")
    assert "should be 'race', but it is 'unwritten'" in take(Step(problem, "stub"), sim, cache, tmp_path).complaints[0]


def test_a_solution_that_fails_is_found(problem, sim, cache, tmp_path):
    _edit(problem.solution, "2 * x", "4 * x")
    assert "should pass, but it is wrong (wrong)" in take(Step(problem, "solution"), sim, cache, tmp_path).complaints[0]


def test_a_line_that_is_not_named_is_found(problem, sim, cache, tmp_path):
    _edit(problem.folder / "mutants" / "twice.toml", 'kind = "overrun"\n', 'kind = "overrun"\nat = "i <= n"\n')
    [step] = [step for step in steps([problem]) if step.mutant is not None and step.mutant.name == "one_too_many"]
    assert step.mutant.line == 2
    assert "does not name line 2" in take(step, sim, cache, tmp_path).complaints[0]


def test_a_broken_test_file_is_found(problem, sim, cache, tmp_path):
    problem.test_file.write_text("import no_such_package\n")
    for step in steps([problem]):
        complaints = take(step, sim, cache, tmp_path).complaints
        assert any("No module named 'no_such_package'" in complaint for complaint in complaints)
