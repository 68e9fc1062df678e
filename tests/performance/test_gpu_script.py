"""benchmarks/gpu.sh on the software GPU, and the page that is made from its results."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from build_support.cache import Object, compile_all
from build_support.toolkit import find_toolkit

ROOT = Path(__file__).resolve().parents[2]


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_dry_run(tmp_path):
    environment = os.environ | {"PYTHON": sys.executable, "PMPP_RESULTS": str(tmp_path)}
    command = ["bash", str(ROOT / "benchmarks" / "gpu.sh"), "--dry-run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("every step went well\n")
    same, compared = map(int, re.match(r"(\d+) of (\d+) results are the same", (tmp_path / "compared.txt").read_text()).groups())
    assert same == compared > 100
    written = json.loads((tmp_path / "bench.json").read_text())
    assert {result["name"] for result in written} >= {"vector_add", "radix.sort", "inclusive_scan", "correlate2d"}
    assert {result["device"] for result in written} == {"software GPU"}
    assert "measured on the software GPU" in done.stdout
    assert json.loads((tmp_path / "counted.json").read_text())["results"]


def test_a_bit_that_differs_is_found(tmp_path):
    gpu = load(ROOT / "benchmarks" / "gpu.py")
    for name, value in (("a", [1.0, 0.0]), ("b", [1.0, -0.0])):
        np.savez(tmp_path / f"{name}.npz", f=np.array(value), g=np.arange(3))
    assert gpu.compare(tmp_path / "a.npz", tmp_path / "a.npz") == 0
    assert gpu.compare(tmp_path / "a.npz", tmp_path / "b.npz") == 1


def test_the_program_of_peers_compiles_for_the_gpu():
    """CUB's algorithms, which are otherwise compiled where there is a GPU; kept in build/ until they change."""
    path = ROOT / "benchmarks" / "cub.py"
    cub, toolkit, flags = load(path), find_toolkit(), ("-arch=sm_90",)

    def steps(made: Path, _: Path) -> list:
        source = made.with_name("cub.cu")
        source.write_text(cub.SOURCE)
        return [toolkit.command(*cub.FLAGS, *flags, *toolkit.link_flags(None), "-o", made, source)]

    library = Object("benchmarks/cub", (path,), tool="peers", identity=(toolkit.build, *cub.FLAGS, *flags), steps=steps)
    compile_all([library])
    made = library.path.read_bytes()
    assert all(f"\0{name}\0".encode() in made for name in ("add", "sum", "scan", "sort", "sort_pairs", "histogram"))


@pytest.fixture
def generator():
    return load(ROOT / "docs" / "performance.py")


def test_the_page_is_current(generator):
    assert generator.PAGE.read_text() == generator.page(), "run python docs/performance.py"


def test_a_page_with_results(generator, monkeypatch, tmp_path):
    about = {"gpu": "NVIDIA H200", "device": "cuda", "driver": "580.1", "clocks": "1980 MHz", "torch": "2.9", "cupy": "14"}
    rows = [
        {"name": "naive", "kind": "rung", "seconds": 2e-3, "times": [2e-3]},
        {"name": "best", "kind": "rung", "seconds": 1e-3, "times": [1e-3]},
        {"name": "torch.add", "kind": "peer", "seconds": 1.1e-3, "times": [1.1e-3]},
        {"name": "numpy.add", "kind": "host peer", "seconds": 1.0, "times": [1.0]},
    ]
    result = {"name": "vector_add", "problem": "some", "unit": "B", "work": 4e9, "limit": 4.8e12, "rows": rows}
    result |= {"kernels": "vector", "digest": generator.digest("vector")}
    (tmp_path / "h200").mkdir()
    (tmp_path / "h200" / "bench.json").write_text(json.dumps([result | {"before": about, "after": about}]))
    monkeypatch.setattr(generator, "RESULTS", tmp_path)
    page = generator.page()
    assert "## NVIDIA H200" in page
    assert "| best | 1.000 | 4,000.0 | 83.3% | 2.00x | 1.100x |" in page
    assert "numpy.add" not in page
    assert "Not yet measured" not in page
    assert "Measured before" not in page
    (tmp_path / "h200" / "bench.json").write_text(json.dumps([result | {"digest": "another", "before": about, "after": about}]))
    assert "Measured before `cuda_src/vector` was changed last." in generator.page()
