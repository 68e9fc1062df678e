"""`pmpp check` and `pmpp profile`, run as a person or a script runs them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmpp.cli.program import has_main

COMMAND = [sys.executable, "-c", "from pmpp.cli import main; main()"]
ROOT = Path(__file__).resolve().parents[2]
SOURCE = """#include <cstdlib>
__global__ void shift(int* out, int n) {
    __shared__ int s[64];
    s[threadIdx.x] = threadIdx.x;
    if (n) __syncthreads();
    out[threadIdx.x] = s[63 - threadIdx.x];
}
int main(int argc, char** argv) {
    int* out;
    cudaMalloc(&out, 64 * sizeof(int));
    shift<<<1, 64>>>(out, argc > 1 ? std::atoi(argv[1]) : 1);
    cudaDeviceSynchronize();
    cudaFree(out);
#ifdef FAILS
    return FAILS;
#endif
}
"""


def pmpp(*arguments, cwd=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "shift.cu"
    path.write_text(SOURCE)
    return path


def test_a_race_is_shown_and_written(source):
    done = pmpp("check", source, "--json", source.with_suffix(".json"), 0)
    assert done.returncode == 1
    assert "shift.cu:6: error: race: " in done.stderr
    assert "    6 |     out[threadIdx.x] = s[63 - threadIdx.x];" in done.stderr
    assert "shift.cu:4: note: the other access" in done.stderr
    (race,) = json.loads(source.with_suffix(".json").read_text())
    assert (race["kind"], race["kernel"], race["file"], race["line"]) == ("race", "shift", str(source), 6)
    assert (race["other"]["file"], race["other"]["line"]) == (str(source), 4)
    assert race["block"] == race["other"]["block"] == [0, 0, 0]
    assert race["thread"] != race["other"]["thread"]


def test_a_clean_program_is_clean(source):
    done = pmpp("check", source, "--json", source.with_suffix(".json"))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "pmpp check: no findings")
    assert json.loads(source.with_suffix(".json").read_text()) == []


def test_a_program_that_fails_fails_the_check(source):
    done = pmpp("check", "--nvcc-flags", "-DFAILS=3", source)
    assert done.returncode == 1
    assert "ended with exit code 3" in done.stderr


def test_a_checker_can_be_left_out(source):
    assert pmpp("check", "--without", "race", "--without", "uninitialized", source, 0).returncode == 0


def test_an_exercise_is_run_by_its_test(tmp_path):
    shutil.copytree(ROOT / "exercises" / "ch7", tmp_path / "exercises" / "ch7", ignore=shutil.ignore_patterns("pictures"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    chapter = tmp_path / "exercises" / "ch7"
    assert pmpp("check", chapter / "solutions" / "tiled.cu", cwd=tmp_path).returncode == 0, "the stub beside it is not it"
    shutil.copy(chapter / "solutions" / "tiled.cu", chapter / "tiled.cu")
    assert pmpp("check", chapter / "tiled.cu", cwd=tmp_path).returncode == 0
    right = (chapter / "tiled.cu").read_text()
    (chapter / "tiled.cu").write_text(right.replace("__syncthreads();", ""))
    done = pmpp("check", chapter / "tiled.cu", "--json", tmp_path / "found.json", cwd=tmp_path)
    assert done.returncode == 1
    kinds = {(finding["kind"], Path(finding["file"]).name) for finding in json.loads((tmp_path / "found.json").read_text())}
    assert ("race", "tiled.cu") in kinds


def test_a_file_that_is_neither_program_nor_exercise_is_said(tmp_path):
    path = tmp_path / "kernel.cu"
    path.write_text("__global__ void k() {}  // no main()\n")
    done = pmpp("check", path, cwd=tmp_path)
    assert done.returncode == 1
    assert "has no main(), and there is no test_kernel.py with inputs for it" in done.stderr
    path.write_text("int main() { oops }\n")
    assert "does not compile" in pmpp("check", path).stderr


def test_a_profile_lists_launches_and_lines(source):
    done = pmpp("profile", source, "--json", source.with_suffix(".json"))
    assert done.returncode == 0
    (kernel,) = json.loads(source.with_suffix(".json").read_text())["kernels"]
    assert (kernel["name"], kernel["grid"], kernel["block"]) == ("shift", [1, 1, 1], [64, 1, 1])
    assert kernel["counters"]["global_store_sectors"] == 8
    assert kernel["counters"]["barriers"] == 2
    stores = {line["line"]: line["counters"]["global_store_sectors"] for line in kernel["lines"]}
    assert {line: count for line, count in stores.items() if count} == {6: 8}
    assert "global_store_sectors" in done.stderr
    assert "out[threadIdx.x] = s" in done.stderr


def test_main_is_not_looked_for_in_comments_and_strings():
    assert has_main("int main(int argc, char** argv) {}")
    assert not has_main('// int main()\n/* main( */ const char* s = "main()";')
