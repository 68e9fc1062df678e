"""Derivatives by differences, against derivatives by hand."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmpp import calculus

numbers = st.floats(-10, 10)


def bowl(p):
    """x^2 y + sin(y): partial derivatives 2xy and x^2 + cos(y)."""
    return p[0] ** 2 * p[1] + np.sin(p[1])


def bowl_gradient(x, y):
    return np.array([2 * x * y, x**2 + np.cos(y)])


def test_examples():
    result = doctest.testmod(calculus)
    assert result.attempted >= 6
    assert result.failed == 0


@given(numbers, numbers)
def test_gradient(x, y):
    np.testing.assert_allclose(calculus.gradient(bowl, [x, y]), bowl_gradient(x, y), rtol=1e-6, atol=1e-6)


@given(numbers, numbers, st.floats(0.1, 3), st.floats(-3, 3))
def test_directional_derivative_is_the_inner_product(x, y, dx, dy):
    expected = bowl_gradient(x, y) @ [dx, dy]
    assert calculus.directional_derivative(bowl, [x, y], [dx, dy]) == pytest.approx(expected, rel=1e-5, abs=1e-4)


@given(st.floats(-3, 3))
def test_total_derivative_is_the_sum_of_its_terms(t):
    chain = calculus.total_derivative(bowl, lambda t: [np.cos(t), t**2], t)
    partials, rates = bowl_gradient(np.cos(t), t**2), np.array([-np.sin(t), 2 * t])
    for term, partial, rate in zip(chain.terms, partials, rates, strict=True):
        assert (term.partial, term.rate) == (pytest.approx(partial, abs=1e-5), pytest.approx(rate, abs=1e-6))
    assert chain.total == pytest.approx(partials @ rates, abs=1e-4)
    assert chain.measured == pytest.approx(chain.total, abs=1e-4)


def test_gradient_keeps_the_shape_and_the_point():
    point = np.arange(6.0).reshape(2, 3)
    result = calculus.gradient(lambda p: (p**3).sum(), point)
    np.testing.assert_allclose(result, 3 * np.arange(6.0).reshape(2, 3) ** 2, rtol=1e-7, atol=1e-8)
    np.testing.assert_array_equal(point, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("wrong", [(0, 1), (1, 2)])
@pytest.mark.parametrize("value", [17.0, np.nan])
def test_check_names_the_parameter_that_is_off(wrong, value):
    point = np.linspace(-1, 1, 6).reshape(2, 3)
    derived = 2 * point
    assert calculus.check_gradient(lambda p: (p**2).sum(), derived, point)
    derived[wrong] = value
    found = calculus.check_gradient(lambda p: (p**2).sum(), derived, point)
    assert not found
    assert found.worst == wrong
    assert f"[{wrong[0]}, {wrong[1]}]" in str(found)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: calculus.gradient(bowl, []), "x is empty"),
        (lambda: calculus.gradient(lambda p: p, [1.0, 2.0]), "one number"),
        (lambda: calculus.directional_derivative(bowl, [1.0, 2.0], [0.0, 0.0]), "points nowhere"),
        (lambda: calculus.directional_derivative(bowl, [1.0, 2.0], [1.0]), r"\(1,\)"),
        (lambda: calculus.total_derivative(bowl, lambda t: [t, t], 1.0, names="x"), "2 variables"),
        (lambda: calculus.check_gradient(bowl, [1.0], [1.0, 2.0]), "analytic has shape"),
    ],
)
def test_bad_input_is_explained(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
