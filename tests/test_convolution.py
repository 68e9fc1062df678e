"""convolve2d and correlate2d against scipy.signal: every variant, shape, mode, boundary and dtype.

Sums are taken in another order than SciPy's, so that a result may differ by the rounding of its sum: the tolerance is
that bound, from the sum of the products' magnitudes, and nothing wider.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pmpp
from pmpp.convolution import convolve2d, convolve3d, correlate2d, correlate3d

signal = pytest.importorskip("scipy.signal")

PAIRS = ((convolve2d, signal.convolve2d), (correlate2d, signal.correlate2d))
VARIANTS = pmpp.variants(convolve2d)
SEPARABLE = ("separable", "fused")
ANY_WEIGHTS = tuple(name for name in VARIANTS if name not in SEPARABLE)
MODES = ("full", "same", "valid")
BOUNDARIES = ("fill", "wrap", "symm")
DTYPES = ("float32", "float64")
TILE = 32


def close(got, theirs, image, weights, **options):
    """Equal up to the rounding of a sum of products, and in every NaN and infinity."""
    expected = theirs(image, weights, **options)
    assert got.dtype == image.dtype
    assert got.shape == expected.shape
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(got[~finite], expected[~finite])
    if "fillvalue" in options:
        options["fillvalue"] = abs(options["fillvalue"])
    with np.errstate(all="ignore"):
        magnitude = theirs(np.abs(np.float64(image)), np.abs(np.float64(weights)), **options)
        bound = (weights.size + 8) * np.finfo(image.dtype).eps * magnitude + np.finfo(image.dtype).tiny
        wrong = ~(np.abs(got[finite] - expected[finite]) <= bound[finite])
    assert not wrong.any(), (
        f"{wrong.sum()} of {wrong.size} pixels differ; the first by {np.abs(got - expected)[finite][wrong][0]}"
    )


def noise(shape, dtype, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_equals_scipy(data):
    ours, theirs = data.draw(st.sampled_from(PAIRS))
    dtype = data.draw(st.sampled_from(DTYPES))
    mode, boundary = data.draw(st.sampled_from(MODES)), data.draw(st.sampled_from(BOUNDARIES))
    sides = st.one_of(
        st.integers(1, 40), st.sampled_from([TILE - 1, TILE, TILE + 1, 2 * TILE - 1, 2 * TILE, 2 * TILE + 1, 4 * TILE + 3])
    )
    taps = st.one_of(st.integers(1, 7), st.integers(1, 31))
    image = noise((data.draw(sides), data.draw(sides)), dtype, seed=data.draw(st.integers(0, 9)))
    rows, cols = data.draw(taps), data.draw(taps)
    if mode == "valid":
        rows, cols = min(rows, image.shape[0]), min(cols, image.shape[1])
    separable = data.draw(st.booleans())
    weights = np.outer(noise((rows,), dtype), noise((cols,), dtype, 1)) if separable else noise((rows, cols), dtype)
    if data.draw(st.booleans()):
        image = np.asfortranarray(image)
    options = {"mode": mode, "boundary": boundary, "fillvalue": data.draw(st.sampled_from([0, 1.5, -2]))}
    variant = data.draw(st.sampled_from(("auto", *ANY_WEIGHTS, *(SEPARABLE if separable else ()))))
    close(ours(image, weights, variant=variant, **options), theirs, image, weights, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("side", [1, 2, TILE - 1, TILE, TILE + 1, 37, 2 * TILE, 2 * TILE + 1])
def test_adversarial_sizes(side, variant, dtype):
    for rows, cols in ((side, side), (side, 1), (1, side), (side, 2 * TILE + 1)):
        image = noise((rows, cols), dtype)
        for taps in ((1, 1), (2, 3), (5, 5), (4, 31)):
            weights = np.outer(noise((taps[0],), dtype), noise((taps[1],), dtype, 1))
            for boundary in BOUNDARIES:
                options = {"mode": "same", "boundary": boundary}
                close(
                    correlate2d(image, weights, variant=variant, **options),
                    signal.correlate2d,
                    image,
                    weights,
                    **options,
                )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_million(variant, dtype):
    image, weights = noise((1031, 1021), dtype), np.outer(noise((3,), dtype), noise((4,), dtype, 1))
    close(correlate2d(image, weights, mode="same", variant=variant), signal.correlate2d, image, weights, mode="same")


@pytest.mark.parametrize("variant", ANY_WEIGHTS)
@pytest.mark.parametrize("mode", MODES)
def test_the_largest_weights(mode, variant):
    image, weights = noise((70, 67), "float64"), noise((31, 31), "float64")
    for ours, theirs in PAIRS:
        close(ours(image, weights, mode=mode, variant=variant), theirs, image, weights, mode=mode)


@pytest.mark.parametrize("boundary", ["wrap", "symm"])
@pytest.mark.parametrize("variant", ANY_WEIGHTS)
def test_weights_that_reach_around_a_small_image_several_times(variant, boundary):
    image, weights = noise((2, 3), "float64"), noise((13, 19), "float64")
    for ours, theirs in PAIRS:
        close(ours(image, weights, boundary=boundary, variant=variant), theirs, image, weights, boundary=boundary)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["convolve2d", "correlate2d"])
def test_valid_slides_the_smaller_over_the_larger(ours, theirs):
    image, weights = noise((3, 4), "float32"), noise((9, 4), "float32")
    close(ours(image, weights, mode="valid"), theirs, image, weights, mode="valid")
    on_device = ours(pmpp.DeviceArray.from_numpy(image), pmpp.DeviceArray.from_numpy(weights), mode="valid")
    close(on_device.numpy(), theirs, image, weights, mode="valid")
    with pytest.raises(ValueError, match="does not fit"):
        ours(noise((3, 9), "float32"), noise((9, 3), "float32"), mode="valid")


def test_convolution_flips_the_weights_and_correlation_does_not():
    image = np.zeros((5, 5), np.float32)
    image[2, 2] = 1
    weights = np.arange(9, dtype=np.float32).reshape(3, 3)
    np.testing.assert_array_equal(convolve2d(image, weights, mode="same")[1:4, 1:4], weights)
    np.testing.assert_array_equal(correlate2d(image, weights, mode="same")[1:4, 1:4], weights[::-1, ::-1])


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
@pytest.mark.parametrize("variant", ("auto", *ANY_WEIGHTS))
def test_empty_image(shape, variant):
    image, weights = np.empty(shape, np.float32), noise((3, 4), "float32")
    assert convolve2d(image, weights, mode="same", variant=variant).shape == shape
    close(convolve2d(image, weights, variant=variant), signal.convolve2d, image, weights)
    with pytest.raises(ValueError, match=r"fit|empty"):
        convolve2d(image, weights, mode="valid", variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_image_taller_than_the_grid(variant):
    image, weights = noise((65535 * 8 + 5, 1), "float32"), np.float32([[1], [2], [3]])
    close(convolve2d(image, weights, variant=variant), signal.convolve2d, image, weights)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_pixel_that_is_no_number_spoils_what_it_touches_and_nothing_else(value, variant):
    image, weights = noise((40, 70), "float32"), np.outer([1, 2, 1], [1, 3, 1]).astype(np.float32)
    image[33, 31] = value
    close(convolve2d(image, weights, mode="same", variant=variant), signal.convolve2d, image, weights, mode="same")


@pytest.mark.parametrize("variant", VARIANTS)
def test_denormals_are_kept(variant):
    least = np.finfo(np.float32).smallest_subnormal
    image = np.full((9, 9), 3 * least, np.float32)
    weights = np.ones((2, 2), np.float32)
    np.testing.assert_array_equal(correlate2d(image, weights, mode="valid", variant=variant), np.float32(12 * least))


def test_a_small_weight_counts_where_the_pixel_under_it_is_bright():
    # All but separable: the smallest weight is off by a part in 2^20 of itself, by less than rounding of the largest.
    weights = np.outer([1, 1e-9, 1, 1, 1], [1, 1e-9, 1, 1, 1])
    weights[1, 1] *= 1 + 2.0**-20
    image = np.zeros((5, 5))
    image[1, 1] = 1e18
    close(correlate2d(image, weights, mode="valid"), signal.correlate2d, image, weights, mode="valid")
    for variant in SEPARABLE:
        with pytest.raises(ValueError, match="the weights are no column times a row"):
            correlate2d(image, weights, variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_images_that_are_not_contiguous(variant):
    whole, weights = noise((60, 90), "float32"), np.outer([1, 2, 1], [1, 0, -1]).astype(np.float32)
    for image in (whole.T, whole[::2, ::3], whole[::-1], whole[5:40, 7:]):
        close(correlate2d(image, weights.T, variant=variant), signal.correlate2d, image, weights.T)


def test_out():
    image, weights = noise((20, 30), "float32"), noise((3, 3), "float32")
    expected = convolve2d(image, weights, mode="same")
    out = np.zeros((20, 60), np.float32)[:, ::2]
    assert convolve2d(image, weights, mode="same", out=out) is out
    np.testing.assert_array_equal(out, expected)
    device = pmpp.DeviceArray.from_numpy(image)
    result = pmpp.DeviceArray((20, 30), "float32")
    assert convolve2d(device, weights, mode="same", out=result) is result
    np.testing.assert_array_equal(result.numpy(), expected)
    with pytest.raises(ValueError, match="out: it shares memory with an input"):
        convolve2d(device, weights, mode="same", out=device)


def test_streams_do_not_overwrite_each_others_weights():
    image = pmpp.DeviceArray.from_numpy(noise((64, 64), "float32"))
    streams = [pmpp.Stream() for _ in range(4)]
    weights = [noise((5, 5), "float32", seed) for seed in range(20)]
    results = [convolve2d(image, w, stream=streams[k % 4]) for k, w in enumerate(weights)]
    for k, (result, w) in enumerate(zip(results, weights, strict=True)):
        np.testing.assert_array_equal(result.numpy(stream=streams[k % 4]), convolve2d(image, w).numpy())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", ("auto", *VARIANTS))
def test_stacks_of_images(variant, dtype):
    for batch in ((3,), (2, 1, 2), (0,)):
        images, weights = noise((*batch, 45, 67), dtype), np.outer([1, 2, 1], [1, 0, -1, 3]).astype(dtype)
        for mode, boundary in (("full", "fill"), ("same", "symm"), ("valid", "wrap")):
            got = correlate2d(images, weights, mode=mode, boundary=boundary, variant=variant)
            for index in np.ndindex(batch):
                close(got[index], signal.correlate2d, images[index], weights, mode=mode, boundary=boundary)
            assert got.shape[:-2] == batch


@pytest.mark.parametrize("variant", VARIANTS)
def test_more_images_than_a_grid_holds(variant):
    images, weights = noise((65535 + 9, 1, 2), "float32"), np.float32([[1, 2]])
    got = correlate2d(images, weights, mode="valid", variant=variant)
    np.testing.assert_array_equal(got[..., 0, 0], images[:, 0, 0] + 2 * images[:, 0, 1])


def by_scipy(ours):
    """Three dimensions in SciPy, which has no boundaries there: the volume is continued beforehand."""

    def theirs(volume, weights, *, mode, boundary, fillvalue=0):
        flip = ours is convolve3d
        weights = weights[::-1, ::-1, ::-1] if flip else weights
        how = {
            "fill": {"mode": "constant", "constant_values": fillvalue},
            "wrap": {"mode": "wrap"},
            "symm": {"mode": "symmetric"},
        }
        before = [{"full": k - 1, "same": k // 2 if flip else (k - 1) // 2, "valid": 0}[mode] for k in weights.shape]
        after = [{"full": k - 1, "same": k - 1 - b, "valid": 0}[mode] for k, b in zip(weights.shape, before, strict=True)]
        whole = np.pad(volume, list(zip(before, after, strict=True)), **how[boundary])
        return signal.correlate(whole, weights, mode="valid", method="direct")

    return theirs


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_three_dimensions(data):
    ours, dtype = data.draw(st.sampled_from([convolve3d, correlate3d])), data.draw(st.sampled_from(DTYPES))
    mode, boundary = data.draw(st.sampled_from(MODES)), data.draw(st.sampled_from(BOUNDARIES))
    sides = st.one_of(st.integers(1, 9), st.sampled_from([TILE - 1, TILE + 1, 2 * TILE + 1]))
    shape = data.draw(st.tuples(st.integers(1, 7), sides, sides))
    taps = data.draw(st.tuples(*[st.integers(1, 5)] * 3))
    if mode == "valid":
        taps = tuple(min(n, k) for n, k in zip(shape, taps, strict=True))
    weights = noise(taps, dtype, 1)
    options = {"mode": mode, "boundary": boundary, "fillvalue": data.draw(st.sampled_from([0, 1.5]))}
    variant = data.draw(st.sampled_from(("auto", *ANY_WEIGHTS)))
    volume = noise(shape, dtype)
    close(ours(volume, weights, variant=variant, **options), by_scipy(ours), volume, weights, **options)


@pytest.mark.parametrize("mode", MODES)
def test_convolution_in_three_dimensions_is_scipys(mode):
    volume, weights = noise((5, 9, 8), "float64"), noise((2, 4, 3), "float64")
    options = {"mode": mode, "method": "direct"}  # not by a Fourier transform
    got = convolve3d(volume, weights, mode=mode)
    expected, magnitude = (signal.convolve(f(volume), f(weights), **options) for f in (np.asarray, np.abs))
    assert np.all(np.abs(got - expected) <= (weights.size + 8) * np.finfo(np.float64).eps * magnitude)
    np.testing.assert_array_equal(
        convolve3d(volume, weights[:1], variant="basic"), convolve2d(volume, weights[0], variant="basic")
    )
    np.testing.assert_array_equal(convolve3d(weights, volume, mode="valid"), convolve3d(volume, weights, mode="valid"))


@pytest.mark.parametrize("variant", ("auto", *ANY_WEIGHTS))
def test_stacks_of_volumes(variant):
    volumes, weights = noise((2, 3, 4, 33, 35), "float32"), noise((3, 3, 2), "float32")
    got = correlate3d(volumes, weights, mode="same", boundary="symm", variant=variant)
    for index in np.ndindex(2, 3):
        close(got[index], by_scipy(correlate3d), volumes[index], weights, mode="same", boundary="symm")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": np.ones((4, 4))}, r"image: got 2 dimensions, shape \(4, 4\); 3 or more are accepted"),
        ({"weights": np.ones((3, 3))}, "weights: got 2 dimensions"),
        ({"weights": np.ones((11, 10, 10))}, r"weights: got shape \(11, 10, 10\); up to 31 rows and columns, and 961 in all"),
        ({"weights": np.ones((2, 2, 2)), "variant": "fused"}, "'fused' cannot do this input"),
        ({"image": np.ones((2, 4, 4, 4)), "weights": np.ones((5, 1, 1)), "mode": "valid"}, "does not fit into the images'"),
    ],
)
def test_wrong_volumes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        correlate3d(**{"image": np.ones((4, 4, 4)), "weights": np.ones((2, 3, 2))} | arguments)


ANYWHERE = tuple(name for name in ANY_WEIGHTS if name != "constant")
"""Variants that take weights on the device, and channels."""


def over_channels(theirs):
    """What sums over channels, from what has none."""

    def summed(image, weights, **options):
        dims = weights.ndim - 2
        batch, (kernels, channels) = image.shape[: -dims - 1], weights.shape[:2]
        maps = [
            [sum(theirs(image[(*n, c)], weights[o, c], **options) for c in range(channels)) for o in range(kernels)]
            for n in np.ndindex(batch)
        ]
        return np.reshape(maps, (*batch, kernels, *np.shape(maps)[2:]))

    return summed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", ("auto", *ANYWHERE))
def test_channels(variant, dtype):
    """(batch, channels, rows, columns) and (kernels, channels, rows, columns), as in a layer of a network."""
    for i, (mode, boundary) in enumerate((mode, boundary) for mode in MODES for boundary in BOUNDARIES):
        image = noise((*((), (2,), (1, 2), (3,))[i % 4], 3, 35, 33 + i), dtype)
        weights = noise((1 + i % 3, 3, 1 + i % 4, 3), dtype, 1)
        options = {"mode": mode, "boundary": boundary, "fillvalue": 0.5}
        for ours, theirs in PAIRS:
            got = ours(image, weights, variant=variant, **options)
            close(got, over_channels(theirs), image, weights, **options)
    on_device = [pmpp.DeviceArray.from_numpy(array) for array in (image, weights)]
    np.testing.assert_array_equal(correlate2d(*on_device, variant=variant, **options).numpy(), got)


def test_channels_of_volumes_and_many_of_them():
    volume, weights = noise((2, 3, 4, 9, 8), "float64"), noise((5, 3, 2, 3, 2), "float64")
    for ours in (convolve3d, correlate3d):
        options = {"mode": "same", "boundary": "symm"}
        close(ours(volume, weights, **options), over_channels(by_scipy(ours)), volume, weights, **options)
    image, weights = noise((40, 9, 8), "float32"), noise((33, 40, 3, 3), "float32")  # more than a kernel's arguments hold
    close(correlate2d(image, weights), over_channels(signal.correlate2d), image, weights, mode="full")


def test_no_channels_no_kernels_no_images():
    assert correlate2d(np.ones((2, 0, 5, 5)), np.ones((3, 0, 2, 2))).tolist() == np.zeros((2, 3, 6, 6)).tolist()
    assert correlate2d(np.ones((2, 3, 5, 5)), np.ones((4, 3, 2, 2))).shape == (2, 4, 6, 6)
    assert correlate2d(np.ones((2, 4, 5, 5)), np.ones((0, 4, 2, 2))).shape == (2, 0, 6, 6)
    assert correlate2d(np.ones((0, 4, 5, 5)), np.ones((3, 4, 2, 2))).shape == (0, 3, 6, 6)


@pytest.mark.parametrize(
    ("image", "weights", "message"),
    [
        ((5, 5), (2, 3, 2, 2), r"image: got 2 dimensions, shape \(5, 5\); 3 or more are needed with weights \(2, 3, 2, 2\)"),
        ((4, 5, 5), (2, 3, 2, 2), r"image: got shape \(4, 5, 5\), 4 channels; weights \(2, 3, 2, 2\) have 3"),
        ((3, 5, 5), (3, 2, 2), "weights: got 3 dimensions, shape .*; 2 or 4 are accepted"),
    ],
)
def test_wrong_channels_are_named(image, weights, message):
    with pytest.raises(ValueError, match=message):
        correlate2d(np.ones(image), np.ones(weights))


@pytest.mark.parametrize("variant", ("auto", *VARIANTS))
def test_weights_on_the_device_stay_there(variant):
    image, weights = noise((40, 37), "float32"), np.outer([1, 2, 1], [1, 0, -1, 3]).astype(np.float32)
    for ours, theirs in PAIRS:
        arrays = [pmpp.DeviceArray.from_numpy(array) for array in (image, weights)]
        if variant in ("auto", *ANYWHERE):
            close(ours(*arrays, variant=variant).numpy(), theirs, image, weights, mode="full")
        else:
            with pytest.raises(ValueError, match=f"'{variant}' cannot do this input: .*in host memory"):
                ours(*arrays, variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_checkers_find_nothing(variant, findings):
    images, weights = noise((2, 70, 71), "float32"), np.outer([1, 2, 1], [1, 2, 3, 1]).astype(np.float32)
    calls = [lambda: correlate2d(images, weights, variant=variant)]
    if variant not in SEPARABLE:
        calls.append(lambda: correlate3d(images, weights[None][[0, 0]], mode="same", variant=variant))
    if variant in ANYWHERE:
        calls.append(lambda: correlate2d(images, weights[None, None][:, [0, 0]], mode="same", variant=variant))
    for call in calls:
        assert findings(call) == []


IMAGE, WEIGHTS = noise((6, 7), "float32"), noise((3, 3), "float32")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"image": IMAGE.astype(int)}, TypeError, "image: got dtype int64; float32 and float64 are accepted"),
        ({"image": IMAGE[0]}, ValueError, r"image: got 1 dimensions, shape \(7,\); 2 or more are accepted"),
        ({"image": IMAGE.tolist()}, TypeError, "image: got list; an array is accepted"),
        ({"weights": WEIGHTS.astype(np.float64)}, TypeError, "weights: got dtype float64; float32 are accepted"),
        ({"weights": WEIGHTS[None]}, ValueError, "weights: got 3 dimensions"),
        ({"weights": np.ones((32, 1), np.float32)}, ValueError, r"weights: got shape \(32, 1\); up to 31 x 31"),
        ({"mode": "whole"}, ValueError, "mode: got 'whole'; 'full', 'same' and 'valid' are accepted"),
        ({"boundary": "mirror"}, ValueError, "boundary: got 'mirror'; 'fill', 'wrap' and 'symm' are accepted"),
        ({"fillvalue": "grey"}, TypeError, "fillvalue: got str"),
        (
            {"variant": "quick"},
            ValueError,
            "variant: got 'quick'; convolve2d has auto, basic, constant, tiled, cached, register_window, separable, fused",
        ),
        (
            {"variant": "separable"},
            ValueError,
            "variant: 'separable' cannot do this input: the weights are no column times a row",
        ),
        ({"out": np.zeros((6, 7), np.float32)}, ValueError, r"out: got shape \(6, 7\); the result has \(8, 9\)"),
        ({"stream": 1.5}, TypeError, "stream: got float"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        convolve2d(**{"image": IMAGE, "weights": WEIGHTS} | arguments)
