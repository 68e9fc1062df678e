"""What the tests of counters and checkers share."""

import ctypes
import json

import pytest


@pytest.fixture
def counted(gpu):
    """Return a function that makes launches and returns what the software GPU counted, one dictionary a launch."""

    def count(launches):
        gpu.lib.pmpp_simt_counted.restype = ctypes.c_char_p
        gpu.lib.pmpp_simt_count(1)
        try:
            launches()
        finally:
            gpu.lib.pmpp_simt_count(0)
        return json.loads(gpu.lib.pmpp_simt_counted())["kernels"]

    return count
