"""No kernel spills registers to local memory on sm_90: by ptxas, which is made to fail where one does."""

import re
import subprocess
from pathlib import Path

import pytest

from build_support.cache import BuildError, Object, compile_all, digest
from build_support.native import kernel_objects
from build_support.toolkit import clean_environment, find_toolkit

SPILLING = Path(__file__).with_name("spilling.cu")
FLAGS = ("-cubin", "-Xptxas", "--warn-on-spills,--warning-as-error")


def cubin(name: str, source: Path, ptx: str) -> Object:
    """Machine code of a module of PTX; it is kept in build/ like all that is compiled."""
    target = re.search(r"^\.target sm_(\d+a?)", ptx, re.MULTILINE)[1]
    flags, toolkit = (*FLAGS, f"-arch=sm_{target if target.endswith('a') else 90}"), find_toolkit()

    def steps(made: Path, _: Path) -> list:
        text = made.with_name("module.ptx")
        text.write_text(ptx)
        return [toolkit.command(*flags, "-o", made, text)]

    return Object(name, (source,), tool="ptxas", identity=(toolkit.build, digest(ptx.encode()), *flags), steps=steps)


def ptx_of(made: Path) -> list[str]:
    """The PTX that an object carries, as it was written: what a GPU gets to see."""
    return [part[0].decode() for part in re.finditer(rb"\.version \d[^\0]*", made.read_bytes())]


def test_no_kernel_spills():
    objects = kernel_objects()
    compile_all(objects)
    modules = [(item, ptx) for item in objects for ptx in ptx_of(item.path)]
    assert len(modules) == len(objects)
    assert sum(".entry" in ptx for _, ptx in modules) >= sum("<<<" in item.sources[0].read_text() for item in objects)
    compile_all([cubin(item.name, item.sources[0], ptx) for item, ptx in modules])


def test_a_kernel_that_spills_is_found(tmp_path):
    command = find_toolkit().command("-std=c++17", "-O2", "-ptx", "-arch=compute_75", "-o", tmp_path / "spilling.ptx", SPILLING)
    subprocess.run(list(map(str, command)), env=clean_environment(), check=True)
    with pytest.raises(BuildError, match="[Ss]pill.*spilling_kernel"):
        compile_all([cubin("tests/performance/spilling", SPILLING, (tmp_path / "spilling.ptx").read_text())])
