"""Device arrays and streams."""

import gc

import numpy as np
import pytest

import pmpp
from pmpp._runtime import core
from pmpp._runtime.arrays import stream_handle


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 5), (4, 5, 6)])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32", "complex128"])
def test_round_trip(shape, dtype):
    host = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    device = pmpp.DeviceArray.from_numpy(host)
    np.testing.assert_array_equal(device.numpy(), host, strict=True)
    assert (device.shape, device.dtype, device.nbytes) == (host.shape, host.dtype, host.nbytes)
    if host.size:
        assert device.strides == host.strides


def test_strided_host_arrays_are_copied_in_order():
    host = np.arange(24.0).reshape(4, 6).T[::2]
    np.testing.assert_array_equal(pmpp.DeviceArray.from_numpy(host).numpy(), host)


@pytest.mark.skipif(pmpp.device() != "sim", reason="how memory is shared on the software GPU")
def test_other_libraries_get_a_host_copy():
    device = pmpp.DeviceArray.from_numpy(np.arange(5.0))
    assert not hasattr(device, "__cuda_array_interface__")
    copy = np.from_dlpack(device)
    np.testing.assert_array_equal(copy, np.arange(5.0))


def test_memory_is_given_back():
    for _ in range(100):
        pmpp.DeviceArray((1 << 30,), np.uint8)  # 100 GiB in turn, not together
    gc.collect()


def test_too_much_memory_is_a_memory_error_and_nothing_is_lost():
    with pytest.raises(MemoryError, match="bytes"):
        pmpp.DeviceArray((1 << 50,), np.uint8)
    np.testing.assert_array_equal(pmpp.DeviceArray.from_numpy(np.arange(3)).numpy(), np.arange(3))


def test_streams():
    stream = pmpp.Stream()
    assert stream_handle(stream) == stream.handle == stream.__cuda_stream__()[1] != 0
    assert stream_handle(None) == 0
    assert stream_handle(7) == 7
    core.null_kernel(stream.handle)
    stream.synchronize()
    for wrong in ("x", 1.5, True, -1):
        with pytest.raises(TypeError, match="stream: got"):
            stream_handle(wrong)


@pytest.mark.parametrize("shape", [(-1,), (3, -2)])
def test_negative_sizes_are_refused(shape):
    with pytest.raises(ValueError, match="cannot be negative"):
        pmpp.DeviceArray(shape, np.float32)


def test_elements_without_a_fixed_size_are_refused():
    with pytest.raises(TypeError, match="dtype: got object"):
        pmpp.DeviceArray(3, object)
