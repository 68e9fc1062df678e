# A call of a library function and the table of its variants, for the modules of the library.

from libc.stdint cimport uintptr_t

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.core cimport cudaStream_t


cdef extern from "cuda_src/common/api.h" nogil:
    ctypedef struct pmpp_variant:
        const char* name
        int capability


cdef class Call:
    cdef readonly str function
    cdef readonly uintptr_t stream
    cdef cudaStream_t handle
    cdef int _on_host
    cdef str _first
    cdef list _inputs, _results, _scratch
    cdef object _keep
    cdef bytes _rung
    cdef void* space(self, size_t nbytes) except? NULL
    cdef const char* rung(self, object variant) except NULL
    cdef object _locate(self, str name, object array)
    cdef int _check(self, str name, object found, object dtypes, object ndim) except -1
    cdef int _leave(self) except -1
    cdef void _uses(self, DeviceArray array)


ctypedef const pmpp_variant* (*RungTable)(int) noexcept nogil

cdef object ladder(RungTable table)
