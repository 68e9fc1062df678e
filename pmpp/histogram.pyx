# cython: embedsignature=True
"""Histograms (chapter 9)."""

import numpy as np

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime import bins as kinds
from pmpp._runtime.call import dtype_number, with_variants
from pmpp.reduction import reduce_max, reduce_min


cdef extern from "cuda_src/histogram/histogram.h" nogil:
    ctypedef struct pmpp_bins:
        int rule
        size_t count
        int edges_code
        unsigned long long low, high
        int range_code
        double first, width
        int difference_dtype, quotient_dtype
    ctypedef struct pmpp_histogram_problem:
        const void* data "in"
        size_t n
        int dtype
        const void* weights
        int weights_dtype
        void* out
        int out_dtype
        const unsigned long long* edges
        pmpp_bins bins
    int pmpp_histogram(const pmpp_histogram_problem*, void*, size_t, const char*, cudaStream_t)
    size_t pmpp_histogram_workspace(const pmpp_histogram_problem*, const char*)
    const pmpp_variant* pmpp_histogram_variant(int)


_INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
_NUMBERS = (*_INTEGERS, "float16", "float32", "float64")


cdef _run(function, Call call, DeviceArray source, bins, weights, dtype, out, variant):
    """Count, or add up weights: in their own dtype, unless `dtype` says otherwise."""
    cdef pmpp_histogram_problem p
    cdef DeviceArray result, edges, weighed = None
    p.weights, p.bins = NULL, bins.fields
    p.edges = NULL
    p.data, p.n, p.dtype = <const void*>source.pointer, source.size, dtype_number(source.dtype)
    if weights is not None:
        weighed = call.input("weights", weights, ("bool", *_NUMBERS))
        if weighed.shape != source.shape:
            raise ValueError(f"weights: got shape {weighed.shape}; x has {source.shape}, and both must have the same")
        p.weights, p.weights_dtype = <const void*>weighed.pointer, dtype_number(weighed.dtype)
    result_dtype = "int64" if weighed is None else weighed.dtype if dtype is None else dtype
    result = call.output(out, (p.bins.count,), result_dtype)
    p.out, p.out_dtype = <void*>result.pointer, dtype_number(result.dtype)
    if bins.codes.size:
        edges = call.constant(bins.on_device, bins.codes)
        p.edges = <const unsigned long long*>edges.pointer
    cdef const char* rung = call.rung(variant)
    cdef size_t nbytes = pmpp_histogram_workspace(&p, rung)
    cdef void* space = call.space(nbytes)
    cdef int status
    with nogil:
        status = pmpp_histogram(&p, space, nbytes, rung, call.handle)
    return call.finish(status, variant, function)


def _extent(source, stream):
    """Return the smallest and the largest element, if there is one: the host has to wait for them."""
    found = [reduce(source, stream=stream).numpy(stream=stream)[()] for reduce in (reduce_min, reduce_max)[:2 * source.size]]
    return np.array(found, source.dtype)


@with_variants(ladder(pmpp_histogram_variant))
def histogram(x, bins=10, range=None, *, weights=None, out=None, variant="auto", stream=None):
    """Count the elements that fall in each of several intervals.

    Parameters
    ----------
    x : array
        Integers of 8 to 64 bits, float16, float32 or float64, of any shape.
    bins : int or sequence of numbers
        How many bins of equal width, or the edges of bins in rising order.
    range : (number, number), optional
        The left edge of the first and the right edge of the last bin; otherwise the smallest and the largest element of `x`.
        What lies outside, NaN too, is ignored. Not used with edges.
    weights : array, optional
        Numbers that are added up in place of ones: bool, integers or floats, of the shape of `x`.
    out : array, optional
        Where the counts go: one dimension, int64 or the dtype of `weights`, in the same memory (host or device) as `x`.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`; ``"auto"`` is the best.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    counts : array
        int64, or the sums of the weights in their dtype: a NumPy array for NumPy arrays, a `pmpp.DeviceArray` for arrays on
        the device, or `out`.
    edges : numpy.ndarray
        One more than bins, on the host. All bins but the last are half open.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For bins or a range that NumPy refuses, no finite range, or an unknown variant.

    Notes
    -----
    Chapter 9. Counts and edges are those of `numpy.histogram`, to the last bit. Weights are added in float64, in any order:
    sums of floats may differ in their last bits, also from call to call; integers wrap around, and are exact up to 2^53.
    The first call with new bins copies their edges to the device, and without `range` every call copies the smallest and the
    largest element to the host: it waits for that.

    Examples
    --------
    >>> import numpy as np
    >>> histogram(np.uint8([1, 2, 1, 7]), bins=3)
    (array([3, 0, 1]), array([1., 3., 5., 7.]))
    """
    cdef Call call = Call("histogram", stream)
    cdef DeviceArray source = call.input("x", x, _NUMBERS)
    if np.ndim(bins):
        found = kinds.search(source.dtype, bins)
    else:
        found = kinds.uniform(source.dtype, bins, range, _extent(source, stream) if range is None else None)
    return _run(histogram, call, source, found, weights, None, out, variant), found.edges.copy()


@with_variants(ladder(pmpp_histogram_variant))
def bincount(x, *, weights=None, minlength=0, out=None, variant="auto", stream=None):
    """Count how often each number occurs.

    Takes what :func:`histogram` takes, and also:

    Parameters
    ----------
    x : array
        One dimension; bool or integers that fit in int64 and are not negative.
    minlength : int
        The least length of the result, which otherwise is the largest element and one.

    Returns
    -------
    array
        How often i occurs at index i, as int64, or the sum of the weights of those elements, as float64.

    Notes
    -----
    The largest element has to be known on the host: the call waits for it.

    Examples
    --------
    >>> import numpy as np
    >>> bincount(np.uint8([1, 2, 1, 5]))
    array([0, 2, 1, 0, 0, 1])
    """
    cdef Call call = Call("bincount", stream)
    cdef DeviceArray source = call.input("x", x, ("bool", *(name for name in _INTEGERS if name != "uint64")), ndim=1)
    if minlength < 0:
        raise ValueError(f"minlength: got {minlength}; a length that is not negative is accepted")
    extent = _extent(source, stream).tolist() or (0, -1)
    if extent[0] < 0:
        raise ValueError(f"x: got {extent[0]}; elements that are not negative are accepted")
    length = max(extent[1] + 1, minlength)
    return _run(bincount, call, source, kinds.direct(length), weights, "float64", out, variant)
