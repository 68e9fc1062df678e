"""Occupancy and modelled time: against numbers worked out by hand, and against the order that was published."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pmpp
from pmpp import model
from pmpp._runtime.device import device as in_use
from pmpp._toolkit import ToolkitError
from pmpp.cli.profile import add_model
from pmpp.matmul import matmul
from pmpp.testing import counters

ROOT = Path(__file__).resolve().parents[1]
GPUS = ("h200", "a100", "rtx4090", "l4", "t4")
sim = pytest.mark.skipif(in_use() != "sim", reason="counts need the software GPU")

# ---- occupancy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gpu", "threads", "registers", "shared", "blocks", "fraction", "limited_by"),
    [
        ("a100", 256, 32, 0, 8, 1.0, ()),
        ("a100", 256, 33, 0, 6, 0.75, ("registers",)),  # 40 registers a thread: 1280 a warp, 12 warps a scheduler
        ("a100", 32, 16, 0, 32, 0.5, ("blocks",)),
        ("h200", 256, 32, 100 * 1024, 2, 0.25, ("shared memory",)),  # 101 KiB each with what the system keeps, of 228
        ("h200", 1024, 64, 0, 1, 0.5, ("registers",)),
        ("h200", 1024, 65, 0, 0, 0.0, ("registers",)),
        ("rtx4090", 1024, 32, 0, 1, 1024 / 1536, ("threads",)),
        ("rtx4090", 512, 32, 0, 3, 1.0, ()),
        ("t4", 1024, 64, 0, 1, 1.0, ()),
        ("t4", 64, 32, 4097, 15, 15 * 64 / 1024, ("shared memory",)),  # steps of 256 bytes: 4352 of 65536
    ],
)
def test_occupancy_by_hand(gpu, threads, registers, shared, blocks, fraction, limited_by):
    held = model.occupancy(model.device(gpu), threads, registers, shared)
    assert (held.blocks, held.fraction, held.limited_by) == (blocks, pytest.approx(fraction), limited_by)
    assert held.warps == blocks * -(-threads // 32)


def test_more_of_anything_never_raises_occupancy():
    rng = np.random.default_rng(0)
    for _ in range(300):
        gpu = model.device(GPUS[rng.integers(5)])
        threads, registers, shared = int(rng.integers(1, 1025)), int(rng.integers(16, 255)), int(rng.integers(0, 60_000))
        here = model.occupancy(gpu, threads, registers, shared).blocks
        assert model.occupancy(gpu, threads, registers + 1, shared).blocks <= here
        assert model.occupancy(gpu, threads, registers, shared + 1).blocks <= here


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="threads is 1025: a block has 1 to 1024"):
        model.occupancy(model.device("h200"), 1025, 32)
    with pytest.raises(ValueError, match=r"'h900' is not a GPU that is known. Known: a100, h200, l4, rtx4090, t4\."):
        model.device("h900")


# ---- the files of devices -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gpu", GPUS)
def test_every_table_of_a_device_names_its_source(gpu):
    text = (ROOT / "simt" / "model" / f"{gpu}.toml").read_text()
    tables = re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in tables] == ["device", "sm", "per_cycle", "bandwidth", "latency"]
    for name, body in tables:
        assert re.search(r"^# .*(Guide|[Dd]atasheet|[Ww]hite paper|et al\.)", body, re.MULTILINE), name


def test_datasheets_agree_with_what_is_derived():
    """Peak arithmetic of the datasheets in TFLOP/s, from units and clocks."""
    peaks = {"h200": 67, "a100": 19.5, "rtx4090": 82.6, "l4": 30.3, "t4": 8.1}
    for key, peak in peaks.items():
        assert model.device(key).peak_flops / 1e12 == pytest.approx(peak, rel=0.01)


# ---- time -----------------------------------------------------------------------------------------------------------


def profiled(source: str, folder: Path) -> tuple[list[dict], Path]:
    """Run a program with counters and return its launches, and the folder of its PTX."""
    report, ptx = folder / "counts.json", folder / "ptx"
    ptx.mkdir()
    code = (
        "import sys; from pathlib import Path; from pmpp.cli import program as p\n"
        "with p.command_of(Path(sys.argv[1]), ()) as c: o = p.run_observed(c, 'PMPP_SIM_COUNTERS', PMPP_SIM_PTX=sys.argv[2])\n"
        "import json; print(json.dumps(o.entries)); sys.exit(o.status)"
    )
    command = [sys.executable, "-c", code, str(ROOT / "tests" / "simt" / "model" / source), str(ptx)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    report.write_text(done.stdout)
    return json.loads(done.stdout), ptx


def on(gpu: str, launches: list[dict], ptx: Path) -> dict[str, dict]:
    """The launches by name, with what is modelled."""
    launches = [dict(launch) for launch in launches]
    assert add_model(launches, model.device(gpu), ptx) == ""
    return {launch["name"]: launch for launch in launches}


@pytest.fixture(scope="module")
def bounds(tmp_path_factory):
    return profiled("bounds.cu", tmp_path_factory.mktemp("bounds"))


@pytest.fixture(scope="module")
def ladders(tmp_path_factory):
    return profiled("ladders.cu", tmp_path_factory.mktemp("ladders"))


@sim
@pytest.mark.parametrize("gpu", GPUS)
def test_the_bound_is_named(gpu, bounds):
    expected = {"dram": "DRAM", "fp32": "fp32", "latency": "latency", "shared_memory": "shared memory", "launch": "launch"}
    assert {name: launch["bound_by"] for name, launch in on(gpu, *bounds).items()} == expected


@sim
@pytest.mark.parametrize("gpu", GPUS)
def test_ladders_are_ranked_as_published(gpu, ladders):
    launches = on(gpu, *ladders)
    for ladder in ("transpose", "sum", "convolution"):
        times = [(launch["modelled_time_us"], name) for name, launch in launches.items() if name.startswith(ladder)]
        assert [name for _, name in sorted(times, reverse=True)] == sorted(name for _, name in times)


@sim
@pytest.mark.parametrize("gpu", GPUS)
def test_l1_answers_a_direct_convolution(gpu, ladders):
    """Of the 49 elements that a thread asks for, neighbours have nearly all: L2 is far from being what takes longest."""
    launches = on(gpu, *ladders)
    for name in ("convolution_1_direct", "convolution_2_constant"):
        counters = launches[name]["counters"]
        assert counters["l1_hit_sectors"] > 0.9 * counters["global_load_sectors"]
        assert launches[name]["bound_by"] != "L2"
    assert launches["sum_3_sequential"]["counters"]["l1_hit_sectors"] == 0  # everything is loaded once


@sim
def test_rungs_of_matmul_are_ranked_as_published(tmp_path, monkeypatch):
    """From the first rung to vectorised loads, each is faster: published for an RTX A6000 (1, 8, 13, .., 69, 78 % of cuBLAS)."""
    monkeypatch.setenv("PMPP_SIM_PTX", str(tmp_path))
    rng = np.random.default_rng(0)
    a, b = rng.random((2048, 64), np.float32), rng.random((64, 2048), np.float32)
    launches = []
    rungs = ["naive", "coalesced", "tiled", "register_tiled", "vectorized"]
    assert [name for name in pmpp.variants(matmul) if name in rungs] == rungs
    for rung in rungs:
        with counters.count():
            matmul(a, b, variant=rung)
        launches += json.loads(counters.simulator().pmpp_simt_counted())["kernels"]
    assert len(launches) == len(rungs)
    for gpu in GPUS:
        assert add_model(launches, model.device(gpu), tmp_path) == ""
        times = [launch["modelled_time_us"] for launch in launches]
        assert times == sorted(times, reverse=True), gpu
        assert times[0] > 4 * times[1], gpu  # coalescing gained 6.5 times


@sim
def test_a_gpu_that_is_too_old_is_said(tmp_path):
    ptx = tmp_path / "new.ptx"
    ptx.write_text(".version 9.0\n.target sm_80\n.address_size 64\n.visible .entry k() { ret; }\n")
    with pytest.raises(ToolkitError, match=r"need compute capability 8\.0; the T4 has 7\.5"):
        model.resources(ptx, model.device("t4"))
    assert model.resources(ptx, model.device("a100"))["k"].spilled_bytes == 0


@sim
def test_a_unit_of_a_linked_program_calls_what_is_elsewhere(tmp_path):
    ptx = tmp_path / "unit.ptx"
    head = ".version 9.0\n.target sm_75\n.address_size 64\n.extern .func f();\n"
    ptx.write_text(head + ".visible .entry k() { call f; ret; }\n.visible .entry other() { ret; }\n")
    assert model.resources(ptx, model.device("h200"), "k")["k"].registers > 0


@sim
def test_what_ptxas_cannot_translate_is_said(tmp_path):
    ptx = tmp_path / "bad.ptx"
    ptx.write_text(".version 9.0\n.target sm_75\n.address_size 64\n.visible .entry k() { nonsense; }\n")
    with pytest.raises(ToolkitError, match="ptxas does not translate the kernels for the H200"):
        model.resources(ptx, model.device("h200"))


# ---- the page on the model's error ----------------------------------------------------------------------------------


@pytest.fixture
def generator():
    spec = importlib.util.spec_from_file_location("modelled", ROOT / "docs" / "modelled.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(generator):
    assert generator.PAGE.read_text() == generator.page(), "run python docs/modelled.py"


def test_the_error_is_worked_out(generator, tmp_path):
    assert generator.section(tmp_path) == "Not yet validated.\n"
    folder = tmp_path / "t4"
    folder.mkdir()

    def write(name, first, second):
        result = {"name": "sum", "problem": "16 float32", "microseconds": {"naive": first, "best": second}}
        (folder / name).write_text(json.dumps({"gpu": "T4", "results": [result]}))

    write("modelled.json", 8.0, 2.0)
    assert "**T4**: not yet validated" in generator.section(tmp_path)
    write("measured.json", 4.0, 4.0)  # twice too long, and half of it
    text = generator.section(tmp_path)
    assert "**T4**: off by a factor of 2.00 in the geometric mean of 2 kernels." in text
    assert "| sum, 16 float32 | `naive` | 8.0 us | 4.0 us |" in text
