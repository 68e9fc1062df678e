"""The frame around a call: layouts that are taken as they lie, workspaces, streams."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pmpp
from pmpp._runtime.call import Call
from pmpp.vector import vector_add

BASE = np.arange(2 * 6 * 8, dtype=np.float32).reshape(2, 6, 8)
AS_THEY_LIE = {
    "c order": BASE,
    "transposed": BASE[0].T,
    "transposed batch": BASE.transpose(0, 2, 1),
    "columns": BASE[:, :, 2:7],
    "columns, transposed": BASE[:, :, 2:7].transpose(0, 2, 1),
    "every other row": BASE[0, ::2],
    "one column": BASE[0, :, 3:4],
    "one row of a transposed matrix": BASE[0].T[2:3],
    "batches in the other order": BASE.transpose(1, 0, 2),
    "batch in the last dimension": BASE.transpose(1, 2, 0),
    "one matrix for all": np.broadcast_to(BASE[0], (3, 6, 8)),
}
NO_LESS_MEMORY = ("one column", "one row of a transposed matrix")
COPIED = {
    "every other column": BASE[0, :, ::2],
    "reversed": BASE[0, ::-1],
    "one row for all": np.broadcast_to(BASE[0, 0], (4, 8)),
    "a vector with gaps": BASE[0, :, 0],
}


@pytest.mark.parametrize("where", ["host", "device"])
@pytest.mark.parametrize("name", [*AS_THEY_LIE, *COPIED])
def test_strided_inputs(name, where):
    host = {**AS_THEY_LIE, **COPIED}[name]
    array = host
    if where == "device":
        whole = pmpp.DeviceArray.from_numpy(BASE)
        array = pmpp.DeviceArray.borrow(
            whole.pointer + host.ctypes.data - BASE.ctypes.data, host.shape, host.dtype, whole, host.strides
        )
    found = Call("f").input("x", array, ("float32",), strided=True)
    np.testing.assert_array_equal(found.numpy(), host)
    assert found.shape == host.shape
    if name in COPIED:
        assert found.contiguous
        return
    if where == "device":
        assert found.pointer == array.pointer
    else:
        assert found.contiguous == (host.flags.c_contiguous or name in NO_LESS_MEMORY)
    (rows, cols), (row, col) = found.shape[-2:], found.strides[-2:]
    assert (col == 4 and row >= 4 * cols) or (row == 4 and col >= 4 * rows)
    assert all(step % 4 == 0 and step >= 0 for step in found.strides)


def test_a_small_part_of_a_large_host_array_is_copied_first():
    large = np.zeros((1000, 1000), np.float32)
    assert Call("f").input("x", large[:, :3], ("float32",), strided=True).contiguous
    assert not Call("f").input("x", large[:, :600], ("float32",), strided=True).contiguous


def test_other_inputs_on_the_device_are_brought_into_c_order():
    host = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    array = pmpp.DeviceArray.from_numpy(host)
    total = vector_add(array.T, array.T)
    np.testing.assert_array_equal(total.numpy(), host.T + host.T)
    out = pmpp.DeviceArray((5, 7), "float32")
    with pytest.raises(ValueError, match="out: its elements do not lie in C order"):
        vector_add(array.T, array.T, out=out.T)


def test_out_that_overlaps_a_view():
    array = pmpp.DeviceArray.from_numpy(np.zeros((4, 8), np.float32))
    with pytest.raises(ValueError, match="out: it shares memory with an input"):
        vector_add(array[:3], array[:3], out=array[1:])
    vector_add(array[:2], array[:2], out=array[2:])


def test_inputs_of_another_inputs_dtype():
    call = Call("f")
    first = call.input("a", np.zeros(3, np.int16), ("int16", "int32"))
    with pytest.raises(TypeError, match="b: got dtype int32; int16 are accepted"):
        call.input("b", np.zeros(3, np.int32), first)


def test_workspace_lives_as_long_as_its_call():
    call = Call("test")
    first, second = call.workspace(100), call.workspace(100)
    assert abs(first - second) >= 100
    assert call.workspace(0) == 0


def test_a_stream_keeps_its_workspace():
    stream = pmpp.Stream()

    def address(nbytes: int) -> int:
        call = Call("f", stream)
        call.output(None, (1,), "int8")
        found = call.workspace(nbytes)
        call.finish(0, "auto")
        return found

    first = address(1000)
    assert address(500) == first
    larger = address(2000)
    assert address(2000) == larger
    one, other = Call("f", stream), Call("f", stream)  # two threads at once: each has its own
    assert abs(one.workspace(100) - other.workspace(100)) >= 100


def test_constants_are_copied_once_and_keep_no_stream_alive():
    kept, streams = {}, [pmpp.Stream() for _ in range(3)]
    arrays = [Call("f", stream).constant(kept, np.arange(5)) for stream in streams]
    assert len({id(array) for array in arrays}) == len(kept) == 1
    np.testing.assert_array_equal(arrays[0].numpy(), np.arange(5))
    assert {sys.getrefcount(stream) for stream in streams} == {sys.getrefcount(lone) for lone in [pmpp.Stream()]}
    kept.clear()
    total = vector_add(arrays[0], arrays[0], stream=streams[0])
    del arrays  # goes back after all streams' work
    np.testing.assert_array_equal(total.numpy(stream=streams[0]), 2 * np.arange(5))


def test_memory_that_another_stream_still_reads_is_not_given_away():
    home, other = pmpp.Stream(), pmpp.Stream()
    n = 1 << 18
    expected = np.full(n, 2, np.float32)
    for _ in range(20):
        x = pmpp.DeviceArray.from_numpy(np.ones(n, np.float32), stream=home)
        total = vector_add(x, x, stream=other)
        del x  # the next array may get its memory
        pmpp.DeviceArray.from_numpy(np.zeros(n, np.float32), stream=home)
        np.testing.assert_array_equal(total.numpy(stream=other), expected)


def test_threads_may_share_a_stream_and_its_workspace():
    from pmpp.sort import radix

    stream = pmpp.Stream()
    inputs = [np.random.default_rng(k).integers(0, 1000, 4099, np.uint32) for k in range(12)]
    arrays = [pmpp.DeviceArray.from_numpy(x) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda x: radix.sort(x, stream=stream).numpy(stream=stream), arrays))
    for x, result in zip(inputs, found, strict=True):
        np.testing.assert_array_equal(result, np.sort(x))
