"""Tests of the software GPU under AddressSanitizer with UndefinedBehaviorSanitizer, and under ThreadSanitizer: a short form.

Every other test can run that way, too: ``python tests/simt/sanitized.py address pytest tests/simt``.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

sys.path.insert(0, os.fspath(Path(__file__).parent))
import sanitized

HERE = Path(__file__).parent
SUITES = {
    "address": ("test_exec_control.py", "test_exec_faults.py", "test_exec_memory.py", "test_exec_warp.py", "ops/test_cases.py"),
    "thread": ("test_exec_progress.py", "test_exec_determinism.py", "runtime/test_programs.py"),
}
CHOSEN = {
    "address": "not torn and not no_memory_for",
    "thread": "(progress or determinism or test_program[streams] or test_program[memory] or share_words) and not in_every_process",
}
"""All but what is racy or limits the memory of the process on purpose; of the programs, those that have several threads.

ThreadSanitizer leaves device addresses to the system, so that they differ between processes.
"""

pytestmark = pytest.mark.skipif("PMPP_TEST_SIMT" in os.environ, reason="this is a run under a sanitizer already")


@pytest.mark.parametrize("kind", SUITES)
def test_suite(kind, tmp_path):
    environment = sanitized.environment(kind)
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        environment[name] += f":log_path={tmp_path / 'log'}"  # pytest would swallow it
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        CHOSEN[kind],
        *(HERE / name for name in SUITES[kind]),
    ]
    done = subprocess.run(command, cwd=sanitized.ROOT, env=environment, capture_output=True, text=True, check=False)
    found = "".join(path.read_text()[:4000] for path in tmp_path.iterdir())
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:] + found
    assert not found


RACE = """
import sys
import numpy as np
sys.path.insert(0, {here!r})
import gpu
gpu = gpu.Gpu({library!r})
source = '''extern "C" __global__ void k(int* p) {{
    if (threadIdx.x == 0) for (int n = 0; n < 1000; ++n) {operation};
}}'''
p = gpu.array(np.zeros(1, np.int32))
kernel = gpu.load(source)
for _ in range(40):   # on a busy machine one thread may be through with a grid before another one begins
    kernel.launch("k", 64, 32, p)
"""


@pytest.mark.parametrize(
    ("operation", "races"), [("*(volatile int*)p = n", False), ("atomicMax(p, n)", False), ("p[n >> 20] = n", True)]
)
def test_a_planted_race_is_found_and_nothing_else(operation, races):
    environment = sanitized.environment("thread")
    source = RACE.format(here=os.fspath(HERE), library=environment["PMPP_TEST_SIMT"], operation=operation)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == (66 if races else 0), done.stderr[-4000:]
    assert ("data race" in done.stderr) == races
