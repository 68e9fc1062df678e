"""`pmpp run`: programs as nvcc makes them, started unchanged, and those that cannot run, which are refused with a reason."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pmpp import model
from pmpp._toolkit import clean_environment, find_host_compiler, find_toolkit
from pmpp.cli.executable import STAND_IN, objections
from pmpp.cli.program import on_software_gpu

# A shell that starts a job in the background has it ignore SIGINT, and so all that comes of it.
AS_IN_FRONT = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
COMMAND = [sys.executable, "-c", AS_IN_FRONT + "from pmpp.cli import main; main()"]
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>
#ifndef CODE
#define CODE 0
#endif
__global__ void twice(int* x) { *x *= 2; }
int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    int* x;
    cudaMallocManaged(&x, sizeof *x);
    *x = 21;
    twice<<<1, 1>>>(x);
    if (cudaDeviceSynchronize() != cudaSuccess) return 99;
    std::printf("%d %d\n", *x, getpid());
    for (int i = 0; i < argc; ++i) std::printf("[%s]\n", argv[i]);
    std::fflush(stdout);
    if (!std::strcmp(what, "exit")) return std::atoi(argv[2]);
    if (!std::strcmp(what, "abort")) std::abort();
    if (!std::strcmp(what, "wait")) pause();
    if (!std::strcmp(what, "write")) for (;;) std::printf("more\n");
    if (!std::strcmp(what, "read")) for (int c; (c = std::getchar()) != EOF;) std::fputc(c, stderr);
    cudaDeviceProp properties;
    cudaGetDeviceProperties(&properties, 0);
    std::printf("%s\n", properties.name);
    return CODE;
}
"""
LIBRARY = r"""
__global__ void thrice(int* x) { *x *= 3; }
extern "C" int launch() { thrice<<<1, 1>>>(nullptr); return cudaGetLastError(); }
"""
MAIN = 'extern "C" int launch(); int main() { return launch(); }'
H200, T4 = model.device("h200"), model.device("t4")


def started(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    environment.pop("PMPP_SIM_GPU", None)
    return subprocess.Popen([*COMMAND, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, text=True, **options)


def pmpp(*arguments, text=None, cwd=ROOT):
    process = started(*arguments, cwd=cwd, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(text, timeout=120)
    return process.returncode, out, err


def said(program, gpu=H200, **variables):
    return list(objections(program, gpu, on_software_gpu() | variables))


class Workshop:
    """Compiles and links in a folder of its own, as other people do."""

    def __init__(self, folder):
        self.folder = folder
        self.toolkit = find_toolkit()
        self.shared = (f"-L{self.toolkit.lib}", "-l:libcudart.so.13")
        self.static = self.toolkit.static_runtime

    def run(self, command):
        """Run a compiler."""
        done = subprocess.run(command, cwd=self.folder, env=clean_environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def nvcc(self, name, text, *flags):
        (self.folder / f"{name}.cu").write_text(text)
        self.run(self.toolkit.command(*flags, "-Xcompiler", "-fPIC", "-c", f"{name}.cu", "-o", f"{name}.o"))
        return self.folder / f"{name}.o"

    def link(self, name, *parts):
        self.run([str(find_host_compiler().path), *map(str, parts), "-o", name])
        return self.folder / name

    def answer(self, question):
        """What the host compiler says of itself."""
        command = [str(find_host_compiler().path), question]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def source(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def library(self, name, text):
        """A library of a name that others use, with functions of C in it."""
        source = self.source("library.cpp", f'extern "C" {{ {text} }}')
        return self.link(name, source, "-shared", "-fPIC", f"-Wl,-soname,{name}")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def unlinked(shop):
    """A program with PTX for compute capability 8.0."""
    return shop.nvcc("program", PROGRAM, "-gencode", "arch=compute_80,code=compute_80")


@pytest.fixture(scope="module")
def program(shop, unlinked):
    return shop.link("program", unlinked, *shop.shared)


@pytest.fixture(scope="module")
def machine_code(shop):
    """A function with machine code alone."""
    return shop.nvcc("machine_code", LIBRARY, "-gencode", "arch=compute_90,code=sm_90")


def test_a_program_gets_its_arguments_and_its_exit_code_comes_back(program):
    code, out, err = pmpp("run", program.name, "exit", 7, "--gpu", "-h", "", "a b", cwd=program.parent)
    assert (code, err) == (7, "")
    assert out.splitlines()[0].startswith("42 ")
    assert out.splitlines()[1:] == ["[./program]", "[exit]", "[7]", "[--gpu]", "[-h]", "[]", "[a b]"]


def test_a_program_has_the_standard_streams_and_the_gpu_that_was_chosen(program):
    code, out, err = pmpp("run", "--gpu", "a100", program, "read", text="one\ntwo")
    assert (code, out.splitlines()[-1], err) == (0, "Software GPU (A100)", "one\ntwo")


def test_a_signal_that_a_program_sends_itself_is_what_ends_it(program):
    assert pmpp("run", program, "abort")[0] == -signal.SIGABRT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_program_which_is_the_process(program, number):
    process = started("run", program, "wait")
    try:
        assert process.stdout.readline() == f"42 {process.pid}\n"
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == -number
    finally:
        process.kill()


def test_a_pipe_that_closes_ends_the_program(program):
    process = started("run", program, "write")
    try:
        assert process.stdout.readline().startswith("42 ")
        process.stdout.close()
        assert process.wait(timeout=20) == -signal.SIGPIPE
    finally:
        process.kill()


def test_a_source_file_is_compiled_first_with_the_flags_that_were_given(tmp_path):
    source = tmp_path / "own.cu"
    source.write_text(PROGRAM)
    # Relocatable code: nvcc links machine code only, the software GPU links the PTX beside it.
    code, out, err = pmpp("run", "--nvcc-flags", "-DCODE=5 -std=c++14 -arch=sm_80 -rdc=true", source, "x")
    assert (code, err) == (5, "")
    assert out.splitlines()[0].startswith("42 ")
    assert out.splitlines()[1:] == [f"[{tmp_path / 'own'}]", "[x]", "Software GPU (H200)"]
    assert list(tmp_path.iterdir()) == [source]


def test_a_source_file_that_does_not_compile_is_not_started(tmp_path):
    (tmp_path / "own.cu").write_text("int main() { oops }\n")
    code, out, err = pmpp("run", tmp_path / "own.cu")
    assert (code, out) == (126, "")
    assert "own.cu does not compile:" in err
    assert 'identifier "oops" is undefined' in err


@pytest.mark.parametrize(
    ("command", "flags", "words"),
    [("run", "-O3", "is for a .cu file with a main(), which is compiled here"), ("check", "'", "No closing quotation")],
)
def test_flags_for_what_is_not_compiled_or_cannot_be_split_are_refused(program, command, flags, words):
    code, _, err = pmpp(command, "--nvcc-flags", flags, program)
    assert code == 2
    assert words in err


@pytest.mark.parametrize(("command", "code"), [("run", 126), ("check", 1), ("profile", 1)])
def test_a_static_runtime_is_refused_before_anything_runs(shop, unlinked, command, code):
    static = shop.link("static", unlinked, *shop.static)
    done = pmpp(command, static)
    assert done[:2] == (code, "")
    assert done[2] == (
        f"Error: {static} has the CUDA runtime in it (nvcc does so without -cudart shared), and the software GPU cannot take its "
        "place there: link it again with nvcc -cudart shared.\n"
    )


def test_a_static_runtime_is_seen_without_symbols_and_without_device_code(shop, unlinked):
    stripped = shop.link("stripped", unlinked, *shop.static, "-s")
    host = shop.source("host.cpp", 'extern "C" int cudaDeviceSynchronize(); int main() { return cudaDeviceSynchronize(); }')
    for made in (stripped, shop.link("host", host, *shop.static)):
        (sentence,) = said(made)
        assert "has the CUDA runtime in it" in sentence


def test_programs_that_can_run_are_not_refused(shop, program):
    assert said(program) == []
    assert said(shop.link("runpath", shop.folder / "program.o", *shop.shared, f"-Wl,-rpath,{shop.toolkit.lib}")) == []


def test_a_program_of_host_code_that_nvcc_linked_is_not_refused(shop):
    shop.source("host.cpp", 'extern "C" int cudaDeviceSynchronize(); int main() { return cudaDeviceSynchronize(); }')
    links = shop.folder / "links"
    links.mkdir()
    (links / "libcudart.so").symlink_to(shop.toolkit.lib / "libcudart.so.13")
    shop.run(shop.toolkit.command("-rdc=true", "-cudart", "shared", f"-L{links}", f"-L{shop.toolkit.lib}", "host.cpp", "-o", "by_nvcc"))
    assert said(shop.folder / "by_nvcc") == []


@pytest.mark.parametrize("flag", ["-pie", "-no-pie", "-static-pie", "-static"])
def test_programs_without_cuda_are_not_refused(shop, flag):
    if "static" in flag and not Path(shop.answer("-print-file-name=libc.a")).is_absolute():
        pytest.skip("the C library is not there in its static form (Fedora: glibc-static)")
    assert said(shop.link(f"host{flag}", shop.source("host.cpp", "int main() {}"), flag)) == []


def test_machine_code_alone_is_refused(shop, unlinked, machine_code):
    main = shop.source("main.cpp", MAIN)
    alone, mixed = (shop.link(f"machine{part.suffix}", part, machine_code, *shop.shared) for part in (main, unlinked))
    mend = "no PTX, only sm_90, and the software GPU executes PTX: compile it with nvcc -gencode arch=compute_90,code=compute_90."
    assert said(alone) == [f"{alone} has {mend}"]
    assert said(mixed) == [f"{mixed} has in 1 of its 2 modules {mend}"]


def test_what_nvcc_adds_when_it_links_is_no_machine_code_alone(shop, unlinked):
    # Compressed, as with -G, so that it does not show that there is nothing in it.
    shop.run(shop.toolkit.command("-dlink", "-G", "-gencode", "arch=compute_90,code=sm_90", "-cudadevrt", "none",
                                  unlinked, "-o", "added.o"))  # fmt: skip
    assert said(shop.link("by_nvcc", shop.folder / "added.o", unlinked, *shop.shared)) == []


def test_ptx_that_the_chosen_gpu_is_too_old_for_is_refused(program):
    (sentence,) = said(program, T4)
    assert sentence.startswith(
        f"{program} has PTX for compute_80 only, and the GPU that is modelled, T4, has compute capability 7.5:"
    )
    assert sentence.endswith("-gencode arch=compute_75,code=compute_75, or choose a GPU that runs it: "
                             "PMPP_SIM_GPU=a100 or h200 or l4 or rtx4090.")  # fmt: skip
    assert pmpp("run", "--gpu", "t4", program)[0] == 126


def test_libraries_that_a_program_loads_are_looked_at(shop, machine_code):
    main = shop.source("main.cpp", MAIN)
    library = shop.link("libown.so", machine_code, *shop.static, "-shared")
    made = shop.link("loads", main, f"-L{shop.folder}", "-lown", "-Wl,-rpath,$ORIGIN")
    runtime, code = said(made)
    assert runtime.startswith(f"{library} has the CUDA runtime in it")
    assert code.startswith(f"{library} has no PTX, only sm_90,")


def test_a_runpath_does_not_win_and_an_rpath_is_refused(shop, unlinked):
    folder = shop.folder / "other runtime"
    folder.mkdir()
    (folder / "libcudart.so.13").symlink_to(shop.toolkit.lib / "libcudart.so.13")
    made = shop.link("rpath", unlinked, *shop.shared, "-Wl,--disable-new-dtags,-rpath,/nowhere:$ORIGIN/other runtime")
    (sentence,) = said(made)
    assert sentence.startswith(
        f"{made} would get {made.parent}/other runtime/libcudart.so.13 instead of the software GPU, by the DT_RPATH"
    )
    assert sentence.endswith(f"patchelf --remove-rpath {made}.")
    (folder / "libcudart.so.13").unlink()
    assert said(made) == []


def test_a_runtime_that_is_loaded_beforehand_is_refused(shop, program):
    (sentence,) = said(program, LD_PRELOAD=str(shop.toolkit.lib / "libcudart.so.13"))
    assert "instead of the software GPU: take that out of LD_PRELOAD" in sentence


def test_another_major_version_is_refused(shop):
    library = shop.library("libcudart.so.12", "int cudaDeviceSynchronize() { return 0; }")
    host = shop.source("host.cpp", 'extern "C" int cudaDeviceSynchronize(); int main() { return cudaDeviceSynchronize(); }')
    made = shop.link("twelve", host, library)
    assert said(made) == [
        f"{made} needs libcudart.so.12, of CUDA 12, and the software GPU stands in for CUDA 13: compile it with nvcc 13."
    ]


def test_functions_that_the_runtime_does_not_have_are_named(shop):
    (shop.folder / "newer").mkdir()
    library = shop.library("libcudart.so.13", "int cudaOfTomorrow() { return 0; } int cudaDeviceSynchronize() { return 0; }")
    library = library.rename(shop.folder / "newer" / library.name)
    calls = "int cudaOfTomorrow(); int cudaDeviceSynchronize();"
    host = shop.source(
        "host.cpp", f'extern "C" {{ {calls} }} int main() {{ return cudaOfTomorrow() + cudaDeviceSynchronize(); }}'
    )
    (sentence,) = said(shop.link("newer_one", host, library))
    assert "calls cudaOfTomorrow, which CUDA 13.0 does not have" in sentence


@pytest.mark.parametrize(
    ("name", "function", "words"),
    [
        ("libcuda.so.1", "cuInit", "needs libcuda.so.1 (for cuInit), which is NVIDIA's driver"),
        ("libcublas.so.13", "cublasCreate_v2", "needs libcublas.so.13 (for cublasCreate_v2), which calls NVIDIA's driver"),
        ("libcublasLt.so.13", "cublasLtCreate", "needs libcublasLt.so.13 (for cublasLtCreate), which"),
        ("libnppig.so.13", "nppiFlip", "needs libnppig.so.13 (for nppiFlip), which"),
        ("libcudnn_ops.so.9", "cudnnCreate", "needs libcudnn_ops.so.9 (for cudnnCreate), which"),
        ("libnvidia-ml.so.1", "nvmlInit_v2", "needs libnvidia-ml.so.1 (for nvmlInit_v2), which"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_libraries_of_nvidia_are_named_with_what_is_used_of_them(shop, name, function, words, there):
    library = shop.library(name, f"int {function}() {{ return 0; }}")
    host = shop.source("host.cpp", f'extern "C" int {function}(); int main() {{ return {function}(); }}')
    made = shop.link("uses", host, library)
    if not there:
        library.unlink()
    (sentence,) = said(made, LD_LIBRARY_PATH=f"{STAND_IN.parent}:{shop.folder}")
    assert sentence.startswith(f"{made} {words}")
    assert sentence.endswith("or run it on an NVIDIA GPU.")


def test_a_library_of_nvidia_that_is_not_used_need_not_be_linked(shop):
    library = shop.library("libcufft.so.12", "int cufftPlan1d() { return 0; }")
    made = shop.link("idle", shop.source("host.cpp", "int main() {}"), "-Wl,--no-as-needed", library)
    (sentence,) = said(made)
    assert sentence.endswith("but calls nothing in it: link it without -lcufft.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty. Accepted are .cu files and what nvcc -cudart shared makes."),
        (b"#!/usr/bin/env python3\nprint()\n", "is a script for python3; give the program that it starts. Accepted are"),
        (b"MZ\x90\0", "is a program for Windows. Accepted are"),
        (b"int main() {}\n", "is not a program. Accepted are"),
    ],
)
def test_files_of_other_kinds_are_refused(tmp_path, content, words):
    path = tmp_path / "file"
    path.write_bytes(content)
    (sentence,) = said(path)
    assert sentence.startswith(f"{path} {words}")


def test_elf_files_that_cannot_be_started_here_are_refused(shop, program, unlinked):
    assert said(unlinked) == [f"{unlinked} is an object file; link it to a program with nvcc -cudart shared."]
    assert said(STAND_IN) == [f"{STAND_IN} is a shared library; give the program that loads it."]
    foreign = shop.folder / "foreign"
    for machine, name in ((190, "an NVIDIA GPU"), (3, "32-bit x86"), (4711, "another processor (4711)")):
        foreign.write_bytes(program.read_bytes()[:18] + machine.to_bytes(2, "little") + program.read_bytes()[20:])
        (sentence,) = said(foreign)
        assert sentence.startswith(f"{foreign} was made for {name}, and this machine is ")
    shutil.copy(program, foreign)
    foreign.chmod(0o644)
    assert said(foreign) == [f"{foreign} is not executable. Run: chmod +x {foreign}."]
    made = shop.link("elsewhere", shop.source("host.cpp", "int main() {}"), "-Wl,--dynamic-linker=/no/loader.so")
    (sentence,) = said(made)
    assert "needs /no/loader.so to be loaded, which is not there" in sentence


def test_damaged_programs_are_refused_with_a_sentence(shop, program):
    whole = program.read_bytes()
    damaged = shop.folder / "damaged"
    damaged.touch(mode=0o755)
    for size in (4, 5, 63, 64, 500, len(whole) // 2, len(whole) - 1):
        damaged.write_bytes(whole[:size])
        assert [sentence for sentence in said(damaged) if "damaged" in sentence or "cut off" in sentence]
    code = whole.index((0xBA55ED50).to_bytes(4, "little"))
    for at, words in ((code, "in a form that is not known"), (code + 24, "damaged device code")):
        damaged.write_bytes(whole[:at] + b"\x7f\x7f\x7f\x7f\x7f\x7f" + whole[at + 6 :])
        assert any(words in sentence for sentence in said(damaged))


def test_whatever_is_damaged_there_is_a_sentence_or_nothing(shop, program, monkeypatch):
    monkeypatch.setattr("pmpp.cli.executable._loaded", lambda elf, environment: {})
    whole, environment = program.read_bytes(), on_software_gpu()
    head, tables, sections = range(16, 64), range(64, 1200), range(int.from_bytes(whole[40:48], "little"), len(whole))
    device_code = whole.index((0xBA55ED50).to_bytes(4, "little"))
    damaged, chance, found = shop.folder / "damaged", random.Random(0), 0
    for _ in range(1000):
        code = bytearray(whole)
        for _ in range(chance.choice((1, 2, 8))):
            code[chance.choice(chance.choice((head, tables, sections, range(device_code, device_code + 100))))] = (
                chance.randrange(256)
            )
        damaged.write_bytes(code)
        found += bool(list(objections(damaged, H200, environment)))
    assert 200 < found < 1000
