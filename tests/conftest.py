"""Inputs that every algorithm has to survive."""

import ctypes
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from types import ModuleType
from unittest.mock import MagicMock

import numpy as np
import pytest

from pmpp._runtime.device import LIBRARIES, device

try:
    import hypothesis  # noqa: F401
except ImportError:  # a machine with a GPU and no network has what it has: all other tests run there
    absent = MagicMock()
    absent.given = lambda *_, **__: pytest.mark.skip(reason="hypothesis is not installed: python -m pip install hypothesis")
    absent.settings = lambda *_, **__: lambda test: test
    sys.modules["hypothesis"], sys.modules["hypothesis.strategies"] = absent, absent.strategies
try:
    import ml_dtypes
except ImportError:  # the same: where bfloat16 would be tested, float16 is once more
    ml_dtypes = ModuleType("ml_dtypes")
    ml_dtypes.finfo, ml_dtypes.bfloat16 = np.finfo, np.float16
    sys.modules["ml_dtypes"] = ml_dtypes


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite on all cores, a file on one of them: what is compiled for a file is then compiled once."""
    whole = config.args_source is not pytest.Config.ArgsSource.ARGS and not hasattr(config, "workerinput")
    if whole and config.pluginmanager.hasplugin("xdist") and config.option.numprocesses is None and not config.option.usepdb:
        config.option.numprocesses, config.option.dist = len(os.sched_getaffinity(0)), "loadfile"


def pytest_report_header() -> list[str]:
    """Say what is not tested because a package is not installed."""
    missing = {"hypothesis": isinstance(sys.modules["hypothesis"], MagicMock), "ml_dtypes": not hasattr(ml_dtypes, "__version__")}
    missing["chromium"] = not (shutil.which("chromium") or shutil.which("chromium-browser"))
    missing["playwright"] = importlib.util.find_spec("playwright") is None
    return [f"{name} is not installed: tests that need it are skipped or changed" for name, absent in missing.items() if absent]


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


@pytest.fixture
def findings() -> Callable[..., list]:
    """What the checkers of the software GPU find in a call; where a GPU is in use, they cannot look."""
    if device() != "sim":
        pytest.skip("the checkers are the software GPU's")
    simulator = ctypes.CDLL(str(LIBRARIES / "sim" / "libpmpp_simt.so"))
    simulator.pmpp_simt_findings.restype = ctypes.c_char_p

    def found(call: Callable[[], object], checkers: str = "memory race uninitialized sync") -> list:
        simulator.pmpp_simt_forget_findings()
        assert simulator.pmpp_simt_check(checkers.encode()) == 0
        try:
            call()
            simulator.cudaDeviceSynchronize()
            return json.loads(simulator.pmpp_simt_findings())
        finally:
            simulator.pmpp_simt_check(b"")

    return found
