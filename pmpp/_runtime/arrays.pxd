# Arrays in device memory, for the other Cython modules.

from libc.stdint cimport uintptr_t

from pmpp._runtime.core cimport Buffer


cdef class DeviceArray:
    cdef readonly uintptr_t pointer
    cdef readonly tuple shape
    cdef readonly object dtype
    cdef readonly Py_ssize_t size, nbytes
    cdef readonly bint contiguous
    cdef object owner
    cdef tuple _strides
    cdef object __weakref__
    cdef int _lay_out(self, tuple shape, object dtype, tuple strides) except -1
    cdef Buffer _buffer(self)
    cdef void bounds(self, uintptr_t* first, uintptr_t* end)


cdef DeviceArray new_array(tuple shape, object dtype, uintptr_t stream, object keep)
cdef DeviceArray upload(object host, uintptr_t stream, object keep)
cdef DeviceArray in_c_order(DeviceArray array, uintptr_t stream, object keep)
cpdef uintptr_t stream_handle(object stream) except? 1
