"""Reductions against NumPy."""

import ctypes
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pmpp
from pmpp import reduction
from pmpp.reduction import reduce_argmax, reduce_max, reduce_mean, reduce_min, reduce_sum

VARIANTS = pmpp.variants(reduce_sum)
DTYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64")
OPERATIONS = ("sum", "mean", "min", "max", "argmin", "argmax", "any", "all")
TILES = (256, 512, 2048)
"""Sections of the textbook's rungs. Tiles of the last one are 16 KiB, for which other sizes are below."""


def numpys(op, x, axis=None, keepdims=False):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(np, op)(x, axis=axis, keepdims=keepdims)


def roundings(variant, n):
    """How many roundings of its own precision a term of a float sum meets at most, with the last one.

    The textbook's rungs add trees of two (or runs of eight, then trees of two) over sections, then over the sections' sums.
    The last rung adds up to 32 in a tree; what follows is float64, or for float64 a tree over threads and blocks.
    """
    if variant == "one_pass":
        return 3 + 8 + 5 + 5 + 8 + 3  # a batch, a block, a run over and a tree of 1056 blocks' sums, the mean's, spare
    levels = max(1, math.ceil(math.log(max(n, 2), 512)))
    return levels * (9 + 8) + 2


def check_sum(op, x, result, variant, axis=None):
    """A float sum or mean, against the exact one: each rounding costs half an ulp of the magnitudes' sum."""
    wide = x.astype(np.longdouble)
    if x.dtype.kind != "f" and op == "mean":
        wide = x.astype(np.float64).astype(np.longdouble)  # integers become float64 before they are added
    n = x.size if axis is None else x.shape[axis]
    with np.errstate(all="ignore"):
        expected, magnitude = wide.sum(axis=axis), np.abs(wide).sum(axis=axis)
        if op == "mean":
            expected, magnitude = expected / n, magnitude / n
        rounded = expected.astype(result.dtype)
    assert result.shape == expected.shape
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(result[~finite], rounded[~finite])
    precision = np.float32 if result.dtype == np.float16 and variant != "one_pass" else result.dtype
    unit = float(np.finfo(precision).eps) / 2
    count = 7 if variant == "one_pass" and result.dtype != np.float64 else roundings(variant, n)
    if variant == "one_pass" and result.dtype == np.float16:
        unit = float(np.finfo(np.float32).eps) / 2
    bound = count * unit * magnitude
    if result.dtype == np.float16:  # half an ulp of the result, and its smallest step
        bound = bound + 2.0**-11 * np.abs(expected) + 2.0**-25
    bound = bound + float(np.finfo(result.dtype).smallest_subnormal)
    assert np.all(np.abs(result - expected)[finite] <= bound[finite])


def check(op, x, result, variant, axis=None, keepdims=False):
    expected = numpys(op, x, axis, keepdims)
    result = result.numpy() if isinstance(result, pmpp.DeviceArray) else result
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    if op in ("sum", "mean") and expected.dtype.kind == "f" and x.size:
        check_sum(op, x, result.squeeze(axis) if keepdims and axis is not None else np.asarray(result), variant, axis)
    else:
        np.testing.assert_array_equal(result, expected)


def call(op, x, **options):
    return getattr(reduction, f"reduce_{op}")(x, **options)


def test_the_ladder_is_in_the_textbooks_order():
    assert VARIANTS == ("simple_tree", "convergent", "shared_memory", "two_phase", "coarsened", "warp_shuffles", "one_pass")
    assert all(pmpp.variants(getattr(reduction, f"reduce_{op}")) == VARIANTS for op in OPERATIONS)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_and_inputs(dtype, variant, adversarial):
    """Each input meets two operations, and each operation all inputs at one size or other."""
    for i, n in enumerate(adversarial.sizes(*TILES)):
        for j, kind in enumerate(adversarial.kinds):
            x = adversarial.make(kind, dtype, n)
            device = pmpp.DeviceArray.from_numpy(x)
            for op in {OPERATIONS[(i + j) % 8], OPERATIONS[(i + 3 * j + 1) % 8]}:
                if n or op in ("sum", "any", "all"):
                    check(op, x, call(op, device, variant=variant), variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_operations(dtype, variant, adversarial):
    for op in OPERATIONS:
        for n, kind in (
            (1, "nan"),
            (33, "nan"),
            (997, "zipf"),
            (513, "zeros"),
            (997, "inf"),
            (4099, "random"),
            (2049, "denormal"),
        ):
            x = adversarial.make(kind, dtype, n)
            check(op, x, call(op, x, variant=variant), variant)


@pytest.mark.parametrize("dtype", DTYPES)
def test_tiles_of_the_last_rung(dtype, adversarial):
    tile = 16384 // np.dtype(dtype).itemsize
    for n in (tile - 1, tile, tile + 1, 3 * tile + 17):
        x = adversarial.make("random", dtype, n)
        for op in OPERATIONS:
            check(op, x, call(op, x), "one_pass")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_axes(dtype, variant, adversarial):
    shapes = (((5, 7, 33), 0), ((5, 7, 33), 1), ((5, 7, 33), 2), ((2, 600), 1), ((600, 2), 0), ((1, 40), 0), ((3, 1), 1))
    for i, (shape, axis) in enumerate(shapes):
        x = adversarial.make("nan" if i % 2 else "random", dtype, math.prod(shape)).reshape(shape)
        for op in OPERATIONS[i % 2 :: 2]:
            check(op, x, call(op, x, axis=axis, variant=variant), variant, axis)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "axis"), [((3, 5000), 1), ((700, 3, 40), 0), ((2, 40000), 1), ((9000, 5), 0)])
def test_axes_that_several_blocks_share(shape, axis, dtype, adversarial):
    x = adversarial.make("random", dtype, math.prod(shape)).reshape(shape)
    for op in OPERATIONS:
        check(op, x, call(op, x, axis=axis), "one_pass", axis)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_million(dtype, variant, adversarial):
    x = adversarial.make("random", dtype, 2**20 + 3)
    op = OPERATIONS[(VARIANTS.index(variant) + DTYPES.index(dtype)) % 8]
    check(op, x, call(op, x, variant=variant), variant)


@given(st.lists(st.floats(width=32), min_size=1, max_size=300), st.sampled_from(OPERATIONS[2:]), st.sampled_from(VARIANTS))
@settings(max_examples=60, deadline=None)
def test_any_floats(values, op, variant):
    x = np.array(values, np.float32)
    check(op, x, call(op, x, variant=variant), variant)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=300), st.sampled_from(VARIANTS))
@settings(max_examples=40, deadline=None)
def test_any_integers(values, variant):
    x = np.array(values, np.int64)
    check("sum", x, reduce_sum(x, variant=variant), variant)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data())
@settings(max_examples=40, deadline=None)
def test_any_shape_axes_and_keepdims(shape, data):
    x = np.random.default_rng(0).integers(-9, 9, shape, np.int16)
    first = data.draw(st.integers(0, len(shape) - 1))
    count = data.draw(st.integers(1, len(shape) - first))
    axis = tuple(range(first, first + count)) if count > 1 else first - data.draw(st.sampled_from((0, len(shape))))
    for keepdims in (False, True):
        for op in ("sum", "max"):
            result = call(op, x, axis=axis, keepdims=keepdims)
            np.testing.assert_array_equal(result, numpys(op, x, axis, keepdims), strict=True)
    if count == 1:
        np.testing.assert_array_equal(reduce_argmax(x, axis, keepdims=True), np.argmax(x, axis, keepdims=True), strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_float_sum_has_the_same_bits_every_time(variant):
    x = pmpp.DeviceArray.from_numpy(np.random.default_rng(0).standard_normal(300_007).astype(np.float32))
    columns = pmpp.DeviceArray.borrow(x.pointer, (3000, 100), x.dtype, x)
    for array, axis in ((x, None), (columns, 0), (columns, 1)):
        first = reduce_sum(array, axis, variant=variant).numpy().tobytes()
        assert all(reduce_sum(array, axis, variant=variant).numpy().tobytes() == first for _ in range(3))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_sums_that_cancel_or_lose(variant, dtype):
    """Terms that a sum from left to right loses one by one, and a mean whose sum would not fit."""
    eps = np.finfo(dtype).eps
    x = np.concatenate([np.ones(1), np.full(5000, eps / 2)]).astype(dtype)
    check("sum", x, reduce_sum(x, variant=variant), variant)
    large = np.full(3000, 2.0**62).astype(np.int64)
    assert reduce_mean(large, variant=variant) == 2.0**62


@pytest.mark.parametrize("variant", VARIANTS)
def test_zeros_keep_their_sign(variant):
    for dtype in ("float16", "float32", "float64"):
        assert np.signbit(reduce_sum(np.full(600, -0.0, dtype), variant=variant))
        assert not np.signbit(reduce_sum(np.array([-0.0, 0.0], dtype), variant=variant))
        assert not np.signbit(reduce_sum(np.zeros(0, dtype), variant=variant))
        assert np.signbit(reduce_min(np.array([0.0, -0.0], dtype), variant=variant))
        assert reduce_argmax(np.array([-0.0, 0.0], dtype), variant=variant) == 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_of_nothing(variant):
    for shape, axis in (((0,), None), ((0, 3), 0), ((2, 0, 3), 1), ((0, 3), 1), ((2, 0), 0)):
        x = np.zeros(shape, np.float32)
        for op in ("sum", "any", "all"):
            check(op, x, call(op, x, axis=axis, variant=variant), variant, axis)
        with pytest.warns(RuntimeWarning, match="the mean of no elements"):
            np.testing.assert_array_equal(reduce_mean(x, axis, variant=variant), numpys("mean", x, axis))
    assert reduce_max(np.zeros((0, 3)), 1, variant=variant).shape == (0,)
    for op in ("min", "max", "argmin", "argmax"):
        with pytest.raises(ValueError, match=rf"x: got no elements, shape \(0,\); reduce_{op} needs at least one"):
            call(op, np.zeros(0), variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_misaligned_device_memory(dtype, variant, adversarial):
    host, item = adversarial.make("random", dtype, 9001), np.dtype(dtype).itemsize
    whole = pmpp.DeviceArray.from_numpy(host)
    for offset, n in ((1, 8990), (3, 5), (15, 8986)):
        part = pmpp.DeviceArray.borrow(whole.pointer + offset * item, (n,), whole.dtype, whole)
        for op in ("sum", "argmin"):
            check(op, host[offset : offset + n], call(op, part, variant=variant), variant)


def test_out_streams_and_a_number():
    x = np.arange(12, dtype=np.int32).reshape(3, 4)
    assert isinstance(reduce_sum(x), np.int64)
    out = np.zeros(3, np.int64)
    assert reduce_sum(x, 1, out=out) is out
    np.testing.assert_array_equal(out, x.sum(1))
    stream = pmpp.Stream()
    device = pmpp.DeviceArray.from_numpy(x, stream=stream)
    rows = reduce_sum(device, 1, stream=stream)
    assert reduce_max(rows, stream=stream).numpy(stream=stream) == x.sum(1).max()
    assert reduce_sum(np.full((), 3.5)) == 3.5


X = np.zeros((3, 4), np.int32)


@pytest.mark.parametrize(
    ("attempt", "error", "sentence"),
    [
        (lambda: reduce_sum([1, 2]), TypeError, "x: got list"),
        (lambda: reduce_sum(X.astype("c8")), TypeError, "x: got dtype complex64; bool, int8"),
        (lambda: reduce_sum(X, 2), ValueError, r"axis: got 2; None, or one or several neighbouring ones of the array's 2 axes"),
        (lambda: reduce_sum(np.zeros((2, 2, 2)), (0, 2)), ValueError, r"axis: got \(0, 2\); None"),
        (lambda: reduce_sum(X, variant="fast"), ValueError, "variant: got 'fast'; reduce_sum has auto, simple_tree"),
        (lambda: reduce_sum(X, out=np.zeros((), "i4")), TypeError, "out: got dtype int32; the result has int64"),
        (lambda: reduce_max(X, 0, out=np.zeros(3, "i4")), ValueError, r"out: got shape \(3,\); the result has \(4,\)"),
    ],
)
def test_bad_input_is_explained(attempt, error, sentence):
    with pytest.raises(error, match=sentence):
        attempt()


class Problem(ctypes.Structure):
    """pmpp_reduce_problem."""

    _fields_ = [
        ("in", ctypes.c_void_p), ("out", ctypes.c_void_p), *((name, ctypes.c_size_t) for name in ("outer", "length", "inner")),
        ("dtype", ctypes.c_int), ("op", ctypes.c_int),
    ]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_small_workspace_is_refused(variant):
    library, int32, add, small_workspace = ctypes.CDLL("libpmpp_kernels.so"), 5, 0, -4
    library.pmpp_reduce_workspace.restype = ctypes.c_size_t
    x, out = pmpp.DeviceArray.from_numpy(np.ones(10000, np.int32)), pmpp.DeviceArray(1, "int64")
    problem = Problem(x.pointer, out.pointer, 1, x.size, 1, int32, add)
    nbytes = library.pmpp_reduce_workspace(ctypes.byref(problem), variant.encode())
    space = pmpp.DeviceArray.from_numpy(np.full(nbytes, 0xA5, np.uint8))  # what it held does not matter
    arguments = [ctypes.byref(problem), ctypes.c_void_p(space.pointer), ctypes.c_size_t(nbytes), variant.encode(), None]
    assert library.pmpp_reduce(*arguments) == 0
    assert out.numpy()[0] == 10000
    arguments[2] = ctypes.c_size_t(nbytes - 1)
    assert library.pmpp_reduce(*arguments) == small_workspace
