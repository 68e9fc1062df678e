"""Arrays in device memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pmpp._runtime import core
from pmpp._runtime.device import device


class DeviceArray:
    """An array in the memory of the device in use, in C order.

    Functions of pmpp take it where they take a NumPy array and then return one, without copies and without waiting.
    On an NVIDIA GPU it has ``__cuda_array_interface__`` and DLPack, so that CuPy, PyTorch and Numba share its memory;
    on the software GPU DLPack gives a copy in host memory.

    Parameters
    ----------
    shape : tuple of int
    dtype : data-type
        Any that NumPy knows, of a fixed size and in the byte order of this machine.

    Attributes
    ----------
    pointer : int
        The device address of the first element.

    Examples
    --------
    >>> import numpy as np, pmpp
    >>> array = pmpp.DeviceArray.from_numpy(np.arange(3.0))
    >>> array.shape, array.dtype, array.numpy().sum()
    ((3,), dtype('float64'), np.float64(3.0))
    """

    __slots__ = ("__weakref__", "_owner", "dtype", "pointer", "shape")

    def __init__(self, shape: tuple[int, ...] | int, dtype: Any) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
        if any(n < 0 for n in self.shape):
            raise ValueError(f"shape: got {self.shape}; sizes cannot be negative")
        self.dtype = np.dtype(dtype)
        if self.dtype.hasobject or not self.dtype.isnative:
            raise TypeError(f"dtype: got {self.dtype}; elements of a fixed size in native byte order are accepted")
        buffer = core.Buffer(self.nbytes)
        self.pointer = buffer.pointer
        self._owner: object = buffer

    @classmethod
    def from_numpy(cls, array: np.ndarray, *, stream: Any = None) -> DeviceArray:
        """Copy a NumPy array to the device."""
        host = np.ascontiguousarray(array).reshape(np.shape(array))  # ascontiguousarray makes a scalar a vector
        result = cls(host.shape, host.dtype)
        core.copy_to_device(result.pointer, host.ctypes.data, host.nbytes, stream_handle(stream))
        return result

    @classmethod
    def borrow(cls, pointer: int, shape: tuple[int, ...], dtype: np.dtype, owner: object) -> DeviceArray:
        """Wrap device memory that somebody else owns and that `owner` keeps alive."""
        result = cls.__new__(cls)
        result.pointer, result.shape, result.dtype, result._owner = pointer, shape, dtype, owner
        return result

    def numpy(self, *, stream: Any = None) -> np.ndarray:
        """Wait for the stream's work and copy to a new NumPy array."""
        result = np.empty(self.shape, self.dtype)
        core.copy_to_host(result.ctypes.data, self.pointer, self.nbytes, stream_handle(stream))
        return result

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.size * self.dtype.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one element to the next, by dimension: those of C order."""
        steps = [self.dtype.itemsize]
        for n in reversed(self.shape[1:]):
            steps.append(steps[-1] * n)
        return tuple(reversed(steps)) if self.shape else ()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a DeviceArray without dimensions has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"DeviceArray(shape={self.shape}, dtype={self.dtype}, device={device()!r})"

    def __getattr__(self, name: str) -> Any:
        # Not a property: on the software GPU the attribute must not exist, or other libraries would use the address.
        if name == "__cuda_array_interface__" and device() == "cuda":
            return {"shape": self.shape, "typestr": self.dtype.str, "data": (self.pointer, False), "version": 3, "strides": None}
        raise AttributeError(f"DeviceArray has no attribute {name!r}")

    def __dlpack_device__(self) -> tuple[int, int]:
        """Say where DLPack finds the data: on the GPU (2), or, from the software GPU, on the host (1)."""
        return (2, 0) if device() == "cuda" else (1, 0)

    def __dlpack__(self, **options: Any) -> Any:
        """Export through DLPack: the memory itself on a GPU, a copy in host memory on the software GPU."""
        if device() == "sim":
            options.pop("stream", None)
            return self.numpy().__dlpack__(**options)
        raise BufferError("a DeviceArray on a GPU is shared through __cuda_array_interface__, which CuPy, PyTorch and Numba take")


def stream_handle(stream: Any) -> int:
    """Return the cudaStream_t of what ``stream=`` accepts."""
    if stream is None:
        return 0
    if isinstance(stream, core.Stream):
        return stream.handle
    if isinstance(stream, int) and not isinstance(stream, bool) and stream >= 0:
        return stream
    if hasattr(stream, "__cuda_stream__"):
        protocol = stream.__cuda_stream__
        return int((protocol() if callable(protocol) else protocol)[1])
    raise TypeError(
        f"stream: got {type(stream).__name__}; None, a pmpp.Stream, an object with __cuda_stream__ or the integer "
        f"of a cudaStream_t are accepted"
    )
