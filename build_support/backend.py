"""setuptools' build backend, which also asks for nvcc where there is none of a version that CI tests."""

from setuptools.build_meta import *  # noqa: F403
from setuptools.build_meta import get_requires_for_build_editable as _for_editable
from setuptools.build_meta import get_requires_for_build_wheel as _for_wheel

from build_support.native import BuildError, python_headers
from build_support.toolkit import REQUIREMENT, ToolkitError, find_host_compiler, find_toolkit


def _toolkit() -> list[str]:
    """Fail before anything large is downloaded if this machine cannot build."""
    try:
        find_host_compiler()
        python_headers()
    except (BuildError, ToolkitError) as failure:
        raise SystemExit(str(failure)) from None
    try:
        find_toolkit()
    except ToolkitError:
        return [REQUIREMENT]
    return []


def get_requires_for_build_wheel(config_settings=None):
    """PEP 517: what a wheel needs beyond pyproject.toml."""
    return [*_for_wheel(config_settings), *_toolkit()]


def get_requires_for_build_editable(config_settings=None):
    """PEP 660: what an editable install needs beyond pyproject.toml."""
    return [*_for_editable(config_settings), *_toolkit()]
