"""Merging and merge sort against NumPy's stable sort."""

import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pmpp
from pmpp.sort.merge import merge, sort

VARIANTS = pmpp.variants(sort)
DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")
TILES = (1024, 2048, 4096)
"""What a block holds of a sequence, what it merges or sorts at once, and its share in the tiled rungs."""


def bits_of(array):
    """The elements' bits: -0.0 and 0.0, and NaNs with another payload, are not taken for the same."""
    return array.view(f"u{array.itemsize}")


def in_order(keys):
    comparable = keys.astype(np.float32) if keys.dtype == np.float16 else keys  # of the same order, and faster
    return keys[np.argsort(comparable, kind="stable")]


def check_sort(keys, **options):
    result = sort(keys, **options)
    assert result.dtype == keys.dtype
    np.testing.assert_array_equal(bits_of(result), bits_of(in_order(keys)))


def check_merge(a, b, **options):
    result = merge(a, b, **options)
    assert result.dtype == a.dtype
    np.testing.assert_array_equal(bits_of(result), bits_of(in_order(np.concatenate([a, b]))))


def test_the_ladder_is_in_the_textbooks_order():
    assert VARIANTS == ("basic", "tiled", "circular_buffer", "merge_path")
    assert pmpp.variants(merge) == VARIANTS


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sorting_sizes_and_inputs(dtype, variant, adversarial):
    """Up to a tile there is nothing to merge, and all variants are one kernel: one of them stands for all."""
    for n in adversarial.sizes(*TILES):
        if n <= 2048 and variant != VARIANTS[-1]:
            continue
        for kind in adversarial.kinds:
            check_sort(adversarial.make(kind, dtype, n), variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_merging_sizes_and_inputs(dtype, variant, adversarial):
    """Each size beside one that is as long, much shorter, or nothing, on either side."""
    for i, n in enumerate(adversarial.sizes(*TILES)):
        for j, kind in enumerate(adversarial.kinds):
            a = in_order(adversarial.make(kind, dtype, n))
            b = in_order(adversarial.make(kind, dtype, (n, 5, 0, 1030)[(i + j) % 4], seed=1))
            check_merge(a, b, variant=variant)
            check_merge(b, a, variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_sequences_that_do_not_overlap(variant):
    low, high = np.arange(5000), np.arange(5000, 12_000)
    check_merge(low, high, variant=variant)
    check_merge(high, low, variant=variant)
    check_merge(np.zeros(6000, np.int8), np.zeros(5000, np.int8), variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_equal_keys_keep_their_order(variant):
    """NaNs with payloads, and zeros with signs, show which is which."""
    payload = np.arange(1, 3001, dtype=np.uint32)
    a, b = (0x7FC00000 | payload).view(np.float32), (0x7FD00000 | payload).view(np.float32)
    check_merge(a, b, variant=variant)
    check_sort(np.random.default_rng(0).permutation(np.concatenate([a, b])), variant=variant)
    check_sort(np.where(np.arange(5000) % 3 == 0, -0.0, 0.0), variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_million(dtype, variant, adversarial):
    keys = adversarial.make("random", dtype, 2**20 + 3)
    if DTYPES.index(dtype) % 4 == VARIANTS.index(variant):
        check_sort(keys, variant=variant)
    else:  # one pass of many
        check_merge(in_order(keys[:600_000]), in_order(keys[600_000:]), variant=variant)


@given(st.lists(st.floats(width=32), max_size=300), st.lists(st.floats(width=32), max_size=300), st.sampled_from(VARIANTS))
@settings(max_examples=60, deadline=None)
def test_any_floats(first, second, variant):
    a, b = (in_order(np.array(values, np.float32)) for values in (first, second))
    check_merge(a, b, variant=variant)
    check_sort(np.array(first, np.float32), variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_sequences_in_disorder_do_no_harm(variant):
    """The result is undefined, but nothing is read or written that should not be, and the device goes on working."""
    rng = np.random.default_rng(0)
    for n in (100, 5000, 9001):
        a, b = rng.integers(0, 99, n), rng.integers(0, 99, 2 * n)
        whole = pmpp.DeviceArray.from_numpy(np.full(3 * n + 64, -1))
        out = pmpp.DeviceArray.borrow(whole.pointer + 32 * 8, (3 * n,), whole.dtype, whole)
        merge(pmpp.DeviceArray.from_numpy(a), pmpp.DeviceArray.from_numpy(b), out=out, variant=variant)
        result = whole.numpy()
        np.testing.assert_array_equal(np.delete(result, np.s_[32 : 3 * n + 32]), -1)
    check_sort(a, variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", ["uint8", "float16", "int32", "float64"])
def test_in_place_and_misaligned(dtype, variant, adversarial):
    item, host = np.dtype(dtype).itemsize, adversarial.make("random", dtype, 9000)
    for n in (2000, 5000, 8990):  # no pass, two and three: the result ends in the right buffer
        whole = pmpp.DeviceArray.from_numpy(host)
        part = pmpp.DeviceArray.borrow(whole.pointer + item, (n,), whole.dtype, whole)
        assert sort(part, out=part, variant=variant) is part
        np.testing.assert_array_equal(whole.numpy()[1 : n + 1], np.sort(host[1 : n + 1]))
        np.testing.assert_array_equal(np.delete(whole.numpy(), np.s_[1 : n + 1]), np.delete(host, np.s_[1 : n + 1]))


def test_out_and_streams():
    keys = np.random.default_rng(0).integers(0, 99, 5000)
    out = np.empty_like(keys)
    assert sort(keys, out=out) is out
    np.testing.assert_array_equal(out, np.sort(keys))
    stream = pmpp.Stream()
    device = sort(pmpp.DeviceArray.from_numpy(keys, stream=stream), stream=stream)
    both = merge(device, device, stream=stream)
    np.testing.assert_array_equal(both.numpy(stream=stream), np.sort(np.repeat(keys, 2)))


X = np.zeros(3, np.int32)


@pytest.mark.parametrize(
    ("attempt", "error", "sentence"),
    [
        (lambda: sort([2, 1]), TypeError, "keys: got list"),
        (lambda: sort(X.astype("c8")), TypeError, "keys: got dtype complex64; bool, int8"),
        (lambda: sort(X.reshape(3, 1)), ValueError, r"keys: got 2 dimensions, shape \(3, 1\); 1"),
        (lambda: sort(X, variant="fast"), ValueError, "variant: got 'fast'; sort has auto, basic"),
        (lambda: merge(X, X.astype("i8")), TypeError, "b: got dtype int64; int32"),
        (lambda: merge(X, X, variant="fast"), ValueError, "variant: got 'fast'; merge has auto, basic"),
        (lambda: merge(X, X, out=X.copy()), ValueError, r"out: got shape \(3,\); the result has \(6,\)"),
    ],
)
def test_bad_input_is_explained(attempt, error, sentence):
    with pytest.raises(error, match=sentence):
        attempt()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_small_workspace_is_refused(variant):
    library, int32, small_workspace, n = ctypes.CDLL("libpmpp_kernels.so"), 5, -4, 5000
    library.pmpp_merge_sort_workspace.restype = ctypes.c_size_t
    x = pmpp.DeviceArray.from_numpy(np.arange(n, 0, -1, dtype=np.int32))
    nbytes = library.pmpp_merge_sort_workspace(ctypes.c_size_t(n), int32, variant.encode())
    space = pmpp.DeviceArray.from_numpy(np.full(nbytes, 0xA5, np.uint8))  # what it held does not matter
    keys = ctypes.c_void_p(x.pointer)
    arguments = [
        keys,
        keys,
        ctypes.c_size_t(n),
        int32,
        ctypes.c_void_p(space.pointer),
        ctypes.c_size_t(nbytes - 1),
        variant.encode(),
        None,
    ]
    assert library.pmpp_merge_sort(*arguments) == small_workspace
    arguments[5] = ctypes.c_size_t(nbytes)
    assert library.pmpp_merge_sort(*arguments) == 0
    np.testing.assert_array_equal(x.numpy(), np.arange(1, n + 1))
