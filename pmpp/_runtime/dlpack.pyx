# cython: embedsignature=True
"""DLPack: how arrays on a GPU are handed to other libraries, as a capsule around a description of the memory."""

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc

CPU, CUDA = 1, 2
"""DLPack's numbers of the devices."""


# The layout is DLPack's, version 1.0. Its header comes with no package that pmpp needs.
cdef struct Device:
    int32_t kind, number

cdef struct Type:
    uint8_t code, bits
    uint16_t lanes

cdef struct Tensor:
    void* data
    Device device
    int32_t ndim
    Type dtype
    int64_t* shape
    int64_t* strides
    uint64_t offset

cdef struct Managed:
    Tensor tensor
    void* owner
    void (*deleter)(Managed*) noexcept

cdef struct Versioned:
    uint32_t major, minor
    void* owner
    void (*deleter)(Versioned*) noexcept
    uint64_t flags
    Tensor tensor


cdef void _delete(Managed* managed) noexcept with gil:
    Py_DECREF(<object>managed.owner)
    free(managed)


cdef void _delete_versioned(Versioned* managed) noexcept with gil:
    Py_DECREF(<object>managed.owner)
    free(managed)


cdef void _forget(object capsule) noexcept:
    # A capsule that was consumed has another name, and the memory belongs to the consumer.
    if PyCapsule_IsValid(capsule, "dltensor"):
        _delete(<Managed*>PyCapsule_GetPointer(capsule, "dltensor"))
    elif PyCapsule_IsValid(capsule, "dltensor_versioned"):
        _delete_versioned(<Versioned*>PyCapsule_GetPointer(capsule, "dltensor_versioned"))


def type_code(dtype):
    """Return DLPack's number for the kind of a dtype.

    Raises
    ------
    BufferError
        If DLPack has no word for it.
    """
    code = 4 if dtype.name == "bfloat16" else {"i": 0, "u": 1, "f": 2, "c": 5, "b": 6}.get(dtype.kind)
    if code is None:
        raise BufferError(f"DLPack cannot describe elements of dtype {dtype}")
    return code


def capsule(uintptr_t pointer, tuple shape, tuple strides, dtype, tuple device, object owner, bint versioned):
    """Return a capsule that describes memory and keeps its owner.

    Parameters
    ----------
    pointer
        Address of the first element.
    shape, strides
        Strides are in bytes.
    device
        DLPack's kind and number of the device.
    owner
        Lives until the consumer has deleted its tensor.
    versioned : bool
        Whether the consumer takes DLPack 1.0.
    """
    cdef int ndim = len(shape), d, itemsize = dtype.itemsize
    cdef uint8_t code = type_code(dtype)
    if any(step % itemsize for step in strides):
        raise BufferError(f"DLPack counts strides in elements; {strides} bytes are no multiples of {itemsize}")
    cdef size_t header = sizeof(Versioned) if versioned else sizeof(Managed)
    cdef char* memory = <char*>malloc(header + 2 * ndim * sizeof(int64_t))
    if not memory:
        raise MemoryError
    cdef Tensor* tensor = &(<Versioned*>memory).tensor if versioned else &(<Managed*>memory).tensor
    tensor.data, tensor.ndim, tensor.offset = <void*>pointer, ndim, 0
    tensor.device.kind, tensor.device.number = device
    tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes = code, 8 * itemsize, 1
    tensor.shape = <int64_t*>(memory + header)
    tensor.strides = tensor.shape + ndim
    for d in range(ndim):
        tensor.shape[d], tensor.strides[d] = shape[d], strides[d] // itemsize
    Py_INCREF(owner)
    if versioned:
        (<Versioned*>memory).major, (<Versioned*>memory).minor, (<Versioned*>memory).flags = 1, 0, 0
        (<Versioned*>memory).owner, (<Versioned*>memory).deleter = <void*>owner, _delete_versioned
        return PyCapsule_New(memory, "dltensor_versioned", _forget)
    (<Managed*>memory).owner, (<Managed*>memory).deleter = <void*>owner, _delete
    return PyCapsule_New(memory, "dltensor", _forget)
