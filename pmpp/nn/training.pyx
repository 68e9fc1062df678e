# cython: embedsignature=True
"""Batches, losses and steps of gradient descent, on arrays on the device (chapter 19)."""

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t
from pmpp._runtime.call import DTYPES, FLOATS, dtype_number
from pmpp.nn import checks


cdef extern from "cuda_src/nn/training.h" nogil:
    int pmpp_nn_take(const void*, size_t, const void*, size_t, void*, cudaStream_t)
    int pmpp_nn_softmax_cross_entropy(const void*, const void*, size_t, size_t, void*, void*, int, cudaStream_t)
    int pmpp_nn_logistic_loss(const void*, const void*, size_t, void*, void*, int, cudaStream_t)
    int pmpp_nn_sgd(void*, const void*, void*, size_t, double, double, double, int, cudaStream_t)
    int pmpp_nn_adam(void*, const void*, void*, void*, size_t, long long, double, double, double, double, double, int,
                     cudaStream_t)


_WORDS = tuple(name for name in DTYPES if name.endswith(("32", "64")))


def take(rows, indices, *, out=None, stream=None):
    """Return ``rows[indices]``: a batch, gathered on the device.

    Parameters
    ----------
    rows : array, shape (m, ...)
        Elements of 4 or 8 bytes.
    indices : array, shape (n,)
        int32, from 0 to m - 1: they are not checked.
    out, stream : optional
        As in :func:`pmpp.nn.convolution.convolve`.

    Examples
    --------
    >>> import numpy as np
    >>> take(np.array([10.0, 20.0, 30.0]), np.array([2, 0], np.int32))
    array([30., 10.])
    """
    cdef Call call = Call("take", stream)
    cdef DeviceArray table = call.input("rows", rows, _WORDS), where = call.input("indices", indices, ("int32",), ndim=1)
    if not table.shape:
        raise ValueError("rows: got no dimensions; one is needed to take from")
    cdef DeviceArray result = call.output(out, (where.size, *table.shape[1:]), table.dtype)
    cdef size_t nbytes = table.nbytes // table.shape[0] if table.size else 0
    if nbytes == 0 and result.size:
        raise ValueError("rows: it is empty, and indices is not: there is nothing to take")
    cdef int status
    with nogil:
        status = pmpp_nn_take(<void*>table.pointer, nbytes, <void*>where.pointer, where.size, <void*>result.pointer, call.handle)
    return call.finish(status, "auto")


def softmax_cross_entropy(scores, labels, *, out=None, stream=None):
    """Return the losses of scores, one an image, and the gradient of their mean by the scores.

    ``losses[i] = -log(exp(scores[i, labels[i]]) / sum(exp(scores[i])))``

    Parameters
    ----------
    scores : array, shape (n, classes)
        float32 or float64.
    labels : array, shape (n,)
        int32, from 0 to classes - 1. Another label makes its loss and its gradient NaN.
    out : (array, array), optional
        Where the two results go.
    stream : optional
        As in :func:`pmpp.nn.convolution.convolve`.

    Returns
    -------
    (array, array)
        Of shapes (n,) and (n, classes).

    Examples
    --------
    >>> import numpy as np
    >>> losses, gradient = softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1], np.int32))
    >>> losses.round(4), gradient
    (array([0.6931]), array([[ 0.5, -0.5]]))
    """
    cdef Call call = Call("softmax_cross_entropy", stream)
    cdef DeviceArray z = call.input("scores", scores, FLOATS, ndim=2), which = call.input("labels", labels, ("int32",), ndim=1)
    cdef size_t n = z.shape[0], classes = z.shape[1]
    checks.one_label_each(z.shape, which.shape)
    losses_out, gradient_out = (None, None) if out is None else out
    cdef DeviceArray losses = call.output(losses_out, (n,), z.dtype), dz = call.output(gradient_out, z.shape, z.dtype)
    cdef int status, dtype = dtype_number(z.dtype)
    with nogil:
        status = pmpp_nn_softmax_cross_entropy(<void*>z.pointer, <void*>which.pointer, n, classes, <void*>losses.pointer,
                                               <void*>dz.pointer, dtype, call.handle)
    return call.finish(status, "auto")


def logistic_loss(scores, labels, *, out=None, stream=None):
    """Return the losses of scores that say yes if they are positive, and the gradient of their mean by the scores.

    ``losses[i] = log(1 + exp(-scores[i]))`` for the label 1, ``log(1 + exp(scores[i]))`` for the label 0.

    Parameters
    ----------
    scores : array, shape (n, 1)
        float32 or float64.
    labels : array, shape (n,)
        int32, 0 or 1. Another label makes its loss and its gradient NaN.
    out, stream : optional
        As in :func:`softmax_cross_entropy`.

    Returns
    -------
    (array, array)
        Of shapes (n,) and (n, 1).

    Examples
    --------
    >>> import numpy as np
    >>> losses, gradient = logistic_loss(np.array([[0.0]]), np.array([1], np.int32))
    >>> losses.round(4), gradient
    (array([0.6931]), array([[-0.5]]))
    """
    cdef Call call = Call("logistic_loss", stream)
    cdef DeviceArray z = call.input("scores", scores, FLOATS, ndim=2), which = call.input("labels", labels, ("int32",), ndim=1)
    cdef size_t n = z.shape[0]
    if z.shape[1] != 1 or which.size != n:
        raise ValueError(f"scores, labels: got shapes {z.shape} and {which.shape}; (n, 1) and (n,) are accepted")
    losses_out, gradient_out = (None, None) if out is None else out
    cdef DeviceArray losses = call.output(losses_out, (n,), z.dtype), dz = call.output(gradient_out, z.shape, z.dtype)
    cdef int status, dtype = dtype_number(z.dtype)
    with nogil:
        status = pmpp_nn_logistic_loss(<void*>z.pointer, <void*>which.pointer, n, <void*>losses.pointer, <void*>dz.pointer,
                                       dtype, call.handle)
    return call.finish(status, "auto")


def sgd_step(parameters, gradient, velocity, *, rate, momentum=0.0, decay=0.0, stream=None):
    """Take a step of gradient descent with momentum, in place.

    ``velocity = momentum * velocity + gradient + decay * parameters``, then ``parameters -= rate * velocity``.

    Parameters
    ----------
    parameters, gradient, velocity : DeviceArray
        Of one shape, float32 or float64. `parameters` and `velocity` are changed.
    rate, momentum, decay : float
    stream : optional
        As in :func:`pmpp.nn.convolution.convolve`.

    Examples
    --------
    >>> import numpy as np
    >>> from pmpp import DeviceArray
    >>> p, g, v = (DeviceArray.from_numpy(np.array([x])) for x in (5.0, 2.0, 0.0))
    >>> sgd_step(p, g, v, rate=0.5)
    >>> p.numpy(), v.numpy()
    (array([4.]), array([2.]))
    """
    cdef Call call = Call("sgd_step", stream)
    checks.changed_in_place(parameters=parameters, gradient=gradient, velocity=velocity)
    cdef DeviceArray p = call.input("parameters", parameters, FLOATS), g = call.input("gradient", gradient, p)
    cdef DeviceArray v = call.input("velocity", velocity, p)
    cdef double rate_, momentum_, decay_
    rate_, momentum_, decay_ = rate, momentum, decay
    cdef int status, dtype = dtype_number(p.dtype)
    with nogil:
        status = pmpp_nn_sgd(<void*>p.pointer, <void*>g.pointer, <void*>v.pointer, p.size, rate_, momentum_, decay_, dtype,
                             call.handle)
    call.finish(status, "auto")


def adam_step(parameters, gradient, mean, square, step, *, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, decay=0.0, stream=None):
    """Take a step of Adam, in place: each parameter at a speed of its own.

    Parameters
    ----------
    parameters, gradient, mean, square : DeviceArray
        Of one shape, float32 or float64: all but `gradient` are changed. `mean` and `square` are running means of the
        gradient and of its square, zeros at first.
    step : int
        The number of the step; the first is 1.
    rate, beta1, beta2, epsilon, decay : float
    stream : optional
        As in :func:`pmpp.nn.convolution.convolve`.

    Examples
    --------
    >>> import numpy as np
    >>> from pmpp import DeviceArray
    >>> p, g, m, s = (DeviceArray.from_numpy(np.array([x])) for x in (5.0, 2.0, 0.0, 0.0))
    >>> adam_step(p, g, m, s, 1, rate=0.5)
    >>> p.numpy().round(6)
    array([4.5])
    """
    cdef Call call = Call("adam_step", stream)
    if step < 1:
        raise ValueError(f"step: got {step}; the first step is 1")
    checks.changed_in_place(parameters=parameters, gradient=gradient, mean=mean, square=square)
    cdef DeviceArray p = call.input("parameters", parameters, FLOATS), g = call.input("gradient", gradient, p)
    cdef DeviceArray m = call.input("mean", mean, p), s = call.input("square", square, p)
    cdef double rate_, beta1_, beta2_, epsilon_, decay_
    rate_, beta1_, beta2_, epsilon_, decay_ = rate, beta1, beta2, epsilon, decay
    cdef long long number = step
    cdef int status, dtype = dtype_number(p.dtype)
    with nogil:
        status = pmpp_nn_adam(<void*>p.pointer, <void*>g.pointer, <void*>m.pointer, <void*>s.pointer, p.size, number, rate_,
                              beta1_, beta2_, epsilon_, decay_, dtype, call.handle)
    call.finish(status, "auto")
