"""What the tests of the plug-in share: a folder for made-up problems, and the checker on made-up code."""

from pathlib import Path

import pytest

from pmpp.testing.build import Target, simulator
from pmpp.testing.check import check
from pmpp.testing.course import Exercise

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".pmpp" / "build"
SIM = Target("sim")

TEST_FILE = '''
"""Doubles every element."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Twice everything",
    minutes=5,
    signature="int twice(const float* x, float* y, int n)",
    read=("2", "2.3"),
    memory="host",
    seconds={seconds},
)


@problem.test("small sizes")
def sizes(rng):
    for n in (1, 40):
        x = rng.standard_normal(n, dtype=np.float32)
        yield Case(f"n = {{n}}", {{"x": x, "n": n}}, {{"y": 2 * x}}, min_launches={launches})
'''
STUB = """// Twice everything.
extern "C" int twice(const float* x, float* y, int n) {
    // TODO (about 2 lines): Double every
    // element of x.
    return 0;
}
"""
SOLUTION = """extern "C" int twice(const float* x, float* y, int n) {
    for (int i = 0; i < n; ++i) y[i] = 2 * x[i];
    return 0;
}
"""


@pytest.fixture(autouse=True)
def _on_the_software_gpu(monkeypatch):
    monkeypatch.setenv("PMPP_DEVICE", "sim")


@pytest.fixture(scope="session", autouse=True)
def _simulator():
    assert simulator().is_file(), "the software GPU is not built: python -m pip install -e '.[dev]'"


def _write_chapter(folder: Path, *, seconds: float = 5, launches: int = 0) -> Exercise:
    """Write the made-up problem `twice` into a folder."""
    for name, text in {
        "stubs/twice.cu": STUB,
        "twice.cu": STUB,
        "solutions/twice.cu": SOLUTION,
        "hints/twice.md": "# Hints\n",
        "test_twice.py": TEST_FILE.format(seconds=seconds, launches=launches),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Exercise(folder, "twice")


@pytest.fixture
def sim() -> Target:
    """Return the software GPU as what to compile for."""
    return SIM


@pytest.fixture
def cache() -> Path:
    """Return the folder in which compiled files outlive a run of the tests."""
    return CACHE


@pytest.fixture
def chapter():
    """Write the made-up problem `twice` into a folder."""
    return _write_chapter


@pytest.fixture
def judge(tmp_path):
    """Check the body of `twice` and return the verdict."""

    def judged(body: str, *, above: str = "", **problem):
        exercise = _write_chapter(tmp_path / "ch2", **problem)
        head = f"#include <cuda_runtime.h>\n{above}\n"
        text = f'{head}extern "C" int twice(const float* x, float* y, int n) {{\n{body}\nreturn 0;\n}}\n'
        return check(exercise, exercise.solution, SIM, CACHE, root=tmp_path, text=text)

    return judged
