# cython: embedsignature=True
"""Convolution and correlation in two and three dimensions (chapter 7)."""

import math
import numbers

from libc.stdint cimport uintptr_t

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import FLOATS, dtype_number, with_variants


cdef extern from "cuda_src/convolution.h" nogil:
    ctypedef struct pmpp_convolution:
        const void* image
        int image_planes, image_rows, image_cols
        const void* weights
        int weight_planes, weight_rows, weight_cols
        void* out
        int out_planes, out_rows, out_cols, plane_offset, row_offset, col_offset, batches, flip, boundary
        double fill
        int dtype
    int pmpp_convolve2d(const pmpp_convolution*, const char*, void*, size_t, cudaStream_t)
    size_t pmpp_convolve2d_workspace(const pmpp_convolution*, const char*)
    const pmpp_variant* pmpp_convolve2d_variant(int)


_BOUNDARIES = {"fill": 0, "wrap": 1, "symm": 2}
_LONGEST, _MOST = 31, 961


def _geometry(mode, image, weights, flip):
    """Return the result's shape, and the offset from its first pixel to the first pixel under the weights."""
    if mode == "full":
        return [n + k - 1 for n, k in zip(image, weights)], [1 - k for k in weights]
    if mode == "same":
        # Even weights have two middles. SciPy keeps the one before it, in the weights as given: flipped, the one after it.
        return image, [-(k // 2) if flip else -((k - 1) // 2) for k in weights]
    return [n - k + 1 for n, k in zip(image, weights)], [0] * len(weights)


def _run(function, int dims, image, weights, mode, boundary, fillvalue, out, variant, stream):
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"mode: got {mode!r}; 'full', 'same' and 'valid' are accepted")
    if boundary not in _BOUNDARIES:
        raise ValueError(f"boundary: got {boundary!r}; 'fill', 'wrap' and 'symm' are accepted")
    if not isinstance(fillvalue, numbers.Real):
        raise TypeError(f"fillvalue: got {type(fillvalue).__name__}; a real number is accepted")
    cdef Call call = Call(function.__name__, stream)
    correlates = function is correlate2d or function is correlate3d
    backwards = False
    if mode == "valid" and getattr(image, "ndim", 0) == getattr(weights, "ndim", 0) == dims:
        larger = [n >= k for n, k in zip(image.shape, weights.shape)]
        if not all(larger):
            if any(n > k for n, k in zip(image.shape, weights.shape)):
                raise ValueError(f"weights: shape {weights.shape} does not fit into the image's {image.shape} in every "
                                 f"dimension, nor the other way round, as mode='valid' needs")
            image, weights = weights, image  # as in SciPy the smaller slides over the larger
            backwards = correlates
            if backwards:
                image = image[(slice(None, None, -1),) * dims]  # the result comes backwards then, as SciPy's: see `flip` below
    cdef DeviceArray x = call.input("image", image, FLOATS)
    if len(x.shape) < dims:
        raise ValueError(f"image: got {len(x.shape)} dimensions, shape {x.shape}; {dims} or more are accepted")
    w = call.host_input("weights", weights, x, ndim=dims)
    if max(w.shape[-2:]) > _LONGEST or w.size > _MOST:
        most = f"up to {_LONGEST} x {_LONGEST}" if dims == 2 else f"up to {_LONGEST} rows and columns, and {_MOST} in all,"
        raise ValueError(f"weights: got shape {w.shape}; {most} are accepted")
    batch, sides = x.shape[:-dims], x.shape[-dims:]
    if mode == "valid" and (0 in sides or 0 in w.shape):
        raise ValueError(f"image: got shapes {x.shape} and {w.shape}; with mode='valid' neither may be empty")
    if mode == "valid" and any(n < k for n, k in zip(sides, w.shape)):
        raise ValueError(f"weights: shape {w.shape} does not fit into the images' {sides}, as mode='valid' needs")
    flip = backwards or not correlates
    shape, offset = _geometry(mode, sides, w.shape, flip)
    shape = [max(0, n) for n in shape]
    cdef DeviceArray result = call.output(out, (*batch, *shape), x.dtype)

    cdef pmpp_convolution task
    task.image, task.weights, task.out = <const void*>x.pointer, <const void*><uintptr_t>w.ctypes.data, <void*>result.pointer
    task.image_rows, task.image_cols = sides[-2:]
    task.weight_rows, task.weight_cols = w.shape[-2:]
    task.out_rows, task.out_cols = shape[-2:]
    task.row_offset, task.col_offset = offset[-2:]
    task.image_planes = task.weight_planes = task.out_planes = 1
    task.plane_offset = 0
    if dims == 3:
        task.image_planes, task.weight_planes, task.out_planes, task.plane_offset = sides[0], w.shape[0], shape[0], offset[0]
    task.batches = math.prod(batch)
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
    image : array, two dimensions or more
        float32 or float64: a NumPy array, or an array on the device. The last two dimensions are rows and columns; each
        image of those before (batches, channels) is taken on its own.
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
        A rung of the ladder, see :func:`pmpp.variants`. ``"auto"`` takes ``"fused"`` where the weights are a column
        times a row, each up to a rounding of its own, else ``"register_window"``.
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
        For other shapes, modes or variants, or ``"separable"`` and ``"fused"`` with weights that are not.

    Notes
    -----
    Chapter 7. The sums are taken in the image's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> convolve2d(np.float32([[1, 2, 3]]), np.float32([[1, 0, -1]]), mode="same")
    array([[ 2.,  2., -2.]], dtype=float32)
    """
    return _run(convolve2d, 2, image, weights, mode, boundary, fillvalue, out, variant, stream)


@with_variants(ladder(pmpp_convolve2d_variant))
def correlate2d(image, weights, *, mode="full", boundary="fill", fillvalue=0, out=None, variant="auto", stream=None):
    """Slide weights over an image as they are, and sum the products: what the book calls convolution.

    Parameters
    ----------
    image : array, two dimensions or more
        float32 or float64: a NumPy array, or an array on the device. The last two dimensions are rows and columns; each
        image of those before (batches, channels) is taken on its own.
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
        A rung of the ladder, see :func:`pmpp.variants`. ``"auto"`` takes ``"fused"`` where the weights are a column
        times a row, each up to a rounding of its own, else ``"register_window"``.
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
        For other shapes, modes or variants, or ``"separable"`` and ``"fused"`` with weights that are not.

    Notes
    -----
    Chapter 7. The sums are taken in the image's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> correlate2d(np.float32([[1, 2, 3]]), np.float32([[1, 0, -1]]), mode="same")
    array([[-2., -2.,  2.]], dtype=float32)
    """
    return _run(correlate2d, 2, image, weights, mode, boundary, fillvalue, out, variant, stream)


@with_variants(ladder(pmpp_convolve2d_variant))
def convolve3d(image, weights, *, mode="full", boundary="fill", fillvalue=0, out=None, variant="auto", stream=None):
    """Convolve a volume with weights in three dimensions.

    Takes what :func:`convolve2d` takes, with one dimension more: the last three of `image` are planes, rows and columns.
    `weights` has three dimensions, up to 31 rows and columns, and up to 961 elements in all. ``"separable"`` and ``"fused"`` take
    weights of one plane only.

    Examples
    --------
    >>> import numpy as np
    >>> convolve3d(np.ones((2, 1, 2)), np.ones((2, 1, 1)))
    array([[[1., 1.]],
    <BLANKLINE>
           [[2., 2.]],
    <BLANKLINE>
           [[1., 1.]]])
    """
    return _run(convolve3d, 3, image, weights, mode, boundary, fillvalue, out, variant, stream)


@with_variants(ladder(pmpp_convolve2d_variant))
def correlate3d(image, weights, *, mode="full", boundary="fill", fillvalue=0, out=None, variant="auto", stream=None):
    """Slide weights through a volume as they are, and sum the products. Takes what :func:`convolve3d` takes.

    Where weights are even, ``mode="same"`` takes the middle that :func:`correlate2d` takes.

    Examples
    --------
    >>> import numpy as np
    >>> correlate3d(np.arange(3.0).reshape(3, 1, 1), np.array([[[1.0]], [[-1.0]]]), mode="valid").ravel()
    array([-1., -1.])
    """
    return _run(correlate3d, 3, image, weights, mode, boundary, fillvalue, out, variant, stream)
