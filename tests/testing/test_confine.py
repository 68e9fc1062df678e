"""What a submission may try that is not a solution: no attempt changes a verdict, reaches another process or a file."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pmpp._toolkit import find_host_compiler
from pmpp.testing import Case, build, confine
from pmpp.testing.check import check
from pmpp.testing.course import Exercise
from pmpp.testing.runner import call
from pmpp.testing.signature import Signature

HOSTILE = Path(__file__).with_name("hostile.cu")
KERNELS = Path(confine.__file__).parents[1] / "_lib" / "sim" / "libpmpp_kernels.so"
PROBLEM = '''
"""Doubles every element."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Twice everything", minutes=5, read=("2", "2.3"), memory="host", seconds={seconds},
    signature="int twice(const float* x, float* y, int n, const uint8_t* path, int attempt)",
)


@problem.test("one size")
def sizes(rng):
    x = rng.standard_normal(40, dtype=np.float32)
    path = np.frombuffer({path!r}.encode() + b"\\0", np.uint8)
    inputs = {{"x": x, "n": 40, "path": path, "attempt": {attempt}}}
    yield Case("n = 40", inputs, {{"y": 2 * x}}, min_launches=0)
'''


@pytest.fixture
def strict(tmp_path, monkeypatch):
    """Shut in as where submissions are graded."""
    if confine.missing():
        pytest.skip(" ".join(confine.missing()))
    (tmp_path / "student").mkdir()
    monkeypatch.setattr(confine, "strict", str(tmp_path / "student"))
    return tmp_path / "student"


@pytest.fixture
def attempt(tmp_path, sim, cache):
    """Let the hostile file make one attempt, and return the verdict."""

    def attempted(number: int, path: object = "", seconds: float = 2) -> object:
        folder = tmp_path / "course" / "ch2"
        (folder / "stubs").mkdir(parents=True, exist_ok=True)
        (folder / "stubs" / "twice.cu").write_text("// TODO (about 1 line): x\n")
        (folder / "test_twice.py").write_text(PROBLEM.format(path=str(path), attempt=number, seconds=seconds))
        text = HOSTILE.read_text()
        return check(Exercise(folder, "twice"), tmp_path / "student" / "twice.cu", sim, cache, root=tmp_path, text=text)

    return attempted


@pytest.mark.parametrize("number", [0, 1])
def test_solution_is_accepted(strict, attempt, number):
    verdict = attempt(number)
    assert verdict.state == "solved", verdict.headline


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (2, "exit"), (3, "exit"), (4, "unwritten"), (5, "input changed"), (6, "exit"), (7, "forbidden"), (8, "forbidden"),
        (9, "forbidden"), (10, "forbidden"), (20, "output"), (21, "unwritten"), (22, "unwritten"), (23, "forbidden"),
        (24, "forbidden"), (25, "forbidden"), (26, "unwritten"), (27, "unwritten"), (28, "forbidden"), (29, "unwritten"),
        (30, "unwritten"), (32, "unwritten"), (33, "forbidden"), (34, "unwritten"), (35, "forbidden"), (37, "crash"), (38, "exit"), (40, "race"),
    ],
)  # fmt: skip
def test_attempt_fails(strict, attempt, monkeypatch, number, kind):
    monkeypatch.setenv("PMPP_SECRET", "the teacher's")
    verdict = attempt(number)
    assert (verdict.state, verdict.kind) == ("wrong", kind), verdict.headline
    assert "\n" not in verdict.headline


def test_counts_cannot_be_forged(strict, sim, cache):
    signature = Signature.parse("int twice(const float* x, float* y, int n, const uint8_t* path, int attempt)")
    x = np.ones(40, np.float32)
    library = build.build(HOSTILE, cache, sim)
    for attempt, end in ((0, "finished"), (41, "forged")):
        inputs = {"x": x, "n": 40, "path": np.zeros(1, np.uint8), "attempt": attempt}
        outcome = call(library, signature, [Case("", inputs, {"y": 2 * x})], device="sim", memory="host", count=True)
        assert (outcome.end, outcome.case) == (end, attempt == 0)


def test_launch_of_nothing_is_explained(attempt):
    verdict = attempt(31)
    assert verdict.state == "wrong"
    assert "<<<0, 0>>>" not in verdict.headline


@pytest.mark.parametrize("number", [36, 39])
def test_sleeper_is_ended(strict, attempt, number):
    began = time.monotonic()
    verdict = attempt(number, seconds=0.1)
    assert (verdict.kind, time.monotonic() - began < 60) == ("endless", True)


@pytest.mark.parametrize("what", ["solution", KERNELS, "/etc/passwd", "/proc/self/maps", "/proc/{parent}/environ", "/dev/zero"])
def test_no_file_can_be_read(strict, attempt, tmp_path, what):
    solution = tmp_path / "course" / "ch2" / "solutions" / "twice.cu"
    solution.parent.mkdir(parents=True)
    solution.write_text("// the answer\n")
    path = solution if what == "solution" else str(what).format(parent=os.getpid())
    assert Path(path).exists()
    verdict = attempt(11, path)
    assert (verdict.state, verdict.kind) == ("wrong", "unwritten"), verdict.headline


def test_files_can_be_read_where_nothing_is_graded(attempt):
    assert attempt(11, "/etc/passwd").state == "solved"


@pytest.mark.parametrize("number", [12, 13, 14, 19])
@pytest.mark.parametrize("folder", ["course", "student", "/dev/shm"])
def test_nothing_can_be_made(strict, attempt, tmp_path, number, folder):
    path = tmp_path / folder / f"made-{os.getpid()}"
    verdict = attempt(number, path)
    assert (verdict.state, verdict.kind) == ("wrong", "unwritten"), verdict.headline
    assert not os.path.lexists(path)


@pytest.mark.parametrize("number", [12, 13, 15, 16, 17, 18])
def test_no_file_can_be_changed(strict, attempt, tmp_path, number):
    path = tmp_path / "grades.csv"
    path.write_text("student,points\n")
    mode = path.stat().st_mode
    verdict = attempt(number, path)
    assert (verdict.state, verdict.kind) == ("wrong", "unwritten"), verdict.headline
    assert (path.read_text(), path.stat().st_mode) == ("student,points\n", mode)


@pytest.mark.parametrize("number", [7, 8, 9, 24, 25, 28, 33])
def test_other_processes_are_out_of_reach_for_learners_too(attempt, number):
    assert attempt(number).kind == "forbidden"


def _text(above: str) -> str:
    return f'#include <cuda_runtime.h>\n{above}\nextern "C" int twice(const float* x, float* y, int n) {{\n'


@pytest.mark.parametrize(
    ("above", "says"),
    [
        ("__attribute__((constructor)) static void first() { _exit(0); }", "could not start"),
        ("__attribute__((constructor)) static void first() { puts(\"solved\"); fork(); }", "tried to start a process"),
    ],
)  # fmt: skip
def test_code_that_runs_before_it_is_called_is_shut_in(strict, tmp_path, chapter, sim, cache, above, says):
    text = f"#include <unistd.h>\n#include <cstdio>\n{_text(above)} return 0; }}\n"
    verdict = check(chapter(tmp_path / "ch2"), strict / "twice.cu", sim, cache, root=strict, text=text)
    assert (verdict.state, says in verdict.headline) == ("wrong", True), verdict.headline


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('#include "{solution}"', "Permission denied"),
        ('#include "../course/ch2/solutions/twice.cu"', "No such file"),
        ('#include "link.cu"', "No such file"),
        ('#include "/etc/passwd"', "Permission denied"),
        ('#define THIS "{solution}"\n#include THIS', "Permission denied"),
        ('#if __has_include("{solution}")\n#error there it is\n#endif', "Permission denied"),
        ('asm(".incbin \\"{solution}\\"");', "file not found"),
        ('asm(".inc" "bin \\"{kernels}\\"");', "file not found"),
        ('extern "C" int pmpp_simt_check(const char*);\nint off = pmpp_simt_check("");', "uses pmpp_simt_check"),
        ('extern "C" void pmpp_probe_begin(void*, int);\nvoid f() {{ pmpp_probe_begin(0, 0); }}', "uses pmpp_probe_begin"),
        ('#include <dlfcn.h>\nvoid* kernels = dlopen("{kernels}", 1);', "uses dlopen"),
        ('extern "C" cudaError_t cudaMemcpy(void*, const void*, size_t, cudaMemcpyKind) {{ return cudaSuccess; }}', "defines cudaMemcpy"),
        ("#include <cub/cub.cuh>", "write it yourself"),
        ("#define CCCL_IGNORE_DEPRECATED_CPP_DIALECT\n#include <cub/device/device_reduce.cuh>", "cccl"),
        ('extern "C" int pmpp_vector_add(const float*, const float*, float*, size_t);\n', "uses pmpp_vector_add"),
        ("template <int n> struct T {{ enum {{ v = T<n - 1>::v + T<n - 2>::v }}; }};\nint v = T<1000000>::v;", "excessive recursion"),
    ],
)  # fmt: skip
def test_compiler_is_shut_in(strict, tmp_path, chapter, sim, cache, line, says):
    exercise = chapter(tmp_path / "course" / "ch2")
    (strict / "link.cu").symlink_to(exercise.solution)
    body = "return pmpp_vector_add(x, x, y, n);" if "vector_add" in line else "return 0;"
    text = _text(line.format(solution=exercise.solution, kernels=KERNELS)) + f"{body} }}\n"
    verdict = check(exercise, strict / "twice.cu", sim, cache, root=strict, text=text)
    said = " ".join([verdict.headline, *verdict.details])
    assert (verdict.state, verdict.kind) == ("error", "compile"), said
    assert says in said
    assert "the answer" not in said


def test_endless_compilation_is_ended(strict, tmp_path, chapter, sim, monkeypatch):
    monkeypatch.setattr(build, "COMPILE_SECONDS", 1)
    levels = "".join(f"#define A{level} {' + '.join([f'A{level - 1}'] * 20)}\n" for level in range(1, 8))
    text = _text(f"#define A0 1\n{levels}int much = A7;") + "return 0; }\n"
    verdict = check(chapter(tmp_path / "ch2"), strict / "twice.cu", sim, tmp_path / "cache", root=strict, text=text)
    assert verdict.headline == "twice.cu: the compiler did not finish within 1 s"
    time.sleep(0.2)
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert [line for line in listed.splitlines() if str(tmp_path / "cache") in line] == []
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_own_headers_are_found(strict, tmp_path, chapter, sim, cache):
    exercise = chapter(tmp_path / "course" / "ch2")
    (strict / "ch2").mkdir()
    (strict / "ch2" / "near.cuh").write_text('#include "../far.cuh"\n')
    (strict / "far.cuh").write_text("#define FACTOR 2\n")
    (strict / "ch2" / "twice.cu").write_text(
        f'#include "near.cuh"\n{_text("")} for (int i = 0; i < n; ++i) y[i] = FACTOR * x[i]; return 0; }}\n'
    )
    verdict = check(exercise, strict / "ch2" / "twice.cu", sim, cache, root=strict)
    assert verdict.state == "solved", verdict.headline


def test_lines_of_other_files_are_not_shown(strict, tmp_path, chapter, sim, cache):
    exercise = chapter(tmp_path / "course" / "ch2")
    kernel = f'__global__ void k(float* p) {{\n#line 1 "{exercise.solution}"\n p[1 << 20] = 1; }}'
    text = _text(kernel) + "float* d; cudaMalloc(&d, 4); k<<<1, 1>>>(d); cudaFree(d); return 0; }\n"
    verdict = check(exercise, strict / "twice.cu", sim, cache, root=strict, text=text)
    assert verdict.state == "wrong"
    assert "2 * x[i]" not in " ".join([verdict.headline, *verdict.details])


def test_process_ends_with_its_parent(tmp_path):
    program = tmp_path / "parent.py"
    program.write_text(
        f"import os, subprocess, sys\nsys.path.insert(0, {str(Path(confine.__file__).parent)!r})\n"
        "child = 'import sys, os, time; sys.path.insert(0, sys.argv[1]); import confine\\n'\n"
        "child += 'confine.shut(strict=False, parent=os.getppid()); print(os.getpid(), flush=True); time.sleep(60)'\n"
        "subprocess.run([sys.executable, '-c', child, sys.path[0]])\n"
    )
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or ") Z " in Path(f"/proc/{child}/stat").read_text():
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child outlived its parent")


DRIVER = """
#include <cstdio>
#include <unistd.h>
#include <sys/wait.h>
// In the place of the driver: it starts a process, as the real one may.
extern "C" int cuInit(unsigned) {
  const int child = fork();
  if (child == 0) _exit(0);
  return child < 0 ? 304 : (waitpid(child, nullptr, 0), 0);
}
extern "C" int cuDevicePrimaryCtxRetain(void**, int) { return write(1, "awake", 5) != 5; }
"""


@pytest.mark.parametrize("shut_in", [False, True])
def test_a_driver_starts_before_the_process_is_shut_in(shut_in, tmp_path, sim, cache, monkeypatch):
    if shut_in:
        if confine.missing():
            pytest.skip(" ".join(confine.missing()))
        monkeypatch.setattr(confine, "strict", str(tmp_path))
    (tmp_path / "driver.cpp").write_text(DRIVER)
    compiler = [find_host_compiler().path, "-shared", "-fPIC", "-o", tmp_path / "libcuda.so.1", tmp_path / "driver.cpp"]
    subprocess.run(compiler, check=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    signature = Signature.parse("int twice(const float* x, float* y, int n, const uint8_t* path, int attempt)")
    x = np.ones(40, np.float32)
    inputs = {"x": x, "n": 40, "path": np.zeros(1, np.uint8), "attempt": 0}
    library = build.build(HOSTILE, cache, sim)
    outcome = call(library, signature, [Case("", inputs, {"y": 2 * x})], device="cuda", memory="host")
    # What the driver needs is open to the process, not the software GPU, which the library is made for here.
    assert (outcome.end, outcome.stdout) == ("not loaded" if shut_in else "finished", "awake"), outcome


def test_kernel_without_protection_is_named(monkeypatch):
    monkeypatch.setattr(confine, "landlock", lambda: 0)
    monkeypatch.setattr(confine, "seccomp", lambda: False)
    starts = [sentence.split(":")[0].split(" (")[0] for sentence in confine.missing(driver=True)]
    assert starts == ["NVIDIA's driver needs most system calls and /proc", "This kernel", "This kernel has no Landlock"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_is_well_formed_on_both_processors(monkeypatch, machine):
    monkeypatch.setattr(confine, "_MACHINE", machine)
    for strict, driver in ((True, False), (True, True), (False, False)):
        code = confine._program(strict, driver)
        assert len(code) < 4096
        for place, (what, yes, no, _) in enumerate(code):
            assert what == 0x06 or place + 1 + max(yes, no) < len(code)
        assert code[-1][0] == 0x06


def test_numbers_of_calls_are_those_of_this_machine():
    # The kernel's own headers, where they are installed.
    source = "#include <sys/syscall.h>\n" + "".join(f"#ifdef SYS_{name}\n{name} SYS_{name}\n#endif\n" for name in confine._CALLS)
    done = subprocess.run(["g++", "-E", "-P", "-x", "c++", "-"], input=source, capture_output=True, text=True, check=True)
    numbers = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
    column = confine._ARCHITECTURES[confine._MACHINE][0]
    known = {name: eval(number, {}) for name, number in numbers.items() if number.replace("(", "").replace(")", "").isdigit()}
    assert len(known) > 60
    assert {name: confine._CALLS[name][column] for name in known} == known


def test_memory_that_is_shared_cannot_be_shortened(attempt):
    assert attempt(22).kind == "unwritten"
