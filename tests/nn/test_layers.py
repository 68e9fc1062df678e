"""ReLU, max pooling and dense layers: against NumPy, and their gradients against central differences."""

import doctest

import numpy as np
import pytest

import pmpp
from pmpp.calculus import check_gradient
from pmpp.matmul import matmul
from pmpp.nn import layers
from pmpp.nn.layers import dense, max_pool, max_pool_gradient, relu, relu_gradient
from pmpp.reduction import reduce_sum

DTYPES = ("float32", "float64")
here = pmpp.DeviceArray.from_numpy


def apart(a, b):
    return np.linalg.norm(np.float64(a) - b) / np.linalg.norm(b)


@pytest.mark.parametrize("seed", range(50))
def test_relu_gradient(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 7, rng.integers(1, 4))
    x = rng.choice([-1, 1], shape) * rng.uniform(0.1, 2, shape)  # away from the kink at 0
    g = rng.standard_normal(shape)
    got = relu_gradient(relu(x), g)
    check = check_gradient(lambda v: float((g * relu(v)).sum()), got, x)
    assert check or not got.any(), str(check)
    single = relu_gradient(relu(x.astype(np.float32)), g.astype(np.float32))
    np.testing.assert_allclose(single, got, rtol=1e-6)


@pytest.mark.parametrize("seed", range(50))
def test_max_pool_gradient(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 4))
    shape = (*rng.integers(1, 4, rng.integers(0, 3)), *rng.integers(size, 8, 2))
    x = rng.permutation(np.prod(shape)).reshape(shape) * 0.1  # no two are so near that a step exchanges them
    largest, places = max_pool(x, size)
    rows, cols = (n // size for n in shape[-2:])
    windows = x[..., : rows * size, : cols * size].reshape(*shape[:-2], rows, size, cols, size)
    np.testing.assert_array_equal(largest, windows.max(axis=(-3, -1)))
    np.testing.assert_array_equal(
        np.take_along_axis(x.reshape(*shape[:-2], -1), places.reshape(*shape[:-2], -1), -1).reshape(largest.shape), largest
    )
    g = rng.standard_normal(largest.shape)
    got = max_pool_gradient(g, places, shape, size)
    check = check_gradient(lambda v: float((g * max_pool(v, size)[0]).sum()), got, x, step=1e-3)
    assert check, str(check)
    single = max_pool_gradient(g.astype(np.float32), max_pool(x.astype(np.float32), size)[1], shape, size)
    assert apart(single, got) < 1e-3


@pytest.mark.parametrize("seed", range(50))
def test_dense_gradient(seed):
    rng = np.random.default_rng(seed)
    n, features, outputs = (int(k) for k in rng.integers(1, 7, 3))
    x, w, b = rng.standard_normal((n, features)), rng.standard_normal((outputs, features)), rng.standard_normal(outputs)
    g = rng.standard_normal((n, outputs))

    def loss(x=x, w=w, b=b):
        return float((g * dense(here(x), here(w), here(b)).numpy()).sum())

    def gradients(dtype):
        dx, dw = here(g.astype(dtype)), here(x.astype(dtype))
        return (
            matmul(dx, here(w.astype(dtype))).numpy(),
            matmul(dx.T, dw).numpy(),
            reduce_sum(dx, axis=0).numpy(),
        )

    np.testing.assert_allclose(dense(here(x), here(w), here(b)).numpy(), x @ w.T + b, rtol=1e-12, atol=1e-12)
    by_x, by_weights, by_bias = gradients("float64")
    for check in (
        check_gradient(lambda v: loss(x=v), by_x, x),
        check_gradient(lambda v: loss(w=v), by_weights, w),
        check_gradient(lambda v: loss(b=v), by_bias, b),
    ):
        assert check, str(check)
    for single, wide in zip(gradients("float32"), (by_x, by_weights, by_bias), strict=True):
        assert apart(single, wide) < 1e-3


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values(dtype):
    x = np.array([-0.0, 0.0, -np.inf, np.inf, np.nan, -1, 1], dtype)
    np.testing.assert_array_equal(relu(x), np.array([0, 0, 0, np.inf, np.nan, 0, 1], dtype))
    equal, places = max_pool(np.zeros((2, 2), dtype), 2)
    assert (equal.item(), places.item()) == (0, 0)  # the first of equals
    assert np.isnan(max_pool(np.array([[1, np.nan], [5, 3]], dtype), 2)[0].item())


@pytest.mark.parametrize("n", [0, 1, 255, 256, 1023, 1024, 1025])
def test_sizes_around_a_block(n):
    x = np.random.default_rng(n).standard_normal(n).astype(np.float32)
    np.testing.assert_array_equal(relu(x), np.maximum(x, 0))
    np.testing.assert_array_equal(relu_gradient(relu(x), x), np.maximum(x, 0))
    device = here(x)
    assert relu(device, out=device) is device
    np.testing.assert_array_equal(device.numpy(), np.maximum(x, 0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_checkers_find_nothing(dtype, findings):
    x = np.random.default_rng(0).standard_normal((3, 7, 8)).astype(dtype)
    y, (largest, places) = relu(x), max_pool(x, 2)
    assert findings(lambda: relu(x)) == []
    assert findings(lambda: relu_gradient(y, x)) == []
    assert findings(lambda: max_pool(x, 2)) == []
    assert findings(lambda: max_pool_gradient(largest, places, x.shape, 2)) == []
    rows = x.reshape(21, 8)
    assert findings(lambda: dense(here(rows), here(rows[:5]), here(rows[0, :5]))) == []


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda x: max_pool(x, 0), "from 1 to 4"),
        (lambda x: max_pool(x, 5), "from 1 to 4"),
        (lambda x: max_pool(x[0], 1), "two dimensions"),
        (lambda x: relu_gradient(x, x[:2]), "both must have the same"),
        (lambda x: max_pool_gradient(x, np.zeros((2, 2), np.int32), (4, 4), 2), r"\(2, 2\) is accepted"),
        (lambda x: dense(here(x), here(x), here(x[0, :3])), r"\(outputs, features\)"),
    ],
)
def test_bad_input_is_explained(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call(np.zeros((4, 4), np.float32))


def test_dense_takes_arrays_on_the_device():
    with pytest.raises(TypeError, match=r"x: got ndarray; a pmpp.DeviceArray is accepted"):
        dense(np.zeros((1, 1)), here(np.zeros((1, 1))), here(np.zeros(1)))


def test_examples():
    result = doctest.testmod(layers)
    assert result.attempted >= 10
    assert result.failed == 0
