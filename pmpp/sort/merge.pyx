# cython: embedsignature=True
"""Merging and merge sort (chapters 13 and 14)."""

from libc.stdint cimport uintptr_t

from pmpp._runtime.call import DTYPES, Call, dtype_number, variants, with_variants


cdef extern from "cuda_src/sort/merge/merge.h" nogil:
    ctypedef void* cudaStream_t
    ctypedef struct pmpp_variant:
        const char* name
        int capability
    int pmpp_merge(const void*, size_t, const void*, size_t, void*, int, const char*, cudaStream_t)
    const pmpp_variant* pmpp_merge_variant(int)
    int pmpp_merge_sort(const void*, void*, size_t, int, void*, size_t, const char*, cudaStream_t)
    size_t pmpp_merge_sort_workspace(size_t, int, const char*)


_KEYS = tuple(name for name in DTYPES if name != "bfloat16")


def _rung(int i):
    cdef const pmpp_variant* rung = pmpp_merge_variant(i)
    return (rung.name.decode(), rung.capability) if rung else None


@with_variants(_rung)
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
    call = Call("merge", stream)
    first = call.input("a", a, _KEYS, ndim=1)
    second = call.input("b", b, (first.dtype.name,), ndim=1)
    result = call.output(out, (first.size + second.size,), first.dtype)
    name = str(variant).encode()
    cdef const char* rung = name
    cdef uintptr_t pa = first.pointer, pb = second.pointer, pr = result.pointer, handle = call.stream
    cdef size_t na = first.size, nb = second.size
    cdef int number = dtype_number(first.dtype), status
    with nogil:
        status = pmpp_merge(<const void*>pa, na, <const void*>pb, nb, <void*>pr, number, rung, <cudaStream_t>handle)
    return call.finish(status, variant, variants(merge) if status else ())


@with_variants(_rung)
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
    call = Call("sort", stream)
    source = call.input("keys", keys, _KEYS, ndim=1)
    result = call.output(out, source.shape, source.dtype, in_place=True)
    name = str(variant).encode()
    cdef const char* rung = name
    cdef size_t n = source.size
    cdef int number = dtype_number(source.dtype), status
    cdef size_t nbytes = pmpp_merge_sort_workspace(n, number, rung)
    cdef uintptr_t px = source.pointer, pr = result.pointer, space = call.workspace(nbytes), handle = call.stream
    with nogil:
        status = pmpp_merge_sort(<const void*>px, <void*>pr, n, number, <void*>space, nbytes, rung, <cudaStream_t>handle)
    return call.finish(status, variant, variants(sort) if status else ())
