# cython: embedsignature=True
"""Convolution and correlation in two and three dimensions (chapter 7)."""

from libc.stdint cimport uintptr_t

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import FLOATS, dtype_number, with_variants
from pmpp._runtime.slide import changes_places, checked, slide


cdef extern from "cuda_src/convolution/convolution.h" nogil:
    ctypedef struct pmpp_slide:
        int batches, channels, kernels
        int image_planes, image_rows, image_cols
        int weight_planes, weight_rows, weight_cols
        int out_planes, out_rows, out_cols
        int plane_offset, row_offset, col_offset
        int flip
        int boundary
        double fill
    ctypedef struct pmpp_convolution:
        const void* image
        const void* weights
        int weights_on_device
        void* out
        int dtype
        pmpp_slide slide
    int pmpp_convolve2d(const pmpp_convolution*, const char*, void*, size_t, cudaStream_t)
    size_t pmpp_convolve2d_workspace(const pmpp_convolution*, const char*)
    const pmpp_variant* pmpp_convolve2d_variant(int)


_UNSUITABLE = "the weights are no column times a row, or, as also 'constant' needs, not those of one channel in host memory"


def _run(function, int dims, image, weights, mode, boundary, fillvalue, out, variant, stream):
    checked(mode, boundary, fillvalue)
    cdef Call call = Call(function.__name__, stream)
    flip = function is convolve2d or function is convolve3d
    if changes_places(mode, image, weights, dims):
        image, weights = weights, image
        if not flip:
            image, flip = image[(slice(None, None, -1),) * dims], True  # the result comes backwards then, as SciPy's
    cdef DeviceArray x = call.input("image", image, FLOATS)
    cdef pmpp_convolution task
    w = call.small_input("weights", weights, x, (dims, dims + 2))
    shape, task.slide = slide(x.shape, w.shape, dims, mode=mode, boundary=boundary, fillvalue=fillvalue, flip=flip)
    if w.ndim > dims and not isinstance(w, DeviceArray):
        w = DeviceArray.from_numpy(w, stream=stream)
    task.weights_on_device = isinstance(w, DeviceArray)
    task.weights = <const void*><uintptr_t>(w.pointer if task.weights_on_device else w.ctypes.data)
    cdef DeviceArray result = call.output(out, shape, x.dtype)
    task.image, task.out, task.dtype = <const void*>x.pointer, <void*>result.pointer, dtype_number(x.dtype)
    cdef const char* rung = call.rung(variant)
    cdef size_t nbytes = pmpp_convolve2d_workspace(&task, rung)
    cdef void* space = call.space(nbytes)
    cdef int status
    with nogil:
        status = pmpp_convolve2d(&task, rung, space, nbytes, call.handle)
    return call.finish(status, variant, function, _UNSUITABLE)


@with_variants(ladder(pmpp_convolve2d_variant))
def convolve2d(image, weights, *, mode="full", boundary="fill", fillvalue=0, out=None, variant="auto", stream=None):
    """Convolve an image with weights: slide the flipped weights over it, and sum the products.

    Parameters
    ----------
    image : array, two dimensions or more
        float32 or float64: a NumPy array, or an array on the device. The last two dimensions are rows and columns; each
        image of those before is taken on its own, unless `weights` has channels.
    weights : array, two dimensions or four
        Of the image's dtype, up to 31 x 31, of any parity. Four dimensions are ``(kernels, channels, rows, columns)``: the image
        is ``(..., channels, rows, columns)`` then, and the result ``(..., kernels, rows, columns)`` sums over the channels.
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
    Chapter 7. The sums are taken in the image's dtype. Weights may lie in host or in device memory, wherever the image lies. On
    the device they stay there: nobody waits for them, and nobody looks whether they are separable, so that ``"constant"``,
    ``"separable"`` and ``"fused"`` refuse them. They refuse channels too.

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
        image of those before is taken on its own, unless `weights` has channels.
    weights : array, two dimensions or four
        Of the image's dtype, up to 31 x 31, of any parity. Four dimensions are ``(kernels, channels, rows, columns)``: the image
        is ``(..., channels, rows, columns)`` then, and the result ``(..., kernels, rows, columns)`` sums over the channels.
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
    Chapter 7. The sums are taken in the image's dtype. Weights may lie in host or in device memory, wherever the image lies. On
    the device they stay there: nobody waits for them, and nobody looks whether they are separable, so that ``"constant"``,
    ``"separable"`` and ``"fused"`` refuse them. They refuse channels too.

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
    `weights` has three dimensions, or five with kernels and channels, up to 31 rows and columns, and up to 961 elements a
    channel. ``"separable"`` and ``"fused"`` take weights of one plane only.

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
