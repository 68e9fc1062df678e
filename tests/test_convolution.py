"""Convolution and correlation against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

import pmpp
from pmpp.convolution import convolve2d, correlate2d

VARIANTS = pmpp.variants(convolve2d)
PAIRS = {"convolve2d": (convolve2d, signal.convolve2d), "correlate2d": (correlate2d, signal.correlate2d)}
MODES, BOUNDARIES = ("full", "same", "valid"), ("fill", "wrap", "symm")


def agree(got, expected, image, weights, fill=0.0):
    """Equal up to rounding: an error in proportion to the sum of the magnitudes that were added."""
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    if got.size:
        largest = max(float(np.abs(image).max(initial=0)), abs(fill)) * float(np.abs(weights).sum())
        allowed = 2 * (weights.size + 2) * np.finfo(got.dtype).eps * largest
        worst = float(np.abs(got - expected).max())
        assert worst <= allowed, f"differs by {worst}, allowed {allowed}"


def test_the_ladder_is_in_the_textbooks_order():
    assert VARIANTS == ("basic", "constant", "tiled", "cached", "separable")
    assert pmpp.variants(correlate2d) == VARIANTS


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_equals_scipy(data):
    shape = data.draw(st.tuples(st.integers(0, 70), st.integers(0, 70)), label="image")
    window = data.draw(st.tuples(st.integers(1, 31), st.integers(1, 31)), label="weights")
    mode = data.draw(st.sampled_from(MODES), label="mode")
    boundary = data.draw(st.sampled_from(BOUNDARIES), label="boundary")
    dtype = data.draw(st.sampled_from(["float32", "float64"]), label="dtype")
    fill = data.draw(st.sampled_from([0.0, -1.5]), label="fill")
    separable = data.draw(st.booleans(), label="separable")
    ours, theirs = PAIRS[data.draw(st.sampled_from(sorted(PAIRS)), label="function")]
    variant = data.draw(st.sampled_from(["auto", *(VARIANTS if separable else VARIANTS[:-1])]), label="variant")
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))
    image = rng.standard_normal(shape).astype(dtype)
    weights = rng.standard_normal(window).astype(dtype)
    if separable:
        weights = np.outer(weights[:, 0], weights[0]).astype(dtype)
    if mode == "valid" and 0 in shape:
        with pytest.raises(ValueError, match="image|weights"):
            ours(image, weights, mode=mode, boundary=boundary)
        return
    if 0 in shape:
        boundary, fill = "fill", 0.0  # SciPy has no value for what lies around nothing
    try:
        expected = theirs(image, weights, mode, boundary, fill)
    except ValueError:
        with pytest.raises(ValueError, match="does not fit"):
            ours(image, weights, mode=mode, boundary=boundary, fillvalue=fill, variant=variant)
        return
    if mode == "valid" and (window[0] > shape[0] or window[1] > shape[1]):
        variant = "auto"  # the roles are swapped: it is the image that would have to be separable
    got = ours(image, weights, mode=mode, boundary=boundary, fillvalue=fill, variant=variant)
    agree(got, expected, image, weights, fill)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("n", (1, 7, 8, 31, 32, 33, 63, 64, 65, 97))
def test_sizes_around_a_tile(n, boundary, variant):
    rng = np.random.default_rng(n)
    image, column, row = rng.standard_normal((n, 101)), rng.standard_normal(4), rng.standard_normal(7)
    weights = np.outer(column, row)
    for pixels in (image, image.T):
        got = convolve2d(pixels, weights, mode="same", boundary=boundary, variant=variant)
        agree(got, signal.convolve2d(pixels, weights, "same", boundary), pixels, weights)


@pytest.mark.parametrize("variant", VARIANTS)
def test_values_that_are_no_numbers_stay_where_the_weights_reach(variant):
    image = np.ones((40, 40), np.float32)
    image[3, 3], image[20, 35], image[37, 5] = np.nan, np.inf, np.finfo(np.float32).tiny / 4
    weights = np.full((3, 3), 0.5, np.float32)
    expected = signal.correlate2d(image, weights, "same")
    got = correlate2d(image, weights, mode="same", variant=variant)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    np.testing.assert_array_equal(np.isinf(got), np.isinf(expected))
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_taller_than_the_grid():
    image = np.random.default_rng(0).standard_normal((65535 * 8 + 5, 1), dtype=np.float32)
    weights = np.float32([[1], [2], [3]])
    for variant in ("basic", "constant"):
        agree(convolve2d(image, weights, variant=variant), signal.convolve2d(image, weights), image, weights)


def test_separable_refuses_what_is_not():
    weights = np.float32([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="no column times a row"):
        convolve2d(np.ones((5, 5), np.float32), weights, variant="separable")


def test_strides_out_and_device_arrays():
    rng = np.random.default_rng(5)
    image, weights = rng.standard_normal((60, 80))[::2, ::-2], rng.standard_normal((6, 3)).T
    expected = signal.convolve2d(image, weights)
    agree(convolve2d(image, weights), expected, image, weights)
    out = np.zeros(expected.shape)
    assert convolve2d(image, weights, out=out) is out
    agree(out, expected, image, weights)
    device = convolve2d(pmpp.DeviceArray.from_numpy(image), weights)
    assert isinstance(device, pmpp.DeviceArray)
    agree(device.numpy(), expected, image, weights)
    again = convolve2d(pmpp.DeviceArray.from_numpy(image), pmpp.DeviceArray.from_numpy(weights), out=device)
    assert again is device


IMAGE = np.ones((5, 6), np.float32)
WEIGHTS = np.ones((3, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: convolve2d(IMAGE[0], WEIGHTS), ValueError, "image: got 1 dimensions"),
        (lambda: convolve2d(IMAGE, WEIGHTS[0]), ValueError, "weights: got 1 dimensions"),
        (lambda: convolve2d(IMAGE.astype("u1"), WEIGHTS), TypeError, "image: got dtype uint8"),
        (lambda: convolve2d(IMAGE, WEIGHTS.astype("f8")), TypeError, "weights: got dtype float64; float32"),
        (lambda: convolve2d(IMAGE, np.ones((32, 3), np.float32)), ValueError, "up to 31 x 31"),
        (lambda: convolve2d(IMAGE, WEIGHTS, mode="half"), ValueError, "mode: got 'half'"),
        (lambda: convolve2d(IMAGE, WEIGHTS, boundary="zero"), ValueError, "boundary: got 'zero'"),
        (lambda: convolve2d(IMAGE, WEIGHTS, variant="best"), ValueError, "variant: got 'best'"),
        (lambda: correlate2d(IMAGE, np.ones((7, 2), np.float32), mode="valid"), ValueError, "does not fit"),
    ],
)
def test_bad_input_is_explained(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
