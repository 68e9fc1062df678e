"""Lets the tests of this folder import its modules, and offers the device."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def opened():
    """The device in use, through the CUDA runtime API."""
    import lane_device

    return lane_device.Device()


@pytest.fixture
def device(opened):
    """The device in use, unless a fault has ended a real GPU's context: this process then has no GPU any more."""
    if opened.lost:
        pytest.skip(f"A fault of an earlier test ended the GPU's context: {opened.lost}.")
    return opened
