"""setuptools' build backend, quiet, and asking for nvcc where there is none of a version that CI tests.

Quiet, so that the sentence with which a build stops is not lost among what setuptools has to say.
"""

from setuptools import build_meta
from setuptools.build_meta import build_sdist, get_requires_for_build_sdist

from build_support.native import BuildError, python_headers
from build_support.toolkit import REQUIREMENT, ToolkitError, find_host_compiler, find_toolkit

__all__ = [
    "build_editable", "build_sdist", "build_wheel", "get_requires_for_build_editable", "get_requires_for_build_sdist",
    "get_requires_for_build_wheel", "prepare_metadata_for_build_editable", "prepare_metadata_for_build_wheel",
]  # fmt: skip


def _quiet(settings):
    return {"--global-option": ["--quiet"], **(settings or {})}


def _toolkit() -> list[str]:
    """Stop before anything large is downloaded if this machine cannot build."""
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
    return [*build_meta.get_requires_for_build_wheel(_quiet(config_settings)), *_toolkit()]


def get_requires_for_build_editable(config_settings=None):
    """PEP 660: what an editable install needs beyond pyproject.toml."""
    return [*build_meta.get_requires_for_build_editable(_quiet(config_settings)), *_toolkit()]


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """PEP 517."""
    return build_meta.prepare_metadata_for_build_wheel(metadata_directory, _quiet(config_settings))


def prepare_metadata_for_build_editable(metadata_directory, config_settings=None):
    """PEP 660."""
    return build_meta.prepare_metadata_for_build_editable(metadata_directory, _quiet(config_settings))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 517."""
    return build_meta.build_wheel(wheel_directory, _quiet(config_settings), metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 660."""
    return build_meta.build_editable(wheel_directory, _quiet(config_settings), metadata_directory)
