"""DLPack capsules: read by NumPy where they describe host memory, by hand where they describe a GPU's."""

import ctypes
import gc
import weakref

import numpy as np
import pytest

import pmpp
from pmpp._runtime import dlpack

DTYPES = ("bool", "int8", "uint16", "int32", "uint64", "float16", "float32", "float64", "complex64")
VIEWS = (np.s_[...], np.s_[::2, 1:], np.s_[::-1, :, ::-2], np.s_[1, 2, 3], np.s_[:0])


class Owner:
    """What NumPy takes through DLPack."""

    def __init__(self, array: np.ndarray, versioned: bool) -> None:
        self.array, self.versioned = array, versioned

    def __dlpack_device__(self):
        return dlpack.CPU, 0

    def __dlpack__(self, **options):
        x = np.asarray(self.array)
        return dlpack.capsule(x.ctypes.data, x.shape, x.strides, x.dtype, (dlpack.CPU, 0), self, self.versioned)


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_numpy_reads_what_is_described(view, dtype, versioned):
    array = np.asarray(np.arange(60).reshape(3, 4, 5).astype(dtype)[view])
    found = np.from_dlpack(Owner(array, versioned))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert array.size == 0 or found.ctypes.data == np.asarray(array).ctypes.data


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("consumed", [False, True])
def test_the_owner_lives_as_long_as_it_is_needed(consumed, versioned):
    owner = Owner(np.arange(3.0), versioned)
    gone = weakref.ref(owner)
    kept = np.from_dlpack(owner) if consumed else owner.__dlpack__()
    del owner
    gc.collect()
    assert gone() is not None
    del kept
    gc.collect()
    assert gone() is None


def test_what_dlpack_has_no_word_for():
    with pytest.raises(BufferError, match="DLPack cannot describe elements of dtype datetime64"):
        dlpack.type_code(np.dtype("datetime64[s]"))
    with pytest.raises(BufferError, match="no multiples of 8"):
        dlpack.capsule(0, (2,), (12,), np.dtype("int64"), (dlpack.CPU, 0), None, False)


def test_bfloat16_has_a_word():
    ml_dtypes = pytest.importorskip("ml_dtypes", minversion="0.1")
    assert dlpack.type_code(np.dtype(ml_dtypes.bfloat16)) == 4


class Tensor(ctypes.Structure):
    """DLTensor."""

    _fields_ = [
        ("data", ctypes.c_void_p), ("device", ctypes.c_int32), ("number", ctypes.c_int32), ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)), ("offset", ctypes.c_uint64),
    ]  # fmt: skip


def described(capsule: object) -> Tensor:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return Tensor.from_address(get(capsule, b"dltensor"))


@pytest.mark.parametrize("stream", [None, -1, 1])
def test_a_device_array_is_described_where_it_lies(stream):
    array = pmpp.DeviceArray.from_numpy(np.arange(12, dtype=np.int16).reshape(3, 4))[1:, ::2]
    capsule = array._capsule(stream, None, None)
    found = described(capsule)
    assert (found.data, found.device, found.number, found.offset) == (array.pointer, dlpack.CUDA, 0, 0)
    assert (found.code, found.bits, found.lanes) == (0, 16, 1)
    assert (found.shape[: found.ndim], found.strides[: found.ndim]) == ([2, 2], [4, 2])


def test_a_copy_lies_elsewhere():
    array = pmpp.DeviceArray.from_numpy(np.arange(12.0).reshape(3, 4)).T
    stream = pmpp.Stream()
    capsule = array._capsule(stream.handle, None, True)
    found = described(capsule)
    assert found.data != array.pointer
    copy = pmpp.DeviceArray.borrow(found.data, found.shape[:2], "float64", capsule)
    np.testing.assert_array_equal(copy.numpy(stream=stream), array.numpy())


def test_the_array_interface_names_the_stream_to_wait_for():
    stream = pmpp.Stream()
    array = pmpp.DeviceArray.from_numpy(np.ones((2, 3), np.float32), stream=stream)
    expected = {"shape": (2, 3), "typestr": "<f4", "data": (array.pointer, False), "version": 3}
    assert array._interface() == {**expected, "stream": stream.handle, "strides": None}
    assert array.T._interface()["strides"] == (4, 12)
    assert pmpp.DeviceArray.from_numpy(np.ones(1))._interface()["stream"] == 1
