# cython: embedsignature=True
"""ReLU, max pooling and dense layers, forward and backward (chapter 19)."""

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t
from pmpp._runtime.call import FLOATS, dtype_number
from pmpp.matmul import matmul
from pmpp.nn import checks


cdef extern from "cuda_src/nn/layers.h" nogil:
    ctypedef struct pmpp_nn_pooling:
        size_t planes
        int rows, cols, size, dtype
    int pmpp_nn_relu(const void*, void*, size_t, int, cudaStream_t)
    int pmpp_nn_relu_gradient(const void*, const void*, void*, size_t, int, cudaStream_t)
    int pmpp_nn_max_pool(const pmpp_nn_pooling*, const void*, void*, void*, cudaStream_t)
    int pmpp_nn_max_pool_gradient(const pmpp_nn_pooling*, const void*, const void*, void*, cudaStream_t)
    int pmpp_nn_add_bias(void*, const void*, size_t, size_t, int, cudaStream_t)


def relu(x, *, out=None, stream=None):
    """Return ``max(x, 0)``, element by element. `out` may be `x`.

    Parameters
    ----------
    x : array
        float32 or float64, any shape; a NumPy array or an array on the device.
    out : array, optional
    stream : optional
        As in :func:`pmpp.nn.convolution.convolve`.

    Examples
    --------
    >>> import numpy as np
    >>> relu(np.array([-2.0, 3.0]))
    array([0., 3.])
    """
    cdef Call call = Call("relu", stream)
    cdef DeviceArray a = call.input("x", x, FLOATS), result = call.output(out, a.shape, a.dtype, in_place=True)
    cdef int status, dtype = dtype_number(a.dtype)
    with nogil:
        status = pmpp_nn_relu(<void*>a.pointer, <void*>result.pointer, a.size, dtype, call.handle)
    return call.finish(status, "auto")


def relu_gradient(y, gradient, *, out=None, stream=None):
    """Return the gradient of a loss by what :func:`relu` was given: `gradient` where ``y > 0``, else 0.

    Parameters
    ----------
    y : array
        What :func:`relu` returned.
    gradient : array
        The gradient of the loss by `y`, of its shape and dtype. `out` may be `gradient`.
    out, stream : optional
        As in :func:`relu`.

    Examples
    --------
    >>> import numpy as np
    >>> relu_gradient(np.array([0.0, 3.0]), np.array([5.0, 7.0]))
    array([0., 7.])
    """
    cdef Call call = Call("relu_gradient", stream)
    cdef DeviceArray a = call.input("y", y, FLOATS), dy = call.input("gradient", gradient, a)
    checks.same_shape(y=a, gradient=dy)
    cdef DeviceArray result = call.output(out, a.shape, a.dtype, in_place=True)
    cdef int status, dtype = dtype_number(a.dtype)
    with nogil:
        status = pmpp_nn_relu_gradient(<void*>a.pointer, <void*>dy.pointer, <void*>result.pointer, a.size, dtype, call.handle)
    return call.finish(status, "auto")


def max_pool(images, size, *, out=None, stream=None):
    """Return the largest pixel of each window of size x size, and where it stood.

    Windows do not overlap; rows and columns at the end that fill no window count for nothing.

    Parameters
    ----------
    images : array, shape (..., rows, cols)
        float32 or float64, a NumPy array or an array on the device.
    size : int
    out : (array, array), optional
        Where the two results go.
    stream : optional
        As in :func:`pmpp.nn.convolution.convolve`.

    Returns
    -------
    (array, array)
        Both of shape (..., rows // size, cols // size): the largest pixels, and the places of the first of them in their
        images, ``row * cols + col``, as int32.

    Examples
    --------
    >>> import numpy as np
    >>> largest, places = max_pool(np.array([[1.0, 4.0, 2.0], [3.0, 0.0, 9.0]]), 2)
    >>> largest, places
    (array([[4.]]), array([[1]], dtype=int32))
    """
    cdef Call call = Call("max_pool", stream)
    cdef DeviceArray x = call.input("images", images, FLOATS)
    cdef pmpp_nn_pooling layer = checks.pooling(x.shape, size, dtype_number(x.dtype))
    shape = checks.pooled(x.shape, size)
    values_out, places_out = (None, None) if out is None else out
    cdef DeviceArray values = call.output(values_out, shape, x.dtype), places = call.output(places_out, shape, "int32")
    cdef int status
    with nogil:
        status = pmpp_nn_max_pool(&layer, <void*>x.pointer, <void*>values.pointer, <void*>places.pointer, call.handle)
    return call.finish(status, "auto")


def max_pool_gradient(gradient, places, shape, size, *, out=None, stream=None):
    """Return the gradient of a loss by the images of :func:`max_pool`: each window's goes to the pixel that was the largest.

    Parameters
    ----------
    gradient : array
        The gradient of the loss by the largest pixels.
    places : array
        The second result of :func:`max_pool`.
    shape : tuple of int
        That of the images.
    size : int
        As in :func:`max_pool`.
    out, stream : optional
        As in :func:`pmpp.nn.convolution.convolve`.

    Examples
    --------
    >>> import numpy as np
    >>> max_pool_gradient(np.array([[5.0]]), np.array([[1]], np.int32), (2, 3), 2)
    array([[0., 5., 0.],
           [0., 0., 0.]])
    """
    cdef Call call = Call("max_pool_gradient", stream)
    cdef DeviceArray dy = call.input("gradient", gradient, FLOATS), where = call.input("places", places, ("int32",))
    cdef pmpp_nn_pooling layer = checks.pooling(tuple(shape), size, dtype_number(dy.dtype))
    expected = checks.pooled(tuple(shape), size)
    if dy.shape != expected or where.shape != expected:
        raise ValueError(f"gradient, places: got shapes {dy.shape} and {where.shape}; {expected} is accepted for images of "
                         f"{tuple(shape)} and windows of {size}")
    cdef DeviceArray dx = call.output(out, tuple(shape), dy.dtype)
    cdef int status
    with nogil:
        status = pmpp_nn_max_pool_gradient(&layer, <void*>dy.pointer, <void*>where.pointer, <void*>dx.pointer, call.handle)
    return call.finish(status, "auto")


def dense(x, weights, bias, *, out=None, stream=None):
    """Return ``x @ weights.T + bias``: a dense layer, on arrays on the device.

    Parameters
    ----------
    x : DeviceArray, shape (n, features)
    weights : DeviceArray, shape (outputs, features)
    bias : DeviceArray, shape (outputs,)
    out, stream : optional
        As in :func:`pmpp.nn.convolution.convolve`.

    Returns
    -------
    DeviceArray, shape (n, outputs)

    Notes
    -----
    Its gradients are matrix multiplications too: ``gradient.T @ x`` by the weights, ``gradient @ weights`` by `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from pmpp import DeviceArray
    >>> x, weights, bias = (DeviceArray.from_numpy(np.array(a)) for a in ([[1.0, 2.0]], [[3.0, 4.0]], [5.0]))
    >>> dense(x, weights, bias).numpy()
    array([[16.]])
    """
    cdef Call call = Call("dense", stream)
    checks.on_device(x=x, weights=weights, bias=bias)
    if weights.ndim != 2 or bias.shape != weights.shape[:1]:
        raise ValueError(f"bias: got shape {bias.shape}; weights have {weights.shape}: (outputs, features) and (outputs,) are "
                         f"accepted")
    cdef DeviceArray b = call.input("bias", bias, FLOATS)
    cdef DeviceArray y = matmul(x, weights.T, out=out, stream=stream)
    if b.dtype != y.dtype:
        raise TypeError(f"bias: got dtype {b.dtype}; x has {y.dtype}")
    cdef int status, dtype = dtype_number(y.dtype)
    cdef size_t cols = b.size, rows = y.size // b.size if b.size else 0
    with nogil:
        status = pmpp_nn_add_bias(<void*>y.pointer, <void*>b.pointer, rows, cols, dtype, call.handle)
    call.output(y, y.shape, y.dtype)
    return call.finish(status, "auto")
