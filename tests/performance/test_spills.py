"""No kernel spills registers to local memory on sm_90: by ptxas, which is made to fail where one does."""

import re
from pathlib import Path

import pytest

from build_support.cache import ROOT, BuildError, Object, below_root, compile_all
from build_support.native import architecture
from build_support.toolkit import find_toolkit

SPILLING = Path(__file__).with_name("spilling.cu")
FLAGS = ("-std=c++17", "-O2", "-I.", "-cubin", "-Xptxas", "--warn-on-spills,--warning-as-error")


def cubin(source: Path) -> Object:
    """Machine code of a kernel file; it is kept in build/ like all that is compiled."""
    oldest = architecture(source)
    name = oldest if int(re.match(r"\d+", oldest)[0]) >= 90 else "90"
    flags, toolkit = (*FLAGS, f"-gencode=arch=compute_{name},code=sm_{name}"), find_toolkit()
    return Object(
        below_root(source),
        (source,),
        tool="ptxas",
        identity=(toolkit.build, *flags),
        steps=lambda made, depfile: [toolkit.command(*flags, "-MD", "-MF", depfile, "-o", made, below_root(source))],
    )


def test_no_kernel_spills():
    compile_all([cubin(source) for source in sorted((ROOT / "cuda_src").rglob("*.cu"))])


def test_a_kernel_that_spills_is_found():
    with pytest.raises(BuildError, match="[Ss]pill.*spilling_kernel"):
        compile_all([cubin(SPILLING)])
