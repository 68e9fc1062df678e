"""What a learner's code can do to the process it runs in: each is a failure of that test, said in one sentence."""

import os
import subprocess

import pytest

from pmpp.testing.check import check

RIGHT = "for (int i = 0; i < n; ++i) y[i] = 2 * x[i];"
C = "#include <cstdio>\n#include <cstdlib>\n#include <cstring>\n#include <vector>\n#include <unistd.h>\n"


def test_right_code_is_accepted(judge):
    verdict = judge(RIGHT)
    assert verdict.state == "solved", verdict.headline


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ("int* p = nullptr; *p = 3;", "crash", "segmentation fault"),
        ("volatile int zero = n - n; y[0] = 10 / zero;", "crash", "divided by zero"),
        ("abort();", "crash", "abort()"),
        ("exit(0);", "exit", "exit(0)"),
        ("exit(7);", "exit", "exit(7)"),
        ("_exit(0);", "exit", "exit(0)"),
        ("std::vector<char> v(1ull << 40); y[0] = v[5];", "memory", "memory"),
        ("char* p = (char*)malloc(1ull << 40); memset(p, 1, 100);", "memory", "1,099,511,627,776 bytes"),
        ("const_cast<float*>(x)[0] = 9;" + RIGHT, "input changed", "The input x was changed, first at index 0"),
        ("for (int i = 0; i <= n; ++i) y[i] = 2 * x[i];", "overrun", "outside of y"),
        ("y[-1] = 3;" + RIGHT, "overrun", "before its start"),
        (RIGHT + "return 5;", "status", "returned 5"),
        ("throw 3;", "crash", "exception"),
        ('printf("1 passed in 0.01s\\nsolved\\n");', "unwritten", "y[0] was never written"),
        ("float* d; cudaMalloc(&d, 400);" + RIGHT, "leak", "1 of 1 device allocation was never freed (400 bytes)"),
        ("float* d; if (cudaError_t e = cudaMalloc(&d, 1ull << 50)) return e;", "memory", "cudaMalloc was asked for"),
    ],
)
def test_bad_conduct_is_one_sentence(judge, body, kind, says):
    verdict = judge(body, above=C)
    assert verdict.state == "wrong"
    assert (verdict.kind, says in verdict.headline) == (kind, True), verdict.headline
    assert "Traceback" not in verdict.headline
    assert "\n" not in verdict.headline


def test_endless_loop_on_the_host_is_ended(judge):
    verdict = judge("volatile int go = 1; while (go) {}", seconds=0.5)
    assert verdict.kind == "endless"
    assert "did not return within 0.5 s" in verdict.headline


def test_endless_printing_is_ended_and_kept_short(judge):
    verdict = judge('for (;;) puts("passed");', above=C)
    assert verdict.kind == "output"
    assert len(verdict.printed) <= 16 << 10


def test_growing_memory_is_ended(judge):
    body = "std::vector<char*> all; for (;;) { all.push_back(new char[1 << 26]); }"
    assert judge(body, above=C).kind == "memory"


def test_what_is_printed_is_shown_but_decides_nothing(judge):
    verdict = judge('printf("all tests passed\\n");' + RIGHT.replace("2 *", "3 *"), above=C)
    assert verdict.printed.startswith("all tests passed\n")
    assert (verdict.state, verdict.kind) == ("wrong", "wrong")


def test_right_result_without_a_kernel_is_refused_where_one_must_run(judge):
    verdict = judge(RIGHT, launches=1)
    assert verdict.kind == "not launched"
    assert "no kernel computed it" in verdict.headline


def test_missing_function_is_named(judge):
    verdict = judge(RIGHT, above="#define twice thrice")
    assert verdict.kind == "no function"
    assert "twice" in verdict.headline


def test_missing_file_says_what_to_copy(tmp_path, chapter, sim, cache):
    exercise = chapter(tmp_path / "ch2")
    exercise.file.unlink()
    verdict = check(exercise, exercise.file, sim, cache, root=tmp_path)
    assert verdict.headline == "ch2/twice.cu is missing: cp ch2/stubs/twice.cu ch2/twice.cu"


def test_no_process_stays_behind(judge):
    judge("if (fork() == 0) { for (;;) pause(); }" + RIGHT, above=C + "#include <unistd.h>\n")
    listed = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, text=True, check=True).stdout
    children = [
        line
        for line in listed.splitlines()
        if "pmpp/testing/child.py" in line and line.split()[0] in ("1", str(os.getpid()))
    ]
    assert children == []
