# cython: embedsignature=True
"""Vector addition (chapter 2)."""

from libc.stdint cimport uintptr_t

from pmpp._runtime.call import FLOATS, Call, dtype_number, variants, with_variants


cdef extern from "cuda_src/vector.h" nogil:
    ctypedef struct CUstream_st:
        pass
    ctypedef CUstream_st* cudaStream_t
    ctypedef struct pmpp_variant:
        const char* name
        int capability
    int pmpp_vector_add(const void*, const void*, void*, size_t, int, const char*, cudaStream_t)
    const pmpp_variant* pmpp_vector_add_variant(int)


def _rung(int i):
    cdef const pmpp_variant* rung = pmpp_vector_add_variant(i)
    return (rung.name.decode(), rung.capability) if rung else None


@with_variants(_rung)
def vector_add(a, b, *, out=None, variant="auto", stream=None):
    """Add two arrays element by element.

    Parameters
    ----------
    a, b : array
        Of one shape and dtype, float32 or float64: NumPy arrays, or arrays on the device.
    out : array, optional
        Where the result goes: the shape and dtype of `a`, in the same memory (host or device). It may be `a` or `b`.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`; ``"auto"`` is the best.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    array
        ``a + b``: a NumPy array for NumPy arrays, a `pmpp.DeviceArray` for arrays on the device, or `out`.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For shapes that differ, or an unknown variant.

    Notes
    -----
    Chapter 2. Moves 12 bytes for an element of float32.

    Examples
    --------
    >>> import numpy as np
    >>> vector_add(np.float32([1, 2]), np.float32([3, 4]))
    array([4., 6.], dtype=float32)
    """
    call = Call("vector_add", stream)
    x = call.input("a", a, FLOATS)
    y = call.input("b", b, (x.dtype.name,))
    if x.shape != y.shape:
        raise ValueError(f"b: got shape {y.shape}; a has {x.shape}, and both must be the same")
    result = call.output(out, x.shape, x.dtype, in_place=True)
    cdef uintptr_t px = x.pointer, py = y.pointer, pr = result.pointer, handle = call.stream
    cdef size_t n = x.size
    cdef int dtype = dtype_number(x.dtype), status
    name = str(variant).encode()
    cdef const char* rung = name
    with nogil:
        status = pmpp_vector_add(<const void*>px, <const void*>py, <void*>pr, n, dtype, rung, <cudaStream_t>handle)
    return call.finish(status, variant, variants(vector_add) if status else (), out=out)
