"""Derivatives by measurement: partial, directional, total; and a check of gradients that somebody derived.

Everything here evaluates a function and divides differences, in float64, so that it can referee what a kernel computes.
Sources: chapter 19 of the 5th edition (16 of the 4th) for the use; the step sizes follow the usual balance between
truncation error, which shrinks with the step, and rounding error, which grows as the step shrinks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ChainRule",
    "GradientCheck",
    "Term",
    "check_gradient",
    "directional_derivative",
    "gradient",
    "partial_derivative",
    "total_derivative",
]

Scalar = Callable[[NDArray[np.float64]], float]

#: Central differences err by h^2 (truncation) plus eps/h (rounding); the cube root of eps balances the two.
_STEP = float(np.cbrt(np.finfo(np.float64).eps))


def _point(x: ArrayLike, name: str) -> NDArray[np.float64]:
    point = np.array(x, dtype=np.float64)  # a copy: differences move it
    if point.size == 0:
        raise ValueError(f"{name} is empty; a derivative needs at least one variable")
    return point


def _difference(f: Scalar, low: NDArray[np.float64], high: NDArray[np.float64], width: float) -> float:
    values = []
    for point in (high, low):
        value = np.asarray(f(point), dtype=np.float64)
        if value.size != 1:
            raise ValueError(f"f must return one number, got an array of shape {value.shape}")
        values.append(float(value.reshape(())))
    return (values[0] - values[1]) / width


def partial_derivative(f: Scalar, x: ArrayLike, index: int | tuple[int, ...], *, step: float | None = None) -> float:
    """Return how fast `f` changes when one variable moves and all others are held still.

    Parameters
    ----------
    f
        Takes an array of the shape of `x`, returns one number.
    x
        The point, any shape.
    index
        Which variable: a flat index, or a tuple for an array of more dimensions.
    step
        Half the distance between the two evaluations. Default: the cube root of the machine epsilon, scaled by the variable.

    Returns
    -------
    float
        ``(f(x + h e) - f(x - h e)) / 2h``, with an error that shrinks as ``h**2``.

    Raises
    ------
    IndexError
        If there is no such variable.

    Examples
    --------
    >>> round(partial_derivative(lambda p: p[0] ** 2 * p[1], [3.0, 5.0], 0), 6)
    30.0
    """
    low = _point(x, "x")
    where = index if isinstance(index, tuple) else np.unravel_index(index, low.shape)
    high = low.copy()
    h = step if step is not None else _STEP * max(1.0, abs(float(low[where])))
    high[where] += h
    low[where] -= h
    return _difference(f, low, high, float(high[where] - low[where]))


def gradient(f: Scalar, x: ArrayLike, *, step: float | None = None) -> NDArray[np.float64]:
    """Return all partial derivatives of `f` at `x`, in the shape of `x`.

    It costs two evaluations a variable, which is why nobody trains a network this way and why it is a good referee.

    Parameters
    ----------
    f, x, step
        As in :func:`partial_derivative`.

    Examples
    --------
    >>> gradient(lambda p: p[0] ** 2 + 3 * p[1], [2.0, 7.0]).round(6)
    array([4., 3.])
    """
    point = _point(x, "x")
    result = np.empty_like(point)
    for index in np.ndindex(point.shape):
        result[index] = partial_derivative(f, point, index, step=step)
    return result


def directional_derivative(f: Scalar, x: ArrayLike, direction: ArrayLike, *, step: float | None = None) -> float:
    """Return how fast `f` changes along `direction`: the gradient's inner product with it, by two evaluations.

    The direction is used as it is; divide it by its length for the slope a unit of distance.

    Raises
    ------
    ValueError
        If `direction` has another shape than `x`, or is zero.

    Examples
    --------
    >>> round(directional_derivative(lambda p: p[0] * p[1], [2.0, 3.0], [1.0, 1.0]), 6)
    5.0
    """
    point, along = _point(x, "x"), _point(direction, "direction")
    if along.shape != point.shape:
        raise ValueError(f"direction has shape {along.shape}, x has {point.shape}; they must be the same")
    length = float(np.linalg.norm(along))
    if length == 0.0:
        raise ValueError("direction is zero; it points nowhere")
    h = step if step is not None else _STEP * max(1.0, float(np.linalg.norm(point))) / length
    return _difference(f, point - h * along, point + h * along, 2 * h)


@dataclass(frozen=True)
class Term:
    """One variable's share of a total derivative: how strongly f feels it, times how fast it moves."""

    name: str
    partial: float  #: df/dx_i with all other variables held still
    rate: float  #: dx_i/dt along the path

    @property
    def product(self) -> float:
        """What this variable contributes to df/dt."""
        return self.partial * self.rate


@dataclass(frozen=True)
class ChainRule:
    """A total derivative, term by term, beside the same number measured directly along the path."""

    terms: tuple[Term, ...]
    measured: float  #: d/dt f(path(t)) by differences in t alone

    @property
    def total(self) -> float:
        """The sum of the terms."""
        return sum(term.product for term in self.terms)

    def __str__(self) -> str:
        lines = [f"df/d{t.name} * d{t.name}/dt = {t.partial:.6g} * {t.rate:.6g} = {t.product:.6g}" for t in self.terms]
        return "\n".join([*lines, f"df/dt = {self.total:.6g}    (measured along the path: {self.measured:.6g})"])


def total_derivative(
    f: Scalar,
    path: Callable[[float], ArrayLike],
    t: float,
    *,
    names: Sequence[str] | None = None,
) -> ChainRule:
    """Return df/dt when every variable moves with t: the chain rule with each term shown.

    A partial derivative holds the other variables still. Along a path nothing is held still: each variable
    contributes its partial derivative times its own speed, and the total derivative is the sum.

    Parameters
    ----------
    f
        Takes a vector, returns one number.
    path
        Takes t, returns the vector of variables at that time.
    t
        Where along the path.
    names
        What the variables are called in the printed terms. Default: x0, x1, ...

    Examples
    --------
    >>> print(total_derivative(lambda p: p[0] * p[1], lambda t: [t, t**2], 2.0, names="xy"))
    df/dx * dx/dt = 4 * 1 = 4
    df/dy * dy/dt = 2 * 4 = 8
    df/dt = 12    (measured along the path: 12)
    """
    point = _point(path(t), "path(t)")
    if point.ndim != 1:
        raise ValueError(f"path(t) must be a vector, got an array of shape {point.shape}")
    labels = list(names) if names is not None else [f"x{i}" for i in range(point.size)]
    if len(labels) != point.size:
        raise ValueError(f"names has {len(labels)} entries, the path has {point.size} variables")
    h = _STEP * max(1.0, abs(t))
    ahead, behind = np.asarray(path(t + h), np.float64), np.asarray(path(t - h), np.float64)
    rates = (ahead - behind) / (2 * h)
    partials = gradient(f, point)
    terms = tuple(Term(n, float(p), float(r)) for n, p, r in zip(labels, partials, rates, strict=True))
    return ChainRule(terms, _difference(f, behind, ahead, 2 * h))


@dataclass(frozen=True)
class GradientCheck:
    """What :func:`check_gradient` found."""

    ok: bool
    error: float  #: norm of the difference over the sum of the norms
    tolerance: float
    worst: tuple[int, ...]  #: the parameter that is furthest off
    analytic: float  #: the derived value there
    numerical: float  #: the measured value there

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        where = ", ".join(map(str, self.worst))
        verdict = "agree" if self.ok else "differ"
        return (
            f"analytic and numerical gradient {verdict}: relative error {self.error:.3g}, allowed {self.tolerance:.3g}; "
            f"furthest apart at parameter [{where}]: analytic {self.analytic:.6g}, numerical {self.numerical:.6g}"
        )


def check_gradient(
    f: Scalar, analytic: ArrayLike, x: ArrayLike, *, tolerance: float = 1e-6, step: float | None = None
) -> GradientCheck:
    """Compare a gradient that somebody derived with the one that differences measure.

    Parameters
    ----------
    f
        Takes an array of the shape of `x`, returns one number.
    analytic
        The gradient to check, of the shape of `x`.
    x
        The point. Stay away from kinks (ReLU at 0, ties in a maximum): there is no derivative there to agree on.
    tolerance
        Accepted relative error, ``norm(a - n) / (norm(a) + norm(n))``.
    step
        As in :func:`partial_derivative`.

    Returns
    -------
    GradientCheck
        True if they agree; printed, it names the parameter that is furthest off.

    Examples
    --------
    >>> bool(check_gradient(lambda p: (p**2).sum(), [2.0, 4.0], [1.0, 2.0]))
    True
    >>> check_gradient(lambda p: (p**2).sum(), [2.0, -4.0], [1.0, 2.0]).worst
    (1,)
    """
    point, derived = _point(x, "x"), _point(analytic, "analytic")
    if derived.shape != point.shape:
        raise ValueError(f"analytic has shape {derived.shape}, x has {point.shape}; they must be the same")
    measured = gradient(f, point, step=step)
    apart = np.abs(derived - measured)
    scale = float(np.linalg.norm(derived) + np.linalg.norm(measured))
    error = float(np.linalg.norm(apart)) / scale if scale != 0 else 0.0  # NaN stays NaN, and fails
    # A NaN is the furthest off that a parameter can be.
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), point.shape)
    at = tuple(int(i) for i in worst)
    return GradientCheck(error <= tolerance, error, tolerance, at, float(derived[at]), float(measured[at]))
