"""The choice of the device: PMPP_DEVICE, machines with no GPU or one that is too old, and what is said about it."""

import os
import subprocess
import sys

import pytest

from pmpp._runtime import device
from pmpp._runtime.device import Choice, DeviceError, Gpu

GOOD = Gpu("Some GPU", (9, 0), "580.65.6")
OLD_DRIVER = Gpu("Some GPU", (9, 0), "570.1")
OLD_GPU = Gpu("Some GPU", (7, 0), "580.65.6")


@pytest.fixture
def choose(monkeypatch):
    """Choose on a machine with the given GPU, for the given PMPP_DEVICE."""

    def on(gpu: Gpu | None, asked: str | None) -> Choice:
        monkeypatch.setattr(device, "find_gpu", lambda: gpu)
        if asked is None:
            monkeypatch.delenv("PMPP_DEVICE", raising=False)
        else:
            monkeypatch.setenv("PMPP_DEVICE", asked)
        return device.choose.__wrapped__()

    return on


@pytest.mark.parametrize(
    ("gpu", "asked", "name", "reason"),
    [
        (None, None, "sim", "no NVIDIA driver answers"),
        (None, "auto", "sim", "no NVIDIA driver answers"),
        (None, "sim", "sim", "PMPP_DEVICE=sim"),
        (GOOD, None, "cuda", "an NVIDIA GPU answers"),
        (GOOD, "cuda", "cuda", "PMPP_DEVICE=cuda"),
        (GOOD, "sim", "sim", "PMPP_DEVICE=sim"),
        (OLD_DRIVER, "auto", "sim", "Some GPU cannot be used: its driver is 570.1; CUDA 13 needs 580"),
        (OLD_GPU, "auto", "sim", "its compute capability is 7.0; CUDA 13 needs 7.5"),
    ],
)
def test_choice(choose, gpu, asked, name, reason):
    choice = choose(gpu, asked)
    assert choice.name == name
    assert reason in choice.reason


@pytest.mark.parametrize(
    ("gpu", "asked", "message"),
    [
        (None, "cuda", "PMPP_DEVICE is cuda, but no NVIDIA driver answers"),
        (OLD_DRIVER, "cuda", "Some GPU cannot be used: its driver is 570.1"),
        (OLD_GPU, "cuda", "compute capability is 7.0"),
        (GOOD, "gpu", "PMPP_DEVICE is 'gpu'; accepted are auto, cuda and sim"),
        (None, "", "PMPP_DEVICE is ''"),
    ],
)
def test_a_device_that_was_named_is_never_replaced(choose, gpu, asked, message):
    with pytest.raises(DeviceError, match=message):
        choose(gpu, asked)


@pytest.mark.parametrize("asked", [None, "auto"])
def test_a_gpu_that_cannot_be_used_is_reported_once_and_why(choose, monkeypatch, asked):
    choice = choose(OLD_DRIVER, asked)
    monkeypatch.setattr(device, "choose", lambda: choice)
    with pytest.warns(UserWarning, match="the software GPU: Some GPU cannot be used: its driver is 570.1") as warned:
        device.load()
    assert len(warned) == 1


def test_library_that_was_not_built_is_an_error_with_a_mend(monkeypatch, tmp_path):
    monkeypatch.setattr(device, "LIBRARIES", tmp_path)
    with pytest.raises(DeviceError, match=r"libpmpp_kernels.so does not load .* Run: pmpp doctor"):
        device.load()


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_pmpp_imports_where_the_device_is_missing():
    # `pmpp doctor` imports it too: a warning then, and an error for who needs a kernel.
    done = python("import pmpp\nprint('imported')\nimport pmpp.vector", PMPP_DEVICE="gpu")
    assert done.stdout == "imported\n"
    assert "PMPP_DEVICE is 'gpu'; accepted are auto, cuda and sim" in done.stderr
    assert done.returncode == 1


def test_import_asks_no_more_than_it_needs():
    # Without a driver cuda.core, the slowest import there is, stays out.
    done = python("import sys, pmpp\nprint(pmpp.device(), 'cuda.core' in sys.modules)", PMPP_DEVICE="sim")
    assert done.stdout == "sim False\n", done.stderr
