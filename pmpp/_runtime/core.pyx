# cython: embedsignature=True
"""Device memory and streams: the only module that calls the device outside of a kernel launch."""

from libc.stdint cimport uintptr_t

from pmpp._runtime.errors import raise_on


cdef extern from "cuda_src/common/device.h" nogil:
    ctypedef struct CUstream_st:
        pass
    ctypedef CUstream_st* cudaStream_t
    int pmpp_allocate(void** pointer, size_t bytes)
    int pmpp_release(void* pointer)
    int pmpp_copy_to_device(void* device, const void* host, size_t bytes, cudaStream_t stream)
    int pmpp_copy_to_host(void* host, const void* device, size_t bytes, cudaStream_t stream)
    int pmpp_copy_on_device(void* to, const void* source, size_t bytes, cudaStream_t stream)
    int pmpp_stream_create(cudaStream_t* stream)
    int pmpp_stream_destroy(cudaStream_t stream)
    int pmpp_stream_synchronize(cudaStream_t stream)
    int pmpp_capability(int* capability)
    int pmpp_null_kernel(cudaStream_t stream)


cdef class Buffer:
    """Owns a piece of device memory; frees it when nobody refers to it any more."""

    cdef readonly uintptr_t pointer
    cdef readonly size_t nbytes

    def __cinit__(self, size_t nbytes):
        cdef void* pointer = NULL
        cdef int status
        with nogil:
            status = pmpp_allocate(&pointer, nbytes)
        raise_on(status, f"allocating {nbytes} bytes")
        self.pointer = <uintptr_t>pointer
        self.nbytes = nbytes

    def __dealloc__(self):
        if self.pointer:
            with nogil:
                pmpp_release(<void*>self.pointer)


def copy_to_device(uintptr_t device, uintptr_t host, size_t nbytes, uintptr_t stream=0):
    """Copy host memory to the device, ordered on the stream; the host memory may be changed on return."""
    cdef int status
    with nogil:
        status = pmpp_copy_to_device(<void*>device, <const void*>host, nbytes, <cudaStream_t>stream)
    raise_on(status, "copying to the device")


def copy_to_host(uintptr_t host, uintptr_t device, size_t nbytes, uintptr_t stream=0):
    """Wait for the stream's work and copy device memory to the host."""
    cdef int status
    with nogil:
        status = pmpp_copy_to_host(<void*>host, <const void*>device, nbytes, <cudaStream_t>stream)
    raise_on(status, "copying to the host")


def copy_on_device(uintptr_t to, uintptr_t source, size_t nbytes, uintptr_t stream=0):
    """Copy device memory, ordered on the stream."""
    cdef int status
    with nogil:
        status = pmpp_copy_on_device(<void*>to, <const void*>source, nbytes, <cudaStream_t>stream)
    raise_on(status, "copying on the device")


def synchronize(uintptr_t stream=0):
    """Wait until the stream's work is done; report what failed in it."""
    cdef int status
    with nogil:
        status = pmpp_stream_synchronize(<cudaStream_t>stream)
    raise_on(status, "synchronizing a stream")


def capability():
    """Return the compute capability of the device in use: 75 for 7.5."""
    cdef int value = 0
    raise_on(pmpp_capability(&value), "asking for the compute capability")
    return value


def null_kernel(uintptr_t stream=0):
    """Launch a kernel that does nothing: what a call costs at least."""
    cdef int status
    with nogil:
        status = pmpp_null_kernel(<cudaStream_t>stream)
    raise_on(status, "null_kernel")


cdef class Stream:
    """A queue of work on the device: what is put into one stream runs in order, streams run side by side.

    Every function of pmpp takes ``stream=``: one of these, anything with ``__cuda_stream__`` (cuda.core, CuPy), the
    integer value of a cudaStream_t, or None for the default stream.

    Examples
    --------
    >>> import pmpp
    >>> stream = pmpp.Stream()
    >>> stream.synchronize()
    """

    cdef readonly uintptr_t handle

    def __cinit__(self):
        cdef cudaStream_t stream = NULL
        cdef int status
        with nogil:
            status = pmpp_stream_create(&stream)
        raise_on(status, "creating a stream")
        self.handle = <uintptr_t>stream

    def __dealloc__(self):
        if self.handle:
            with nogil:
                pmpp_stream_destroy(<cudaStream_t>self.handle)

    def __cuda_stream__(self):
        """Return the protocol's version and the handle."""
        return (0, self.handle)

    def synchronize(self):
        """Wait until everything in the stream is done; an error of its work is raised here."""
        synchronize(self.handle)
