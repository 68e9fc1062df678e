# cython: embedsignature=True
"""Prefix sums (chapter 11)."""

import numpy as np

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import dtype_number, with_variants


cdef extern from "cuda_src/scan/scan.h" nogil:
    int pmpp_scan(const void*, void*, size_t, int, int, int, void*, size_t, const char*, cudaStream_t)
    size_t pmpp_scan_workspace(size_t, int, const char*)
    const pmpp_variant* pmpp_scan_variant(int)
    int pmpp_segmented_scan(const void*, const unsigned char*, void*, size_t, int, int, int, void*, size_t, const char*,
                            cudaStream_t)
    size_t pmpp_segmented_scan_workspace(size_t, int, const char*)
    const pmpp_variant* pmpp_segmented_scan_variant(int)

cdef extern from "cuda_src/common/convert.h" nogil:
    int pmpp_convert(const void*, int, void*, int, size_t, cudaStream_t)


_DTYPES = ("int32", "uint32", "int64", "uint64", "float32", "float64")
_OPERATORS = {"add": 0, "max": 1, "min": 2, "multiply": 3}


def _run(function, x, heads, op, bint exclusive, dtype, out, variant, stream):
    if op not in _OPERATORS:
        raise ValueError(f"op: got {op!r}; {', '.join(map(repr, _OPERATORS))} are accepted")
    cdef Call call = Call(function.__name__, stream)
    cdef DeviceArray source = call.input("x", x, _DTYPES, ndim=1)
    cdef DeviceArray marks = None
    if function is segmented_scan:
        marks = call.input("heads", heads, ("bool", "uint8"), ndim=1)
        if marks.shape != source.shape:
            raise ValueError(f"heads: got {marks.size} elements; x has {source.size}, and both must have the same number")
    dtype = source.dtype if dtype is None else np.dtype(dtype)
    if dtype.name not in _DTYPES:
        raise TypeError(f"dtype: got {dtype.name}; {', '.join(_DTYPES)} are accepted")
    cdef DeviceArray result = call.output(out, source.shape, dtype, in_place=dtype == source.dtype)
    cdef void* to = <void*>result.pointer
    cdef const void* values = <const void*>source.pointer
    cdef const unsigned char* flags = <const unsigned char*>marks.pointer if marks is not None else NULL
    cdef size_t n = source.size, nbytes
    cdef int number = dtype_number(dtype), source_number = dtype_number(source.dtype), which = _OPERATORS[op], status = 0
    cdef const char* name = call.rung(variant)
    nbytes = pmpp_segmented_scan_workspace(n, number, name) if flags else pmpp_scan_workspace(n, number, name)
    cdef void* space = call.space(nbytes)
    with nogil:
        if source_number != number:
            status = pmpp_convert(values, source_number, to, number, n, call.handle)
            values = to  # a scan works in place
        if status == 0 and flags:
            status = pmpp_segmented_scan(values, flags, to, n, number, which, exclusive, space, nbytes, name, call.handle)
        elif status == 0:
            status = pmpp_scan(values, to, n, number, which, exclusive, space, nbytes, name, call.handle)
    return call.finish(status, variant, function)


@with_variants(ladder(pmpp_scan_variant))
def inclusive_scan(x, op="add", *, dtype=None, out=None, variant="auto", stream=None):
    """Combine each element with all elements before it.

    Parameters
    ----------
    x : array
        One dimension; int32, int64, uint32, uint64, float32 or float64.
    op : {"add", "max", "min", "multiply"}
        How elements are combined. Integers wrap around. NaN stays NaN, with max and min too.
    dtype : data-type, optional
        Of the sums and the result, if it is not to be that of `x`. The elements of `x` are converted first.
    out : array, optional
        Where the result goes: the shape of `x`, the dtype of the result, in the same memory (host or device). It may be
        `x`, if the dtypes are the same.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`; ``"auto"`` is the best.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    array
        ``x[0] op ... op x[i]`` at index i: a NumPy array for NumPy arrays, a `pmpp.DeviceArray` for arrays on the device,
        or `out`.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For more than one dimension, an unknown operator or an unknown variant.

    Notes
    -----
    Chapter 11. Floats are not added from left to right, so the last bits differ from NumPy's, and with the variant
    ``"decoupled_lookback"`` on a GPU also from call to call: the walk back meets sums or prefixes as they come. The other
    variants always give the same bits.

    Examples
    --------
    >>> import numpy as np
    >>> inclusive_scan(np.int32([3, 1, 7, 0, 4]))
    array([ 3,  4, 11, 11, 15], dtype=int32)
    """
    return _run(inclusive_scan, x, None, op, False, dtype, out, variant, stream)


@with_variants(ladder(pmpp_scan_variant))
def exclusive_scan(x, op="add", *, dtype=None, out=None, variant="auto", stream=None):
    """Combine all elements before each element.

    Takes what :func:`inclusive_scan` takes. The first element of the result is what the operator begins with: 0 to add, 1
    to multiply, the lowest value of the dtype (-inf) for max, the highest (inf) for min.

    Examples
    --------
    >>> import numpy as np
    >>> exclusive_scan(np.int32([3, 1, 7, 0, 4]))
    array([ 0,  3,  4, 11, 11], dtype=int32)
    """
    return _run(exclusive_scan, x, None, op, True, dtype, out, variant, stream)


@with_variants(ladder(pmpp_segmented_scan_variant))
def segmented_scan(x, heads, op="add", *, exclusive=False, dtype=None, out=None, variant="auto", stream=None):
    """Scan each segment of an array on its own, all in one go.

    Takes what :func:`inclusive_scan` takes, and also:

    Parameters
    ----------
    heads : array
        bool or uint8, as long as `x`: a segment begins where it is not zero.
    exclusive : bool
        Whether each element is left out of its own result.

    Examples
    --------
    >>> import numpy as np
    >>> segmented_scan(np.int32([3, 1, 7, 0, 4]), np.array([True, False, True, False, False]))
    array([ 3,  4,  7,  7, 11], dtype=int32)
    """
    return _run(segmented_scan, x, heads, op, exclusive, dtype, out, variant, stream)
