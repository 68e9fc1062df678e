"""A call of a library function: its arrays are checked and brought to the device, its result is brought back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pmpp._runtime import core
from pmpp._runtime.arrays import DeviceArray, stream_handle
from pmpp._runtime.errors import raise_on

DTYPES = {
    "bool": 0, "int8": 1, "uint8": 2, "int16": 3, "uint16": 4, "int32": 5, "uint32": 6, "int64": 7, "uint64": 8,
    "float16": 9, "bfloat16": 10, "float32": 11, "float64": 12,
}  # fmt: skip
"""The numbers of the element types in cuda_src/common/api.h."""

FLOATS = ("float32", "float64")


class Call:
    """Checks arguments in the words of the public function, stages host arrays, knows where the result belongs.

    Parameters
    ----------
    function
        The public function's name, for messages.
    stream
        What the caller gave as ``stream=``.
    """

    def __init__(self, function: str, stream: Any = None) -> None:
        self.function = function
        self.stream = stream_handle(stream)
        self._on_host: bool | None = None
        self._first = ""
        self._results: list[tuple[DeviceArray, Any, np.ndarray | None]] = []  # with the caller's out, on the device or the host
        self._inputs: list[DeviceArray] = []
        self._keep: list[core.Buffer] = []

    def input(self, name: str, array: Any, dtypes: Sequence[str], ndim: int | None = None) -> DeviceArray:
        """Check an input and return it on the device.

        Raises
        ------
        TypeError
            If it is no array, its dtype is not among `dtypes`, or it lies elsewhere than the inputs before it.
        ValueError
            If it has another number of dimensions.
        """
        host, found = self._locate(name, array)
        if found.dtype.name not in dtypes or not found.dtype.isnative:
            raise TypeError(f"{name}: got dtype {_dtype_name(found.dtype)}; {_listed(dtypes)} are accepted")
        if ndim is not None and found.ndim != ndim:
            raise ValueError(f"{name}: got {found.ndim} dimensions, shape {found.shape}; {ndim} are accepted")
        if self._on_host is None:
            self._on_host, self._first = host, name
        elif self._on_host != host:
            places = {True: "host", False: "device"}
            raise TypeError(
                f"{name}: it lies in {places[host]} memory, {self._first} in {places[self._on_host]} memory; "
                f"bring both to one place (pmpp.DeviceArray.from_numpy, or .numpy())"
            )
        if host:
            found = DeviceArray.from_numpy(found, stream=self.stream)
        self._inputs.append(found)
        return found

    def host_input(self, name: str, array: Any, dtypes: Sequence[str], ndim: int) -> np.ndarray:
        """Check a small input that the kernels want on the host (weights) and return it there."""
        host, found = self._locate(name, array)
        if found.dtype.name not in dtypes or not found.dtype.isnative:
            raise TypeError(f"{name}: got dtype {_dtype_name(found.dtype)}; {_listed(dtypes)} are accepted")
        if found.ndim != ndim:
            raise ValueError(f"{name}: got {found.ndim} dimensions, shape {found.shape}; {ndim} are accepted")
        return np.ascontiguousarray(found if host else found.numpy(stream=self.stream))

    def output(self, out: Any, shape: tuple[int, ...], dtype: Any, *, in_place: bool = False) -> DeviceArray:
        """Return the array that the kernel writes: `out` itself if it is on the device, else a new one.

        Parameters
        ----------
        in_place
            Whether `out` may be one of the inputs.

        Raises
        ------
        TypeError, ValueError
            If `out` is not what the function would return, is read-only, or lies upon an input.
        """
        dtype = np.dtype(dtype)
        if out is None:
            self._results.append((DeviceArray(shape, dtype), None, None))
            return self._results[-1][0]
        host, found = self._locate("out", out)
        if host != self._on_host:
            places = {True: "host", False: "device"}
            raise TypeError(f"out: it lies in {places[host]} memory, {self._first} in {places[bool(self._on_host)]} memory")
        if found.dtype != dtype:
            raise TypeError(f"out: got dtype {_dtype_name(found.dtype)}; the result has {dtype}")
        if found.shape != shape:
            raise ValueError(f"out: got shape {found.shape}; the result has {shape}")
        if host:
            if not found.flags.writeable:
                raise ValueError("out: it is read-only")
            self._results.append((DeviceArray(shape, dtype), out, found))
            return self._results[-1][0]
        for other in self._inputs:
            apart = found.pointer + found.nbytes <= other.pointer or other.pointer + other.nbytes <= found.pointer
            same = found.pointer == other.pointer and found.nbytes == other.nbytes
            if not apart and not (in_place and same) and found.nbytes and other.nbytes:
                raise ValueError("out: it shares memory with an input; the kernel would overwrite what it still reads")
        self._results.append((found, out, None))
        return found

    def workspace(self, nbytes: int) -> int:
        """Return the address of scratch memory that lives until the result is there."""
        self._keep.append(core.Buffer(nbytes))
        return self._keep[-1].pointer

    def finish(self, status: int, variant: str, accepted: tuple[str, ...], unsuitable: str = "", out: Any = None) -> Any:
        """Raise what the status says, or return the result where the inputs came from; several results as a tuple."""
        raise_on(status, self.function, variant, accepted, unsuitable)
        if not self._on_host and self._keep:
            core.synchronize(self.stream)  # the workspace is freed now
        found = tuple(self._bring(*result) for result in self._results)
        return found if len(found) > 1 else found[0]

    def _bring(self, result: DeviceArray, out: Any, host_out: np.ndarray | None) -> Any:
        if not self._on_host:
            return result if out is None else out
        host = result.numpy(stream=self.stream)
        if host_out is None:
            return host
        host_out[...] = host
        return out

    def _locate(self, name: str, array: Any) -> tuple[bool, Any]:
        """Return whether it is on the host, and the array as NumPy's or as a DeviceArray."""
        if isinstance(array, DeviceArray):
            return False, array
        from cuda.core.utils import StridedMemoryView

        if isinstance(array, np.ndarray) and not (array.dtype.isnative and array.dtype.kind in "iufc"):
            return True, array  # what DLPack has no word for: the check of the dtype names it
        try:
            # -1: a foreign array's own stream is not waited for here; the caller's stream= orders the work.
            view = StridedMemoryView.from_any_interface(array, stream_ptr=-1)
        except (BufferError, TypeError, ValueError) as failure:
            hint = f"numpy.asarray({name}) makes one" if isinstance(array, (list, tuple, int, float)) else str(failure)
            raise TypeError(f"{name}: got {type(array).__name__}; an array is accepted ({hint})") from None
        if not view.is_device_accessible:
            return True, array if isinstance(array, np.ndarray) else np.from_dlpack(array)
        strides = view.strides
        found = DeviceArray.borrow(view.ptr, tuple(view.shape), np.dtype(view.dtype), array)
        if strides is not None and tuple(s * found.dtype.itemsize for s in strides) != found.strides and found.size > 1:
            raise ValueError(f"{name}: its elements do not lie in C order; make a contiguous copy first")
        return False, found


def dtype_number(dtype: np.dtype) -> int:
    """Return the number of an element type in the C interface."""
    return DTYPES[dtype.name]


def _dtype_name(dtype: np.dtype) -> str:
    return dtype.name if dtype.isnative else f"{dtype.str} (swapped bytes)"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def with_variants(names: Callable[[int], tuple[str, int] | None]) -> Callable[[Callable], Callable]:
    """Decorate a public function with the table of its variants in the C library.

    Parameters
    ----------
    names
        Takes an index, returns the name and the compute capability of that rung, or None after the last.
    """

    def decorate(function: Callable) -> Callable:
        _LADDERS[function.__name__, function.__module__] = names
        return function

    return decorate


_LADDERS: dict[tuple[str, str], Callable[[int], tuple[str, int] | None]] = {}


def variants(function: Callable) -> tuple[str, ...]:
    """Return the variants of a function that the device in use can run, in the textbook's order, naive to best.

    Examples
    --------
    >>> import pmpp
    >>> from pmpp.vector import vector_add
    >>> pmpp.variants(vector_add)
    ('thread_per_element', 'grid_stride', 'vectorized')

    Raises
    ------
    TypeError
        If it is no function of pmpp with variants.
    """
    key = getattr(function, "__name__", ""), getattr(function, "__module__", "")
    if key not in _LADDERS:
        raise TypeError(f"function: got {function!r}; a function of pmpp that takes variant= is accepted")
    names, capability, found = _LADDERS[key], core.capability(), []
    index = 0
    while (rung := names(index)) is not None:
        index += 1
        if rung[1] <= capability:
            found.append(rung[0])
    return tuple(found)
