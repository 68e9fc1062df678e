"""The convolution layer, every rung, forward and backward, against NumPy; its gradients against central differences."""

import doctest

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import pmpp
from pmpp.calculus import check_gradient
from pmpp.convolution import convolve2d
from pmpp.nn import convolution
from pmpp.nn.convolution import convolve, images_gradient, weights_gradient
from pmpp.nn.training import sgd_step
from pmpp.testing import counters
from pmpp.vector import vector_add

VARIANTS = pmpp.variants(convolve)
DTYPES = ("float32", "float64")
TILE, CHUNK, SPLIT = 512, 256, 4096  # pixels of a block of the implicit kernels, of a chunk, of a split

# (images, channels, rows, cols), (filters, weight_rows, weight_cols): around what blocks hold, and where there is least.
SHAPES = [
    ((1, 1, 1, 1), (1, 1, 1)),
    ((3, 2, 7, 6), (5, 3, 2)),
    ((2, 3, 4, 4), (7, 4, 4)),  # the weights fit in one place
    ((1, 1, 25, 25), (8, 5, 5)),
    ((33, 8, 10, 10), (9, 3, 3)),  # a filter more than a thread has, a term more than fit at a time
    ((2, 9, 12, 9), (17, 5, 4)),
    ((1, 1, 1, TILE + 1), (2, 1, 1)),
    ((1, 1, 4, CHUNK), (1, 1, 31)),  # the columns of a warp, with the bias
    ((1, 1, 4, 32), (1, 1, 32)),  # one more
    ((2, 1, 65, 66), (3, 2, 3)),  # several splits
]


def noise(shape, dtype, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def apart(a, b):
    """Relative in norm."""
    return np.linalg.norm(np.float64(a) - b) / np.linalg.norm(b)


def expected(x, w, b):
    """What the layer is, in float64."""
    windows = sliding_window_view(np.float64(x), w.shape[2:], axis=(2, 3))
    return np.einsum("ncpqrs,kcrs->nkpq", windows, np.float64(w)) + b[:, None, None]


def expected_gradients(x, w, g):
    """By the weights, the bias and the images: each product of the forward pass, walked back."""
    x, w, g = np.float64(x), np.float64(w), np.float64(g)
    by_weights = np.einsum("ncpqrs,nkpq->kcrs", sliding_window_view(x, w.shape[2:], axis=(2, 3)), g)
    by_images = np.zeros_like(x)
    for r, s in np.ndindex(w.shape[2:]):
        by_images[:, :, r : r + g.shape[2], s : s + g.shape[3]] += np.einsum("nkpq,kc->ncpq", g, w[:, :, r, s])
    return by_weights, g.sum(axis=(0, 2, 3)), by_images


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("images", "filters"), SHAPES)
def test_equals_numpy(images, filters, variant, dtype):
    x, w = noise(images, dtype), noise((filters[0], images[1], *filters[1:]), dtype)
    b = noise((filters[0],), dtype)
    y = expected(x, w, b)
    g = noise(y.shape, dtype, 1)
    tolerance = 32 * np.finfo(dtype).eps
    assert apart(convolve(x, w, b, variant=variant), y) < tolerance
    assert apart(convolve(x, w, variant=variant), y - b[:, None, None]) < tolerance
    by_weights, by_bias = weights_gradient(x, g, w.shape, variant=variant)
    for got, theirs in zip(
        (by_weights, by_bias, images_gradient(g, w, variant=variant)), expected_gradients(x, w, g), strict=True
    ):
        assert got.shape == theirs.shape
        assert got.dtype == dtype
        assert apart(got, theirs) < tolerance


def random_layer(seed):
    """Shapes small enough to measure every derivative."""
    rng = np.random.default_rng(seed)
    channels, rows, cols, filters = rng.integers(1, 4), rng.integers(1, 6), rng.integers(1, 6), rng.integers(1, 4)
    weights = (filters, channels, rng.integers(1, rows + 1), rng.integers(1, cols + 1))
    return rng.standard_normal((rng.integers(1, 3), channels, rows, cols)), rng.standard_normal(weights), rng


@pytest.mark.parametrize("seed", range(50))
def test_gradients_are_what_differences_measure(seed):
    x, w, rng = random_layer(seed)
    b = rng.standard_normal(len(w))
    g = rng.standard_normal(convolve(x, w).shape)
    variant = VARIANTS[seed % len(VARIANTS)]

    def loss(x=x, w=w, b=b):
        return float((g * convolve(x, w, b, variant=variant)).sum())

    by_weights, by_bias = weights_gradient(x, g, w.shape, variant=variant)
    by_images = images_gradient(g, w, variant=variant)
    for check in (
        check_gradient(lambda v: loss(x=v), by_images, x),
        check_gradient(lambda v: loss(w=v), by_weights, w),
        check_gradient(lambda v: loss(b=v), by_bias, b),
    ):
        assert check, str(check)
    single = [a.astype(np.float32) for a in (x, g, w)]
    for got, wide in zip(
        (
            *weights_gradient(single[0], single[1], w.shape, variant=variant),
            images_gradient(single[1], single[2], variant=variant),
        ),
        (by_weights, by_bias, by_images),
        strict=True,
    ):
        assert apart(got, wide) < 1e-3


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_bits_every_time(variant):
    x, w, g = noise((9, 3, 20, 20), "float32"), noise((9, 3, 4, 4), "float32"), noise((9, 9, 17, 17), "float32")

    def bits():
        results = (
            convolve(x, w, variant=variant),
            *weights_gradient(x, g, w.shape, variant=variant),
            images_gradient(g, w, variant=variant),
        )
        return [result.tobytes() for result in results]

    assert bits() == bits()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_checkers_find_nothing(variant, dtype, findings):
    x, w, b = noise((3, 2, 9, 8), dtype), noise((9, 2, 3, 2), dtype), noise((9,), dtype)
    g = noise((3, 9, 7, 7), dtype)
    assert findings(lambda: convolve(x, w, b, variant=variant)) == []
    assert findings(lambda: weights_gradient(x, g, w.shape, variant=variant)) == []
    assert findings(lambda: images_gradient(g, w, variant=variant)) == []


@pytest.mark.skipif(pmpp.device() != "sim", reason="only the software GPU counts")
def test_what_the_implicit_multiplication_costs():
    """A pixel is read once for eight filters, so that most instructions multiply."""
    x, w, g = (pmpp.DeviceArray.from_numpy(noise(s, "float32")) for s in ((8, 1, 25, 25), (8, 1, 5, 5), (8, 8, 21, 21)))
    products = g.size * 25
    with counters.count() as kernels:
        convolve(x, w)
        weights_gradient(x, g, w.shape)
    forward, backward, _ = (kernel.counters["thread_instructions"] / products for kernel in kernels)
    assert forward < 2.3
    assert backward < 3.1


@pytest.mark.parametrize("unknown", [np.outer([1, 2, 1], [1, 2, 1]) / 16, np.outer([1, 2, 1], [-1, 0, 1])], ids=["blur", "Sobel"])
def test_an_unknown_filter_is_recovered(unknown):
    """From the grass in a photograph, less the mean around each pixel, and the same filtered; nothing but gradient descent."""
    skimage = pytest.importorskip("skimage")
    camera = skimage.data.camera() / 255
    grass = (camera - convolve2d(camera, np.full((3, 3), 1 / 9), mode="same"))[320:354, 320:354]
    image = pmpp.DeviceArray.from_numpy(np.float32(grass / grass.std())[None, None])
    weights, velocity = (pmpp.DeviceArray.from_numpy(np.zeros((1, 1, 3, 3), np.float32)) for _ in range(2))
    minus_filtered = convolve(image, pmpp.DeviceArray.from_numpy(np.float32(-unknown)[None, None]))
    for _ in range(20):
        difference = vector_add(convolve(image, weights), minus_filtered)
        gradient, _ = weights_gradient(image, difference, weights.shape)
        sgd_step(weights, gradient, velocity, rate=0.8 / difference.size)
    assert np.abs(weights.numpy()[0, 0] - unknown).max() < 1e-3


def test_device_arrays_stay_on_the_device():
    x, w = noise((2, 1, 5, 5), "float32"), noise((3, 1, 2, 2), "float32")
    here = pmpp.DeviceArray.from_numpy
    out = pmpp.DeviceArray((2, 3, 4, 4), "float32")
    assert convolve(here(x), here(w), out=out) is out
    np.testing.assert_array_equal(out.numpy(), convolve(x, w))
    sides = pmpp.DeviceArray(w.shape, "float32"), pmpp.DeviceArray((3,), "float32")
    by_weights, by_bias = weights_gradient(here(x), out, w.shape, out=sides)
    assert by_weights is sides[0]
    assert by_bias is sides[1]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda x, w: convolve(x, w[:, :1]), "images have 2 channels"),
        (lambda x, w: convolve(x[:, :, :2], w), "3 x 3 do not fit into images of 2 x 6"),
        (lambda x, w: convolve(x, w, w[0, 0, 0, :1]), "weights have 4 filters"),
        (lambda x, w: convolve(x[:0], w), "none of their sizes may be 0"),
        (lambda x, w: convolve(x, w, variant="fft"), "fft"),
        (
            lambda x, w: convolve(noise((1, 1, 440, 440), "float32"), noise((1, 1, 220, 220), "float32"), variant="im2col"),
            "fewer",
        ),
        (lambda x, w: weights_gradient(x, x, w.shape), "the layer's result has"),
        (lambda x, w: weights_gradient(x, x, w.shape[1:]), "weights_shape"),
        (lambda x, w: images_gradient(x, w), "weights have 4 filters"),
    ],
)
def test_bad_input_is_explained(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call(noise((1, 2, 6, 6), "float32"), noise((4, 2, 3, 3), "float32"))


def test_examples():
    result = doctest.testmod(convolution)
    assert result.attempted >= 6
    assert result.failed == 0
