"""The native build, on a made-up tree: what is compiled, what is not compiled again, and what a failure says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUBS = "\n".join(
    f'extern "C" __attribute__((visibility("default"))) int {name}() {{ return 0; }}'
    for name in re.findall(
        r"\w+",
        """__cudaRegisterFatBinary __cudaRegisterFatBinaryEnd __cudaUnregisterFatBinary __cudaRegisterFunction __cudaInitModule
        __cudaPopCallConfiguration __cudaPushCallConfiguration __cudaLaunchKernel __cudaGetKernel cudaGetLastError""",
    )
)
FILES = {
    "simt/runtime/libpmpp_simt.map": "/* x */\nPRIVATE_1 {\n  global: cuda*; __cuda*;\n  local: *;\n};\n",
    "simt/runtime/api.hpp": "// x\n#define ANSWER 42\n",
    "simt/runtime/api.cpp": f'// x\n#include <string>\n#include "simt/runtime/api.hpp"\n{STUBS}\nint answer = ANSWER;\n',
    "simt/ops/lanes_isa.cpp": "// x\n#define GLUE(a, b) a##b\n#define NAME(isa) GLUE(lanes_, isa)\nint NAME(SIMT_ISA)() { return 0; }\n",
    "cuda_src/fill.h": '#pragma once\n#include <stddef.h>\nextern "C" int fill(float *x, size_t n);\n',
    "cuda_src/fill.cu": '#include "cuda_src/fill.h"\n__global__ void one(float *x) { x[threadIdx.x] = 1; }\n'
    'extern "C" int fill(float *x, size_t n) { one<<<1, n>>>(x); return cudaGetLastError(); }\n',
    "cuda_src/newer.cu": "// x\n// pmpp: arch=80\n__global__ void newer(unsigned *x) { *x = __reduce_add_sync(~0u, *x); }\n",
}


class MadeUp:
    """A tree with a software GPU that does nothing and two kernel files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "build_support", root / "build_support", ignore=shutil.ignore_patterns("__pycache__"))
        for name, text in FILES.items():
            self.write(name, text)
        (root / "pmpp").mkdir()
        shutil.copy(ROOT / "pmpp" / "_toolkit.py", root / "pmpp")

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def build(self, **environment) -> tuple[set[str], subprocess.CompletedProcess]:
        """Return the names of the sources that were compiled, and the finished process."""
        command = [sys.executable, "-m", "build_support", "kernels"]
        environment = {**os.environ, **environment}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=300, check=False)
        return set(re.findall(r"^  \S+ (\S+) \(", done.stdout, re.MULTILINE)), done


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    tree = MadeUp(tmp_path_factory.mktemp("tree"))
    compiled, done = tree.build()
    assert done.returncode == 0, done.stdout + done.stderr
    assert compiled == {"simt/runtime", "simt/ops/lanes_isa.cpp", "cuda_src/fill.cu", "cuda_src/newer.cu"}
    return tree


def symbols(library: Path) -> str:
    return subprocess.run(["nm", "-D", library], capture_output=True, text=True, check=True).stdout


def test_nothing_is_compiled_twice(built):
    libraries = sorted((built.root / "pmpp" / "_lib").rglob("*.so*"))
    before = [library.stat().st_mtime_ns for library in libraries]
    for name in FILES:
        os.utime(built.root / name)
    compiled, done = built.build()
    assert (compiled, done.returncode) == (set(), 0)
    assert [library.stat().st_mtime_ns for library in libraries] == before


def test_a_header_rebuilds_what_includes_it(built):
    built.write("cuda_src/fill.h", FILES["cuda_src/fill.h"] + "// changed\n")
    assert built.build()[0] == {"cuda_src/fill.cu"}


def test_both_links_of_the_software_gpu(built):
    private = symbols(built.root / "pmpp/_lib/sim/libpmpp_simt.so")
    twin = symbols(built.root / "pmpp/_lib/run/libcudart.so.13")
    assert "cudaGetLastError@@PRIVATE_1" in private
    assert "cudaGetLastError@@libcudart.so.13" in twin
    assert "answer" not in private


def test_both_links_of_the_kernels(built):
    software = symbols(built.root / "pmpp/_lib/sim/libpmpp_kernels.so")
    gpu = symbols(built.root / "pmpp/_lib/cuda/libpmpp_kernels.so")
    assert "U cudaGetLastError@PRIVATE_1" in software
    assert "T fill" in software
    assert "T fill" in gpu
    assert "cuda" not in gpu  # the static runtime is inside, and exports nothing


def test_a_kernel_file_may_ask_for_a_newer_gpu(built):
    targets = {path.name: re.findall(rb"\.target (sm_\d+)", path.read_bytes()) for path in (built.root / "build").rglob("*.cu.o")}
    assert targets == {"fill.cu.o": [b"sm_75"], "newer.cu.o": [b"sm_80"]}


@pytest.mark.parametrize(
    ("name", "text"),
    [("simt/runtime/api.cpp", "// x\nint broken( { }\n"), ("cuda_src/fill.cu", "// x\n__global__ int broken() {}\n")],
)
def test_a_failure_names_the_line_and_nothing_else(built, name, text):
    original = (built.root / name).read_text()
    built.write(name, text)
    _, done = built.build()
    built.write(name, original)
    assert done.returncode == 1
    assert re.search(rf"{re.escape(name)}[:(]2", done.stderr)
    assert "Traceback" not in done.stderr
    assert "-ccbin" not in done.stderr
    assert built.build()[0] <= {name}


def test_gpus_that_are_not_gpus_are_refused(built):
    _, done = built.build(PMPP_CUDA_ARCHS="hopper")
    assert done.returncode == 1
    assert "PMPP_CUDA_ARCHS names 'hopper'; compute capabilities are expected" in done.stderr
