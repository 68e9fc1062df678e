# cython: embedsignature=True
"""Radix sort (chapter 14)."""

from libc.stdint cimport uintptr_t

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import DTYPES, dtype_number, with_variants


cdef extern from "cuda_src/sort/radix/radix.h" nogil:
    ctypedef struct pmpp_radix_problem:
        const void* keys
        void* keys_out
        const void* values
        void* values_out
        size_t n
        int dtype
        size_t value_bytes
        int descending, begin_bit, end_bit
        size_t most_per_launch
    int pmpp_radix_sort(const pmpp_radix_problem*, void*, size_t, const char*, cudaStream_t)
    size_t pmpp_radix_sort_workspace(const pmpp_radix_problem*, const char*)
    const pmpp_variant* pmpp_radix_sort_variant(int)


_KEYS = tuple(name for name in DTYPES if name != "bfloat16")


cdef _run(function, keys, values, descending, bits, outs, variant, stream):
    cdef pmpp_radix_problem p
    cdef Call call = Call(function.__name__, stream)
    cdef DeviceArray k = call.input("keys", keys, _KEYS, ndim=1), v
    cdef int width = 8 * k.dtype.itemsize
    begin, end = (0, width) if bits is None else bits
    if not 0 <= begin <= end <= width:
        raise ValueError(f"bits: got {bits!r}; (begin, end) with 0 <= begin <= end <= {width} is accepted for {k.dtype}")
    p.keys, p.n, p.dtype = <const void*>k.pointer, k.size, dtype_number(k.dtype)
    p.keys_out = p.values_out = NULL
    p.values = NULL
    p.value_bytes, p.descending, p.begin_bit, p.end_bit, p.most_per_launch = 0, bool(descending), begin, end, 0
    if values is not None:
        v = call.input("values", values, tuple(DTYPES), ndim=1)
        if v.size != k.size:
            raise ValueError(f"values: got {v.size} elements; keys has {k.size}, and both must have the same number")
        p.values, p.value_bytes = <const void*>v.pointer, v.dtype.itemsize
    if function is argsort:
        p.values_out = <void*><uintptr_t>call.output(outs, k.shape, "int64").pointer
        p.value_bytes = 8
    else:
        keys_out, values_out = outs if function is sort_pairs and outs is not None else (outs, None)
        p.keys_out = <void*><uintptr_t>call.output(keys_out, k.shape, k.dtype, in_place=True).pointer
        if values is not None:
            p.values_out = <void*><uintptr_t>call.output(values_out, v.shape, v.dtype, in_place=True).pointer
    cdef const char* name = call.rung(variant)
    cdef size_t nbytes = pmpp_radix_sort_workspace(&p, name)
    cdef void* space = call.space(nbytes)
    cdef int status
    with nogil:
        status = pmpp_radix_sort(&p, space, nbytes, name, call.handle)
    return call.finish(status, variant, function)


@with_variants(ladder(pmpp_radix_sort_variant))
def sort(keys, *, descending=False, bits=None, out=None, variant="auto", stream=None):
    """Sort an array, stably.

    Parameters
    ----------
    keys : array
        One dimension; bool, integers of 8 to 64 bits, float16, float32 or float64.
    descending : bool
        Whether the largest comes first. Equal keys keep their order all the same.
    bits : (int, int), optional
        Sort by the bits [begin, end) of the encoded key only. The encoded key is the unsigned integer whose order is that
        of the keys: for signed integers the sign bit is flipped, for floats also the other bits of negative ones.
    out : array, optional
        Where the result goes: the shape and dtype of `keys`, in the same memory (host or device). It may be `keys`.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`; ``"auto"`` is the best.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    array
        The keys in order: a NumPy array for NumPy arrays, a `pmpp.DeviceArray` for arrays on the device, or `out`.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For more than one dimension, bits that the keys do not have, or an unknown variant.

    Notes
    -----
    Chapter 14. The order is total and that of NumPy: -0.0 equals +0.0, and NaNs are equal to each other and follow
    infinity, whatever their sign. Keys keep their bits, and with equal keys their order. Descending is the reverse, so
    that NaNs come first.

    Examples
    --------
    >>> import numpy as np
    >>> sort(np.int32([3, -1, 7, 0]))
    array([-1,  0,  3,  7], dtype=int32)
    """
    return _run(sort, keys, None, descending, bits, out, variant, stream)


@with_variants(ladder(pmpp_radix_sort_variant))
def argsort(keys, *, descending=False, bits=None, out=None, variant="auto", stream=None):
    """Return the positions, int64, that put an array in order: ``keys[argsort(keys)]`` is sorted, stably.

    Takes what :func:`sort` takes; `out` has dtype int64.

    Examples
    --------
    >>> import numpy as np
    >>> argsort(np.float32([0.5, np.nan, -2, 0.5]))
    array([2, 0, 3, 1])
    """
    return _run(argsort, keys, None, descending, bits, out, variant, stream)


@with_variants(ladder(pmpp_radix_sort_variant))
def sort_pairs(keys, values, *, descending=False, bits=None, out=None, variant="auto", stream=None):
    """Sort an array, stably, and take the elements of another one along.

    Takes what :func:`sort` takes, and also:

    Parameters
    ----------
    values : array
        As long as `keys`, of any dtype.
    out : (array, array), optional
        Where keys and values go; they may be `keys` and `values`.

    Returns
    -------
    (array, array)
        Keys in order, and their values.

    Examples
    --------
    >>> import numpy as np
    >>> sort_pairs(np.uint8([2, 1, 2]), np.float32([0.1, 0.2, 0.3]))
    (array([1, 2, 2], dtype=uint8), array([0.2, 0.1, 0.3], dtype=float32))
    """
    if out is not None and not (isinstance(out, (tuple, list)) and len(out) == 2):
        raise TypeError(f"out: got {type(out).__name__}; a pair of arrays, for keys and values, is accepted")
    return _run(sort_pairs, keys, values, descending, bits, out, variant, stream)
