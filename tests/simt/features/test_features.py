"""Every feature that nvcc's programs use, compiled by nvcc for three capabilities and run on a device of each."""

import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REAL = os.environ.get("PMPP_DEVICE") == "cuda"
DEVICES = {75: "t4", 80: "a100", 90: "h200"}
FEATURES = {
    name: int(since)
    for path in sorted(HERE.glob("*.cuh"))
    for name, since in re.findall(r"^FEATURE\((\w+), (\d+)\)", path.read_text(), re.MULTILINE)
}
PRINTED = "".join(f"thread {t} of 32:  {1.5 + t:.2f}|42  |beef|y|text|-5000000000|%|1.234568e+04\n" for t in range(2))


@pytest.fixture(scope="module")
def features(program):
    return program(HERE / "features.cu", *DEVICES)


def run(program, device, *arguments):
    environment = {**os.environ, "PMPP_SIM_GPU": device, "PMPP_SIM_QUIET": "1"}
    return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("capability", DEVICES)
@pytest.mark.parametrize("name", FEATURES)
def test_feature(features, name, capability):
    if capability < FEATURES[name]:
        pytest.skip(f"Devices have it from compute capability {FEATURES[name] // 10}.{FEATURES[name] % 10} on.")
    if REAL and capability < max(DEVICES):
        pytest.skip("An NVIDIA GPU takes the newest image that it can.")
    done = run(features, DEVICES[capability], name)
    printed = PRINTED if name == "printf_" else ""
    assert (done.returncode, done.stdout) == (0, f"{printed}ok\n"), done.stdout + done.stderr


def test_program_has_all_of_them(features):
    listed = dict(line.split() for line in run(features, "h200").stdout.splitlines())
    assert {name: int(since) for name, since in listed.items()} == FEATURES
    assert len(FEATURES) > 50
