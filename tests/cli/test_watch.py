"""`pmpp watch` in a real terminal: a recorded session, and what can go wrong around it.

`python tests/cli/test_watch.py` records the session anew; look at what changed before you keep it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import pytest

from pmpp.cli.learner import Course
from pmpp.cli.worker import Worker
from pmpp.testing import report
from pmpp.testing.check import Verdict
from pmpp.testing.course import Exercise

sys.path.insert(0, str(Path(__file__).parent))
from terminal import ROOT, Terminal

SESSIONS = Path(__file__).with_name("sessions")
ROWS = {80: 45, 40: 70}
#: What the learner does: keys, a file that is saved as editors do, or files that are moved.
STEPS = (
    ("start", ""),
    ("key", "h"),
    ("save", "ch7/basic missing_bound"),
    ("key", "h"),
    ("save", "ch7/basic syntax"),
    ("save", "ch7/basic neighbours_unchecked"),
    ("save", "ch7/basic solution"),
    ("key", "r"),
    ("save", "ch7/tiled missing_barrier"),
    ("key", "n"),
    ("move", "ch7/tiled mine"),
    ("save", "ch7/tiled solution"),
    ("key", "l"),
    ("key", "n"),
    ("key", "q"),
)


def content(exercise: Exercise, name: str) -> str:
    """A version of a file: the solution, one that does not compile, or a wrong one by its name."""
    solution = exercise.solution.read_text()
    if name == "syntax":
        return solution.replace("return cudaGetLastError();", "return cudaGetLastError()")
    return solution + "// mine\n" if name == "solution" else next(m.text for m in exercise.mutants() if m.name == name)


def save(file: Path, text: str) -> None:
    """Save as editors do: a new file takes the place of the old one."""
    new = file.with_name(f".{file.name}.swp")
    new.write_text(text)
    new.replace(file)


def act(terminal: Terminal, course: Path, what: str, value: str) -> None:
    """Do a step."""
    if what == "key":
        terminal.press(value)
    elif what in ("save", "move"):
        name, _, version = value.partition(" ")
        exercise = Exercise(course / "exercises" / name.partition("/")[0], name.partition("/")[2])
        if what == "save":
            save(exercise.file, content(exercise, version))
        else:
            exercise.file.rename(exercise.file.with_name(f"{version}.cu"))


def _cache_of_its_own(course: Path) -> None:
    """Compile everything in this course: what was compiled elsewhere names files of there."""
    (course / ".pmpp" / "build").unlink()


def recorded(columns: int) -> list[str]:
    """The screens of the recorded session."""
    return re.split(r"^=== .*\n", (SESSIONS / f"{columns}.txt").read_text(), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize(("columns", "colour", "steps"), [(80, True, 99), (40, False, 99), (80, False, 4), (40, True, 4)])
def test_session_goes_as_recorded(course, columns, colour, steps):
    _cache_of_its_own(course)
    with Terminal(("watch", "ch7"), course, columns=columns, rows=ROWS[columns], colour=colour) as terminal:
        for (what, value), screen in list(zip(STEPS, recorded(columns), strict=True))[:steps]:
            act(terminal, course, what, value)
            expected = screen.rstrip("\n")
            terminal.until(lambda text, expected=expected: text == expected)
            assert terminal.text() == expected, f"after {what} {value}"
            assert bool(terminal.colours()) == colour
        if steps > len(STEPS):
            assert terminal.end() == 0
            assert list((course / ".pmpp" / "build").glob("build-*")) == []


def test_window_that_is_made_narrow_is_painted_anew(course):
    with Terminal(("watch", "ch2"), course) as terminal:
        assert terminal.shows("saxpy.cu: to do")
        wide = terminal.text()
        terminal.resize(40, 60)
        terminal.until(lambda text: words(text) == words(wide))
        assert words(terminal.text()) == words(wide)
        assert max(map(len, terminal.text().splitlines())) <= 40


def words(text: str) -> list[str]:
    """What is said, without lines of dashes."""
    return text.replace("-", "").split()


def test_ctrl_c_in_the_middle_of_a_build(course):
    build = course / ".pmpp" / "build"
    build.unlink()  # a cache of its own, to see what is left in it
    with Terminal(("watch", "ch2/saxpy"), course) as terminal:
        assert terminal.shows("saxpy.cu: to do")
        file = course / "exercises/ch2/saxpy.cu"
        text = file.with_name("solutions").joinpath("saxpy.cu").read_text() + f"// {time.time()}\n"
        save(file, text)
        assert terminal.until(lambda _: list(build.glob("build-*")))
        terminal.press("\x03")
        assert terminal.end() == 130
        assert "Stopped; your files are as you saved them. To go on: pmpp watch ch2/saxpy" in " ".join(terminal.text().split())
        assert "Traceback" not in terminal.text()
        assert termios.tcgetattr(terminal.theirs) == terminal.modes
    assert file.read_text() == text
    assert list(build.glob("build-*")) == []
    assert no_process_in(course)


def no_process_in(folder: Path) -> bool:
    """Tell whether no process works in a folder."""
    here = str(folder)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.name != str(os.getpid()) and str((process / "cwd").readlink()).startswith(here):
                return False
        except OSError:
            continue
    return True


def test_a_save_during_a_test_is_what_counts(course, mutant):
    with Terminal(("watch", "ch2/saxpy"), course) as terminal:
        assert terminal.shows("saxpy.cu: to do")
        exercise = Exercise(course / "exercises/ch2", "saxpy")
        save(exercise.file, exercise.solution.read_text() + f"int x = {time.time_ns()}; // not an int\n#error\n")
        assert terminal.shows("testing ...")
        save(exercise.file, content(exercise, "solution"))
        assert terminal.shows("saxpy.cu: solved")
        terminal.press("q")
        assert terminal.end() == 0


def test_endless_kernel_does_not_keep_the_learner_waiting(course):
    with Terminal(("watch", "ch2/saxpy"), course) as terminal:
        assert terminal.shows("saxpy.cu: to do")
        exercise = Exercise(course / "exercises/ch2", "saxpy")
        solution = exercise.solution.read_text()
        save(exercise.file, solution.replace("{\n", "{\n    volatile int spin = 1; while (spin) {}\n", 1))
        assert terminal.shows("testing ...")
        terminal.press("q")
        assert terminal.end(10) == 1
    assert no_process_in(course)


def test_file_that_is_copied_or_deleted(course):
    with Terminal(("watch", "ch2/saxpy"), course) as terminal:
        assert terminal.shows("saxpy.cu: to do")
        file = course / "exercises/ch2/saxpy.cu"
        shutil.copyfile(file, file.with_name("saxpy copy.cu"))
        said = "saxpy copy.cu was saved, which is no problem's file. What is tested is exercises/ch2/saxpy.cu"
        assert terminal.shows(said)
        file.unlink()
        assert terminal.until(
            "saxpy.cu is missing. Was it renamed? Then: mv 'exercises/ch2/saxpy copy.cu' exercises/ch2/saxpy.cu A new one from the stub: pmpp reset ch2/saxpy"
        )
        shutil.copyfile(file.with_name("stubs") / file.name, file)
        assert terminal.shows("saxpy.cu: to do")


def test_without_a_terminal_it_prints_and_takes_no_keys(course):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = "from pmpp.cli import main; main(prog_name='pmpp')"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "watch", "ch2"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    lines = []
    with process:
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Read"):
                process.terminate()
    assert process.returncode == 130
    said = "".join(lines)
    assert "saxpy.cu: to do" in said
    assert "h hint" not in said
    assert "\x1b" not in said


#: What lies in the four files, one round after the other.
ROUNDS = (
    {"ch2/saxpy": "stub", "ch2/pairs": "stub", "ch7/basic": "syntax", "ch7/tiled": "missing_barrier"},
    {"ch2/saxpy": "solution", "ch2/pairs": "syntax", "ch7/basic": "missing_bound", "ch7/tiled": "without_the_tile"},
    {"ch2/saxpy": "never_launched", "ch2/pairs": "solution", "ch7/basic": "solution", "ch7/tiled": "halo_not_loaded"},
)


def test_pytest_and_the_loop_never_disagree(course):
    worker = Worker()
    for files in ROUNDS:
        verdicts = []
        for name, version in files.items():
            exercise = Exercise(course / "exercises" / name.partition("/")[0], name.partition("/")[2])
            if version != "stub":
                exercise.file.write_text(content(exercise, version))
            worker.start("check", exercise)
            verdicts.append(Verdict(exercise, **worker.answer()))
            assert (Course().state(exercise) == "solved") == verdicts[-1].solved == (version == "solution")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "exercises/ch2", "exercises/ch7"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout.splitlines()
        shown = [line for verdict in verdicts if not verdict.solved for line, _ in report.block(verdict, course)]
        shown += [line for line, _ in report.summary(verdicts, solutions=False, device="the software GPU", root=course)]
        assert [line for line in shown if line not in said] == [], done.stdout
    worker.close()


def record(columns: int) -> None:
    """Go through the session and write down its screens."""
    from conftest import make_course

    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder))
        _cache_of_its_own(course)
        with Terminal(("watch", "ch7"), course, columns=columns, rows=ROWS[columns]) as terminal:
            screens = []
            for what, value in STEPS:
                act(terminal, course, what, value)
                time.sleep(0.3)
                if value == "q":
                    terminal.end()
                else:
                    terminal.settle()
                print(columns, what, value, flush=True)
                screens.append(f"=== {what} {value}".rstrip() + f"\n{terminal.text()}\n")
    SESSIONS.mkdir(exist_ok=True)
    (SESSIONS / f"{columns}.txt").write_text("".join(screens))


if __name__ == "__main__":
    for columns in map(int, sys.argv[1:] or ROWS):
        record(columns)
