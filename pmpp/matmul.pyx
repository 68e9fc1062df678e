# cython: embedsignature=True
"""Matrix multiplication (chapters 3, 5, 6 and 15)."""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uintptr_t

import numpy as np

from pmpp._runtime.call import Call, dtype_number, variants, with_variants


cdef extern from "cuda_src/matmul/matmul.h" nogil:
    ctypedef void* cudaStream_t
    ctypedef struct pmpp_variant:
        const char* name
        int capability
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


def _rung(int i):
    cdef const pmpp_variant* rung = pmpp_matmul_variant(i)
    return (rung.name.decode(), rung.capability) if rung else None


def _strides(array, ndim, shape):
    """Return strides in elements for `ndim` batch dimensions, 0 where they are repeated."""
    steps = [step // array.dtype.itemsize for step in array.strides[:-2]]
    return [0] * (ndim - len(steps)) + [0 if n == 1 else step for n, step in zip(shape, steps)]


@with_variants(_rung)
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
        ``"pipelined"``, or ``"tiled"`` for small matrices.
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
    call = Call("matmul", stream)
    x = call.input("a", a, _DTYPES)
    y = call.input("b", b, (x.dtype.name,))
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError(f"{'a' if x.ndim == 0 else 'b'}: got no dimensions; at least one is needed (* multiplies by a number)")
    a_shape = x.shape if x.ndim > 1 else (1, *x.shape)
    b_shape = y.shape if y.ndim > 1 else (*y.shape, 1)
    if a_shape[-1] != b_shape[-2]:
        raise ValueError(f"b: got shape {y.shape}; a has {x.shape}, so b needs {a_shape[-1]} rows")
    try:
        batch = np.broadcast_shapes(a_shape[:-2], b_shape[:-2])
    except ValueError:
        raise ValueError(f"b: got shape {y.shape}; the dimensions before its last two do not broadcast with those of a, "
                         f"{x.shape}") from None
    m, k, n = a_shape[-2], a_shape[-1], b_shape[-1]
    if max(m, n, k) > _LONGEST:
        raise ValueError(f"a, b: got shapes {x.shape} and {y.shape}; a matrix has at most {_LONGEST} rows and columns")
    shape = batch + ((m,) if x.ndim > 1 else ()) + ((n,) if y.ndim > 1 else ())
    result = call.output(out, shape, x.dtype)

    cdef pmpp_matmul_problem problem
    cdef uintptr_t px = x.pointer, py = y.pointer, pr = result.pointer, handle = call.stream
    cdef int i, status
    problem.a, problem.b, problem.out = <const void*>px, <const void*>py, <void*>pr
    problem.m, problem.n, problem.k, problem.dtype = m, n, k, dtype_number(x.dtype)
    cdef ptrdiff_t item = x.dtype.itemsize
    problem.a_row, problem.a_col = x.strides[-2] // item if x.ndim > 1 else 0, x.strides[-1] // item
    problem.b_row, problem.b_col = y.strides[-2 if y.ndim > 1 else -1] // item, y.strides[-1] // item if y.ndim > 1 else 0
    problem.batch_ndim = len(batch)
    a_steps, b_steps = _strides(x, len(batch), a_shape), _strides(y, len(batch), b_shape)
    for i in range(problem.batch_ndim):
        problem.batch[i], problem.a_batch[i], problem.b_batch[i] = batch[i], a_steps[i], b_steps[i]
    name = str(variant).encode()
    cdef const char* rung = name
    with nogil:
        status = pmpp_matmul(&problem, rung, <cudaStream_t>handle)
    return call.finish(status, variant, variants(matmul) if status else (), f"it takes float16 and bfloat16, not {x.dtype.name}",
                       out=out)
