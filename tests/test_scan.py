"""Prefix sums against NumPy."""

import ctypes
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pmpp
from pmpp.scan import exclusive_scan, inclusive_scan, segmented_scan

VARIANTS = pmpp.variants(inclusive_scan)
DTYPES = ("int32", "uint32", "int64", "uint64", "float32", "float64")
UFUNCS = {"add": np.add, "max": np.maximum, "min": np.minimum, "multiply": np.multiply}
TILES = (256, 512, 1792, 2048, 4096)
"""Sections of the textbook's rungs, and tiles of 16 KiB of the others."""


def start(op, dtype):
    dtype = np.dtype(dtype)
    if op in ("add", "multiply"):
        return dtype.type(op == "multiply")
    limits = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return dtype.type(limits[op == "min"])


def check(x, op, exclusive, result):
    """Integers, max and min exactly; sums and products of floats within the rounding of their terms."""
    assert result.dtype == x.dtype
    assert result.shape == x.shape
    real = x.dtype.kind == "f" and op in ("add", "multiply")
    with np.errstate(all="ignore"):
        wide = x.astype(np.longdouble) if real else x
        expected = UFUNCS[op].accumulate(wide, dtype=wide.dtype)
        magnitude = np.add.accumulate(np.abs(wide)) if op == "add" else np.abs(expected)
    if exclusive and x.size:
        expected, magnitude = (np.concatenate([[e], a[:-1]]) for e, a in ((start(op, x.dtype), expected), (0, magnitude)))
        expected = expected.astype(wide.dtype)
    if not real:
        np.testing.assert_array_equal(result, expected)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(result[~finite], expected[~finite].astype(x.dtype))
    terms = 64 if op == "add" else x.size + 1  # depth of the tree of additions; every factor rounds a product
    error = np.abs(result[finite] - expected[finite])
    tolerance = terms * np.finfo(x.dtype).eps * magnitude[finite] + np.finfo(x.dtype).tiny
    assert np.all(error <= tolerance)


def prepare(adversarial, kind, dtype, n, op):
    x = adversarial.make(kind, dtype, n)
    if op == "multiply" and x.dtype.kind == "f":
        # What over- or underflows on the way depends on the order; factors near 1 do neither.
        x = np.where(np.isnan(x), x, 1 + np.clip(np.nan_to_num(x), -3, 3) * 1e-3).astype(dtype)
    return x


def test_the_ladder_is_in_the_textbooks_order():
    assert VARIANTS == (
        "kogge_stone", "double_buffered", "brent_kung", "warp_shuffles", "coarsened", "hierarchical", "decoupled_lookback",
    )  # fmt: skip
    assert pmpp.variants(exclusive_scan) == VARIANTS


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_and_inputs(dtype, variant, adversarial):
    for i, n in enumerate(adversarial.sizes(*TILES)):
        for j, kind in enumerate(adversarial.kinds):
            op = list(UFUNCS)[(i + j) % 4]
            x = prepare(adversarial, kind, dtype, n, op)
            check(x, op, False, inclusive_scan(x, op, variant=variant))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_operators_inclusive_and_exclusive(dtype, variant, adversarial):
    for op in UFUNCS:
        for n, kind in ((0, "random"), (1, "random"), (33, "nan"), (997, "zipf"), (4097, "inf"), (4099, "random")):
            x = prepare(adversarial, kind, dtype, n, op)
            check(x, op, True, exclusive_scan(x, op, variant=variant))
            check(x, op, False, inclusive_scan(x, op, variant=variant))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_million(dtype, variant, adversarial):
    x = adversarial.make("random", dtype, 2**20 + 3)
    check(x, "add", False, inclusive_scan(x, variant=variant))


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=300), st.sampled_from(list(UFUNCS)), st.sampled_from(VARIANTS))
@settings(max_examples=60, deadline=None)
def test_any_integers(values, op, variant):
    x = np.array(values, np.int32)
    check(x, op, False, inclusive_scan(x, op, variant=variant))
    check(x, op, True, exclusive_scan(x, op, variant=variant))


def by_segments(x, heads, op, exclusive):
    expected = np.empty_like(x)
    bounds = [0, *np.flatnonzero(heads), x.size]
    for begin, end in pairwise(bounds):
        if begin < end:
            with np.errstate(all="ignore"):
                scanned = UFUNCS[op].accumulate(x[begin:end], dtype=x.dtype)
            expected[begin:end] = np.concatenate([[start(op, x.dtype)], scanned[:-1]]) if exclusive else scanned
    return expected


@pytest.mark.parametrize("op", UFUNCS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", pmpp.variants(segmented_scan))
def test_segments(variant, dtype, op, adversarial):
    rng = np.random.default_rng(1)
    for n in (*adversarial.sizes(4096), 20011):
        for density in (0.001, 0.3) if n != 4099 else (0, 0.001, 0.3, 1):
            heads = rng.random(n) < density
            x = adversarial.make("zipf", dtype, n)  # sums and, with short segments, products of small integers are exact
            if op == "multiply" and x.dtype.kind == "f":
                x = np.where(x > 50, 2, 1).astype(dtype)[: n if density == 0.3 else 50]
                heads = heads[: x.size]
            for exclusive in (False, True):
                result = segmented_scan(x, heads, op, exclusive=exclusive, variant=variant)
                np.testing.assert_array_equal(result, by_segments(x, heads, op, exclusive), strict=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", pmpp.variants(segmented_scan))
def test_a_million_in_segments(variant, dtype, adversarial):
    x, heads = adversarial.make("zipf", dtype, 2**20 + 3), np.random.default_rng(1).random(2**20 + 3) < 0.001
    np.testing.assert_array_equal(segmented_scan(x, heads, variant=variant), by_segments(x, heads, "add", False), strict=True)


def test_heads_as_bytes():
    x = np.arange(10, dtype=np.int32)
    heads = np.array([0, 0, 255, 0, 1, 0, 0, 2, 0, 0], np.uint8)
    np.testing.assert_array_equal(segmented_scan(x, heads), by_segments(x, heads, "add", False))


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_result_of_another_dtype(source, dtype):
    x = np.random.default_rng(0).integers(0, 1000, 3001).astype(source)
    result = inclusive_scan(x, dtype=dtype)
    np.testing.assert_array_equal(result, np.cumsum(x, dtype=dtype), strict=True)
    device = inclusive_scan(pmpp.DeviceArray.from_numpy(x), dtype=dtype)
    np.testing.assert_array_equal(device.numpy(), result, strict=True)


def test_sums_that_need_the_wider_dtype():
    x = np.full(5000, 2**31 - 1, np.int32)
    np.testing.assert_array_equal(inclusive_scan(x, dtype="int64"), np.cumsum(x, dtype=np.int64))
    np.testing.assert_array_equal(inclusive_scan(x), np.cumsum(x, dtype=np.int32))


@pytest.mark.parametrize("variant", VARIANTS)
def test_negative_zero_stays(variant):
    assert np.all(np.signbit(inclusive_scan(np.full(300, -0.0), variant=variant)))
    assert not np.any(np.signbit(exclusive_scan(np.full(300, -0.0), variant=variant)))


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v != "decoupled_lookback"])
def test_sums_have_the_same_bits_every_time(variant, adversarial):
    x = adversarial.make("random", "float32", 50021)
    first = inclusive_scan(x, variant=variant)
    assert all(np.array_equal(inclusive_scan(x, variant=variant), first) for _ in range(2))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", ["int32", "float64"])
def test_misaligned_and_in_place(dtype, variant):
    item = np.dtype(dtype).itemsize
    host = np.random.default_rng(0).integers(-9, 9, 9001).astype(dtype)
    for offset, out_offset in ((0, 0), (1, 1), (0, 1), (3, 0)):
        x, y = pmpp.DeviceArray.from_numpy(host), pmpp.DeviceArray.from_numpy(np.full(9001, 77, dtype))
        part, out = (
            pmpp.DeviceArray.borrow(a.pointer + k * item, (8990,), a.dtype, a) for a, k in ((x, offset), (y, out_offset))
        )
        assert inclusive_scan(part, out=out, variant=variant) is out
        expected = np.cumsum(host[offset : offset + 8990], dtype=dtype)
        np.testing.assert_array_equal(out.numpy(), expected)
        rest = np.delete(y.numpy(), np.s_[out_offset : out_offset + 8990])
        np.testing.assert_array_equal(rest, 77)
        inclusive_scan(part, out=part, variant=variant)
        np.testing.assert_array_equal(part.numpy(), expected)


def test_misaligned_heads():
    rng = np.random.default_rng(0)
    host, marks = rng.integers(0, 9, 9000).astype(np.int32), (rng.random(9003) < 0.01).astype(np.uint8)
    heads = pmpp.DeviceArray.from_numpy(marks)
    part = pmpp.DeviceArray.borrow(heads.pointer + 3, (9000,), heads.dtype, heads)
    result = segmented_scan(pmpp.DeviceArray.from_numpy(host), part).numpy()
    np.testing.assert_array_equal(result, by_segments(host, marks[3:], "add", False))


def test_on_a_stream():
    stream = pmpp.Stream()
    x = pmpp.DeviceArray.from_numpy(np.ones(10000, np.int64))
    once = inclusive_scan(x, stream=stream)
    twice = inclusive_scan(once, stream=stream)
    np.testing.assert_array_equal(twice.numpy(stream=stream), np.cumsum(np.arange(1, 10001)))


X = np.zeros(3, np.int32)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: inclusive_scan([1, 2]), TypeError, "x: got list"),
        (lambda: inclusive_scan(X.astype("i2")), TypeError, "x: got dtype int16; int32, uint32"),
        (lambda: inclusive_scan(X.reshape(1, 3)), ValueError, r"x: got 2 dimensions, shape \(1, 3\); 1"),
        (lambda: inclusive_scan(X, "sum"), ValueError, "op: got 'sum'; 'add', 'max', 'min', 'multiply'"),
        (lambda: inclusive_scan(X, dtype="int8"), TypeError, "dtype: got int8; int32"),
        (lambda: inclusive_scan(X, variant="fast"), ValueError, "variant: got 'fast'; inclusive_scan has auto, kogge_stone"),
        (lambda: inclusive_scan(X, out=X[:2].copy()), ValueError, r"out: got shape \(2,\)"),
        (lambda: inclusive_scan(X, out=X.astype("i8")), TypeError, "out: got dtype int64; the result has int32"),
        (lambda: segmented_scan(X, X), TypeError, "heads: got dtype int32; bool and uint8"),
        (lambda: segmented_scan(X, np.zeros(2, bool)), ValueError, "heads: got 2 elements; x has 3"),
    ],
)
def test_bad_input_is_explained(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_a_small_workspace_is_refused():
    library, int32, small_workspace = ctypes.CDLL("libpmpp_kernels.so"), 5, -4
    x, scratch = pmpp.DeviceArray(5000, "int32"), pmpp.DeviceArray(1, "uint8")
    for variant in VARIANTS:
        arguments = [ctypes.c_void_p(x.pointer), ctypes.c_void_p(x.pointer), ctypes.c_size_t(x.size), int32, 0, 0,
                     ctypes.c_void_p(scratch.pointer), ctypes.c_size_t(1), variant.encode(), None]  # fmt: skip
        assert library.pmpp_scan(*arguments) == small_workspace
