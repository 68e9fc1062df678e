# cython: embedsignature=True
"""Merging and merge sort (chapters 13 and 14)."""

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import DTYPES, dtype_number, with_variants


cdef extern from "cuda_src/sort/merge/merge.h" nogil:
    int pmpp_merge(const void*, size_t, const void*, size_t, void*, int, const char*, cudaStream_t)
    const pmpp_variant* pmpp_merge_variant(int)
    int pmpp_merge_sort(const void*, void*, size_t, int, void*, size_t, const char*, cudaStream_t)
    size_t pmpp_merge_sort_workspace(size_t, int, const char*)


_KEYS = tuple(name for name in DTYPES if name != "bfloat16")


@with_variants(ladder(pmpp_merge_variant))
def merge(a, b, *, out=None, variant="auto", stream=None):
    """Merge two arrays that are in order.

    Parameters
    ----------
    a, b : array
        One dimension each and the same dtype: bool, integers of 8 to 64 bits, float16, float32 or float64. If one of them is
        not in order, the result has no meaning.
    out : array, optional
        Where the result goes: as long as both together, in the same memory (host or device). It shares none with them.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`; ``"auto"`` is the best.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    array
        All elements in order; of equal ones those of `a` come first, and each array's keep their order. A NumPy array for
        NumPy arrays, a `pmpp.DeviceArray` for arrays on the device, or `out`.

    Raises
    ------
    TypeError
        For another dtype, two dtypes, or arrays in different memories.
    ValueError
        For more than one dimension, or an unknown variant.

    Notes
    -----
    Chapter 13. The order is that of NumPy: -0.0 equals +0.0, and NaNs are equal to each other and follow infinity.

    Examples
    --------
    >>> import numpy as np
    >>> merge(np.int32([1, 7, 8]), np.int32([2, 7]))
    array([1, 2, 7, 7, 8], dtype=int32)
    """
    cdef Call call = Call("merge", stream)
    cdef DeviceArray x = call.input("a", a, _KEYS, ndim=1), y = call.input("b", b, x, ndim=1)
    cdef DeviceArray result = call.output(out, (x.size + y.size,), x.dtype)
    cdef const char* rung = call.rung(variant)
    cdef int dtype = dtype_number(x.dtype), status
    with nogil:
        status = pmpp_merge(<const void*>x.pointer, x.size, <const void*>y.pointer, y.size, <void*>result.pointer, dtype, rung,
                            call.handle)
    return call.finish(status, variant, merge)


@with_variants(ladder(pmpp_merge_variant))
def sort(keys, *, out=None, variant="auto", stream=None):
    """Sort an array, stably, by merging.

    Takes what :func:`merge` takes, and also:

    Parameters
    ----------
    keys : array
        One dimension; of the dtypes above.
    out : array, optional
        Where the result goes: the shape and dtype of `keys`. It may be `keys`.

    Notes
    -----
    Chapter 14. :func:`pmpp.sort.radix.sort` sorts in the same order, in fewer passes.

    Examples
    --------
    >>> import numpy as np
    >>> sort(np.float32([3, np.nan, -1]))
    array([-1.,  3., nan], dtype=float32)
    """
    cdef Call call = Call("sort", stream)
    cdef DeviceArray x = call.input("keys", keys, _KEYS, ndim=1), result = call.output(out, x.shape, x.dtype, in_place=True)
    cdef const char* rung = call.rung(variant)
    cdef int dtype = dtype_number(x.dtype), status
    cdef size_t nbytes = pmpp_merge_sort_workspace(x.size, dtype, rung)
    cdef void* space = call.space(nbytes)
    with nogil:
        status = pmpp_merge_sort(<const void*>x.pointer, <void*>result.pointer, x.size, dtype, space, nbytes, rung, call.handle)
    return call.finish(status, variant, sort)
