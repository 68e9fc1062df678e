# cython: embedsignature=True
"""Matrix multiplication (chapters 3, 5, 6 and 15)."""

from libc.stddef cimport ptrdiff_t

import numpy as np

from pmpp._runtime.arrays cimport DeviceArray
from pmpp._runtime.call cimport Call, cudaStream_t, ladder, pmpp_variant
from pmpp._runtime.call import dtype_number, with_variants


cdef extern from "cuda_src/matmul/matmul.h" nogil:
    enum: PMPP_MATMUL_BATCH_DIMS
    ctypedef struct pmpp_matmul_problem:
        const void* a
        const void* b
        void* out
        size_t m, n, k
        ptrdiff_t a_row, a_col, b_row, b_col
        int batch_ndim
        size_t batch[PMPP_MATMUL_BATCH_DIMS]
        ptrdiff_t a_batch[PMPP_MATMUL_BATCH_DIMS]
        ptrdiff_t b_batch[PMPP_MATMUL_BATCH_DIMS]
        int dtype
    int pmpp_matmul(const pmpp_matmul_problem*, const char*, cudaStream_t)
    const pmpp_variant* pmpp_matmul_variant(int)


_DTYPES = ("float16", "bfloat16", "float32", "float64")
_LONGEST = (1 << 31) - 129


cdef list _batch_strides(DeviceArray array, int ndim):
    """Return the strides in elements of `ndim` batch dimensions, 0 where the matrices are repeated."""
    steps = [0 if n == 1 else step // array.dtype.itemsize for n, step in zip(array.shape[:-2], array.strides)]
    return [0] * (ndim - len(steps)) + steps


@with_variants(ladder(pmpp_matmul_variant))
def matmul(a, b, *, out=None, variant="auto", stream=None):
    """Multiply two matrices, or stacks of them.

    Parameters
    ----------
    a, b : array
        Of one dtype: float16, bfloat16 (of :mod:`ml_dtypes`), float32 or float64. Shapes ``(..., m, k)`` and ``(..., k, n)``,
        the dimensions before the last two broadcast against each other; one dimension is a row in `a`, a column in `b`, as in
        :func:`numpy.matmul`. Arrays on the device may be transposed or have longer rows than columns: they are not copied.
    out : array, optional
        Where the result goes: its shape and dtype, in the same memory (host or device), upon neither `a` nor `b`.
    variant : str
        A rung of the ladder, see :func:`pmpp.variants`. ``"auto"`` takes ``"tensor_core"`` for elements of 16 bits, else
        ``"pipelined"``, and ``"tiled"`` for small or narrow results.
    stream : optional
        Where the work is queued: None, a `pmpp.Stream`, an object with ``__cuda_stream__``, or a cudaStream_t as an integer.

    Returns
    -------
    array
        ``a @ b`` in the operands' dtype: a NumPy array for NumPy arrays, a `pmpp.DeviceArray` for arrays on the device, or `out`.

    Raises
    ------
    TypeError
        For another dtype, or arrays in different memories.
    ValueError
        For shapes that do not fit, or a variant that does not take the dtype: ``"tensor_core"`` takes those of 16 bits.

    Notes
    -----
    Chapters 3, 5, 6 and 15. An element starts at +0 and takes up the products in order, with one rounding a product (fused
    multiply-add), in float32 for 16-bit elements, which are rounded once at the end. So all variants give the same bits, but
    for ``"tensor_core"``: tensor cores add up 16 products at a time, in an order and with a rounding of their own.

    Examples
    --------
    >>> import numpy as np
    >>> matmul(np.float32([[1, 2], [3, 4]]), np.float32([[1, 0], [1, 1]]))
    array([[3., 2.],
           [7., 4.]], dtype=float32)
    """
    cdef Call call = Call("matmul", stream)
    cdef DeviceArray x = call.input("a", a, _DTYPES, strided=True), y = call.input("b", b, x, strided=True)
    cdef int ndim = len(x.shape), other_ndim = len(y.shape)
    if ndim == 0 or other_ndim == 0:
        raise ValueError(f"{'b' if ndim else 'a'}: got no dimensions; at least one is needed (* multiplies by a number)")
    a_shape = x.shape if ndim > 1 else (1, *x.shape)
    b_shape = y.shape if other_ndim > 1 else (*y.shape, 1)
    m, k, n = a_shape[-2], a_shape[-1], b_shape[-1]
    if b_shape[-2] != k:
        raise ValueError(f"b: got shape {y.shape}; a has {x.shape}, so b needs {k} rows")
    try:
        batch = np.broadcast_shapes(a_shape[:-2], b_shape[:-2]) if ndim > 2 or other_ndim > 2 else ()
    except ValueError:
        raise ValueError(f"b: got shape {y.shape}; the dimensions before its last two do not broadcast with those of a, "
                         f"{x.shape}") from None
    if max(m, n, k) > _LONGEST:
        raise ValueError(f"a, b: got shapes {x.shape} and {y.shape}; a matrix has at most {_LONGEST} rows and columns")
    cdef DeviceArray result = call.output(out, batch + ((m,) if ndim > 1 else ()) + ((n,) if other_ndim > 1 else ()), x.dtype)

    cdef pmpp_matmul_problem problem
    cdef int i, status
    cdef ptrdiff_t item = x.dtype.itemsize
    problem.a, problem.b, problem.out = <const void*>x.pointer, <const void*>y.pointer, <void*>result.pointer
    problem.m, problem.n, problem.k, problem.dtype = m, n, k, dtype_number(x.dtype)
    steps, b_steps = x.strides, y.strides
    problem.a_row, problem.a_col = steps[-2] // item if ndim > 1 else 0, steps[-1] // item
    problem.b_row, problem.b_col = b_steps[-2 if other_ndim > 1 else -1] // item, b_steps[-1] // item if other_ndim > 1 else 0
    problem.batch_ndim = len(batch)
    if batch:
        steps, b_steps = _batch_strides(x, len(batch)), _batch_strides(y, len(batch))
    for i in range(problem.batch_ndim):
        problem.batch[i], problem.a_batch[i], problem.b_batch[i] = batch[i], steps[i], b_steps[i]
    cdef const char* rung = call.rung(variant)
    with nogil:
        status = pmpp_matmul(&problem, rung, call.handle)
    return call.finish(status, variant, matmul, f"it takes float16 and bfloat16, not {x.dtype}" if status else "")
