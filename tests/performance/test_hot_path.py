"""What a call costs beside its kernels, once it was called before: no allocation, no wait, nothing that a CUDA graph refuses.

The software GPU records which functions of the runtime a call goes through. Graphs of the calls are made and launched on both
devices.
"""

import ctypes

import numpy as np
import pytest

import pmpp
from pmpp._runtime import core
from pmpp._runtime.device import LIBRARIES
from pmpp.convolution import convolve2d, convolve3d, correlate2d, correlate3d
from pmpp.histogram import bincount, histogram
from pmpp.matmul import matmul
from pmpp.nn.convolution import convolve, images_gradient, weights_gradient
from pmpp.reduction import (
    reduce_all,
    reduce_any,
    reduce_argmax,
    reduce_argmin,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_sum,
)  # fmt: skip
from pmpp.scan import exclusive_scan, inclusive_scan, segmented_scan
from pmpp.sort import merge, radix
from pmpp.vector import vector_add

recorded_here = pytest.mark.skipif(pmpp.device() != "sim", reason="the record of calls is the software GPU's")

REMEMBERED = {
    "__cudaPushCallConfiguration", "__cudaPopCallConfiguration", "kernel launch", "cudaMemsetAsync", "cudaMemcpyAsync",
    "cudaGetLastError", "cudaGetDevice", "cudaDeviceGetAttribute", "cudaFuncSetAttribute",
}  # fmt: skip
N = 20_011
"""Elements: several blocks and tiles of every rung."""


def device(array):
    return pmpp.DeviceArray.from_numpy(array)


def numbers(*shape, dtype="float32"):
    return device(np.random.default_rng(0).integers(0, 100, shape).astype(dtype))


def empty(*shape, dtype="float32"):
    return pmpp.DeviceArray(shape, dtype)


WEIGHTS = np.outer([1, 2, 1, 2], [1, 0, -1, 3]).astype(np.float32)
CALLS = {
    vector_add: lambda: ((numbers(N), numbers(N)), {"out": empty(N)}),
    matmul: lambda: ((numbers(150, 90, dtype="float16"), numbers(90, 140, dtype="float16")), {"out": empty(150, 140, dtype="float16")}),
    **{f: lambda: ((numbers(60, 70), WEIGHTS), {"out": empty(60, 70), "mode": "same"}) for f in (convolve2d, correlate2d)},
    **{f: lambda: ((numbers(5, 60, 70), WEIGHTS[None]), {"out": empty(5, 60, 70), "mode": "same"}) for f in (convolve3d, correlate3d)},
    **{f: lambda: ((numbers(N),), {"out": empty()}) for f in (reduce_sum, reduce_mean, reduce_min, reduce_max)},
    **{f: lambda: ((numbers(N),), {"out": empty(dtype="int64")}) for f in (reduce_argmin, reduce_argmax)},
    **{f: lambda: ((numbers(N),), {"out": empty(dtype="bool")}) for f in (reduce_any, reduce_all)},
    **{f: lambda: ((numbers(N),), {"out": empty(N, dtype="float64"), "dtype": "float64"}) for f in (inclusive_scan, exclusive_scan)},
    segmented_scan: lambda: ((numbers(N), numbers(N, dtype="uint8")), {"out": empty(N)}),
    radix.sort: lambda: ((numbers(N, dtype="uint32"),), {"out": empty(N, dtype="uint32")}),
    radix.argsort: lambda: ((numbers(N, dtype="float32"),), {"out": empty(N, dtype="int64")}),
    radix.sort_pairs: lambda: ((numbers(N, dtype="int32"), numbers(N)), {"out": (empty(N, dtype="int32"), empty(N))}),
    merge.merge: lambda: ((numbers(N), numbers(N)), {"out": empty(2 * N)}),
    merge.sort: lambda: ((numbers(N),), {"out": empty(N)}),
    histogram: lambda: ((numbers(N), 50, (0, 90)), {"out": empty(50, dtype="int32"), "weights": numbers(N, dtype="int32")}),
    convolve: lambda: ((numbers(2, 3, 20, 21), numbers(4, 3, 5, 5)), {"out": empty(2, 4, 16, 17)}),
    weights_gradient: lambda: (
        (numbers(2, 3, 20, 21), numbers(2, 4, 16, 17), (4, 3, 5, 5)), {"out": (empty(4, 3, 5, 5), empty(4))}
    ),
    images_gradient: lambda: ((numbers(2, 4, 16, 17), numbers(4, 3, 5, 5)), {"out": empty(2, 3, 20, 21)}),
    bincount: lambda: ((numbers(N, dtype="uint8"),), {"out": empty(100, dtype="int64")}),
}  # fmt: skip


@pytest.fixture
def recorded():
    """The names of the runtime's functions that a call goes through, and how often it copies to and from the host."""
    runtime = ctypes.CDLL(str(LIBRARIES / "sim" / "libpmpp_simt.so"))
    runtime.pmpp_simt_recorded_calls.restype = ctypes.c_char_p

    def record(call):
        counters = (ctypes.c_uint64 * 7)()  # struct pmpp_simt_counters
        runtime.pmpp_simt_reset_counters()
        runtime.pmpp_simt_record_calls(1)
        try:
            call()
            runtime.pmpp_simt_read_counters(counters)
            return runtime.pmpp_simt_recorded_calls().decode().splitlines(), counters[1], counters[3]
        finally:
            runtime.pmpp_simt_record_calls(0)

    return record


def test_every_function_is_called():
    from importlib import import_module
    from pathlib import Path

    root = Path(pmpp.__file__).parent
    modules = [
        ".".join(stub.relative_to(root).with_suffix("").parts) for stub in root.rglob("*.pyi") if "_runtime" not in stub.parts
    ]
    exported = {f for module in modules for f in vars(import_module(f"pmpp.{module}")).values() if is_variant(f)}
    assert exported == set(CALLS)


def is_variant(function):
    try:
        return bool(pmpp.variants(function))
    except TypeError:
        return False


@recorded_here
@pytest.mark.parametrize(
    ("function", "variant"),
    [pytest.param(f, v, id=f"{f.__module__}.{f.__name__}-{v}") for f in CALLS if f is not bincount for v in pmpp.variants(f)],
)
def test_a_call_only_launches(function, variant, recorded):
    arguments, options = CALLS[function]()
    stream = pmpp.Stream()
    function(*arguments, variant=variant, stream=stream, **options)
    calls, to_device, to_host = recorded(lambda: function(*arguments, variant=variant, stream=stream, **options))
    assert set(calls) <= REMEMBERED
    assert "kernel launch" in calls
    assert to_device == to_host == 0


@recorded_here
def test_what_has_to_be_known_on_the_host_is_waited_for(recorded):
    """As documented: bincount for the largest element, a histogram without a range for both ends."""
    arguments, options = CALLS[bincount]()
    for call in (lambda: bincount(*arguments, **options), lambda: histogram(arguments[0], 5)):
        calls, _, to_host = recorded(call)
        assert "cudaStreamSynchronize" in calls
        assert to_host == 2


class Graph:
    """What a call puts into a stream, as an executable CUDA graph of the device in use."""

    def __init__(self, stream, call):
        self.simulated = pmpp.device() == "sim"
        if self.simulated:
            self.runtime, self.stream = ctypes.CDLL(str(LIBRARIES / "sim" / "libpmpp_simt.so")), ctypes.c_void_p(stream.handle)
            graph, self.ready = ctypes.c_void_p(), ctypes.c_void_p()
            self.do("cudaStreamBeginCapture", self.stream, 1)  # cudaStreamCaptureModeThreadLocal
            call()
            self.do("cudaStreamEndCapture", self.stream, ctypes.byref(graph))
            self.do("cudaGraphInstantiate", ctypes.byref(self.ready), graph, ctypes.c_ulonglong(0))
        else:
            from cuda.bindings import runtime

            self.runtime, self.stream = runtime, stream.handle
            self.do("cudaStreamBeginCapture", self.stream, runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal)
            call()
            graph = self.do("cudaStreamEndCapture", self.stream)
            self.ready = self.do("cudaGraphInstantiate", graph, 0)
        self.do("cudaGraphDestroy", graph)

    def do(self, name, *arguments):
        """Call a function of the runtime; return what it gives beside its status."""
        result = getattr(self.runtime, name)(*arguments)
        status, *found = (result,) if self.simulated else result
        assert int(status) == 0, (name, status)
        return found[0] if found else None

    def launch(self):
        self.do("cudaGraphLaunch", self.ready, self.stream)

    def destroy(self):
        self.do("cudaGraphExecDestroy", self.ready)


def test_graphs_repeat_calls():
    for function in CALLS:
        for variant in pmpp.variants(function) if function is not bincount else ():
            (arguments, options), stream = CALLS[function](), pmpp.Stream()
            outs = options["out"] if isinstance(options["out"], tuple) else (options["out"],)
            function(*arguments, variant=variant, stream=stream, **options)
            expected = [out.numpy(stream=stream) for out in outs]
            graph = Graph(stream, lambda: function(*arguments, variant=variant, stream=stream, **options))  # noqa: B023
            for out in outs:
                zeros = np.zeros(out.shape, out.dtype)
                core.copy_to_device(out.pointer, zeros.ctypes.data, zeros.nbytes, stream.handle)
            graph.launch()
            for out, wanted in zip(outs, expected, strict=True):
                np.testing.assert_array_equal(out.numpy(stream=stream), wanted, err_msg=f"{function.__name__} {variant}")
            graph.destroy()
