"""CUB's device-wide algorithms and Thrust, as the toolkit has them, on a million elements: each program compares with the C++ library."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SOURCES = sorted(Path(__file__).parent.glob("*.cu"))
RESULTS = {"histogram": 3, "radix_sort": 6, "reduce": 5, "scan": 5, "select": 6, "thrust": 7}
"""How many comparisons each program makes, so that one that is left out is missed."""


@pytest.fixture(scope="module")
def programs(program):
    """The programs by name, compiled for two capabilities: CUB's tuning and its instructions differ."""
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        built = pool.map(lambda source: program(source, 75, 90), SOURCES)
        return dict(zip((source.stem for source in SOURCES), built, strict=True))


@pytest.mark.parametrize("device", ["t4", "h200"])
@pytest.mark.parametrize("name", RESULTS)
def test_cub(programs, name, device):
    environment = {**os.environ, "PMPP_SIM_GPU": device}
    done = subprocess.run([programs[name]], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert len([line for line in done.stdout.splitlines() if line.endswith((" right", "within 1e-6"))]) == RESULTS[name], (
        done.stdout
    )


@pytest.mark.parametrize("name", ["reduce", "scan", "radix_sort", "histogram"])
def test_no_checker_finds_anything_in_cub(programs, name, tmp_path):
    report = tmp_path / "findings"
    environment = {**os.environ, "PMPP_SIM_CHECK": "all", "PMPP_SIM_FINDINGS": str(report), "ELEMENTS": "50021"}
    done = subprocess.run([programs[name]], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert len([line for line in done.stdout.splitlines() if line.endswith((" right", "within 1e-6"))]) == RESULTS[name]
    assert not report.exists(), report.read_text()


def test_every_program_runs(programs):
    assert sorted(programs) == sorted(RESULTS)
