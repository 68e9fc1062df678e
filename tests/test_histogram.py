"""Histograms against NumPy."""

import ctypes
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pmpp
from pmpp.histogram import bincount, histogram

VARIANTS = pmpp.variants(histogram)
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")
TILES = (256, 4096)
"""What a block takes, at one element a thread and at sixteen."""
RANGES = (None, (-1.5, 2.25), (0, 100), (3, 3), (-(10**6), 10**6))


def numpys(x, bins, range=None, weights=None):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.histogram(x, bins, range, weights=weights)


def check(x, bins, range=None, **options):
    try:
        expected, expected_edges = numpys(x, bins, range)
    except (ValueError, IndexError) as failure:  # too many bins for the precision, or no finite range
        if isinstance(failure, ValueError):
            with pytest.raises(ValueError, match=r"finite|Too many bins"), np.errstate(all="ignore"):
                histogram(x, bins, range, **options)
        return
    with np.errstate(all="ignore"):
        counts, edges = histogram(x, bins, range, **options)
    np.testing.assert_array_equal(edges, expected_edges, strict=True)
    np.testing.assert_array_equal(counts, expected, strict=True)


def test_the_ladder_is_in_the_textbooks_order():
    assert VARIANTS == (
        "global_atomics", "privatized", "shared_memory", "coarsened_contiguous", "coarsened_interleaved", "aggregated", "replicated",
    )  # fmt: skip
    assert pmpp.variants(bincount) == VARIANTS


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_and_inputs(dtype, variant, adversarial):
    for i, n in enumerate(adversarial.sizes(*TILES)):
        for j, kind in enumerate(adversarial.kinds):
            x = adversarial.make(kind, dtype, n)
            check(x, (1, 10, 100, 256, 1000)[(i + j) % 5], (None, (-1.5, 2.25), (0, 100))[(i + 2 * j) % 3], variant=variant)


@pytest.mark.parametrize("range", RANGES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_of_bins_and_ranges(dtype, range, adversarial):
    """From one bin to more than shared memory holds; the first rung, and those that treat few and many bins unlike."""
    for bins in (1, 2, 3, 7, 127, 255, 256, 257, 1024, 12_288, 12_289, 65_536, 100_003):
        x = adversarial.make("random", dtype, 1500, seed=bins)
        for variant in ("global_atomics", "shared_memory", "replicated"):
            check(x, bins, range, variant=variant)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
def test_elements_on_and_beside_edges(dtype):
    """Where the estimate of the bin is wrong by one, edges decide."""
    for first, last, bins in ((0, 1, 10), (-1, 1, 49), (0.1, 0.7, 333), (1000, 1001, 13), (-3, 7, 10), (0, 60000, 7)):
        edges = np.linspace(first, last, bins + 1).astype(dtype)
        if np.dtype(dtype).kind == "f":
            infinity = np.dtype(dtype).type(np.inf)
            x = np.concatenate([edges, np.nextafter(edges, infinity), np.nextafter(edges, -infinity)])
        else:
            x = np.concatenate([edges, edges + 1, edges - 1])
        check(x, bins, (first, last))
        check(x, bins)
        check(x, bins, (np.float64(first), np.float64(last)))
        check(x, bins, (np.float32(first), np.float32(last)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_ranges_of_several_types(dtype, adversarial):
    x = adversarial.make("random", dtype, 3000)
    for make in (int, float, np.int8, np.int64, np.uint64, np.float16, np.float32, np.float64):
        for first, last in ((0, 100), (5, 6)):
            check(x, 77, (make(first), make(last)))
    check(x, 10, (-(2.0**70), 2.0**70))
    check(x, 10, (0, 2**62))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_that_float64_does_not_hold(dtype):
    x = np.array([2**53 - 1, 2**53, 2**53 + 1, 2**62 + 1, 2**62, 2**62 - 1, 5], dtype)
    check(x, 5, (2**53 + 1, 2**62))
    check(x, np.array([5, 2**53 + 1, 2**62, 2**62 + 1], dtype))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_edges_of_uneven_bins(dtype, variant, adversarial):
    for kind in ("random", "zipf", "nan", "inf", "zeros"):
        x = adversarial.make(kind, dtype, 1000)
        for edges in (
            [0, 1],
            [-3, -1, -0.0, 0.25, 2, 2, 7, 90],
            [1, 2, 2],
            [0.5, np.inf],
            [-np.inf, 0, np.inf],
            np.arange(300.0),
        ):
            check(x, edges, variant=variant)
        check(x, np.float32([0.1, 0.2, 0.7]), variant=variant)
        check(x, np.array([1, 5, 9], np.uint8), variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", [name for name in DTYPES if name not in ("uint64", "float16", "float32", "float64")])
def test_bincount(dtype, variant):
    rng = np.random.default_rng(0)
    for n, high in ((0, 1), (1, 1), (997, 100), (4099, 127), (1000, min(np.iinfo(dtype).max, 20_000))):
        x = rng.integers(0, high, n, dtype)
        np.testing.assert_array_equal(bincount(x, variant=variant), np.bincount(x), strict=True)
    np.testing.assert_array_equal(bincount(x, minlength=30_000, variant=variant), np.bincount(x, minlength=30_000), strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("weight", ["bool", *DTYPES])
def test_weights(weight, variant):
    """The result has NumPy's dtype: that of the weights in a histogram, float64 in bincount."""
    rng = np.random.default_rng(0)
    for n, bins in ((1000, 10), (5000, 7000)):
        x, weights = rng.integers(0, bins, n), rng.integers(0, 2 if weight == "bool" else 100, n).astype(weight)
        device = pmpp.DeviceArray.from_numpy(weights)
        np.testing.assert_array_equal(bincount(x, weights=weights, variant=variant), np.bincount(x, weights), strict=True)
        expected = numpys(x, bins, weights=weights)[0]
        assert expected.dtype == weight
        np.testing.assert_array_equal(histogram(x, bins, weights=weights, variant=variant)[0], expected, strict=True)
        counts, _ = histogram(pmpp.DeviceArray.from_numpy(x), bins, weights=device, variant=variant)
        np.testing.assert_array_equal(counts.numpy(), expected, strict=True)
        edges = np.arange(bins + 1)
        if weight not in ("bool", "float16"):  # between edges NumPy does not add up the one, and rounds running sums of the other
            found = histogram(x, edges, weights=weights, variant=variant)[0]
            np.testing.assert_array_equal(found, numpys(x, edges, weights=weights)[0], strict=True)
    x, weights = rng.integers(0, 5, 10_000), rng.standard_normal(10_000)
    found, exact = bincount(x, weights=weights, variant=variant), np.zeros(5, np.longdouble)
    np.add.at(exact, x, weights.astype(np.longdouble))
    # In whatever order n numbers are added, each addition rounds once.
    bound = np.bincount(x) * np.finfo(np.float64).eps / 2 * np.bincount(x, np.abs(weights))
    assert np.all(np.abs(found - exact) <= 2 * bound)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_million(dtype, variant, adversarial):
    x = adversarial.make("random", dtype, 2**20 + 3)
    check(x, 256, (-2, 100), variant=variant)


@given(st.lists(st.floats(width=32), max_size=200), st.integers(1, 50), st.sampled_from(VARIANTS))
@settings(max_examples=60, deadline=None)
def test_any_floats(values, bins, variant):
    check(np.array(values, np.float32), bins, (-10, 10), variant=variant)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=200), st.integers(1, 50), st.sampled_from(VARIANTS))
@settings(max_examples=60, deadline=None)
def test_any_integers(values, bins, variant):
    check(np.array(values, np.int64), bins, variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_misaligned_device_memory(dtype, variant, adversarial):
    host, item = adversarial.make("random", dtype, 9001), np.dtype(dtype).itemsize
    whole = pmpp.DeviceArray.from_numpy(host)
    for offset, n in ((1, 8990), (3, 5), (15, 8986)):
        part = pmpp.DeviceArray.borrow(whole.pointer + offset * item, (n,), whole.dtype, whole)
        counts, _ = histogram(part, 50, (-2, 100), variant=variant)
        np.testing.assert_array_equal(counts.numpy(), np.histogram(host[offset : offset + n], 50, (-2, 100))[0])


def test_ranges_that_are_equal_but_not_alike(adversarial):
    """Bins are kept from call to call; what tells them apart is more than equality."""
    x = adversarial.make("random", "float32", 997)
    for range in ((0, 1), (0.0, 1.0), (-0.0, 1.0), (np.float32(0), np.float32(1)), (np.float64(0), 1)):
        found, expected = histogram(x, 7, range)[1], numpys(x, 7, range)[1]
        np.testing.assert_array_equal(found, expected, strict=True)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))
        found[:] = 0  # what is returned is the caller's
    check(x, 7, (0, 1))


def test_shapes_out_and_streams():
    x = np.random.default_rng(0).random((30, 40), dtype=np.float32)
    check(x, 10)
    out = np.zeros(10, np.int64)
    assert histogram(x, 10, out=out)[0] is out
    assert out.sum() == x.size
    stream = pmpp.Stream()
    counts, edges = histogram(pmpp.DeviceArray.from_numpy(x, stream=stream), 10, stream=stream)
    np.testing.assert_array_equal(counts.numpy(stream=stream), out)
    assert isinstance(edges, np.ndarray)


X = np.arange(3)


@pytest.mark.parametrize(
    ("attempt", "error", "sentence"),
    [
        (lambda: histogram([1, 2]), TypeError, "x: got list"),
        (lambda: histogram(X.astype("c8")), TypeError, "x: got dtype complex64; int8, uint8"),
        (lambda: histogram(X, 0), ValueError, "`bins` must be positive"),
        (lambda: histogram(X, "auto"), TypeError, "bins: got 'auto'; a number of bins, or two or more"),
        (lambda: histogram(X, 2.5), TypeError, "bins: got 2.5; a number of bins"),
        (lambda: histogram(X, 3, weights=X, out=X.astype("f8")), TypeError, "out: got dtype float64; the result has int64"),
        (lambda: histogram(X, [3, 1]), ValueError, r"bins: got \[3, 1\]; a number of bins, or two or more numbers in rising"),
        (lambda: histogram(X, [1.0, np.nan]), ValueError, r"bins: got \[1.0, nan\]; a number"),
        (lambda: histogram(X, 3, (2, 1)), ValueError, "max must be larger than min"),
        (lambda: histogram(np.array([np.nan])), ValueError, "not finite"),
        (lambda: histogram(X, weights=X[:2]), ValueError, r"weights: got shape \(2,\); x has \(3,\)"),
        (lambda: histogram(X, variant="fast"), ValueError, "variant: got 'fast'; histogram has auto, global_atomics"),
        (lambda: bincount(X - 1), ValueError, "x: got -1; elements that are not negative"),
        (lambda: bincount(X, minlength=-1), ValueError, "minlength: got -1"),
        (lambda: bincount(X.reshape(3, 1)), ValueError, r"x: got 2 dimensions, shape \(3, 1\); 1"),
        (lambda: bincount(X, out=X.copy().astype("f8")), TypeError, "out: got dtype float64; the result has int64"),
    ],
)
def test_bad_input_is_explained(attempt, error, sentence):
    with pytest.raises(error, match=sentence):
        attempt()


class Problem(ctypes.Structure):
    """pmpp_histogram_problem."""

    _fields_ = [
        ("in", ctypes.c_void_p), ("n", ctypes.c_size_t), ("dtype", ctypes.c_int), ("weights", ctypes.c_void_p),
        ("weights_dtype", ctypes.c_int), ("out", ctypes.c_void_p), ("out_dtype", ctypes.c_int), ("edges", ctypes.c_void_p),
        ("rule", ctypes.c_int), ("count", ctypes.c_size_t),
        ("edges_code", ctypes.c_int), ("low", ctypes.c_uint64), ("high", ctypes.c_uint64),
        ("range_code", ctypes.c_int), ("first", ctypes.c_double), ("width", ctypes.c_double),
        ("difference_dtype", ctypes.c_int), ("quotient_dtype", ctypes.c_int),
    ]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_a_small_workspace_is_refused(variant):
    library, int32, direct, small_workspace = ctypes.CDLL("libpmpp_kernels.so"), 5, 0, -4
    library.pmpp_histogram_workspace.restype = ctypes.c_size_t
    x, out = pmpp.DeviceArray.from_numpy(np.arange(20_000, dtype=np.int32)), pmpp.DeviceArray(20_000, "int64")
    problem = Problem(x.pointer, x.size, int32, None, 0, out.pointer, 0, None, direct, 20_000)
    nbytes = library.pmpp_histogram_workspace(ctypes.byref(problem), variant.encode())
    space = pmpp.DeviceArray.from_numpy(np.full(nbytes, 0xA5, np.uint8))  # what it held does not matter
    arguments = [ctypes.byref(problem), ctypes.c_void_p(space.pointer), ctypes.c_size_t(nbytes), variant.encode(), None]
    assert library.pmpp_histogram(*arguments) == 0
    np.testing.assert_array_equal(out.numpy(), 1)
    arguments[2] = ctypes.c_size_t(nbytes - 1)
    assert library.pmpp_histogram(*arguments) == small_workspace
