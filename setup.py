"""Hooks the native build into setuptools; everything else stands in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from build_support import handout, native  # noqa: E402


class BuildNative(build_ext):
    """build_ext, by build_support: into the source tree if editable or in place, else into the wheel, with the exercises."""

    def run(self):
        package = ROOT / "pmpp" if self.inplace else Path(self.build_lib).absolute() / "pmpp"
        try:
            native.build(package)
            if not self.inplace:
                handout.copy(ROOT, package / "_course")
        except (native.BuildError, native.ToolkitError) as failure:
            raise SystemExit(f"\n{failure}") from None

    def get_output_mapping(self):
        if not self.inplace:
            return {}
        return {str(Path(self.build_lib, "pmpp", name)): str(Path("pmpp", name)) for name in native.outputs()}

    def get_outputs(self):
        made = [*native.outputs(), *(Path("_course", name) for name in handout.handed_out(ROOT))]
        return [str(Path(self.build_lib, "pmpp", name)) for name in made]

    def get_source_files(self):
        return []


class NativeDistribution(Distribution):
    """A distribution with compiled parts, though setuptools sees no extension module."""

    def has_ext_modules(self):
        return True


setup(cmdclass={"build_ext": BuildNative}, distclass=NativeDistribution)
