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
    cdef bint shared  # any stream may read it, and is not remembered: whoever gives it back waits for all
    cdef void used_in(self, uintptr_t stream, object keep)
    cdef void join(self, uintptr_t stream)


cdef class Stream:
    cdef readonly uintptr_t handle
    cdef Buffer scratch


cdef int copy_strided(uintptr_t source, uintptr_t to, tuple shape, tuple strides, size_t itemsize, uintptr_t stream) except -1
