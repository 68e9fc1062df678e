"""`pmpp doctor`, run as a person or a script runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PMPP = Path(sys.executable).with_name("pmpp")


def doctor(*arguments, **environment):
    return subprocess.run(
        [PMPP, "doctor", *arguments],
        env={**os.environ, "COLUMNS": "80", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_everything_is_named():
    done = doctor("--json")
    assert done.returncode == 0, done.stdout
    found = {finding["topic"]: finding for finding in json.loads(done.stdout)}
    topics = {"device", "NVIDIA driver", "software GPU", "nvcc", "host compiler", "Python", "numpy", "cuda-python", "cuda-core"}
    assert topics <= set(found)
    assert "13.0" in found["nvcc"]["value"]
    assert not any(finding["problem"] == "error" for finding in found.values())


def test_device_that_is_named_is_the_one_in_use():
    found = {finding["topic"]: finding for finding in json.loads(doctor("--json", PMPP_DEVICE="sim").stdout)}
    assert found["device"]["value"] == "the software GPU: PMPP_DEVICE=sim"


def test_report_fits_eighty_columns():
    lines = doctor(PMPP_DEVICE="sim").stdout.splitlines()
    assert len(lines) > 8
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("environment", "mend"), [({"PMPP_DEVICE": "tpu"}, "unset PMPP_DEVICE"), ({"CXX": "g++"}, "apt install")])
def test_what_is_wrong_comes_with_the_mend(environment, mend, tmp_path):
    if "CXX" in environment:  # a PATH without a compiler
        environment = {"PATH": str(tmp_path)}
    done = doctor(**environment)
    assert done.returncode == 1
    assert mend in done.stdout
    assert "Traceback" not in done.stderr


def test_untested_nvcc_is_left_alone_and_said_so(tmp_path):
    nvcc = tmp_path / "bin" / "nvcc"
    nvcc.parent.mkdir()
    nvcc.write_text("#!/bin/sh\necho 'Cuda compilation tools, release 12.4, V12.4.131'\n")
    nvcc.chmod(0o755)
    done = doctor("--json", CUDA_HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout
    values = [finding["value"] for finding in json.loads(done.stdout)]
    assert any(value.startswith("not used: nvcc 12.4.131") for value in values)
