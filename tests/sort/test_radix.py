"""Radix sort against NumPy's stable sort."""

import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pmpp
from pmpp.sort import radix

VARIANTS = pmpp.variants(radix.sort)
DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")
TILES = (256, 2048)


def bits_of(array):
    """The elements' bits: -0.0 and 0.0, and NaNs with another payload, are not taken for the same."""
    return array.view(f"u{array.itemsize}")


def in_order(keys, descending=False):
    """Positions in stable order; descending reverses the order but not that of equal keys."""
    if keys.dtype == np.float16:
        keys = keys.astype(np.float32)  # of the same order, and faster
    if not descending:
        return np.argsort(keys, kind="stable")
    return (keys.size - 1 - np.argsort(keys[::-1], kind="stable"))[::-1]


def encoded(keys):
    """The unsigned integers of the keys' order, as the documentation of `bits` defines them."""
    bits = keys.view(f"u{keys.itemsize}")
    sign = bits.dtype.type(1 << (8 * keys.itemsize - 1))
    if keys.dtype.kind == "f":
        code = np.where(keys == 0, sign, np.where(bits & sign, ~bits, bits | sign))
        return np.where(np.isnan(keys), ~bits.dtype.type(0), code)
    return bits ^ sign if keys.dtype.kind == "i" else bits


def check_bits(keys, begin, end, variant):
    """Sorted by some of the bits: one pass or a few."""
    mask = (1 << (end - begin)) - 1
    digits = (encoded(keys) >> keys.view(f"u{keys.itemsize}").dtype.type(begin)) & keys.view(f"u{keys.itemsize}").dtype.type(mask)
    expected = keys[np.argsort(digits, kind="stable")]
    np.testing.assert_array_equal(bits_of(radix.sort(keys, bits=(begin, end), variant=variant)), bits_of(expected))


def check_sort(keys, **options):
    expected = keys[in_order(keys)]
    result = radix.sort(keys, **options)
    assert result.dtype == keys.dtype
    np.testing.assert_array_equal(bits_of(result), bits_of(expected))


def test_the_ladder_is_in_the_textbooks_order():
    assert VARIANTS == ("one_bit", "block_local", "several_bits", "coarsened", "decoupled_lookback")
    assert pmpp.variants(radix.argsort) == pmpp.variants(radix.sort_pairs) == VARIANTS


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_and_inputs(dtype, variant, adversarial):
    width = 8 * np.dtype(dtype).itemsize
    slow = variant in ("one_bit", "block_local") and width > 16
    for i, n in enumerate(adversarial.sizes(*TILES)):
        for j, kind in enumerate(adversarial.kinds):
            keys = adversarial.make(kind, dtype, n)
            if not slow or i % len(adversarial.kinds) == j:
                check_sort(keys, variant=variant)
            else:  # a launch for every bit takes its time, and the passes are alike: three of them
                begin = (7 * i + 11 * j) % (width - 2)
                check_bits(keys, begin, begin + 3, variant)


@pytest.mark.parametrize("kind", ["random", "constant", "sorted", "reversed", "zipf"])
@pytest.mark.parametrize("dtype", ["uint8", "uint32", "float32", "uint64"])
def test_tiles_of_the_last_rung(dtype, kind, adversarial):
    tile = 10240 if np.dtype(dtype).itemsize <= 4 else 5120
    for n in (tile - 1, tile, tile + 1, 3 * tile + 17):
        check_sort(adversarial.make(kind, dtype, n))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_positions_and_pairs(dtype, variant, adversarial):
    values = np.random.default_rng(0).integers(0, 2**63, 997)
    for n, kind in ((0, "random"), (1, "nan"), (997, "zipf"), (997, "nan"), (501, "zeros")):
        keys = adversarial.make(kind, dtype, n)
        order = in_order(keys)
        np.testing.assert_array_equal(radix.argsort(keys, variant=variant), order, strict=True)
        for value_dtype in ("bool", "int16", "float32", "uint64") if kind == "zipf" else ("uint32",):
            carried = values[:n].astype(value_dtype)
            sorted_keys, sorted_values = radix.sort_pairs(keys, carried, variant=variant)
            np.testing.assert_array_equal(bits_of(sorted_keys), bits_of(keys[order]))
            np.testing.assert_array_equal(sorted_values, carried[order], strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_descending_is_stable_too(dtype, variant, adversarial):
    for kind in ("random", "zipf", "nan", "zeros"):
        keys = adversarial.make(kind, dtype, 600)
        np.testing.assert_array_equal(radix.argsort(keys, descending=True, variant=variant), in_order(keys, descending=True))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "uint64"])
def test_range_of_bits(dtype, variant, adversarial):
    keys = adversarial.make("random", dtype, 700)
    width = 8 * keys.itemsize
    sign = 1 << (width - 1) if keys.dtype.kind == "i" else 0
    encoded = [(int(key) & ((1 << width) - 1)) ^ sign for key in keys]
    for begin, end in ((0, width), (3, width - 2), (5, 5), (width - 1, width), (0, 3)):
        digits = np.array([(key >> begin) & ((1 << (end - begin)) - 1) for key in encoded], np.uint64)
        result = radix.argsort(keys, bits=(begin, end), variant=variant)
        np.testing.assert_array_equal(result, np.argsort(digits, kind="stable"))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("dtype", "varying"), [("uint32", 0xFF), ("uint32", 0xFF00FF00), ("uint64", 0xFF000000FF0000), ("uint32", 0)])
def test_constant_digits(dtype, varying, variant):
    """One, two, two and no digits that vary: results end in the right buffer however many passes are skipped."""
    rng = np.random.default_rng(0)
    keys = (rng.integers(0, 2**63, 1200, np.uint64) & np.uint64(varying) | np.uint64(1 << 16)).astype(dtype)
    check_sort(keys, variant=variant)
    np.testing.assert_array_equal(radix.argsort(keys, variant=variant), in_order(keys))
    device = pmpp.DeviceArray.from_numpy(keys)
    assert radix.sort(device, out=device, variant=variant) is device
    np.testing.assert_array_equal(device.numpy(), np.sort(keys))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", ["int8", "float16", "int32", "float64"])
def test_in_place(dtype, variant, adversarial):
    keys, values = adversarial.make("zipf", dtype, 800), np.arange(800, dtype=np.float32)
    order = in_order(keys)
    for value_dtype in ("uint8", "float32", "int64"):
        k, v = (pmpp.DeviceArray.from_numpy(a) for a in (keys, values.astype(value_dtype)))
        assert radix.sort_pairs(k, v, out=(k, v), variant=variant) == (k, v)
        np.testing.assert_array_equal(k.numpy(), keys[order])
        np.testing.assert_array_equal(v.numpy(), values.astype(value_dtype)[order])
    host = keys.copy()
    assert radix.sort(host, out=host, variant=variant) is host
    np.testing.assert_array_equal(host, keys[order])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float64"])
def test_misaligned_device_memory(dtype, variant, adversarial):
    item, host = np.dtype(dtype).itemsize, adversarial.make("random", dtype, 3000)
    whole, target = pmpp.DeviceArray.from_numpy(host), pmpp.DeviceArray.from_numpy(np.zeros(3000, dtype))
    part = pmpp.DeviceArray.borrow(whole.pointer + item, (2990,), whole.dtype, whole)
    out = pmpp.DeviceArray.borrow(target.pointer + 3 * item, (2990,), whole.dtype, target)
    radix.sort(part, out=out, variant=variant)
    np.testing.assert_array_equal(out.numpy(), np.sort(host[1:2991]))
    np.testing.assert_array_equal(np.delete(target.numpy(), np.s_[3:2993]), 0)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_million(dtype, variant, adversarial):
    """The highest digit only, but of one type a variant all of them: the passes are alike."""
    keys = adversarial.make("random", dtype, 2**20 + 3)
    width = 8 * keys.itemsize
    digit = {"one_bit": 1, "block_local": 1, "decoupled_lookback": 8}.get(variant, 4)
    if dtype == "uint32" and digit > 1:
        check_sort(keys, variant=variant)
    elif dtype == "bool":
        check_bits(keys, 0, digit, variant)
    else:
        check_bits(keys, width - digit, width, variant)


@given(st.lists(st.floats(width=32), max_size=400), st.booleans(), st.sampled_from(VARIANTS))
@settings(max_examples=50, deadline=None)
def test_any_floats(values, descending, variant):
    keys = np.array(values, np.float32)
    np.testing.assert_array_equal(radix.argsort(keys, descending=descending, variant=variant), in_order(keys, descending))


def test_strides_and_streams():
    keys = np.random.default_rng(0).integers(0, 99, (40, 50))[::2, 3]
    np.testing.assert_array_equal(radix.sort(keys), np.sort(keys))
    stream = pmpp.Stream()
    device = radix.sort(pmpp.DeviceArray.from_numpy(keys), stream=stream)
    np.testing.assert_array_equal(radix.sort(device, descending=True, stream=stream).numpy(stream=stream), np.sort(keys)[::-1])


class Problem(ctypes.Structure):
    """pmpp_radix_problem."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("keys", "keys_out", "values", "values_out")),
        ("n", ctypes.c_size_t), ("dtype", ctypes.c_int), ("value_bytes", ctypes.c_size_t),
        *((name, ctypes.c_int) for name in ("descending", "begin_bit", "end_bit")), ("most_per_launch", ctypes.c_size_t),
    ]  # fmt: skip


def call(problem, variant=b"auto", short=0):
    library = ctypes.CDLL("libpmpp_kernels.so")
    library.pmpp_radix_sort_workspace.restype = ctypes.c_size_t
    nbytes = library.pmpp_radix_sort_workspace(ctypes.byref(problem), variant)
    space = pmpp.DeviceArray.from_numpy(np.full(max(nbytes, 1), 0xA5, np.uint8))  # what it held does not matter
    return library.pmpp_radix_sort(
        ctypes.byref(problem), ctypes.c_void_p(space.pointer), ctypes.c_size_t(nbytes - short), variant, None
    )


UINT32 = 6


def test_more_keys_than_one_launch_counts():
    """Past 2^29 keys a pass takes several launches. The limit is lowered to see them hand over to each other."""
    keys = np.random.default_rng(0).integers(0, 2**32, 50000, np.uint32)
    device, out, order = pmpp.DeviceArray.from_numpy(keys), pmpp.DeviceArray(keys.shape, "uint32"), pmpp.DeviceArray(keys.shape, "int64")
    for most in (1, 10000, 20000, 46080):
        problem = Problem(device.pointer, out.pointer, None, order.pointer, keys.size, UINT32, 8, 0, 0, 32, most)
        assert call(problem) == 0
        np.testing.assert_array_equal(out.numpy(), np.sort(keys))
        np.testing.assert_array_equal(order.numpy(), in_order(keys))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_small_workspace_is_refused(variant):
    small_workspace, device = -4, pmpp.DeviceArray.from_numpy(np.zeros(1000, np.uint32))
    problem = Problem(device.pointer, device.pointer, None, None, 1000, UINT32, 0, 0, 0, 32, 0)
    assert call(problem, variant.encode()) == 0
    assert call(problem, variant.encode(), short=1) == small_workspace


X = np.zeros(3, np.int32)


@pytest.mark.parametrize(
    ("attempt", "error", "sentence"),
    [
        (lambda: radix.sort([2, 1]), TypeError, "keys: got list"),
        (lambda: radix.sort(X.astype("c8")), TypeError, "keys: got dtype complex64; bool, int8"),
        (lambda: radix.sort(X.reshape(3, 1)), ValueError, r"keys: got 2 dimensions, shape \(3, 1\); 1"),
        (lambda: radix.sort(X, bits=(0, 33)), ValueError, r"bits: got \(0, 33\); .* <= 32 is accepted for int32"),
        (lambda: radix.sort(X, bits=(5, 3)), ValueError, r"bits: got \(5, 3\)"),
        (lambda: radix.sort(X, variant="fast"), ValueError, "variant: got 'fast'; sort has auto, one_bit"),
        (lambda: radix.argsort(X, out=X.copy()), TypeError, "out: got dtype int32; the result has int64"),
        (lambda: radix.sort_pairs(X, X[:2]), ValueError, "values: got 2 elements; keys has 3"),
        (lambda: radix.sort_pairs(X, X, out=X), TypeError, "out: got ndarray; a pair of arrays"),
    ],
)
def test_bad_input_is_explained(attempt, error, sentence):
    with pytest.raises(error, match=sentence):
        attempt()
