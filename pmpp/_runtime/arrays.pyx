# cython: embedsignature=True
"""Arrays in device memory."""

import operator

import numpy as np

from libc.stdint cimport uintptr_t

from pmpp._runtime cimport core
from pmpp._runtime import core, dlpack
from pmpp._runtime.device import device


cdef bint _on_gpu = device() == "cuda"


cdef class DeviceArray:
    """An array in the memory of the device in use.

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
    shape : tuple of int
    dtype : numpy.dtype
    size, nbytes : int
        Number of elements, and their bytes.
    contiguous : bool
        Whether the elements lie in C order without gaps. New arrays do; views, such as ``array.T`` or ``array[::2]``, share
        the memory of the array that they were made from.

    Examples
    --------
    >>> import numpy as np, pmpp
    >>> array = pmpp.DeviceArray.from_numpy(np.arange(3.0))
    >>> array.shape, array.dtype, array[1:].numpy().sum()
    ((3,), dtype('float64'), np.float64(3.0))
    """

    def __init__(self, shape, dtype):
        shape = (shape,) if isinstance(shape, int) else tuple(map(operator.index, shape))
        if any(n < 0 for n in shape):
            raise ValueError(f"shape: got {shape}; sizes cannot be negative")
        dtype = np.dtype(dtype)
        if dtype.hasobject or not dtype.isnative:
            raise TypeError(f"dtype: got {dtype}; elements of a fixed size in native byte order are accepted")
        self._lay_out(shape, dtype, None)
        cdef core.Buffer buffer = core.Buffer(self.nbytes)
        self.pointer, self.owner = buffer.pointer, buffer

    cdef int _lay_out(self, tuple shape, object dtype, tuple strides) except -1:
        cdef Py_ssize_t itemsize = dtype.itemsize, step = itemsize, n
        cdef int d
        self.contiguous = True
        self.size = 1
        for d in range(len(shape) - 1, -1, -1):
            n = shape[d]
            if strides is not None and n != 1 and <Py_ssize_t>strides[d] != step:
                self.contiguous = False
            step *= n
            self.size *= n
        self.contiguous |= self.size == 0
        self.shape, self.dtype, self.nbytes = shape, dtype, self.size * itemsize
        self._strides = None if self.contiguous else strides
        return 0

    @classmethod
    def from_numpy(cls, array, *, stream=None):
        """Copy a NumPy array to the device."""
        return upload(array, stream_handle(stream), stream)

    @classmethod
    def borrow(cls, pointer, shape, dtype, owner, strides=None):
        """Wrap device memory that somebody else owns and that `owner` keeps alive; strides are in bytes, None for C order."""
        cdef DeviceArray self = DeviceArray.__new__(DeviceArray)
        self.pointer, self.owner = pointer, owner
        self._lay_out(tuple(shape), np.dtype(dtype), strides)
        return self

    def numpy(self, *, stream=None):
        """Wait for the stream's work and copy to a new NumPy array."""
        cdef uintptr_t handle = stream_handle(stream)
        cdef DeviceArray source = in_c_order(self, handle, stream)
        result = np.empty(self.shape, self.dtype)
        core.copy_to_host(result.ctypes.data, source.pointer, self.nbytes, handle)
        if source is not self and core.is_bare(handle, stream):
            source._buffer().left(handle, core.leave(handle))
        return result

    @property
    def ndim(self):
        """Number of dimensions."""
        return len(self.shape)

    @property
    def strides(self):
        """Bytes from one element to the next, by dimension."""
        cdef Py_ssize_t step
        if self._strides is None:
            steps, step = [], self.dtype.itemsize
            for n in reversed(self.shape):
                steps.append(step)
                step *= n
            self._strides = tuple(reversed(steps))
        return self._strides

    cdef void bounds(self, uintptr_t* first, uintptr_t* end):
        """Find the addresses between which the elements lie."""
        cdef Py_ssize_t low = 0, high = 0, reach
        if not self.contiguous:
            for n, step in zip(self.shape, self._strides):
                reach = (<Py_ssize_t>n - 1) * <Py_ssize_t>step
                if reach < 0:
                    low += reach
                else:
                    high += reach
            high += self.dtype.itemsize
        else:
            high = self.nbytes
        first[0], end[0] = self.pointer + low, self.pointer + high

    def _view(self, change):
        # NumPy knows what indexing means. It is asked about an array of this layout whose memory nobody touches.
        stand_in = np.lib.stride_tricks.as_strided(np.empty((), self.dtype), self.shape, self.strides)
        view = change(stand_in)
        offset = view.ctypes.data - stand_in.ctypes.data if view.size else 0
        return DeviceArray.borrow(self.pointer + offset, view.shape, self.dtype, self, view.strides)

    def __getitem__(self, key):
        """Return a view: integers, slices, ``...`` and None are accepted."""
        parts = key if isinstance(key, tuple) else (key,)
        for part in parts:
            if isinstance(part, (slice, type(None), type(...))):
                continue
            if isinstance(part, (bool, np.bool)) or not hasattr(part, "__index__") or np.ndim(part):
                raise TypeError(f"index: got {type(part).__name__}; integers, slices, ... and None are accepted")
        return self._view(lambda array: array[parts if ... in parts else (*parts, ...)])

    def transpose(self, *axes):
        """Return a view with the dimensions in another order, by default reversed, as ``numpy.transpose``."""
        return self._view(lambda array: array.transpose(*axes))

    @property
    def T(self):  # noqa: N802
        """The transposed array, a view."""
        return self._view(lambda array: array.T)

    def __len__(self):
        if not self.shape:
            raise TypeError("a DeviceArray without dimensions has no length")
        return self.shape[0]

    def __repr__(self):
        return f"DeviceArray(shape={self.shape}, dtype={self.dtype}, device={device()!r})"

    cdef core.Buffer _buffer(self):
        """Return the memory's owner; None if that is not one of ours."""
        owner = self.owner
        while isinstance(owner, DeviceArray):
            owner = (<DeviceArray>owner).owner
        return owner if isinstance(owner, core.Buffer) else None

    def __getattr__(self, name):
        # Not a property: on the software GPU the attribute must not exist, or other libraries would use the address.
        if name == "__cuda_array_interface__" and _on_gpu:
            return self._interface()
        raise AttributeError(f"DeviceArray has no attribute {name!r}")

    def _interface(self):
        cdef core.Buffer buffer = self._buffer()
        stream = None
        if buffer is not None:
            buffer.join(buffer.stream)
            stream = buffer.stream or 1  # 1 is the default stream there
        return {"shape": self.shape, "typestr": self.dtype.str, "data": (self.pointer, False), "version": 3, "stream": stream,
                "strides": None if self.contiguous else self._strides}

    def __dlpack_device__(self):
        """Say where DLPack finds the data: on the GPU (2), or, from the software GPU, on the host (1)."""
        return (dlpack.CUDA, 0) if _on_gpu else (dlpack.CPU, 0)

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        """Export through DLPack: the memory itself on a GPU, a copy in host memory on the software GPU.

        Parameters
        ----------
        stream : int, optional
            The consumer's stream: it is made to wait for what pmpp has queued on the array, on the device. -1: it is not.
        max_version, dl_device, copy : optional
            As in the array API standard.
        """
        if not _on_gpu or dl_device == (dlpack.CPU, 0):
            if copy is False and _on_gpu:
                raise BufferError("a DeviceArray on a GPU comes to the host as a copy only")
            return self.numpy().__dlpack__(max_version=max_version)
        if dl_device is not None and tuple(dl_device) != self.__dlpack_device__():
            raise BufferError(f"dl_device: got {dl_device}; {self.__dlpack_device__()} is where the array lies")
        return self._capsule(stream, max_version, copy)

    def _capsule(self, stream, max_version, copy):
        cdef uintptr_t consumer = 0 if stream is None or stream == 1 or stream == -1 else stream
        cdef DeviceArray source = self
        cdef core.Buffer buffer = self._buffer()
        if buffer is not None and stream != -1:
            buffer.join(consumer)
        if copy:
            source = new_array(self.shape, self.dtype, consumer, None)
            core.copy_strided(self.pointer, source.pointer, self.shape, self.strides, self.dtype.itemsize, consumer)
            if buffer is not None:
                buffer.left(consumer, core.leave(consumer))
            buffer = source._buffer()
        if buffer is not None:
            buffer.shared = True  # nobody says in which streams the consumer works with it, and how long these live
        versioned = max_version is not None and max_version[0] >= 1
        return dlpack.capsule(source.pointer, source.shape, source.strides, source.dtype, (dlpack.CUDA, 0), source, versioned)


cdef DeviceArray new_array(tuple shape, object dtype, uintptr_t stream, object keep):
    """Return a new array in the stream's order."""
    cdef DeviceArray array = DeviceArray.__new__(DeviceArray)
    array._lay_out(shape, dtype, None)
    cdef core.Buffer buffer = core.Buffer(array.nbytes, stream, keep)
    array.pointer, array.owner = buffer.pointer, buffer
    return array


cdef DeviceArray upload(object host, uintptr_t stream, object keep):
    """Copy a NumPy array to the device, in C order."""
    host = np.ascontiguousarray(host).reshape(np.shape(host))  # ascontiguousarray makes a scalar a vector
    cdef DeviceArray array = new_array(host.shape, host.dtype, stream, keep)
    core.copy_to_device(array.pointer, host.ctypes.data, array.nbytes, stream)
    if core.is_bare(stream, keep):
        array._buffer().left(stream, core.leave(stream))
    return array


cdef DeviceArray in_c_order(DeviceArray array, uintptr_t stream, object keep):
    """Return the array itself if it lies in C order, else a copy that does."""
    if array.contiguous:
        return array
    cdef DeviceArray copy = new_array(array.shape, array.dtype, stream, keep)
    core.copy_strided(array.pointer, copy.pointer, array.shape, array._strides, array.dtype.itemsize, stream)
    return copy


cpdef uintptr_t stream_handle(object stream) except? 1:
    """Return the cudaStream_t of what ``stream=`` accepts."""
    if stream is None:
        return 0
    if isinstance(stream, core.Stream):
        return (<core.Stream>stream).handle
    if isinstance(stream, int) and not isinstance(stream, bool) and stream >= 0:
        return stream
    if hasattr(stream, "__cuda_stream__"):
        protocol = stream.__cuda_stream__
        return int((protocol() if callable(protocol) else protocol)[1])
    raise TypeError(
        f"stream: got {type(stream).__name__}; None, a pmpp.Stream, an object with __cuda_stream__ or the integer "
        f"of a cudaStream_t are accepted"
    )
