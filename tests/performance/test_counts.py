"""What the top rungs may cost, counted on the software GPU: nobody loses it unnoticed."""

import importlib.util
import re
import subprocess
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import pmpp
from build_support import native
from build_support.toolkit import find_toolkit
from pmpp.matmul import matmul
from pmpp.testing import counters
from pmpp.vector import vector_add

ROOT = Path(__file__).resolve().parents[2]
counted = pytest.mark.skipif(pmpp.device() != "sim", reason="only the software GPU counts")


def on_device(*shape, dtype="float32", seed=0):
    return pmpp.DeviceArray.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(dtype))


def totals(call):
    """The counters of all launches of a call together."""
    with counters.count() as kernels:
        call()
    return {name: sum(kernel.counters[name] for kernel in kernels) for name in kernels[0].counters}


def sectors(found):
    return found["global_load_sectors"] + found["global_store_sectors"]


@counted
def test_vector_addition_moves_12_bytes_an_element():
    n = 2**20
    found = totals(lambda: vector_add(on_device(n), on_device(n)))
    assert sectors(found) * 32 == 12 * n


@counted
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("layout", ["nn", "nt", "tn", "tt"])
def test_matmul_moves_what_its_tiles_imply_without_bank_conflicts(layout, dtype):
    m, n, k = 256, 384, 128
    dtype = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    a = on_device(m, k, dtype=dtype) if layout[0] == "n" else on_device(k, m, dtype=dtype).T
    b = on_device(k, n, dtype=dtype) if layout[1] == "n" else on_device(n, k, dtype=dtype).T
    tiles = {"tiled": (32, 32), "coarsened": (32, 128)}
    for variant in pmpp.variants(matmul)[2:]:
        if variant == "tensor_core" and dtype.itemsize != 2:
            continue
        found = totals(lambda variant=variant: matmul(a, b, variant=variant))
        rows, cols = tiles.get(variant, (128, 128))
        assert found["global_load_sectors"] * 32 == dtype.itemsize * m * n * k * (rows + cols) // (rows * cols), variant
        assert found["global_store_sectors"] * 32 == dtype.itemsize * m * n, variant
        assert found["shared_bank_conflicts"] == 0, variant
        assert found["flop"] == 2 * m * n * k + m * n, variant  # each sum has +0 added, see finished()


@pytest.mark.parametrize(
    "source", [*sorted((ROOT / "cuda_src").glob("matmul/*.cu")), ROOT / "cuda_src/vector.cu", ROOT / "cuda_src/convolution.cu"],
    ids=lambda path: path.stem,
)  # fmt: skip
def test_no_register_is_spilled_on_an_h200(source, tmp_path):
    flags = (*native.NVCC_FLAGS, "-gencode=arch=compute_90,code=sm_90", "-Xptxas", "-v", "-cubin", "-o", tmp_path / "x.cubin")
    command = find_toolkit().command(*flags, source.relative_to(ROOT))
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", said)
    assert spills or source.name == "matmul.cu", said  # that one has no kernel
    assert set(spills) <= {("0", "0")}, said


@counted
def test_the_tables_of_the_pages_are_current():
    spec = importlib.util.spec_from_file_location("ladders", ROOT / "docs" / "ladders.py")
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    for name in generator.PAGES:
        assert generator.BEGIN in (ROOT / "docs" / name).read_text()
        assert generator.page(name) == (ROOT / "docs" / name).read_text(), "run python docs/ladders.py"
