"""What the top rungs may cost, counted on the software GPU: nobody loses it unnoticed."""

import importlib.util
import json
import re
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import pmpp
from pmpp.convolution import correlate2d
from pmpp.histogram import histogram
from pmpp.matmul import matmul
from pmpp.reduction import reduce_sum
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
def test_a_sum_moves_4_bytes_an_element():
    n = 2**22
    found = totals(lambda: reduce_sum(on_device(n)))
    assert 4 * n <= sectors(found) * 32 <= 1.02 * 4 * n
    assert found["shared_bank_conflicts"] == 0


@counted
def test_a_histogram_of_bytes_moves_1_byte_an_element_without_bank_conflicts():
    n = 2**22
    x = pmpp.DeviceArray.from_numpy(np.random.default_rng(0).integers(0, 256, n, np.uint8))
    found = totals(lambda: histogram(x, 256, (0, 256)))
    assert n <= sectors(found) * 32 <= 1.02 * n
    assert found["shared_bank_conflicts"] == 0


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


@counted
@pytest.mark.parametrize("variant", ["register_window", "fused"])
def test_convolution_reads_its_tiles_with_their_halo_and_no_sector_twice(variant):
    side, tile, taps, sector = 512, 64, 5, 8
    image, weights = on_device(side, side), np.outer(np.arange(1, 6), np.arange(2, 7)).astype(np.float32)
    found = totals(lambda: correlate2d(image, weights, mode="same", variant=variant))
    sectors_along = rows_along = 0
    for first in range(0, side, tile):
        begin, end = max(0, first - taps // 2), min(side, first + tile + taps // 2)
        sectors_along += -(-end // sector) - begin // sector
        rows_along += end - begin
    assert found["global_load_sectors"] == rows_along * sectors_along
    assert found["global_store_sectors"] * 32 == 4 * side * side
    assert found["shared_bank_conflicts"] == 0
    assert found["dram_read_bytes"] + found["dram_write_bytes"] == 8 * side * side  # the halo comes from the cache


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("ladders", ROOT / "docs" / "ladders.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@counted
def test_the_tables_of_the_pages_are_current(generator):
    for name in generator.PAGES:
        assert generator.BEGIN in (ROOT / "docs" / name).read_text()
        assert generator.page(name) == (ROOT / "docs" / name).read_text(), "run python docs/ladders.py"


def test_every_algorithm_has_a_page_that_says_what_each_rung_changes(generator):
    assert {f"{Path(stub).stem}.md" for stub in (ROOT / "pmpp").rglob("*.pyi") if has_variants(stub)} <= set(generator.PAGES)
    for name, ladder in generator.PAGES.items():
        if name == "nn.md":  # which has rungs of one layer among other things
            continue
        rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / name).read_text(), re.MULTILINE)
        assert rows == 2 * list(pmpp.variants(ladder.function)), f"docs/{name}: once in words, once in counts"


def has_variants(stub):
    return "variant: str" in stub.read_text() and not {"_runtime", "nn"} & set(stub.parts)


@counted
def test_what_a_gpu_measured_stands_beside_the_counts(generator, monkeypatch, tmp_path):
    rows = [{"name": name, "kind": "rung", "seconds": t} for name, t in (("thread_per_element", 3e-3), ("grid_stride", 2e-3))]
    result = {"name": "vector_add", "problem": "2^26 float32", "rows": [*rows, {"name": "torch.add", "kind": "peer", "seconds": 1}]}
    for folder, device in (("h200", "cuda"), ("sim", "sim")):
        (tmp_path / folder).mkdir()
        written = result | {"before": {"device": device, "gpu": "NVIDIA H200"}, "kernels": "vector", "digest": generator.digest("vector")}
        older = written | {"problem": "2^20 float32", "digest": "of other kernels"}
        (tmp_path / folder / "bench.json").write_text(json.dumps([written, older]))
    monkeypatch.setattr(generator, "RESULTS", tmp_path)
    table = generator.table(generator.PAGES["vector.md"])
    assert "| measured over the rung before, NVIDIA H200, 2^26 float32 |" in table
    assert "2^20" not in table
    assert [line.split(" | ")[-1] for line in table.splitlines()[-3:]] == [" |", "1.50x |", " |"]
