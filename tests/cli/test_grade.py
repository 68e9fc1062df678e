"""`pmpp grade` on a made-up class: every verdict, what is written, hostile files, a kill in the middle."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from pmpp.cli import main
from pmpp.testing import confine

COURSE = {
    "chapters.toml": '[[chapter]]\nfolder = "ch2"\ntitle = "x"\nedition5 = 2\nexercises = ["twice", "half"]\n'
    '[[chapter]]\nfolder = "ch3"\ntitle = "x"\nedition5 = 3\nexercises = ["twice"]\n',
}
TEST = '''
"""Multiplies every element."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="{title}", minutes=5, read=("2", "2.3"), memory="host",
    signature="int {name}(const float* x, float* y, int n)",
)


def _case(rng, n):
    x = rng.standard_normal(n, dtype=np.float32)
    return Case(f"n = {{n}}", {{"x": x, "n": n}}, {{"y": {factor} * x}}, min_launches=0)


@problem.test("small sizes")
def sizes(rng):
    for n in (1, 40):
        yield _case(rng, n)
'''
HIDDEN = """
@problem.test("sizes that nobody knows")
def hidden(rng):
    yield _case(rng, 77)
"""
STUB = '// {name}\nextern "C" int {name}(const float* x, float* y, int n) {{\n    // TODO (about 1 line): Multiply.\n    return 0;\n}}\n'


def code(body: str, above: str = "", name: str = "twice") -> str:
    return f'#include <cstdio>\n#include <unistd.h>\n{above}\nextern "C" int {name}(const float* x, float* y, int n) {{\n{body}\nreturn 0;\n}}\n'


RIGHT = "for (int i = 0; i < n; ++i) y[i] = 2 * x[i];"
CLASS = {
    "anna": (code(RIGHT), "solved", ""),
    "bert": (code(RIGHT.replace("2 *", "3 *")), "wrong", "wrong"),
    "carl": (code("int q[2;"), "error", "compile"),
    "dora": (STUB.format(name="twice"), "to do", "stub"),
    "emil": (None, "to do", "missing"),
    "fake": (code('puts("2 of 2 problems solved"); _exit(0);'), "wrong", "exit"),
    "gina": (code("if (n != 1 && n != 40) return 0;" + RIGHT), "wrong", "unwritten"),
    "hugo": (code("fork();" + RIGHT), "wrong", "forbidden"),
    "iris": (code("", '#include "{course}/exercises/ch2/solutions/twice.cu"\n#define twice other'), "error", "compile"),
    "=1+1": (code('printf("%g \\x1b[31m\\n", x[0]);'), "wrong", "unwritten"),
    "jens": (code(RIGHT, '#include "own.h"'), "solved", ""),
}


@pytest.fixture(autouse=True)
def _on_the_software_gpu(monkeypatch):
    monkeypatch.setenv("PMPP_DEVICE", "sim")


def make(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    files = dict(COURSE)
    for chapter, name, factor in (("ch2", "twice", 2), ("ch2", "half", 0.5), ("ch3", "twice", 2)):
        files[f"exercises/{chapter}/test_{name}.py"] = TEST.format(title=f"{name} in {chapter}", name=name, factor=factor)
        files[f"exercises/{chapter}/stubs/{name}.cu"] = STUB.format(name=name)
        files[f"exercises/{chapter}/solutions/{name}.cu"] = code(RIGHT.replace("2", str(factor)), name=name)
    return make(tmp_path_factory.mktemp("course"), files)


@pytest.fixture(scope="module")
def handed_in(course, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("class") / "handed-in"
    for student, (text, _, _) in CLASS.items():
        (folder / student / "ch2").mkdir(parents=True)
        if text is not None:
            (folder / student / "ch2" / "twice.cu").write_text(text.replace("{course}", str(course)))
    make(folder, {"jens/ch2/own.h": "// mine\n", "roster.csv": "x\n", ".hidden/ch2/twice.cu": "x"})
    return make(folder.parent, {"hidden/ch2/twice.py": HIDDEN}) / "handed-in"


def grade(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["grade", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["grade", *map(str, arguments)])
    assert result.exit_code == 2, result.output
    return " ".join(result.output.split())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def graded(course, handed_in) -> tuple[Path, str]:
    """Grade the class once; the tests below look at what came of it."""
    if confine.missing():
        pytest.skip(" ".join(confine.missing()))
    out = handed_in.parent / "grades"
    before = os.environ.get("PMPP_DEVICE")
    os.environ["PMPP_DEVICE"] = "sim"
    try:
        said = grade(
            handed_in, "--course", course, "--problem", "ch2/twice=4", "--hidden", handed_in.parent / "hidden", "--out", out,
            "--seed", 7, "--jobs", 2,
        )  # fmt: skip
    finally:
        os.environ.pop("PMPP_DEVICE") if before is None else os.environ.update(PMPP_DEVICE=before)
    return out, said


def test_every_verdict_is_right(graded):
    found = {row["student"].lstrip("'"): (row["verdict"], row["kind"]) for row in rows(graded[0] / "verdicts.csv")}
    assert found == {student: verdict for student, (_, *verdict) in CLASS.items() for verdict in [tuple(verdict)]}


def test_points_are_those_of_the_solved(graded):
    for row in rows(graded[0] / "grades.csv"):
        right = CLASS[row["student"].lstrip("'")][1] == "solved"
        assert (row["points"], row["of"], row["ch2/twice"]) == (("4", "4", "4") if right else ("0", "4", "0"))


def test_nothing_that_a_student_wrote_is_computed_or_controls(graded):
    out = graded[0]
    assert "'=1+1" in (out / "grades.csv").read_text()
    for path in out.rglob("*.*"):
        if path.is_file():
            assert "\x1b" not in path.read_text(), path


def test_junit_is_what_tools_read(graded):
    suites = {suite.get("name"): suite for suite in ElementTree.parse(graded[0] / "junit.xml").getroot()}
    assert suites.keys() == CLASS.keys()
    assert suites["anna"].find("testcase/failure") is None
    assert suites["carl"].find("testcase/failure").get("type") == "compile"
    assert suites["hugo"].get("failures") == "1"


def test_results_are_what_gradescope_reads(graded):
    result = json.loads((graded[0] / "students" / "bert" / "results.json").read_text())
    assert (result["score"], result["tests"][0]["max_score"], result["tests"][0]["status"]) == (0, 4, "failed")
    assert "expected" in result["tests"][0]["output"]
    assert json.loads((graded[0] / "students" / "anna" / "results.json").read_text())["score"] == 4


def test_report_says_what_the_tests_said(graded, course):
    text = (graded[0] / "students" / "bert" / "report.txt").read_text()
    assert text.startswith("0 of 4 points\n\nch2/twice: twice in ch2: 0 of 4 points, wrong\n  twice, small sizes: n = 1\n")
    assert str(course) not in text


def test_hidden_tests_stay_hidden(graded):
    text = (graded[0] / "students" / "gina" / "report.txt").read_text()
    assert "A test that is not shown failed (unwritten)." in text
    assert "77" not in text


def test_summary_counts(graded):
    assert "ch2/twice  2 solved, 2 error, 1 missing, 1 stub, 5 wrong" in graded[1]
    assert "11 submissions, 10 files in" in graded[1]
    assert "seed 7" in graded[1]
    assert "Passed over, neither a folder nor a .cu file: roster.csv" in graded[1]


def test_only_what_changed_is_graded_again(graded, course, handed_in, tmp_path):
    journal = graded[0] / ".journal"
    before, first = len(journal.read_text().splitlines()), (graded[0] / "verdicts.csv").read_bytes()
    again = ("--course", course, "--problem", "ch2/twice=4", "--hidden", handed_in.parent / "hidden", "--out", graded[0])
    grade(handed_in, *again)  # the seed is the journal's
    assert (len(journal.read_text().splitlines()), (graded[0] / "verdicts.csv").read_bytes()) == (before, first)
    own = handed_in / "jens" / "ch2" / "own.h"
    own.write_text("#error mine\n")
    grade(handed_in, *again)
    own.write_text("// mine\n")
    assert len(journal.read_text().splitlines()) == before + 1
    assert {row["student"]: row["verdict"] for row in rows(graded[0] / "verdicts.csv")}["jens"] == "error"
    grade(handed_in, *again)
    assert (graded[0] / "verdicts.csv").read_bytes() == first


def test_data_are_those_of_the_seed(course, tmp_path):
    folder = make(tmp_path / "in", {"ada/ch2/twice.cu": CLASS["=1+1"][0]})
    reports = []
    for number, seed in enumerate((1, 2)):
        grade(folder, "--course", course, "--seed", seed, "--out", tmp_path / str(number), "--jobs", 1)
        reports.append((tmp_path / str(number) / "students" / "ada" / "report.txt").read_text())
    assert reports[0] != reports[1]  # one seed gives one report: see the kill in the middle


NANNY = """
import ctypes, os, pathlib, signal, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # who loses its parent becomes a child of this process
journal, wanted, command = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
grading = subprocess.Popen(command)
while grading.poll() is None and (not journal.exists() or len(journal.read_text().splitlines()) < wanted):
    time.sleep(0.01)
time.sleep(0.3)  # in the middle of the next ones
grading.kill()
grading.wait()
left = time.monotonic() + 20
while time.monotonic() < left:
    try:
        if os.waitpid(-1, os.WNOHANG) == (0, 0):
            time.sleep(0.05)
    except ChildProcessError:
        sys.exit(0)
sys.exit("processes were left: " + subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout)
"""
PROGRAM = [sys.executable, "-c", "from pmpp.cli import main; main(prog_name='pmpp')", "grade"]


def test_kill_in_the_middle_and_start_again(graded, course, handed_in, tmp_path):
    (tmp_path / "tmp").mkdir()
    out = tmp_path / "out"
    arguments = [
        str(handed_in), "--course", str(course), "--problem", "ch2/twice=4", "--hidden", str(handed_in.parent / "hidden"),
        "--out", str(out), "--seed", "7", "--jobs", "2",
    ]  # fmt: skip
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    nanny = [sys.executable, "-c", NANNY, str(out / ".journal"), "4", *PROGRAM, *arguments]
    done = subprocess.run(nanny, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (out / "grades.csv").exists()
    before = len((out / ".journal").read_text().splitlines())
    done = subprocess.run([*PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (
        4 <= before < len((out / ".journal").read_text().splitlines()) == len(CLASS)
    )  # the seed, and all but the one who handed in nothing
    for name in ("grades.csv", "students/bert/report.txt", "students/carl/results.json"):
        assert (out / name).read_bytes() == (graded[0] / name).read_bytes()
    assert sorted(path.name for path in out.iterdir()) == [".journal", "grades.csv", "junit.xml", "students", "verdicts.csv"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_names_are_matched_by_chapter(course, tmp_path):
    folder = make(tmp_path / "in", {
        "ada/exercises/ch2/twice.cu": "x", "ada/exercises/ch2/solutions/twice.cu": "y", "ada/half.cu": "x",
        "bob/twice.cu": "x", "eve/ch2/half.cu": "x", "eve/half.cu": "y", "ivo/a/half.cu": "x", "ivo/b/half.cu": "x",
    })  # fmt: skip
    from pmpp.testing.course import find_exercises
    from pmpp.testing.grading import find_students, plan

    exercises = find_exercises(course / "exercises")
    tasks = plan(find_students(folder)[0], exercises, [])
    found = {(t.student, t.problem): str(t.file.relative_to(folder)) if t.file else t.refused for t in tasks}
    assert found == {
        ("ada", "ch2/twice"): "ada/exercises/ch2/twice.cu", ("ada", "ch2/half"): "ada/half.cu",
        ("bob", "ch2/twice"): "", ("bob", "ch2/half"): "",  # there is a twice.cu in two chapters
        ("eve", "ch2/twice"): "", ("eve", "ch2/half"): "eve/ch2/half.cu",
        ("ivo", "ch2/twice"): "", ("ivo", "ch2/half"): "There are 2 files for this problem: a/half.cu, b/half.cu. Hand in one.",
    }  # fmt: skip
    assert [t.file for t in plan(find_students(folder)[0], exercises, exercises[:1]) if t.student == "bob"] == [
        folder / "bob/twice.cu"
    ]


def test_links_and_huge_files_are_refused(course, tmp_path):
    folder = make(tmp_path / "in", {"ada/ch2/twice.cu": "//" + "x" * (1 << 20)})
    (folder / "bob" / "ch2").mkdir(parents=True)
    (folder / "bob" / "ch2" / "twice.cu").symlink_to(course / "exercises" / "ch2" / "solutions" / "twice.cu")
    (folder / "eve").symlink_to(course / "exercises")
    said = grade(folder, "--course", course, "--problem", "ch2/twice", "--jobs", 1)
    says = {row["student"]: row["says"] for row in rows(tmp_path / "in-grades" / "verdicts.csv")}
    assert says == {
        "ada": "twice.cu has 1,048,578 bytes: a solution has at most 1,048,576.",
        "bob": "twice.cu is a link: hand in the file itself.",
    }
    assert "Passed over, neither a folder nor a .cu file: eve" in said


def test_single_files_do_not_see_each_other(course, tmp_path):
    folder = make(tmp_path / "in", {"ada.cu": code(RIGHT), "bob.cu": '#include "ada.cu"\n'})
    grade(folder, "--course", course, "--problem", "ch2/twice", "--jobs", 2)
    assert [row["verdict"] for row in rows(tmp_path / "in-grades" / "verdicts.csv")] == ["solved", "error"]


def test_one_submission_as_at_gradescope(course, tmp_path):
    folder = make(tmp_path / "submission", {"twice.cu": code(RIGHT)})
    grade(folder, "--single", "--course", course, "--problem", "ch2/twice=5", "--out", tmp_path / "results", "--jobs", 1)
    assert json.loads((tmp_path / "results" / "results.json").read_text())["score"] == 5


def test_tests_that_fail_themselves_are_not_the_students_fault(course, tmp_path):
    folder = make(tmp_path / "in", {"ada/ch2/twice.cu": code(RIGHT)})
    make(tmp_path, {"hidden/ch2/twice.py": "1 / 0\n"})
    result = CliRunner().invoke(
        main, ["grade", str(folder), "--course", str(course), "--hidden", str(tmp_path / "hidden"), "--jobs", "1"]
    )
    assert result.exit_code == 3
    assert "Not graded: ada, ch2/twice: The tests failed, not the file: ZeroDivisionError" in result.output
    assert "ada" not in (tmp_path / "in-grades" / ".journal").read_text()  # is tried again


def test_wrong_command_lines_get_a_sentence(course, tmp_path, monkeypatch):
    folder = make(tmp_path / "in", {"ada/ch2/twice.cu": "x"})
    (tmp_path / "empty").mkdir()
    make(tmp_path / "packed", {"ada.zip": "x"})
    assert "There is no problem or chapter 'ch9/x': write ch7/basic=10" in refused(
        folder, "--course", course, "--problem", "ch9/x"
    )
    assert "'ch2=many' gives 'many' points: write a number, such as ch2=10" in refused(
        folder, "--course", course, "--problem", "ch2=many"
    )
    assert "has no submissions: it needs a folder or a .cu file for each student." in refused(
        tmp_path / "empty", "--course", course
    )
    assert "Unpack ada.zip first." in refused(tmp_path / "packed", "--course", course)
    assert "is a course, which has chapters.toml" in refused(folder, "--course", folder)
    make(tmp_path / "odd", {"ada/mine.cu": "x"})
    assert "No file of the submissions has the name of a problem" in refused(tmp_path / "odd", "--course", course)
    make(tmp_path / "double", {"ada/ch2/twice.cu": "x", "ada.cu": "x"})
    assert "has two submissions of ada: ada and ada.cu. Remove one." in refused(tmp_path / "double", "--course", course)
    from pmpp.testing.grading import Journal

    held = Journal(tmp_path / "in-grades" / ".journal")
    assert "Another pmpp grade is at work in" in refused(folder, "--course", course)
    held.close()


def test_kernel_without_protection_is_said(course, tmp_path, monkeypatch):
    folder = make(tmp_path / "in", {"ada/ch2/twice.cu": STUB.format(name="twice")})
    monkeypatch.setattr(confine, "landlock", lambda: 0)
    assert "Not safe: This kernel has no Landlock" in grade(folder, "--course", course, "--jobs", 1)


def test_torn_line_of_a_journal_is_passed_over(tmp_path):
    from pmpp.testing.grading import Grade, Journal

    journal = Journal(tmp_path / "j")
    journal.start(3)
    journal.add(Grade("ada", "ch2/twice", "solved"))
    journal.close()
    with (tmp_path / "j").open("a") as file:
        file.write('{"student": "bo')
    journal = Journal(tmp_path / "j")
    journal.add(Grade("eve", "ch2/twice", "wrong"))
    journal.close()
    journal = Journal(tmp_path / "j")
    assert (journal.seed, sorted(journal.grades)) == (3, [("ada", "ch2/twice"), ("eve", "ch2/twice")])
    journal.close()
