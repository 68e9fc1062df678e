"""Lets the tests of this folder import its modules, and offers the device."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def device():
    """The device in use, through the CUDA runtime API."""
    import lane_device

    return lane_device.Device()
