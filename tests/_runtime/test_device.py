"""Which device is chosen, and what errors say."""

import os
import subprocess
import sys

import pytest

from pmpp._runtime import device, errors


@pytest.fixture
def choose(monkeypatch):
    """Choose with a given PMPP_DEVICE and GPU."""

    def with_machine(asked, gpu):
        monkeypatch.setattr(device, "find_gpu", lambda: gpu)
        monkeypatch.delenv("PMPP_DEVICE", raising=False)
        if asked is not None:
            monkeypatch.setenv("PMPP_DEVICE", asked)
        return device.choose.__wrapped__()

    return with_machine


GOOD = device.Gpu("A GPU", (9, 0), "580.65.06")
OLD_DRIVER = device.Gpu("A GPU", (9, 0), "575.57")
OLD_CHIP = device.Gpu("An old GPU", (7, 0), "580.65.06")


@pytest.mark.parametrize(
    ("asked", "gpu", "name"),
    [(None, None, "sim"), ("auto", GOOD, "cuda"), ("cuda", GOOD, "cuda"), ("sim", GOOD, "sim"), (None, OLD_DRIVER, "sim")],
)
def test_choice(choose, asked, gpu, name):
    assert choose(asked, gpu).name == name


@pytest.mark.parametrize(
    ("asked", "gpu", "sentence"),
    [
        ("gpu", None, "PMPP_DEVICE is 'gpu'; accepted are auto, cuda and sim"),
        ("cuda", None, "no NVIDIA driver answers"),
        ("cuda", OLD_DRIVER, "its driver is 575.57; CUDA 13 needs 580"),
        ("cuda", OLD_CHIP, "its compute capability is 7.0; CUDA 13 needs 7.5"),
    ],
)
def test_a_device_that_was_named_is_never_replaced(choose, asked, gpu, sentence):
    with pytest.raises(device.DeviceError, match=sentence):
        choose(asked, gpu)


def test_an_unusable_gpu_is_explained(choose):
    assert "update the NVIDIA driver" in choose(None, OLD_DRIVER).reason


def test_importing_with_a_wrong_device_says_so():
    environment = {**os.environ, "PMPP_DEVICE": "tpu"}
    done = subprocess.run([sys.executable, "-c", "import pmpp"], env=environment, capture_output=True, text=True, check=False)
    assert "PMPP_DEVICE is 'tpu'; accepted are auto, cuda and sim." in done.stderr


def test_errors_have_cudas_names():
    name, description = errors.describe(700)
    assert name == "cudaErrorIllegalAddress"
    assert "invalid memory address" in description
    assert errors.describe(123456)[0] == "cudaErrorUnknown"
    with pytest.raises(errors.CudaError, match=r"f: cudaErrorIllegalAddress \(700\)") as caught:
        errors.raise_on(700, "f")
    assert caught.value.code == 700
    errors.raise_on(0, "f")
