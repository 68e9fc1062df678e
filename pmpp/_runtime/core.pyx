# cython: embedsignature=True
"""Device memory and streams: the only module that calls the device outside of a kernel launch."""

cimport cython
from libc.stdint cimport uintptr_t

from pmpp._runtime.errors import raise_on


cdef extern from "cuda_src/common/device.h" nogil:
    int pmpp_allocate(void** pointer, size_t bytes, cudaStream_t stream)
    int pmpp_release(void* pointer, cudaStream_t stream)
    int pmpp_release_shared(void* pointer)
    int pmpp_idle_stream(cudaStream_t* stream)
    int pmpp_leave(cudaStream_t stream, cudaStream_t* home)
    int pmpp_stream_wait(cudaStream_t stream, cudaStream_t before)
    int pmpp_copy_to_device(void* device, const void* host, size_t bytes, cudaStream_t stream)
    int pmpp_copy_to_host(void* host, const void* device, size_t bytes, cudaStream_t stream)
    int pmpp_copy_on_device(void* to, const void* source, size_t bytes, cudaStream_t stream)
    int pmpp_stream_create(cudaStream_t* stream)
    int pmpp_stream_destroy(cudaStream_t stream)
    int pmpp_stream_synchronize(cudaStream_t stream)
    int pmpp_capability(int* capability)
    int pmpp_current_device(int* device)
    int pmpp_null_kernel(cudaStream_t stream)

cdef extern from "cuda_src/common/strided.h" nogil:
    enum: PMPP_MAX_DIMENSIONS
    int pmpp_copy_strided(const void*, void*, int, const ptrdiff_t*, const ptrdiff_t*, size_t, cudaStream_t)


@cython.no_gc_clear  # __dealloc__ reads its attributes
cdef class Buffer:
    """Owns a piece of device memory; gives it back, without waiting, when nobody refers to it any more.

    Parameters
    ----------
    nbytes : int
    stream : int, optional
        Handle of the stream in whose order the memory comes and goes. Without one it is there for every stream.
    keep : optional
        The owner of the stream, which has to live as long as the memory. Where there is none (`is_bare`), `left` has to be called
        before the stream can be destroyed.
    """

    def __cinit__(self, size_t nbytes, stream=None, object keep=None):
        cdef void* pointer = NULL
        cdef cudaStream_t home = NULL
        cdef bint everywhere = stream is None
        cdef int status = 0
        if not everywhere:
            home = <cudaStream_t><uintptr_t>stream
        with nogil:
            if everywhere:
                status = pmpp_idle_stream(&home)
            if status == 0:
                status = pmpp_allocate(&pointer, nbytes, home)
            if status == 0 and everywhere:
                status = pmpp_stream_synchronize(home)
        raise_on(status, f"allocating {nbytes} bytes")
        self.pointer = <uintptr_t>pointer
        self.nbytes = nbytes
        self.stream = <uintptr_t>home
        self.keep = keep
        self.bare = not everywhere and is_bare(self.stream, keep)

    cdef void used_in(self, uintptr_t stream, object keep):
        """Remember another stream that works with the memory, so that it is not given away under its hands."""
        if stream == self.stream:
            return
        if self.others is None:
            self.others = []
        for known in self.others:
            if known[0] == stream:
                return
        self.others.append((stream, keep))

    cdef void left(self, uintptr_t stream, uintptr_t home):
        """Forget a stream that may be destroyed from now on, for `home`, which waits for it: see `leave`."""
        if not home:
            self.shared = True
        elif stream == self.stream:
            self.stream, self.keep, self.bare = home, None, False
        else:
            self.used_in(home, None)

    cdef void join(self, uintptr_t stream):
        """Make a stream wait, on the device, for what the other streams do with the memory."""
        cdef uintptr_t other
        if stream != self.stream:
            with nogil:
                pmpp_stream_wait(<cudaStream_t>stream, <cudaStream_t>self.stream)
        for known in self.others or ():
            other = known[0]
            if other != stream:
                with nogil:
                    pmpp_stream_wait(<cudaStream_t>stream, <cudaStream_t>other)

    def __dealloc__(self):
        if not self.pointer:
            return
        if self.shared or self.bare:
            with nogil:
                pmpp_release_shared(<void*>self.pointer)
            return
        if self.others is not None:
            self.join(self.stream)
        with nogil:
            pmpp_release(<void*>self.pointer, <cudaStream_t>self.stream)


cdef bint is_bare(uintptr_t stream, object keep):
    """Whether a stream was given as a number: nothing that we hold keeps it alive. 0 to 2 are the default streams."""
    return stream > 2 and (keep is None or isinstance(keep, int))


cdef uintptr_t leave(uintptr_t stream):
    """Return a stream of ours that waits, on the device, for what is in a bare one now; 0 if there can be none."""
    cdef cudaStream_t home = NULL
    with nogil:
        if pmpp_leave(<cudaStream_t>stream, &home) != 0:
            home = NULL
    return <uintptr_t>home


cdef int copy_strided(uintptr_t source, uintptr_t to, tuple shape, tuple strides, size_t itemsize, uintptr_t stream) except -1:
    """Copy an array that does not lie in C order to one that does."""
    cdef ptrdiff_t sizes[PMPP_MAX_DIMENSIONS]
    cdef ptrdiff_t steps[PMPP_MAX_DIMENSIONS]
    cdef int ndim = len(shape), d, status
    if ndim > PMPP_MAX_DIMENSIONS:
        raise ValueError(f"an array of {ndim} dimensions that does not lie in C order; up to {PMPP_MAX_DIMENSIONS} are accepted")
    for d in range(ndim):
        sizes[d], steps[d] = shape[d], strides[d]
    with nogil:
        status = pmpp_copy_strided(<const void*>source, <void*>to, ndim, sizes, steps, itemsize, <cudaStream_t>stream)
    raise_on(status, "copying an array that does not lie in C order")
    return 0


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


def current_device():
    """Return the number of the device in use."""
    cdef int value = 0
    raise_on(pmpp_current_device(&value), "asking for the device in use")
    return value


def null_kernel(uintptr_t stream=0):
    """Launch a kernel that does nothing: what a call costs at least."""
    cdef int status
    with nogil:
        status = pmpp_null_kernel(<cudaStream_t>stream)
    raise_on(status, "null_kernel")


cdef class Stream:
    """A queue of work on the device: what is put into one stream runs in order, streams run side by side.

    A stream keeps the scratch memory that a function needed in it for the next call: with ``out=``, calls after the first
    allocate nothing, and they can be captured in a CUDA graph.

    Every function of pmpp takes ``stream=``: one of these, anything with ``__cuda_stream__`` (cuda.core, CuPy), the
    integer value of a cudaStream_t, or None for the default stream.

    Examples
    --------
    >>> import pmpp
    >>> stream = pmpp.Stream()
    >>> stream.synchronize()
    """

    def __cinit__(self):
        cdef cudaStream_t stream = NULL
        cdef int status
        with nogil:
            status = pmpp_stream_create(&stream)
        raise_on(status, "creating a stream")
        self.handle = <uintptr_t>stream

    def __dealloc__(self):
        self.scratch = None  # goes back in this stream's order
        if self.handle:
            with nogil:
                pmpp_stream_destroy(<cudaStream_t>self.handle)

    def __cuda_stream__(self):
        """Return the protocol's version and the handle."""
        return (0, self.handle)

    def synchronize(self):
        """Wait until everything in the stream is done; an error of its work is raised here."""
        synchronize(self.handle)
