# Device memory and streams, for the other Cython modules.

from libc.stdint cimport uintptr_t


cdef extern from "cuda_src/common/device.h" nogil:
    ctypedef void* cudaStream_t


cdef class Buffer:
    cdef readonly uintptr_t pointer
    cdef readonly size_t nbytes
    cdef readonly uintptr_t stream
    cdef object keep
    cdef list others
    cdef bint bare  # its stream may be destroyed before it is given back
    cdef bint shared  # any stream may read it, and is not remembered: whoever gives it back waits for all
    cdef void used_in(self, uintptr_t stream, object keep)
    cdef void left(self, uintptr_t stream, uintptr_t home)
    cdef void join(self, uintptr_t stream)


cdef class Stream:
    cdef readonly uintptr_t handle
    cdef Buffer scratch


cdef bint is_bare(uintptr_t stream, object keep)
cdef uintptr_t leave(uintptr_t stream)
cdef int copy_strided(uintptr_t source, uintptr_t to, tuple shape, tuple strides, size_t itemsize, uintptr_t stream) except -1
