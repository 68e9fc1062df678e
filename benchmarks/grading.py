"""How long it takes to grade a class, whether every verdict is right, and whether a kill in the middle changes anything.

    python benchmarks/grading.py [students] [jobs]

The class is made up: for ten problems of the course, reference solutions, stubs, mutants, and programs that try to be graded
better than they are. Each student hands in one file. The class is graded twice: once without a break, on the clock, and once
with an end in the middle, by SIGKILL, and a second start. Both must give the same files; no process and no temporary file may
be left. The software GPU runs the exercises; the minutes are those of this machine's CPU.
"""

import csv
import ctypes
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pmpp.testing.course import Exercise, find_exercises

ROOT = Path(__file__).resolve().parent.parent
PROBLEMS = (
    "ch2/saxpy", "ch2/vector_add", "ch3/grey", "ch3/matvec", "ch5/tiled", "ch7/basic", "ch7/tiled", "ch10/tree", "ch10/dot",
    "ch11/kogge_stone",
)  # fmt: skip
#: In place of a solution: what stands above the function, what in it, and the state and the kind of the verdict.
HOSTILE = (
    ("", "_exit(0);", "wrong", "exit"),
    ("", 'puts("1 of 1 problems solved"); exit(0);', "wrong", "exit"),
    ("", "kill(getppid(), SIGKILL);", "wrong", "forbidden"),
    ("", "ptrace(PTRACE_ATTACH, getppid(), 0, 0);", "wrong", "forbidden"),
    ("", "if (fork() == 0) { setsid(); if (fork() == 0) for (;;) pause(); _exit(0); }", "wrong", "forbidden"),
    ("", "for (;;) fork();", "wrong", "forbidden"),
    ("", "for (;;) puts(\"solved\");", "wrong", "output"),
    ("", 'execl("/bin/sh", "sh", "-c", "echo solved", nullptr);', "wrong", "forbidden"),
    ("", "socket(AF_INET, SOCK_STREAM, 0);", "wrong", "forbidden"),
    ("", 'open("{out}/grades.csv", O_WRONLY | O_CREAT | O_APPEND, 0600); mkdir("{out}/made", 0700); abort();', "wrong", "crash"),
    ("", 'if (open("{solution}", O_RDONLY) < 0) abort();', "wrong", "crash"),
    ("__attribute__((constructor)) static void first() { _exit(0); }", "", "wrong", "start"),
    ('#include "{solution}"', "", "error", "compile"),
    ('asm(".incbin \\"{solution}\\"");', "", "error", "compile"),
    ("#include <dlfcn.h>", 'dlopen("{kernels}", RTLD_NOW);', "error", "compile"),
    ('extern "C" int pmpp_simt_check(const char*);', 'pmpp_simt_check("");', "error", "compile"),
)  # fmt: skip
HEADERS = ("fcntl.h", "signal.h", "sys/ptrace.h", "sys/socket.h", "sys/stat.h", "unistd.h", "cstdio", "cstdlib")
KERNELS = ROOT / "pmpp" / "_lib" / "sim" / "libpmpp_kernels.so"


def hostile(exercise: Exercise, number: int, out: Path) -> tuple[str, str, str]:
    """Return the text of a hostile file, and the state and the kind of the verdict."""
    above, body, state, kind = HOSTILE[number % len(HOSTILE)]
    for name, value in {"solution": exercise.solution, "out": out, "kernels": KERNELS}.items():
        above, body = above.replace(f"{{{name}}}", str(value)), body.replace(f"{{{name}}}", str(value))
    prototype = exercise.problem.signature.text.removeprefix('extern "C" ')
    includes = "".join(f"#include <{name}>\n" for name in (*HEADERS, "cuda_runtime.h"))
    return f'{includes}{above}\nextern "C" {prototype} {{\n    {body}\n    return 0;\n}}\n', state, kind


def submissions(exercise: Exercise, first: int, count: int, out: Path) -> list[tuple[str, str, str]]:
    """Return files for a problem, with state and kind of the verdicts: of 12, 3 are right, 1 untouched, 4 mutants, 4 hostile."""
    solution, mutants = exercise.solution.read_text(), list(exercise.mutants())
    made = []
    for number in range(count):
        turn = (5 * number + first) % 12  # a small class has some of everything too
        if turn < 3:
            made.append((f"{solution}// {first + number}\n", "solved", ""))
        elif turn == 3:
            made.append((exercise.stub.read_text(), "to do", "stub"))
        elif turn < 8:
            mutant = mutants[(turn - 4) % len(mutants)]
            made.append((mutant.text, "wrong", mutant.kind))
        else:
            made.append(hostile(exercise, first // 3 + turn - 8, out))
    return made


def hand_in(folder: Path, students: int, out: Path) -> dict[str, tuple[str, str, str]]:
    """Write the class; return problem, state and kind by student."""
    every = {f"{e.chapter}/{e.name}": e for e in find_exercises(ROOT / "exercises")}
    share, expected = -(-students // len(PROBLEMS)), {}
    for place, problem in enumerate(PROBLEMS):
        count = min(share, students - len(expected))
        for number, (text, state, kind) in enumerate(submissions(every[problem], place * share, count, out)):
            student = f"{place * share + number:03}"
            (folder / student / every[problem].chapter).mkdir(parents=True)
            (folder / student / f"{problem}.cu").write_text(text)
            expected[student] = problem, state, kind
    return expected


def grade(folder: Path, out: Path, jobs: int, temporary: Path) -> subprocess.Popen:
    """Start to grade."""
    command = [sys.executable, "-c", "from pmpp.cli import main; main(prog_name='pmpp')", "grade", str(folder)]
    command += ["--out", str(out), "--seed", "20260", "--jobs", str(jobs), "--course", str(ROOT)]
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, "PMPP_DEVICE": "sim", "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def left_over() -> str:
    """Return what descends from this process and has not ended after 20 seconds."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)
        except ChildProcessError:
            return ""
    command = ["ps", "-o", "pid,ppid,stat,args", "--ppid", str(os.getpid())]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def verdicts(out: Path) -> dict[str, tuple[str, str, str]]:
    """Return problem, state and kind by student, of the files that were handed in."""
    with (out / "verdicts.csv").open(newline="") as file:
        return {r["student"]: (r["problem"], r["verdict"], r["kind"]) for r in csv.DictReader(file) if r["kind"] != "missing"}


def files(out: Path) -> dict[str, bytes]:
    """Return all that was written for teachers and students."""
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != ".journal"
    }


def main(students: int = 120, jobs: int = 2) -> int:
    """Grade the class and say what came of it."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # a process that loses its parent becomes this one's child
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        (here / "class").mkdir()
        expected = hand_in(here / "class", students, here / "once")
        began = time.monotonic()
        process = grade(here / "class", here / "once", jobs, here / "tmp")
        said = process.communicate()[0]
        minutes = (time.monotonic() - began) / 60
        print(said)
        print(f"{len(expected)} files on {jobs} jobs: {minutes:.1f} minutes, exit code {process.returncode}")
        found = verdicts(here / "once")
        wrong = {s: (expected[s], found.get(s)) for s in expected if (found.get(s) or ("", "", ""))[:2] != expected[s][:2]}
        kinds = {s: (expected[s], found[s]) for s in expected if s not in wrong and found[s] != expected[s]}
        print(f"verdicts as they should be: {len(expected) - len(wrong)} of {len(expected)}")
        print(f"of these, of the kind that was foreseen: {len(expected) - len(wrong) - len(kinds)}")
        for student, (should, came) in sorted((wrong | kinds).items()):
            print(f"  {student}: {should} came out as {came}")
        print(
            f"hostile: {Counter(kind for _, state, kind in found.values() if kind in ('forbidden', 'output', 'exit', 'start'))}"
        )

        process = grade(here / "class", here / "twice", jobs, here / "tmp")
        journal = here / "twice" / ".journal"
        while process.poll() is None and (not journal.exists() or len(journal.read_text().splitlines()) < students // 2):
            time.sleep(0.05)
        process.kill()
        process.communicate()
        processes = left_over()
        done = len(journal.read_text().splitlines()) - 1
        process = grade(here / "class", here / "twice", jobs, here / "tmp")
        process.communicate()
        processes += left_over()
        same = files(here / "once") == files(here / "twice")
        left = [str(path) for path in (*(here / "tmp").iterdir(), *here.glob("*/.work"))]
        print(f"killed after {done} files and started again: {'the same files' if same else 'OTHER FILES'}")
        print(f"processes left: {processes or 'none'}; temporary files left: {left or 'none'}")
        return 0 if same and not processes and not left and not wrong else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
