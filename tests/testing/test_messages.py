"""Compiler errors as learners see them."""

from pathlib import Path

import pytest

from pmpp.testing.build import CompileError, build
from pmpp.testing.messages import MOST, read_messages, show

START = "#include <cuda_runtime.h>\n"


@pytest.fixture
def complain(tmp_path, cache, sim):
    """Compile wrong code and return the lines that a learner reads."""

    def complained(code: str) -> list[str]:
        source = tmp_path / "kernel.cu"
        source.write_text(START + code)
        with pytest.raises(CompileError) as caught:
            build(source, cache, sim)
        return show(caught.value.messages, tmp_path)

    return complained


@pytest.mark.parametrize(
    ("code", "first", "hint"),
    [
        ("int f() {\n  int i = 3\n  return i;\n}\n", 'kernel.cu:4: expected a ";"', "semicolon"),
        ("int f() { return cudaMaloc(0, 1); }\n", 'kernel.cu:2: identifier "cudaMaloc" is undefined', "spelled"),
        ("int f() { return threadIdx.x; }\n", "kernel.cu: threadIdx is used by a function that runs on the host", "__global__"),
        ("__global__ void k(int* p) {}\nvoid f() { k(0); }\n", "kernel.cu:3: a __global__ function call must be", "<<<"),
        ("__global__ void k(const int* p) { *p = 3; }\n", "kernel.cu:2: expression must be a modifiable lvalue", "const"),
        ("__global__ int k() { return 3; }\n", "kernel.cu:2: a __global__ function must have a void return", "memory"),
        ("int g(int);\nint f() { return g(3); }\n", "kernel.cu: undefined reference to g(int)", "defined"),
        ("int f() {\n", "kernel.cu: at the end of the file", "brace"),
        ("int h(int i) { return i; }\n__global__ void k(int* p) { *p = h(3); }\n", "kernel.cu:3: calling a __host__", "__device__"),
    ],
)
def test_errors_name_file_and_line_and_give_a_hint(complain, cache, code, first, hint):
    lines = complain(code)
    assert lines[0].startswith(first)
    assert hint in "\n".join(lines)
    assert "nvcc" not in "\n".join(lines)
    assert str(cache) not in "\n".join(lines)


def test_the_caret_stands_under_the_error(complain):
    lines = complain("int f() {\n        return wrong;\n}\n")
    assert lines[1:3] == ["    return wrong;", "           ^"]


def test_long_lines_are_cut_around_the_error(complain):
    lines = complain("int f() { return " + "1 + " * 60 + "wrong; }\n")
    assert max(map(len, lines)) <= 78
    column = lines[2].index("^")
    assert lines[1][column : column + 5] == "wrong"


def test_only_the_first_errors_are_shown(complain):
    lines = complain("".join(f"int f{i}() {{ return wrong{i}; }}\n" for i in range(MOST + 4)))
    assert lines[-1] == "and 4 more, which may follow from these"


def test_unknown_output_is_passed_on_without_the_command():
    source, copy = Path("kernel.cu"), Path("/scratch/kernel.cu")
    [message] = read_messages("#$ gcc -E\nfatal   : out of patience in /scratch/kernel.cu\n", source, copy)
    assert message.text == "fatal   : out of patience in kernel.cu"


def test_a_library_is_built_once_and_again_when_a_header_changes(tmp_path, sim):
    header, source = tmp_path / "three.h", tmp_path / "kernel.cu"
    header.write_text("int three() { return 3; }\n")
    source.write_text('#include "three.h"\nextern "C" int f() { return three(); }\n')
    first = build(source, tmp_path / "cache", sim)
    made = first.stat().st_ino
    assert build(source, tmp_path / "cache", sim) == first
    assert first.stat().st_ino == made
    header.write_text("int three() { return 4; }\n")
    assert build(source, tmp_path / "cache", sim) != first
