# cython: embedsignature=True
"""Histograms (chapter 9)."""

from libc.stdint cimport uintptr_t

import numpy as np

from pmpp._runtime.arrays import DeviceArray
from pmpp._runtime.call import Call, dtype_number, variants, with_variants
from pmpp.reduction import reduce_max, reduce_min


cdef extern from "cuda_src/histogram/histogram.h" nogil:
    ctypedef void* cudaStream_t
    ctypedef struct pmpp_variant:
        const char* name
        int capability
    ctypedef struct pmpp_histogram_problem:
        const void* data "in"
        size_t n
        int dtype
        const void* weights
        int weights_dtype
        void* out
        size_t bins
        int rule
        const unsigned long long* edges
        int edges_code
        unsigned long long low, high
        int range_code
        double first, width
        int difference_dtype, quotient_dtype
    int pmpp_histogram(const pmpp_histogram_problem*, void*, size_t, const char*, cudaStream_t)
    size_t pmpp_histogram_workspace(const pmpp_histogram_problem*, const char*)
    const pmpp_variant* pmpp_histogram_variant(int)
    enum: PMPP_BINS_DIRECT, PMPP_BINS_UNIFORM, PMPP_BINS_SEARCH
    enum: PMPP_CODE_REAL, PMPP_CODE_SIGNED, PMPP_CODE_UNSIGNED


_INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
_REALS = ("float16", "float32", "float64")
_WEIGHTS = ("bool", *_INTEGERS, *_REALS)


def _rung(int i):
    cdef const pmpp_variant* rung = pmpp_histogram_variant(i)
    return (rung.name.decode(), rung.capability) if rung else None


def _codes(values, int kind):
    """Return numbers as the unsigned integers by which the kernels compare them."""
    if kind == PMPP_CODE_REAL:
        bits = (np.atleast_1d(values).astype(np.float64) + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0
        return np.where(bits >> 63, ~bits, bits | np.uint64(1 << 63))
    if kind == PMPP_CODE_UNSIGNED:
        return np.atleast_1d(values).astype(np.uint64)
    return np.atleast_1d(values).astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63)


def _code_of(dtype):
    return {"f": PMPP_CODE_REAL, "i": PMPP_CODE_SIGNED, "u": PMPP_CODE_UNSIGNED}[dtype.kind]


def _is_integer(number):
    return isinstance(number, (int, np.integer))


cdef class _Problem:
    """What the kernels are told about bins, as NumPy would deal with them."""

    cdef pmpp_histogram_problem c
    cdef object codes

    def direct(self, size_t bins):
        self.c.rule, self.c.bins = PMPP_BINS_DIRECT, bins

    def search(self, dtype, edges):
        kind = _code_of(np.result_type(dtype, edges.dtype))
        self.c.rule, self.c.bins, self.c.edges_code, self.codes = PMPP_BINS_SEARCH, edges.size - 1, kind, _codes(edges, kind)

    def uniform(self, dtype, edges, first, last):
        """`first` and `last` as NumPy has them: their types decide how it rounds."""
        self.c.rule, self.c.bins = PMPP_BINS_UNIFORM, edges.size - 1
        self.c.edges_code, self.codes = PMPP_CODE_REAL, _codes(edges, PMPP_CODE_REAL)
        if dtype.kind in "iu" and _is_integer(first) and _is_integer(last):  # compared exactly
            limits = np.iinfo(np.int64 if dtype.kind == "i" else np.uint64)
            self.c.range_code = _code_of(dtype)
            if int(last) < limits.min or int(first) > limits.max:
                self.c.low, self.c.high = 1, 0
            else:
                ends = np.array([max(int(first), limits.min), min(int(last), limits.max)], limits.dtype)
                self.c.low, self.c.high = map(int, _codes(ends, self.c.range_code))
        else:
            self.c.range_code = PMPP_CODE_REAL
            low, high = (np.result_type(dtype, end).type(end) for end in (first, last))
            self.c.low, self.c.high = map(int, _codes([low, high], PMPP_CODE_REAL))
        kind = np.result_type(first, last)
        if kind.kind == "i":  # without an overflow, as an unsigned difference
            unsigned = np.dtype(f"u{kind.itemsize}")
            width = np.subtract(np.asarray(last, kind), np.asarray(first, kind), casting="unsafe", dtype=unsigned)
        else:
            width = np.subtract(last, first, dtype=kind)
        quotient = np.result_type(edges.dtype, width.dtype)
        self.c.first, self.c.width = float(edges.dtype.type(first)), float(quotient.type(width))
        self.c.difference_dtype, self.c.quotient_dtype = dtype_number(edges.dtype), dtype_number(quotient)

    def run(self, function, call, source, weights, weighed, out, variant):
        cdef pmpp_histogram_problem* p = &self.c
        p.data, p.n, p.dtype = <const void*><uintptr_t>source.pointer, source.size, dtype_number(source.dtype)
        p.weights = NULL
        if weights is not None:
            p.weights, p.weights_dtype = <const void*><uintptr_t>weights.pointer, dtype_number(weights.dtype)
        result = call.output(out, (p.bins,), weighed if weights is not None else "int64")
        p.out = <void*><uintptr_t>result.pointer
        if self.codes is not None:
            edges = DeviceArray.from_numpy(self.codes, stream=call.stream)
            p.edges = <const unsigned long long*><uintptr_t>edges.pointer
        name = str(variant).encode()
        cdef const char* rung = name
        cdef size_t nbytes = pmpp_histogram_workspace(p, rung)
        cdef uintptr_t space = call.workspace(nbytes), handle = call.stream
        cdef int status
        with nogil:
            status = pmpp_histogram(p, <void*>space, nbytes, rung, <cudaStream_t>handle)
        return call.finish(status, variant, variants(function) if status else ())


def _extent(source, stream):
    """Return the smallest and the largest element, which the host has to wait for."""
    return (reduce(source, stream=stream).numpy(stream=stream)[()] for reduce in (reduce_min, reduce_max))


def _weights(call, weights, source):
    if weights is None:
        return None
    found = call.input("weights", weights, _WEIGHTS)
    if found.shape != source.shape:
        raise ValueError(f"weights: got shape {found.shape}; x has {source.shape}, and both must have the same")
    return found


@with_variants(_rung)
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
        Where the counts go: one dimension, int64 or, with weights, float64, in the same memory (host or device) as `x`.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`; ``"auto"`` is the best.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    counts : array
        int64, or the sums of the weights as float64: a NumPy array for NumPy arrays, a `pmpp.DeviceArray` for arrays on the
        device, or `out`.
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
    Chapter 9. Counts and edges are those of `numpy.histogram`, to the last bit. Sums of weights differ in their last bits,
    also from call to call, because additions come in any order. Edges are copied to the device, and without `range` the
    smallest and the largest element to the host: the call waits for that.

    Examples
    --------
    >>> import numpy as np
    >>> histogram(np.uint8([1, 2, 1, 7]), bins=3)
    (array([3, 0, 1]), array([1., 3., 5., 7.]))
    """
    call = Call("histogram", stream)
    source = call.input("x", x, (*_INTEGERS, *_REALS))
    found = _weights(call, weights, source)
    problem = _Problem()
    if np.ndim(bins) == 0:
        if range is not None:
            first, last = range
            sample = np.empty(0, source.dtype)
        elif source.size == 0:
            first, last, sample = 0, 1, np.empty(0, source.dtype)
        else:
            first, last = _extent(source, stream)
            sample = np.array([first, last])
        edges = np.histogram_bin_edges(sample, bins, range)
        if first == last:
            first, last = first - 0.5, last + 0.5
        problem.uniform(source.dtype, edges, first, last)
    else:
        edges = np.asarray(bins)
        if edges.dtype.kind not in "iuf" or edges.ndim != 1 or edges.size < 2 or not np.all(edges[:-1] <= edges[1:]):
            raise ValueError(f"bins: got {bins!r}; a number of bins, or two or more numbers in rising order, are accepted")
        problem.search(source.dtype, edges)
    return problem.run(histogram, call, source, found, "float64", out, variant), edges


@with_variants(_rung)
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
    call = Call("bincount", stream)
    source = call.input("x", x, ("bool", *(name for name in _INTEGERS if name != "uint64")), ndim=1)
    found = _weights(call, weights, source)
    if minlength < 0:
        raise ValueError(f"minlength: got {minlength}; a length that is not negative is accepted")
    length = 0
    if source.size:
        smallest, largest = _extent(source, stream)
        if smallest < 0:
            raise ValueError(f"x: got {smallest}; elements that are not negative are accepted")
        length = int(largest) + 1
    problem = _Problem()
    problem.direct(max(length, minlength))
    return problem.run(bincount, call, source, found, "float64", out, variant)
