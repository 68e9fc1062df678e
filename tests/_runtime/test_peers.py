"""Arrays of CuPy, PyTorch and Numba on a GPU: taken and given without a copy, on their streams, into CUDA graphs.

These need a GPU and the packages; what is missing is named in the reason for which a test is skipped.
"""

import importlib
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import pmpp
from pmpp.scan import inclusive_scan
from pmpp.sort import radix
from pmpp.vector import vector_add

pytestmark = pytest.mark.skipif(pmpp.device() != "cuda", reason="arrays of CuPy, PyTorch and Numba need an NVIDIA GPU")


class Peer(NamedTuple):
    """A library: arrays to the device and back, where they lie, from pmpp's, and a stream of its own."""

    put: Callable[[np.ndarray], Any]
    get: Callable[[Any], np.ndarray]
    pointer: Callable[[Any], int]
    take: Callable[[pmpp.DeviceArray], Any]
    stream: Callable[[], Any]


def cupy() -> Peer:
    cp = importlib.import_module("cupy")
    return Peer(cp.asarray, cp.asnumpy, lambda x: x.data.ptr, cp.from_dlpack, lambda: cp.cuda.Stream(non_blocking=True))


def torch() -> Peer:
    t = importlib.import_module("torch")
    return Peer(
        lambda x: t.as_tensor(x, device="cuda"), lambda x: x.cpu().numpy(), lambda x: x.data_ptr(), t.from_dlpack,
        lambda: t.cuda.Stream().cuda_stream,
    )  # fmt: skip


def numba() -> Peer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its own use of NumPy
        cuda = importlib.import_module("numba.cuda")
    alive = []  # its streams have a number only, with which they go

    def stream() -> int:
        alive.append(cuda.stream())
        return int(alive[-1].handle.value)

    return Peer(cuda.to_device, lambda x: x.copy_to_host(), lambda x: x.device_ctypes_pointer.value, cuda.as_cuda_array, stream)


@pytest.fixture(params=[cupy, torch, numba], ids=lambda peer: peer.__name__)
def peer(request) -> Peer:
    try:
        return request.param()
    except ImportError as failure:
        pytest.skip(f"{request.param.__name__} is not installed: {failure}")


HOST = np.random.default_rng(0).random(4099, dtype=np.float32)


def test_their_arrays_are_taken(peer):
    result = vector_add(peer.put(HOST), peer.put(HOST))
    assert isinstance(result, pmpp.DeviceArray)
    np.testing.assert_array_equal(result.numpy(), HOST + HOST)


def test_their_arrays_are_written(peer):
    x, out = peer.put(HOST), peer.put(np.zeros_like(HOST))
    assert vector_add(x, x, out=out) is out
    np.testing.assert_array_equal(peer.get(out), HOST + HOST)


def test_they_take_ours_where_it_lies(peer):
    array = pmpp.DeviceArray.from_numpy(HOST.reshape(1, -1))
    for view in (array, array[:, 1::2], array.T):
        theirs = peer.take(view)
        assert peer.pointer(theirs) == view.pointer
        np.testing.assert_array_equal(peer.get(theirs), view.numpy())


def test_their_streams_are_used(peer):
    stream, x = peer.stream(), peer.put(HOST)
    pmpp._runtime.core.synchronize()
    result = radix.sort(x, stream=stream)
    np.testing.assert_array_equal(result.numpy(stream=stream), np.sort(HOST))


def test_what_they_wait_for(peer):
    stream = pmpp.Stream()
    x = pmpp.DeviceArray.from_numpy(np.ones(1 << 24, np.float32))
    for _ in range(8):
        x = vector_add(x, x, stream=stream)
    assert (peer.get(peer.take(x)) == 256).all()


@pytest.mark.parametrize("function", [vector_add, inclusive_scan, radix.sort], ids=lambda f: f.__name__)
def test_calls_are_captured_in_a_graph(function):
    t = pytest.importorskip("torch")
    graph, stream = t.cuda.CUDAGraph(), pmpp.Stream()
    inputs = [t.as_tensor(HOST, device="cuda")] * (2 if function is vector_add else 1)
    out = t.zeros_like(inputs[0])
    t.cuda.synchronize()
    function(*inputs, out=out, stream=stream)  # the stream keeps the workspace
    stream.synchronize()
    out.zero_()
    t.cuda.synchronize()
    with t.cuda.graph(graph, stream=t.cuda.ExternalStream(stream.handle)):
        function(*inputs, out=out, stream=stream)
    assert (out == 0).all()
    graph.replay()
    t.cuda.synchronize()
    expected = {"vector_add": HOST + HOST, "sort": np.sort(HOST)}.get(function.__name__)
    if expected is None:
        np.testing.assert_allclose(out.cpu().numpy(), np.cumsum(HOST), rtol=1e-5)
    else:
        np.testing.assert_array_equal(out.cpu().numpy(), expected)
