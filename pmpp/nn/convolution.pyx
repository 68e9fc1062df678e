# cython: embedsignature=True
"""The convolution layer, forward and backward (chapter 19)."""

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import FLOATS, dtype_number, with_variants
from pmpp.nn import checks


cdef extern from "cuda_src/nn/convolution/convolution.h" nogil:
    ctypedef struct pmpp_nn_convolution:
        int images, channels, rows, cols, filters, weight_rows, weight_cols, dtype
    enum: PMPP_NN_FORWARD, PMPP_NN_WEIGHTS_GRADIENT, PMPP_NN_IMAGES_GRADIENT
    int pmpp_nn_convolve(const pmpp_nn_convolution*, const void*, const void*, const void*, void*, const char*, void*, size_t,
                         cudaStream_t)
    int pmpp_nn_convolve_weights_gradient(const pmpp_nn_convolution*, const void*, const void*, void*, void*, const char*, void*,
                                          size_t, cudaStream_t)
    int pmpp_nn_convolve_images_gradient(const pmpp_nn_convolution*, const void*, const void*, void*, const char*, void*, size_t,
                                         cudaStream_t)
    size_t pmpp_nn_convolve_workspace(const pmpp_nn_convolution*, int, const char*)
    const pmpp_variant* pmpp_nn_convolve_variant(int)


@with_variants(ladder(pmpp_nn_convolve_variant))
def convolve(images, weights, bias=None, *, out=None, variant="auto", stream=None):
    """Slide filters over the channels of images, where they fit, and add a bias: a convolution layer.

    Parameters
    ----------
    images : array, shape (n, channels, rows, cols)
        float32 or float64, a NumPy array or an array on the device.
    weights : array, shape (filters, channels, weight_rows, weight_cols)
        Not flipped: what the book calls convolution.
    bias : array, shape (filters,), optional
    out : array, optional
        Where the result goes: its shape and dtype, in the same memory.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`; ``"auto"`` is the last.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    array, shape (n, filters, rows - weight_rows + 1, cols - weight_cols + 1)
        A NumPy array for NumPy arrays, else a `pmpp.DeviceArray`, or `out`.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For shapes that do not fit each other, or a variant that there is not.

    Notes
    -----
    Chapter 19 (16 in the 4th edition). The same call gives the same bits every time; the variants add up in other orders.

    Examples
    --------
    >>> import numpy as np
    >>> convolve(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)), np.array([100.0]))
    array([[[[108., 112.],
             [120., 124.]]]])
    """
    cdef Call call = Call("convolve", stream)
    cdef DeviceArray x = call.input("images", images, FLOATS, ndim=4), w = call.input("weights", weights, x, ndim=4), b
    sizes = checks.convolution(x.shape, w.shape, dtype_number(x.dtype))
    cdef pmpp_nn_convolution layer = sizes
    cdef void* bias_pointer = NULL
    if bias is not None:
        b = call.input("bias", bias, x, ndim=1)
        if b.size != layer.filters:
            raise ValueError(f"bias: got {b.size} elements; weights have {layer.filters} filters, and each has one")
        bias_pointer = <void*>b.pointer
    cdef DeviceArray result = call.output(out, checks.result(sizes), x.dtype)
    cdef const char* rung = call.rung(variant)
    cdef size_t nbytes = pmpp_nn_convolve_workspace(&layer, PMPP_NN_FORWARD, rung)
    cdef void* space = call.space(nbytes)
    cdef int status
    with nogil:
        status = pmpp_nn_convolve(&layer, <void*>x.pointer, <void*>w.pointer, bias_pointer, <void*>result.pointer, rung, space,
                                  nbytes, call.handle)
    return call.finish(status, variant, convolve, checks.LARGE)


@with_variants(ladder(pmpp_nn_convolve_variant))
def weights_gradient(images, gradient, weights_shape, *, out=None, variant="auto", stream=None):
    """Return the gradient of a loss by the weights and by the bias of a convolution layer.

    Parameters
    ----------
    images : array, shape (n, channels, rows, cols)
        What the layer was given.
    gradient : array
        The gradient of the loss by the layer's result, of that shape.
    weights_shape : tuple of int
        (filters, channels, weight_rows, weight_cols).
    out : (array, array), optional
        Where the two results go.
    variant, stream : optional
        As in :func:`convolve`.

    Returns
    -------
    (array, array)
        Of shapes `weights_shape` and (filters,).

    Examples
    --------
    >>> import numpy as np
    >>> weights, bias = weights_gradient(np.arange(4.0).reshape(1, 1, 2, 2), np.full((1, 1, 1, 2), 0.5), (1, 1, 2, 1))
    >>> weights.ravel(), bias
    (array([0.5, 2.5]), array([1.]))
    """
    cdef Call call = Call("weights_gradient", stream)
    cdef DeviceArray x = call.input("images", images, FLOATS, ndim=4), dy = call.input("gradient", gradient, x, ndim=4)
    if len(weights_shape) != 4:
        raise ValueError(f"weights_shape: got {weights_shape}; (filters, channels, rows, columns) is accepted")
    sizes = checks.convolution(x.shape, tuple(weights_shape), dtype_number(x.dtype))
    if dy.shape != checks.result(sizes):
        raise ValueError(f"gradient: got shape {dy.shape}; the layer's result has {checks.result(sizes)}, so this too")
    cdef pmpp_nn_convolution layer = sizes
    weights_out, bias_out = (None, None) if out is None else out
    cdef DeviceArray dw = call.output(weights_out, tuple(weights_shape), x.dtype)
    cdef DeviceArray db = call.output(bias_out, (layer.filters,), x.dtype)
    cdef const char* rung = call.rung(variant)
    cdef size_t nbytes = pmpp_nn_convolve_workspace(&layer, PMPP_NN_WEIGHTS_GRADIENT, rung)
    cdef void* space = call.space(nbytes)
    cdef int status
    with nogil:
        status = pmpp_nn_convolve_weights_gradient(&layer, <void*>x.pointer, <void*>dy.pointer, <void*>dw.pointer,
                                                   <void*>db.pointer, rung, space, nbytes, call.handle)
    return call.finish(status, variant, weights_gradient, checks.LARGE)


@with_variants(ladder(pmpp_nn_convolve_variant))
def images_gradient(gradient, weights, *, out=None, variant="auto", stream=None):
    """Return the gradient of a loss by the images that a convolution layer was given.

    It is a convolution itself: the weights, flipped, slide over the gradient and a border of zeros around it.

    Parameters
    ----------
    gradient : array, shape (n, filters, rows, cols)
        The gradient of the loss by the layer's result.
    weights : array, shape (filters, channels, weight_rows, weight_cols)
    out, variant, stream : optional
        As in :func:`convolve`.

    Returns
    -------
    array, shape (n, channels, rows + weight_rows - 1, cols + weight_cols - 1)

    Examples
    --------
    >>> import numpy as np
    >>> images_gradient(np.ones((1, 1, 1, 2)), np.array([1.0, 10.0]).reshape(1, 1, 1, 2)).ravel()
    array([ 1., 11., 10.])
    """
    cdef Call call = Call("images_gradient", stream)
    cdef DeviceArray dy = call.input("gradient", gradient, FLOATS, ndim=4), w = call.input("weights", weights, dy, ndim=4)
    shape = checks.images_of(dy.shape, w.shape)
    cdef pmpp_nn_convolution layer = checks.convolution(shape, w.shape, dtype_number(dy.dtype))
    cdef DeviceArray dx = call.output(out, shape, dy.dtype)
    cdef const char* rung = call.rung(variant)
    cdef size_t nbytes = pmpp_nn_convolve_workspace(&layer, PMPP_NN_IMAGES_GRADIENT, rung)
    cdef void* space = call.space(nbytes)
    cdef int status
    with nogil:
        status = pmpp_nn_convolve_images_gradient(&layer, <void*>dy.pointer, <void*>w.pointer, <void*>dx.pointer, rung, space,
                                                  nbytes, call.handle)
    return call.finish(status, variant, images_gradient, checks.LARGE)
