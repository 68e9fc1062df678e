"""DeviceArray and Stream, and the frame around a call."""

import gc
import os
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pmpp
from pmpp._runtime import core
from pmpp._runtime.arrays import stream_handle
from pmpp._runtime.call import variants
from pmpp.sort import radix
from pmpp.vector import vector_add

ON_SIM = pmpp.device() == "sim"
software_gpu_only = pytest.mark.skipif(not ON_SIM, reason="about the software GPU: PMPP_DEVICE=sim runs it")


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int32", "uint64", "float16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 4), (2, 0, 3), (2, 3, 4)])
def test_round_trip(shape, dtype):
    host = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    array = pmpp.DeviceArray.from_numpy(host)
    assert (array.shape, array.dtype, array.size, array.ndim, array.nbytes) == (
        shape,
        host.dtype,
        host.size,
        host.ndim,
        host.nbytes,
    )
    assert array.strides == np.empty(shape, dtype).strides or array.size == 0
    back = array.numpy()
    assert back.dtype == host.dtype
    np.testing.assert_array_equal(back, host)


def test_of_arrays_that_are_not_contiguous():
    host = np.arange(24).reshape(4, 6)
    for view in (host.T, host[::2, 1::2], host[::-1]):
        np.testing.assert_array_equal(pmpp.DeviceArray.from_numpy(view).numpy(), view)


VIEWS = {
    "transposed": lambda x: x.T,
    "some axes": lambda x: x.transpose(1, 2, 0),
    "sliced": lambda x: x[1:, ::2, 1:-1],
    "reversed": lambda x: x[::-1, :, ::-3],
    "one row": lambda x: x[-1, 2],
    "one element": lambda x: x[1, 2, 3, ...],
    "new dimension": lambda x: x[None, ..., 0, None],
    "of a view": lambda x: x.T[1::2][:, ::-1],
    "nothing": lambda x: x[3:1],
}


@pytest.mark.parametrize("dtype", ["uint8", "float16", "int32", "float64", "complex128", "S3", "S12"])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_views_share_memory_and_mean_what_numpy_means(view, dtype):
    host = np.arange(120).reshape(4, 5, 6).astype(dtype)
    array = pmpp.DeviceArray.from_numpy(host)
    expected, found = view(host), view(array)
    assert (found.shape, found.size, found.nbytes) == (expected.shape, expected.size, expected.nbytes)
    assert found.contiguous == expected.flags.c_contiguous
    if expected.size > 1:
        assert all(s == e for s, e, n in zip(found.strides, expected.strides, expected.shape, strict=True) if n > 1)
        assert found.pointer - array.pointer == expected.ctypes.data - host.ctypes.data
    np.testing.assert_array_equal(found.numpy(), expected)


def test_views_keep_their_memory():
    view = pmpp.DeviceArray.from_numpy(np.arange(12.0).reshape(3, 4)).T
    gc.collect()
    others = [pmpp.DeviceArray.from_numpy(np.zeros(12)) for _ in range(4)]
    np.testing.assert_array_equal(view.numpy(), np.arange(12.0).reshape(3, 4).T)
    del others


@pytest.mark.parametrize("index", [[0], True, np.bool(False), 1.0, "x", np.array([1])])
def test_only_basic_indices_make_views(index):
    with pytest.raises(TypeError, match="index: got .* integers, slices, ... and None are accepted"):
        pmpp.DeviceArray((3,), "int32")[index]


def test_indices_that_are_not_there():
    array = pmpp.DeviceArray((3, 2), "int32")
    for wrong in (3, (0, 2), (0, 0, 0)):
        with pytest.raises(IndexError):
            array[wrong]


def test_views_beyond_two_to_the_thirty_first():
    array = pmpp.DeviceArray((2, (1 << 31) + 7), "uint8")  # memory that nobody writes to costs nothing
    assert array.nbytes == (1 << 32) + 14
    for view in (array[1, (1 << 31) :], array.T[(1 << 31) :, 1]):
        core.copy_to_device(array.pointer + (1 << 32) + 7, np.arange(7, dtype=np.uint8).ctypes.data, 7)
        np.testing.assert_array_equal(view.numpy(), np.arange(7))


def test_len_and_repr():
    array = pmpp.DeviceArray((3, 4), "float32")
    assert len(array) == 3
    assert repr(array) == f"DeviceArray(shape=(3, 4), dtype=float32, device={pmpp.device()!r})"
    with pytest.raises(TypeError, match="without dimensions has no length"):
        len(pmpp.DeviceArray((), "float32"))


@pytest.mark.parametrize(
    ("shape", "dtype", "error", "message"),
    [
        ((-1,), "float32", ValueError, "sizes cannot be negative"),
        ((2,), object, TypeError, "dtype: got object"),
        ((2,), ">i4", TypeError, "native byte order"),
    ],
)
def test_what_cannot_be(shape, dtype, error, message):
    with pytest.raises(error, match=message):
        pmpp.DeviceArray(shape, dtype)


def test_memory_that_is_not_there():
    with pytest.raises(MemoryError):
        pmpp.DeviceArray((1 << 50,), "uint8")
    np.testing.assert_array_equal(vector_add(np.float32([1]), np.float32([2])), [3])  # and the error is not remembered


def test_memory_is_given_back():
    array = pmpp.DeviceArray((1 << 20,), "uint8")
    gone = weakref.ref(array)
    del array
    gc.collect()
    assert gone() is None
    for _ in range(300):  # 300 GiB in all
        pmpp.DeviceArray((1 << 30,), "uint8")


def test_memory_outlives_a_stream_that_its_owner_destroyed(capfd):
    """On a GPU a call with such a stream crashes; the software GPU says that it is none."""
    stream, other, third = pmpp.Stream(), pmpp.Stream(), pmpp.Stream()
    array = pmpp.DeviceArray.from_numpy(np.ones(5), stream=stream.handle)  # a number keeps nothing alive
    total = vector_add(array, array, stream=other.handle)
    column = pmpp.DeviceArray.from_numpy(np.arange(6.0).reshape(2, 3)).T
    assert column.numpy(stream=third.handle).tolist() == [[0, 3], [1, 4], [2, 5]]
    with pytest.raises(TypeError, match="out: got dtype int32"):  # what the call had uploaded goes back, too
        vector_add(np.ones(5), np.ones(5), out=np.ones(5, np.int32), stream=third.handle)
    copies = [radix.sort(array, stream=third.handle), array[::2]._capsule(third.handle, None, True)]
    other.synchronize()
    third.synchronize()
    del stream
    np.testing.assert_array_equal(vector_add(total, array).numpy(), np.full(5, 3.0))
    del other, third
    np.testing.assert_array_equal(copies.pop(0).numpy(), np.ones(5))
    del array, total, copies
    gc.collect()
    assert capfd.readouterr().err == ""


def test_borrowed_memory_keeps_its_owner():
    owner = pmpp.DeviceArray.from_numpy(np.arange(8.0))
    view = pmpp.DeviceArray.borrow(owner.pointer + 16, (3,), owner.dtype, owner)
    del owner
    gc.collect()
    np.testing.assert_array_equal(view.numpy(), [2, 3, 4])


@software_gpu_only
def test_dlpack_of_the_software_gpu_is_a_copy_on_the_host():
    array = pmpp.DeviceArray.from_numpy(np.arange(4.0))
    assert array.__dlpack_device__() == (1, 0)
    assert not hasattr(array, "__cuda_array_interface__")
    copy = np.from_dlpack(array)
    np.testing.assert_array_equal(copy, [0, 1, 2, 3])
    np.testing.assert_array_equal(array.numpy(), [0, 1, 2, 3])


@pytest.mark.skipif(ON_SIM, reason="about NVIDIA GPUs: the software GPU has no __cuda_array_interface__")
def test_cuda_array_interface():
    array = pmpp.DeviceArray((2, 3), "float32")
    interface = array.__cuda_array_interface__
    assert interface["shape"] == (2, 3)
    assert interface["data"] == (array.pointer, False)


def test_streams():
    stream = pmpp.Stream()
    assert stream.__cuda_stream__() == (0, stream.handle)
    assert stream_handle(None) == 0
    assert stream_handle(stream) == stream.handle
    assert stream_handle(stream.handle) == stream.handle

    class Protocol:
        def __cuda_stream__(self):
            return 0, stream.handle

    assert stream_handle(Protocol()) == stream.handle
    stream.synchronize()
    for wrong in (True, -1, "0", 1.0):
        with pytest.raises(TypeError, match="stream: got"):
            stream_handle(wrong)


def test_threads_may_call_at_the_same_time():
    inputs = [np.random.default_rng(k).random(4099, dtype=np.float32) for k in range(16)]
    with ThreadPoolExecutor(4) as pool:
        for x, total in zip(inputs, pool.map(lambda x: vector_add(x, x), inputs), strict=True):
            np.testing.assert_array_equal(total, x + x)


def test_the_gil_is_released():
    # Threads take turns only where one lets go, so the second thread gets on exactly if the call does.
    interval, begun, done, seen = sys.getswitchinterval(), threading.Event(), [], []
    x = np.ones(1 << 20, np.float32)

    def call() -> None:
        begun.set()
        vector_add(x, x)
        done.append(True)

    sys.setswitchinterval(100)
    try:
        thread = threading.Thread(target=call)
        thread.start()
        begun.wait()
        seen += done
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert seen == []
    assert done == [True]


def test_variants_of_what_has_none():
    for wrong in (len, None, "vector_add"):
        with pytest.raises(TypeError, match="a function of pmpp that takes variant= is accepted"):
            variants(wrong)


def test_capability_is_one_that_the_kernels_run_on():
    assert core.capability() >= 75


@software_gpu_only
def test_a_device_that_fails_becomes_an_exception_with_the_cuda_name():
    # In a process of its own: a real device would be lost after it.
    code = """if True:
        import numpy as np, pmpp
        from pmpp._runtime import core
        from pmpp._runtime.errors import CudaError
        from pmpp.vector import vector_add
        x = pmpp.DeviceArray.from_numpy(np.ones(64, np.float32))
        past_the_end = pmpp.DeviceArray.borrow(x.pointer, (1 << 20,), x.dtype, x)
        try:
            vector_add(past_the_end, past_the_end, out=past_the_end)
            core.synchronize()
        except CudaError as error:
            print(error.name, error.code)
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("cudaErrorIllegalAddress 700\n"), done.stdout + done.stderr
    assert "vector.cu" in done.stdout
