"""Counters of library calls."""

import doctest

import numpy as np
import pytest

from pmpp._runtime.device import device
from pmpp.testing import counters
from pmpp.vector import vector_add

pytestmark = pytest.mark.skipif(device() != "sim", reason="counters need the software GPU")
ONES = np.ones(2**12, np.float32)


def test_library_calls_are_counted():
    with counters.count() as kernels:
        vector_add(ONES, ONES)
        vector_add(ONES, ONES)
        assert kernels == []
    assert len(kernels) == 2
    assert kernels[0] == kernels[1]
    assert kernels[0].counters["global_load_sectors"] == 2 * 2**12 * 4 // 32
    assert kernels[0].counters["flop"] == 2**12
    loads = [line for line in kernels[0].lines if line.counters["global_load_requests"]]
    assert loads
    assert all(line.file.endswith("cuda_src/vector.cu") for line in loads)


def test_what_an_exception_ends_was_counted():
    with pytest.raises(ZeroDivisionError), counters.count() as kernels:
        vector_add(ONES, ONES)
        raise ZeroDivisionError
    assert len(kernels) == 1


def test_no_count_inside_of_another():
    with counters.count(), pytest.raises(RuntimeError, match="on already"), counters.count():
        pass
    with counters.count() as kernels:
        vector_add(ONES, ONES)
    assert len(kernels) == 1


def test_a_gpu_does_not_count(monkeypatch):
    monkeypatch.setattr(counters, "device", lambda: "cuda")
    with pytest.raises(RuntimeError, match="PMPP_DEVICE=sim"), counters.count():
        pass


def test_the_example_is_right():
    result = doctest.testmod(counters)
    assert result.attempted > 0
    assert result.failed == 0
