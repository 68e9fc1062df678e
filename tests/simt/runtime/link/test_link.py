"""Programs of several units (-rdc=true), which the software GPU links, and launches from kernels."""

import ctypes
import json
import os
import struct
import subprocess
from pathlib import Path

import pytest

from pmpp import model
from pmpp._toolkit import clean_environment, find_toolkit
from pmpp.cli.executable import RUNTIME, objections
from pmpp.cli.program import on_software_gpu
from pmpp.testing.findings import read_lines

HERE = Path(__file__).parent
BOTH = "arch=compute_75,code=[compute_75,sm_75]"
PTX = "arch=compute_75,code=compute_75"
MACHINE_CODE = "arch=compute_75,code=sm_75"


@pytest.fixture(scope="module")
def nvcc(tmp_path_factory):
    """Run nvcc in a folder, which is returned; as others do, with the runtime shared and device code relocatable."""
    folder, toolkit = tmp_path_factory.mktemp("linked"), find_toolkit()
    (folder / "libcudart.so").symlink_to(toolkit.lib / "libcudart.so.13")  # the wheels have no such name

    def run(*arguments):
        command = toolkit.command(
            "-std=c++17", "-lineinfo", "-cudart", "shared", "-rdc=true", "-L.", f"-L{toolkit.lib}", *arguments
        )
        done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return folder

    return run


@pytest.fixture(scope="module")
def units(nvcc):
    """The objects of a program of two units, with PTX and machine code."""
    return nvcc("-gencode", BOTH, "-dc", HERE / "main.cu", HERE / "unit.cu")


@pytest.fixture(scope="module")
def nested(nvcc):
    return nvcc("-gencode", PTX, HERE / "nested.cu", "-o", "nested") / "nested"


def run(program, *arguments, **environment):
    environment = {**os.environ, "LD_LIBRARY_PATH": str(RUNTIME), **environment}
    return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False)


def succeeds(done):
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stdout + done.stderr
    return done.stderr


def said(program):
    environment = dict(on_software_gpu())
    environment.pop("LD_PRELOAD", None)  # what a sanitizer needs is not the program's
    return list(objections(program, model.device("h200"), environment))


# ---- several units --------------------------------------------------------------------------------------------------


def test_two_units_of_which_one_is_a_library_of_device_code(nvcc, units):
    nvcc("-lib", "unit.o", "-o", "libunit.a")
    program = nvcc("-gencode", BOTH, "main.o", "-lunit", "-o", "two") / "two"
    assert said(program) == []
    assert succeeds(run(program)) == ""


def test_a_unit_without_ptx_is_refused_and_named_when_it_is_missed(nvcc, units):
    nvcc("-gencode", MACHINE_CODE, "-dc", HERE / "unit.cu", "-o", "machine_code.o")
    program = nvcc("-gencode", BOTH, "main.o", "machine_code.o", "-o", "half") / "half"
    assert said(program) == [
        f"{program} has in 1 of its 2 modules no PTX, only sm_75, and the software GPU executes PTX: "
        "compile it with nvcc -gencode arch=compute_75,code=compute_75."
    ]
    done = run(program)
    assert done.returncode == 1
    for sentence in (
        "main.cu:", "is declared in main.cu, PTX line", "but no unit of the program defines it. One of its units has only machine code (sm_75)"
    ):  # fmt: skip
        assert sentence in done.stderr


def wrapper(*texts):
    """What a program of units with these texts registers: the list that goes with it must live as long."""
    contents = []
    for text in (None, *texts):
        payload = (text or "").encode() + b"\0"
        entry = struct.pack("<HHIQIIHHIIIQQQ", 1, 0x101, 64, len(payload), 0, 0, 0, 9, 75, 0, 0, 0x11, 0, 0) + payload
        body = entry if text is not None else b""
        container = struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body
        contents.append(ctypes.create_string_buffer(container, len(container)))
    first, *linked = map(ctypes.addressof, contents)
    pointers = (ctypes.c_void_p * (len(linked) + 1))(*linked, None)
    fields = ctypes.create_string_buffer(struct.pack("<IIQQ", 0x466243B1, 2, first, ctypes.addressof(pointers)), 24)
    return fields, [contents, pointers]


HEAD = ".version 9.0\n.target sm_75\n.address_size 64\n"
STORES = "ld.param.u64 %p, [k_p]; cvta.to.global.u64 %p, %p; st.global.u32 [%p], %r; ret; }\n"
KERNEL = ".visible .entry k(.param .u64 k_p) { .reg .b32 %r; .reg .b64 %p; "


def link(gpu, *units):
    """Link texts and return what the kernel k writes."""
    fields, alive = wrapper(*(HEAD + unit for unit in units))
    library, kernel = ctypes.c_void_p(), ctypes.c_void_p()
    gpu.call("cudaLibraryLoadData", ctypes.byref(library), fields, None, None, 0, None, None, 0)
    gpu.call("cudaLibraryGetKernel", ctypes.byref(kernel), library, b"k")
    place, value = ctypes.c_void_p(), ctypes.c_uint32()
    gpu.call("cudaMalloc", ctypes.byref(place), ctypes.c_size_t(4))
    arguments = (ctypes.c_void_p * 1)(ctypes.addressof(place))
    one = type("One", (ctypes.Structure,), {"_fields_": [(n, ctypes.c_uint) for n in "xyz"]})(1, 1, 1)
    gpu.call("cudaLaunchKernel", kernel, one, one, arguments, ctypes.c_size_t(0), None)
    gpu.call("cudaMemcpy", ctypes.byref(value), place, ctypes.c_size_t(4), 2)
    gpu.call("cudaFree", place)
    gpu.call("cudaLibraryUnload", library)
    del alive
    return value.value


CALL = KERNEL + "{ .param .b32 v; call (v), f; ld.param.b32 %r, [v]; } " + STORES
F = ".func (.param .b32 v) f() {{ .reg .b32 %r; mov.u32 %r, {}; st.param.b32 [v], %r; ret; }}\n"
DECLARED = ".extern .func (.param .b32 v) f();\n"
READ = KERNEL + "ld.global.u32 %r, [x]; " + STORES


@pytest.mark.parametrize(
    ("units", "value"),
    [
        ([DECLARED + CALL, ".visible " + F.format(1)], 1),
        ([".visible " + F.format(1), DECLARED + CALL], 1),
        ([".weak " + F.format(1) + CALL, ".weak " + F.format(2)], 1),
        ([".weak " + F.format(1) + CALL, ".visible " + F.format(2)], 2),
        ([".visible " + F.format(1) + CALL, ".weak " + F.format(2)], 1),
        ([F.format(1) + CALL, F.format(2)], 1),
        ([F.format(1), F.format(2) + CALL], 2),
        ([".extern .global .u32 x;\n" + READ, ".visible .global .u32 x = 3;\n"], 3),
        ([".weak .global .u32 x = 3;\n" + READ, ".visible .global .u32 x = 4;\n"], 4),
        ([".visible .global .u32 x = 3;\n" + READ, ".weak .global .u32 x = 4;\n"], 3),
        ([".global .u32 x = 3;\n" + READ, ".global .u32 x = 4;\n"], 3),
        ([".extern .global .u32 x[];\n" + READ, ".visible .global .u32 x[2] = {5, 6};\n"], 5),
    ],
)
def test_which_of_several_definitions_is_meant(gpu, units, value):
    assert link(gpu, *units) == value


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ([DECLARED + CALL], "function f is declared in unit 1 of 1, PTX line 4, but no unit of the program defines it"),
        ([".extern .global .u32 x;\n" + READ, ""], "variable x is declared in unit 1 of 2, PTX line 4, but no unit of the program defines it"),
        (
            [DECLARED + CALL, ".visible " + F.format(1), "\n.visible " + F.format(1)],
            "function f is defined twice: in unit 2 of 3, PTX line 4, and in unit 3 of 3, PTX line 5",
        ),
        (
            ['.file 1 "one/a.cu"\n.visible .global .u32 x;\n' + READ, '.visible .global .u32 x;\n.file 1 "b.cu"\n'],
            "variable x is defined twice: in a.cu, PTX line 5, and in b.cu, PTX line 4",
        ),
        (
            [".extern .global .u64 x;\n" + READ, ".visible .global .u32 x;\n"],
            "variable x has 8 bytes in unit 1 of 2, PTX line 4, and 4 where it is defined, in unit 2 of 2, PTX line 4",
        ),
        ([".visible .global .u64 y = f;\n.extern .func f();\n"], "the initialiser of y names f, which no unit of the program defines"),
    ],
)  # fmt: skip
def test_what_cannot_be_linked_is_named_with_its_places(gpu, units, sentence):
    with pytest.raises(Exception, match="cudaLibraryLoadData") as caught:
        link(gpu, *units)
    assert caught.value.code == 218
    assert sentence in caught.value.message


# ---- launches from kernels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{}, {"PMPP_SIM_THREADS": "1"}, {"PMPP_SIM_DEVICES": "2"}, *({"PMPP_SIM_SEED": str(seed)} for seed in (1, 2, 3))],
    ids=str,
)
def test_launches_from_kernels(nested, settings):
    assert said(nested) == []
    stderr = succeeds(run(nested, **settings))
    for sentence in (
        "block (0,0,0), thread (0,0,0): kernel child: a block of (2000, 1, 1) is 2000 threads",
        "10 launches from kernels wait already",
        "kernel deeper would be nested in 25 others; 24 are possible",
        "cudaMemcpyAsync: the destination is shared or local memory",
    ):
        assert sentence in stderr


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("faulty", "a write of 4 bytes at 0x0: a null pointer"),
        ("waits", "The kernels that it launched begin when its blocks have ended, so it cannot wait for them."),
        (
            "endless",
            "kernel endless was stopped as endless after 3000000 warp instructions, those of the launches from kernels",
        ),
    ],
)
def test_what_ends_a_launch_with_its_children(nested, case, sentence):
    assert sentence in succeeds(run(nested, case, PMPP_SIM_BUDGET="3000000"))


def test_counters_see_each_launch_in_order(nested, tmp_path):
    succeeds(run(nested, "tails", PMPP_SIM_COUNTERS=str(tmp_path / "counts")))
    kernels = [json.loads(line) for line in (tmp_path / "counts").read_text().splitlines()]
    assert [kernel["name"] for kernel in kernels] == [
        "tails",
        "child",
        "nests",
        "nests",
        "nests",
        "tail_of_tail",
        "child",
        "child",
        "child",
    ]
    assert {kernel["counters"]["atomics"] for kernel in kernels} == {1}


def test_checkers_order_a_launch_after_what_made_it(nested, tmp_path):
    succeeds(run(nested, PMPP_SIM_CHECK="all", PMPP_SIM_FINDINGS=str(tmp_path / "findings")))
    assert read_lines(tmp_path / "findings") == []
