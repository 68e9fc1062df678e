"""Batches, losses and steps: against NumPy, the losses' gradients against central differences."""

import doctest

import numpy as np
import pytest

import pmpp
from pmpp.calculus import check_gradient
from pmpp.nn import training
from pmpp.nn.training import adam_step, logistic_loss, sgd_step, softmax_cross_entropy, take

DTYPES = ("float32", "float64")
here = pmpp.DeviceArray.from_numpy


def apart(a, b):
    return np.linalg.norm(np.float64(a) - b) / np.linalg.norm(b)


def check_loss(function, scores, labels, losses):
    """A loss in float64 against what it should be and what differences measure, then in float32 against that."""
    got, gradient = function(scores, labels)
    np.testing.assert_allclose(got, losses, rtol=1e-12, atol=1e-15)
    check = check_gradient(lambda v: float(function(v, labels)[0].mean()), gradient, scores)
    assert check, str(check)
    single, single_gradient = function(scores.astype(np.float32), labels)
    np.testing.assert_allclose(single, losses, rtol=1e-4, atol=1e-6)
    assert apart(single_gradient, gradient) < 1e-3


@pytest.mark.parametrize("seed", range(50))
def test_softmax_cross_entropy(seed):
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(1, 7)), int(rng.integers(2, 12))
    scores, labels = 3 * rng.standard_normal((n, classes)), rng.integers(0, classes, n).astype(np.int32)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    check_loss(softmax_cross_entropy, scores, labels, -np.log(chances[np.arange(n), labels]))


@pytest.mark.parametrize("seed", range(50))
def test_logistic_loss(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    scores, labels = 3 * rng.standard_normal((n, 1)), rng.integers(0, 2, n).astype(np.int32)
    check_loss(logistic_loss, scores, labels, np.log1p(np.exp(-np.where(labels == 1, 1, -1) * scores[:, 0])))


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_scores_stay_finite(dtype):
    losses, gradient = softmax_cross_entropy(np.array([[1e4, 0], [1e4, 0]], dtype), np.array([0, 1], np.int32))
    np.testing.assert_array_equal(losses, [0, 1e4])
    np.testing.assert_array_equal(gradient, [[0, 0], [0.5, -0.5]])
    losses, gradient = logistic_loss(np.array([[1e4], [-1e4]], dtype), np.array([0, 0], np.int32))
    np.testing.assert_array_equal(losses, [1e4, 0])
    np.testing.assert_array_equal(gradient, [[0.5], [0]])


def test_labels_that_are_no_class_give_nan():
    for bad in (-1, 2):
        for function, scores in ((softmax_cross_entropy, np.zeros((2, 2))), (logistic_loss, np.zeros((2, 1)))):
            losses, gradient = function(scores, np.array([bad, 1], np.int32))
            assert np.isnan(losses[0])
            assert np.isnan(gradient[0]).all()
            assert np.isfinite(losses[1])


@pytest.mark.parametrize("classes", [1, 31, 32, 33, 1000])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 33])
def test_sizes_around_a_warp_and_a_block(n, classes):
    rng = np.random.default_rng([n, classes])
    scores, labels = rng.standard_normal((n, classes)), rng.integers(0, classes, n).astype(np.int32)
    losses, gradient = softmax_cross_entropy(scores, labels)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(losses, -np.log(chances[np.arange(n), labels]), atol=1e-12)
    np.testing.assert_allclose(gradient, (chances - (np.arange(classes) == labels[:, None])) / n, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_take(dtype):
    rng = np.random.default_rng(0)
    for shape in ((1,), (5, 3), (40, 2, 3), (3, 1025), (4, 0)):
        rows = rng.integers(0, 100, shape).astype(dtype)
        for n in (0, 1, 7, 300):
            indices = rng.integers(0, shape[0], n).astype(np.int32)
            np.testing.assert_array_equal(take(rows, indices), rows[indices])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 1023, 1025])
def test_steps(n, dtype):
    rng = np.random.default_rng(n)
    p, velocity, mean, square = rng.standard_normal(n), np.zeros(n), np.zeros(n), np.zeros(n)
    q = p.copy()
    ours, still, other, first, second = (here(a.astype(dtype)) for a in (p, velocity, p, mean, square))
    for step in range(1, 4):
        g = rng.standard_normal(n).astype(dtype)
        sgd_step(ours, here(g), still, rate=0.1, momentum=0.9, decay=0.01)
        velocity = 0.9 * velocity + g + 0.01 * p
        p = p - 0.1 * velocity
        adam_step(other, here(g), first, second, step, rate=0.1, beta1=0.8, beta2=0.95, epsilon=1e-3, decay=0.01)
        full = g + 0.01 * q
        mean, square = 0.8 * mean + 0.2 * full, 0.95 * square + 0.05 * full**2
        q = q - 0.1 * mean / (1 - 0.8**step) / (np.sqrt(square / (1 - 0.95**step)) + 1e-3)
    tolerance = 64 * np.finfo(dtype).eps
    assert apart(ours.numpy(), p) < tolerance
    assert apart(other.numpy(), q) < tolerance


def test_checkers_find_nothing(findings):
    rng = np.random.default_rng(0)
    for dtype in DTYPES:
        scores, labels = rng.standard_normal((9, 5)).astype(dtype), rng.integers(0, 5, 9).astype(np.int32)
        p, g, a, b = (here(rng.uniform(0, 1, 1030).astype(dtype)) for _ in range(4))
        assert findings(lambda: softmax_cross_entropy(scores, labels)) == []  # noqa: B023
        assert findings(lambda: logistic_loss(scores[:, :1].copy(), labels % 2)) == []  # noqa: B023
        assert findings(lambda: take(scores, labels)) == []  # noqa: B023
        assert findings(lambda: sgd_step(p, g, a, rate=0.1)) == []  # noqa: B023
        assert findings(lambda: adam_step(p, g, a, b, 1, rate=0.1)) == []  # noqa: B023


@pytest.mark.parametrize(
    ("call", "error", "complaint"),
    [
        (lambda: softmax_cross_entropy(np.zeros((2, 3)), np.zeros(3, np.int32)), ValueError, "scores has 2 rows"),
        (lambda: softmax_cross_entropy(np.zeros((2, 0)), np.zeros(2, np.int32)), ValueError, "at least one class"),
        (lambda: softmax_cross_entropy(np.zeros((2, 3)), np.zeros(2)), TypeError, "int32"),
        (lambda: logistic_loss(np.zeros((2, 2)), np.zeros(2, np.int32)), ValueError, r"\(n, 1\) and \(n,\)"),
        (lambda: take(np.zeros((0, 2)), np.zeros(1, np.int32)), ValueError, "nothing to take"),
        (lambda: take(np.zeros(()), np.zeros(1, np.int32)), ValueError, "no dimensions"),
        (lambda: sgd_step(np.zeros(1), here(np.zeros(1)), here(np.zeros(1)), rate=1), TypeError, "changed in place"),
        (lambda: sgd_step(here(np.zeros(1)), here(np.zeros(2)), here(np.zeros(1)), rate=1), ValueError, "gradient: got shape"),
        (lambda: adam_step(*[here(np.zeros(1))] * 4, 0, rate=1), ValueError, "the first step is 1"),
    ],
)
def test_bad_input_is_explained(call, error, complaint):
    with pytest.raises(error, match=complaint):
        call()


def test_examples():
    result = doctest.testmod(training)
    assert result.attempted >= 10
    assert result.failed == 0
