# cython: embedsignature=True
"""Vector addition (chapter 2)."""

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import DTYPES, dtype_number, with_variants


cdef extern from "cuda_src/vector.h" nogil:
    int pmpp_vector_add(const void*, const void*, void*, size_t, int, const char*, cudaStream_t)
    const pmpp_variant* pmpp_vector_add_variant(int)


_DTYPES = tuple(name for name in DTYPES if name != "bool")


@with_variants(ladder(pmpp_vector_add_variant))
def vector_add(a, b, *, out=None, variant="auto", stream=None):
    """Add two arrays element by element.

    Parameters
    ----------
    a, b : array
        Of one shape and dtype, any integer or float (bfloat16 is that of :mod:`ml_dtypes`): NumPy arrays, or arrays on the
        device. Integers wrap around.
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
    cdef Call call = Call("vector_add", stream)
    cdef DeviceArray x = call.input("a", a, _DTYPES), y = call.input("b", b, x)
    if x.shape != y.shape:
        raise ValueError(f"b: got shape {y.shape}; a has {x.shape}, and both must be the same")
    cdef DeviceArray result = call.output(out, x.shape, x.dtype, in_place=True)
    cdef int dtype = dtype_number(x.dtype), status
    cdef const char* rung = call.rung(variant)
    with nogil:
        status = pmpp_vector_add(<const void*>x.pointer, <const void*>y.pointer, <void*>result.pointer, x.size, dtype, rung,
                                 call.handle)
    return call.finish(status, variant, vector_add)
