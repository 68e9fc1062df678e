"""Inputs that every algorithm has to survive."""

import ml_dtypes
import numpy as np
import pytest


class Adversarial:
    """Arrays of every kind that has broken a kernel before."""

    kinds = ("random", "constant", "sorted", "reversed", "zipf", "nan", "inf", "zeros", "denormal")
    """The last four are for floats; integers have extreme values, zeros and small values in their place."""

    @staticmethod
    def sizes(*tiles: int) -> list[int]:
        """The sizes around warps and tiles, and two primes."""
        around = {n + d for n in (32, *tiles) for d in (-1, 0, 1)}
        return sorted({0, 1, 997, 4099, *around})

    @staticmethod
    def make(kind: str, dtype: np.dtype | str, n: int, seed: int = 0) -> np.ndarray:
        """Return `n` elements of a kind."""
        rng, dtype = np.random.default_rng([n, seed]), np.dtype(dtype)
        real = dtype.kind == "f" or dtype.name == "bfloat16"
        if kind == "constant":
            return np.full(n, 1 if dtype.kind == "b" else 7, dtype)
        if kind == "zipf":
            return np.minimum(rng.zipf(1.3, n), 100).astype(dtype)
        if dtype.kind == "b":
            values = rng.random(n) < 0.5
        elif real:
            values = rng.standard_normal(n).astype(dtype)
        else:
            info = np.iinfo(dtype)
            values = rng.integers(info.min, info.max, n, dtype, endpoint=True)
        if kind in ("sorted", "reversed"):
            values = np.sort(values)
            return values[::-1].copy() if kind == "reversed" else values
        special = {
            "nan": (np.nan, -np.nan, 1.0) if real else (0, 1),
            "inf": (np.inf, -np.inf) if real else (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max),
            "zeros": (0.0, -0.0) if real else (0,),
            "denormal": () if not real else tuple(float(ml_dtypes.finfo(dtype).tiny) * f for f in (0.5, -0.25)),
        }.get(kind, ())
        if kind == "denormal" and not real:
            return (values % 3).astype(dtype) if dtype.kind != "b" else values
        if special:
            chosen = rng.random(n) < (1.0 if kind in ("zeros", "denormal") else 0.2)
            values[chosen] = rng.choice(np.array(special, np.float64 if real else dtype), chosen.sum()).astype(dtype)
        return values


@pytest.fixture(scope="session")
def adversarial() -> type[Adversarial]:
    """The shared inputs."""
    return Adversarial
