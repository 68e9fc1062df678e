# cython: embedsignature=True
"""Convolution and correlation in two dimensions (chapter 7)."""

import numbers

from libc.stdint cimport uintptr_t

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import FLOATS, dtype_number, with_variants


cdef extern from "cuda_src/convolution.h" nogil:
    ctypedef struct pmpp_convolution:
        const void* image
        int image_rows, image_cols
        const void* weights
        int weight_rows, weight_cols
        void* out
        int out_rows, out_cols, row_offset, col_offset, flip, boundary
        double fill
        int dtype
    int pmpp_convolve2d(const pmpp_convolution*, const char*, void*, size_t, cudaStream_t)
    size_t pmpp_convolve2d_workspace(const pmpp_convolution*, const char*)
    const pmpp_variant* pmpp_convolve2d_variant(int)


_BOUNDARIES = {"fill": 0, "wrap": 1, "symm": 2}
_LARGEST = 31


def _geometry(mode, image, weights, flip):
    """Return the result's shape, and the offset from its first pixel to the first pixel under the weights."""
    if mode == "full":
        return [n + k - 1 for n, k in zip(image, weights)], [1 - k for k in weights]
    if mode == "same":
        # Even weights have two middles. SciPy keeps the one before it, in the weights as given: flipped, the one after it.
        return image, [-(k // 2) if flip else -((k - 1) // 2) for k in weights]
    return [n - k + 1 for n, k in zip(image, weights)], [0, 0]


def _run(function, image, weights, mode, boundary, fillvalue, out, variant, stream):
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"mode: got {mode!r}; 'full', 'same' and 'valid' are accepted")
    if boundary not in _BOUNDARIES:
        raise ValueError(f"boundary: got {boundary!r}; 'fill', 'wrap' and 'symm' are accepted")
    if not isinstance(fillvalue, numbers.Real):
        raise TypeError(f"fillvalue: got {type(fillvalue).__name__}; a real number is accepted")
    cdef Call call = Call(function.__name__, stream)
    backwards = False
    if mode == "valid" and getattr(image, "ndim", 0) == getattr(weights, "ndim", 0) == 2:
        larger = [n >= k for n, k in zip(image.shape, weights.shape)]
        if not all(larger):
            if any(n > k for n, k in zip(image.shape, weights.shape)):
                raise ValueError(f"weights: shape {weights.shape} does not fit into the image's {image.shape} in every "
                                 f"dimension, nor the other way round, as mode='valid' needs")
            image, weights = weights, image  # as in SciPy the smaller slides over the larger
            backwards = function is correlate2d
            if backwards:
                image = image[::-1, ::-1]  # the result comes backwards then, as SciPy's: see `flip` below
    cdef DeviceArray x = call.input("image", image, FLOATS, ndim=2)
    w = call.host_input("weights", weights, x, ndim=2)
    if max(w.shape) > _LARGEST:
        raise ValueError(f"weights: got shape {w.shape}; up to {_LARGEST} x {_LARGEST} are accepted")
    if mode == "valid" and 0 in x.shape + w.shape:
        raise ValueError(f"image: got shapes {x.shape} and {w.shape}; with mode='valid' neither may be empty")
    flip = function is convolve2d or backwards
    shape, offset = _geometry(mode, x.shape, w.shape, flip)
    cdef DeviceArray result = call.output(out, tuple(max(0, n) for n in shape), x.dtype)

    cdef pmpp_convolution task
    task.image, task.weights, task.out = <const void*>x.pointer, <const void*><uintptr_t>w.ctypes.data, <void*>result.pointer
    task.image_rows, task.image_cols = x.shape
    task.weight_rows, task.weight_cols = w.shape
    task.out_rows, task.out_cols = result.shape
    task.row_offset, task.col_offset = offset
    task.flip = flip
    task.boundary, task.fill, task.dtype = _BOUNDARIES[boundary], fillvalue, dtype_number(x.dtype)
    cdef bytes rung = str(variant).encode()
    cdef const char* name = rung
    cdef size_t nbytes = pmpp_convolve2d_workspace(&task, name)
    cdef void* space = <void*><uintptr_t>call.workspace(nbytes)
    cdef int status
    with nogil:
        status = pmpp_convolve2d(&task, name, space, nbytes, call.handle)
    return call.finish(status, variant, function, "the weights are no column times a row")


@with_variants(ladder(pmpp_convolve2d_variant))
def convolve2d(image, weights, *, mode="full", boundary="fill", fillvalue=0, out=None, variant="auto", stream=None):
    """Convolve an image with weights: slide the flipped weights over it, and sum the products.

    Parameters
    ----------
    image : array, two dimensions
        float32 or float64: a NumPy array, or an array on the device.
    weights : array, two dimensions
        Of the image's dtype, up to 31 x 31, of any parity.
    mode : {"full", "same", "valid"}
        Which pixels come back: all that any weight reaches, those of the image's shape around the centre, or those that
        need nothing beyond the border. As in :mod:`scipy.signal`.
    boundary : {"fill", "wrap", "symm"}
        What lies beyond the border: `fillvalue`, the image again, or its mirror image.
    fillvalue : float
        For ``boundary="fill"``.
    out : array, optional
        Where the result goes: its shape and dtype, in the image's memory; not the image itself.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`. ``"auto"`` takes ``"separable"`` where the weights are a column
        times a row, each up to a rounding of its own, else ``"tiled"``.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    array
        A NumPy array for a NumPy image, a `pmpp.DeviceArray` for an image on the device, or `out`.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For other shapes, modes or variants, or ``variant="separable"`` with weights that are not.

    Notes
    -----
    Chapter 7. The sums are taken in the image's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> convolve2d(np.float32([[1, 2, 3]]), np.float32([[1, 0, -1]]), mode="same")
    array([[ 2.,  2., -2.]], dtype=float32)
    """
    return _run(convolve2d, image, weights, mode, boundary, fillvalue, out, variant, stream)


@with_variants(ladder(pmpp_convolve2d_variant))
def correlate2d(image, weights, *, mode="full", boundary="fill", fillvalue=0, out=None, variant="auto", stream=None):
    """Slide weights over an image as they are, and sum the products: what the book calls convolution.

    Parameters
    ----------
    image : array, two dimensions
        float32 or float64: a NumPy array, or an array on the device.
    weights : array, two dimensions
        Of the image's dtype, up to 31 x 31, of any parity.
    mode : {"full", "same", "valid"}
        Which pixels come back: all that any weight reaches, those of the image's shape around the centre, or those that
        need nothing beyond the border. As in :mod:`scipy.signal`.
    boundary : {"fill", "wrap", "symm"}
        What lies beyond the border: `fillvalue`, the image again, or its mirror image.
    fillvalue : float
        For ``boundary="fill"``.
    out : array, optional
        Where the result goes: its shape and dtype, in the image's memory; not the image itself.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`. ``"auto"`` takes ``"separable"`` where the weights are a column
        times a row, each up to a rounding of its own, else ``"tiled"``.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    array
        A NumPy array for a NumPy image, a `pmpp.DeviceArray` for an image on the device, or `out`.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For other shapes, modes or variants, or ``variant="separable"`` with weights that are not.

    Notes
    -----
    Chapter 7. The sums are taken in the image's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> correlate2d(np.float32([[1, 2, 3]]), np.float32([[1, 0, -1]]), mode="same")
    array([[-2., -2.,  2.]], dtype=float32)
    """
    return _run(correlate2d, image, weights, mode, boundary, fillvalue, out, variant, stream)
