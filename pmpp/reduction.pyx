# cython: embedsignature=True
"""Reduction (chapter 10)."""

import math
import warnings

import numpy as np

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import DTYPES, dtype_number, with_variants


cdef extern from "cuda_src/reduction/reduction.h" nogil:
    ctypedef struct pmpp_reduce_problem:
        const void* data "in"
        void* out
        size_t outer, length, inner
        int dtype, op
    int pmpp_reduce(const pmpp_reduce_problem*, void*, size_t, const char*, cudaStream_t)
    size_t pmpp_reduce_workspace(const pmpp_reduce_problem*, const char*)
    const pmpp_variant* pmpp_reduce_variant(int)


_DTYPES = tuple(name for name in DTYPES if name != "bfloat16")


def _sum_dtype(dtype):
    return dtype if dtype.kind == "f" else "uint64" if dtype.kind == "u" else "int64"


def _mean_dtype(dtype):
    return dtype if dtype.kind == "f" else "float64"


def _axes(axis, int ndim):
    """Return the first axis that is reduced and the one after the last."""
    if axis is None:
        return 0, ndim
    axes = sorted(a + ndim if a < 0 else a for a in (axis if isinstance(axis, tuple) else (axis,)))
    if not axes or axes != list(range(axes[0], axes[0] + len(axes))) or axes[0] < 0 or axes[-1] >= ndim:
        raise ValueError(
            f"axis: got {axis!r}; None, or one or several neighbouring ones of the array's {ndim} axes, are accepted"
        )
    return axes[0], axes[-1] + 1


def _run(function, int op, x, axis, keepdims, dtype, bint empty, out, variant, stream):
    cdef pmpp_reduce_problem p
    cdef Call call = Call(function.__name__, stream)
    cdef DeviceArray source = call.input("x", x, _DTYPES)
    begin, end = _axes(axis, source.ndim)
    shape = source.shape
    p.data, p.dtype, p.op = <const void*>source.pointer, dtype_number(source.dtype), op
    p.outer, p.length, p.inner = math.prod(shape[:begin]), math.prod(shape[begin:end]), math.prod(shape[end:])
    if p.length == 0 and not empty and p.outer * p.inner:
        raise ValueError(f"x: got no elements, shape {shape}; {function.__name__} needs at least one")
    kept = (1,) * (end - begin) if keepdims else ()
    result_dtype = dtype(source.dtype) if callable(dtype) else dtype
    cdef DeviceArray result = call.output(out, shape[:begin] + kept + shape[end:], result_dtype)
    p.out = <void*>result.pointer
    cdef const char* rung = call.rung(variant)
    cdef size_t nbytes = pmpp_reduce_workspace(&p, rung)
    cdef void* space = call.space(nbytes)
    cdef int status
    with nogil:
        status = pmpp_reduce(&p, space, nbytes, rung, call.handle)
    found = call.finish(status, variant, function)
    return found[()] if isinstance(found, np.ndarray) and out is None else found  # a number, where no axis is left


@with_variants(ladder(pmpp_reduce_variant))
def reduce_sum(x, axis=None, *, keepdims=False, out=None, variant="auto", stream=None):
    """Add the elements of an array, or those along an axis.

    Parameters
    ----------
    x : array
        bool, integers of 8 to 64 bits, float16, float32 or float64, of any shape.
    axis : int or tuple of int, optional
        What is reduced; several axes must be neighbours. None is the whole array.
    keepdims : bool
        Whether the axes that are reduced stay, with length 1.
    out : array, optional
        Where the result goes: its shape and dtype, in the same memory (host or device) as `x`.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`; ``"auto"`` is the best.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    number or array
        In NumPy's dtype: that of floats, int64 for bool and signed integers, uint64 for unsigned ones, which wrap around.
        For NumPy arrays a NumPy array, or a number if no axis is left; for arrays on the device a `pmpp.DeviceArray`; or `out`.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For axes that the array does not have or that are no neighbours, or an unknown variant.

    Notes
    -----
    Chapter 10. The sum of the same floats at the same address, up to multiples of 16, has the same bits in every call and on
    every device. Its error is at most that of pairwise summation; ``"one_pass"`` adds float16 and float32 in float64, up to
    short runs, and what float64 loses it adds in the end.

    Examples
    --------
    >>> import numpy as np
    >>> reduce_sum(np.int8([[100, 100], [1, 2]]), axis=0)
    array([101, 102])
    """
    return _run(reduce_sum, 0, x, axis, keepdims, _sum_dtype, True, out, variant, stream)


@with_variants(ladder(pmpp_reduce_variant))
def reduce_mean(x, axis=None, *, keepdims=False, out=None, variant="auto", stream=None):
    """Return the mean, in float64 for bool and integers.

    Takes what :func:`reduce_sum` takes. The mean of nothing is NaN, with a RuntimeWarning as NumPy's.

    Examples
    --------
    >>> import numpy as np
    >>> reduce_mean(np.float32([[1, 2], [3, 5]]), axis=1)
    array([1.5, 4. ], dtype=float32)
    """
    if 0 in getattr(x, "shape", ()):
        warnings.warn("reduce_mean: the mean of no elements is NaN", RuntimeWarning, stacklevel=2)
    return _run(reduce_mean, 1, x, axis, keepdims, _mean_dtype, True, out, variant, stream)


@with_variants(ladder(pmpp_reduce_variant))
def reduce_min(x, axis=None, *, keepdims=False, out=None, variant="auto", stream=None):
    """Return the smallest element, or NaN if there is one; the result has the dtype of `x`.

    Takes what :func:`reduce_sum` takes. Raises ValueError if there is no element.

    Examples
    --------
    >>> import numpy as np
    >>> int(reduce_min(np.int32([3, -1, 7])))
    -1
    """
    return _run(reduce_min, 2, x, axis, keepdims, lambda dtype: dtype, False, out, variant, stream)


@with_variants(ladder(pmpp_reduce_variant))
def reduce_max(x, axis=None, *, keepdims=False, out=None, variant="auto", stream=None):
    """Return the largest element, or NaN if there is one; the result has the dtype of `x`.

    Takes what :func:`reduce_sum` takes. Raises ValueError if there is no element.

    Examples
    --------
    >>> import numpy as np
    >>> int(reduce_max(np.int32([3, -1, 7])))
    7
    """
    return _run(reduce_max, 3, x, axis, keepdims, lambda dtype: dtype, False, out, variant, stream)


@with_variants(ladder(pmpp_reduce_variant))
def reduce_argmin(x, axis=None, *, keepdims=False, out=None, variant="auto", stream=None):
    """Return where the smallest element is, as int64: the first of equal ones, and the first NaN if there is one.

    Takes what :func:`reduce_sum` takes. The position is that in the reduced axis; with several axes, or None, it counts in
    C order. Raises ValueError if there is no element.

    Examples
    --------
    >>> import numpy as np
    >>> int(reduce_argmin(np.int32([3, -1, 7, -1])))
    1
    """
    return _run(reduce_argmin, 4, x, axis, keepdims, "int64", False, out, variant, stream)


@with_variants(ladder(pmpp_reduce_variant))
def reduce_argmax(x, axis=None, *, keepdims=False, out=None, variant="auto", stream=None):
    """Return where the largest element is, as int64: the first of equal ones, and the first NaN if there is one.

    Takes what :func:`reduce_argmin` takes.

    Examples
    --------
    >>> import numpy as np
    >>> reduce_argmax(np.float32([[1, 5], [np.nan, 9]]), axis=1)
    array([1, 0])
    """
    return _run(reduce_argmax, 5, x, axis, keepdims, "int64", False, out, variant, stream)


@with_variants(ladder(pmpp_reduce_variant))
def reduce_any(x, axis=None, *, keepdims=False, out=None, variant="auto", stream=None):
    """Tell whether any element is not zero; NaN is not. Nothing has none.

    Takes what :func:`reduce_sum` takes.

    Examples
    --------
    >>> import numpy as np
    >>> reduce_any(np.array([[0, 0], [0, 4]]), axis=1)
    array([False,  True])
    """
    return _run(reduce_any, 6, x, axis, keepdims, "bool", True, out, variant, stream)


@with_variants(ladder(pmpp_reduce_variant))
def reduce_all(x, axis=None, *, keepdims=False, out=None, variant="auto", stream=None):
    """Tell whether every element is not zero; NaN is not. Nothing has all.

    Takes what :func:`reduce_sum` takes.

    Examples
    --------
    >>> import numpy as np
    >>> reduce_all(np.array([[1, 0], [2, 4]]), axis=1)
    array([False,  True])
    """
    return _run(reduce_all, 7, x, axis, keepdims, "bool", True, out, variant, stream)
