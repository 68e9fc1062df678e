"""Fixtures of the tests of simt/."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, os.fspath(pathlib.Path(__file__).parent))
import gpu as gpu_module  # noqa: E402  (found beside this file)


def _library():
    given = os.environ.get("PMPP_TEST_SIMT")
    if given:
        return pathlib.Path(given)
    return gpu_module.ROOT / "pmpp" / "_lib" / "sim" / "libpmpp_simt.so"


@pytest.fixture(scope="session")
def _loaded():
    return gpu_module.Gpu(_library())


@pytest.fixture
def gpu(_loaded):
    """The software GPU, with two threads, seed 0 and a budget that ends a hanging test."""
    _loaded.threads(2)
    _loaded.seed(0)
    _loaded.budget(2_000_000_000)
    yield _loaded
    _loaded.reset()
