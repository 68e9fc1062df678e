"""benchmarks/counted.py with an Nsight Compute that answers from a script, and the page that is made from its results."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from pmpp._runtime.device import Gpu

ROOT = Path(__file__).resolve().parents[2]
NCU = """#!{python}
import sys
asked = sys.argv[1:]
if asked == ["--query-metrics"]:
    print("Device NVIDIA H200 (GH100)\\nsmsp__inst_executed  Counter  inst  # of warp instructions\\ndram__bytes_read  Counter  byte  #")
elif asked == ["--version"]:
    print("NVIDIA (R) Nsight Compute Command Line Profiler\\nVersion 2025.3.1.0 (build 1)")
elif "--section" in asked or any("memory_" in word for word in asked) and {no_names}:
    sys.exit("==ERROR== Failed to find metric memory_l1_wavefronts_shared")
elif "--metrics" in asked:
    open(asked[asked.index("-o") + 1] + ".ncu-rep", "w").write(asked[asked.index("--metrics") + 1])
else:
    names = open(asked[asked.index("--import") + 1]).read().split(",")
    cells = {{"smsp__inst_executed.sum": "1,234", "dram__bytes_read.sum": "n/a", "memory_l1_wavefronts_shared": "40 (3: 32; 9: 8)",
             "memory_l1_wavefronts_shared_ideal": "4 (3: 2; 9: 2)", "sass__inst_executed_per_opcode": "24 (BAR: 4; RED: 8; EXIT: 12)"}}
    print("==PROF== Disconnected")
    for rows in (["ID", "Kernel Name", *names], ["", "", *["inst"] * len(names)],
                 ["0", "first(int *)", *[cells.get(name, "1") for name in names]],
                 ["1", "second", *["0" for name in names]]):
        print(",".join('"' + cell + '"' for cell in rows))
"""


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def counted(monkeypatch, tmp_path):
    """The module, on a machine that seems to have a GPU and ncu, for two kernels of which everything was counted as 2."""
    module = load(ROOT / "benchmarks" / "counted.py")
    mine = [{"case": name, "kernel": name, "found": dict.fromkeys(_parts(module), 2)} for name in ("first", "second")]
    monkeypatch.setattr(module, "find_gpu", lambda: Gpu("NVIDIA H200", (9, 0), "580.1"))
    monkeypatch.setattr(module, "build", lambda program, capability: None)
    monkeypatch.setattr(module, "ours", lambda program, folder: mine)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return module


def _parts(module):
    return {part for counter in module.COUNTERS for part in counter.split(" + ")}


def script(tmp_path, no_names="False"):
    (tmp_path / "ncu").write_text(NCU.format(python=sys.executable, no_names=no_names))
    (tmp_path / "ncu").chmod(0o755)


def of_first(folder):
    rows = json.loads((folder / "counted.json").read_text())["results"]
    return {(row["counter"], row["metric"].split(" ")[0]): row["hardware"] for row in rows if row["kernel"] == "first"}


def test_what_ncu_says_stands_beside_what_was_counted(counted, tmp_path):
    script(tmp_path)
    counted.main(tmp_path / "h200", "")
    written = json.loads((tmp_path / "h200" / "counted.json").read_text())
    assert (written["gpu"], written["driver"], written["ncu"], written["failed"]) == ("NVIDIA H200", "580.1", "2025.3.1.0", [])
    assert {row["ours"] for row in written["results"]} == {2, 4}  # two counters make one number
    first = of_first(tmp_path / "h200")
    assert first["warp_instructions", "smsp__inst_executed.sum"] == 1234
    assert first["shared_bank_conflicts", "memory_l1_wavefronts_shared"] == 36
    assert first["barriers", "sass__inst_executed_per_opcode[BAR]"] == 4
    assert first["atomics", "sass__inst_executed_per_opcode[ATOM]"] == 8
    assert first["dram_read_bytes", "dram__bytes_read.sum"] is None  # n/a
    assert first["flop", "smsp__sass_thread_inst_executed_op_fadd_pred_on.sum"] is None  # which this ncu does not have
    asked_again = (tmp_path / "h200" / "counted.json").read_text()
    (tmp_path / "ncu").unlink()
    counted.main(tmp_path / "h200", "--again")
    assert (tmp_path / "h200" / "counted.json").read_text() == asked_again


def test_what_ncu_refuses_is_said_and_the_rest_is_kept(counted, tmp_path):
    script(tmp_path, "True")
    counted.main(tmp_path, "")
    failed = json.loads((tmp_path / "counted.json").read_text())["failed"]
    assert len(failed) == 2
    assert "Failed to find metric" in failed[0]
    first = of_first(tmp_path)
    assert first["warp_instructions", "smsp__inst_executed.sum"] == 1234
    assert first["barriers", "sass__inst_executed_per_opcode[BAR]"] is None


def test_other_launches_are_not_compared(counted, monkeypatch, tmp_path):
    script(tmp_path)
    monkeypatch.setattr(counted, "ours", lambda program, folder: [{"case": "a", "kernel": "first", "found": {}}])
    with pytest.raises(RuntimeError, match="other launches"):
        counted.main(tmp_path / "new", "")
    assert not (tmp_path / "new" / "counted.json").exists()


def test_without_ncu_or_a_gpu_nothing_is_written(counted, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="no ncu"):
        counted.main(tmp_path / "new", "")
    script(tmp_path)
    monkeypatch.setattr(counted, "find_gpu", lambda: None)
    with pytest.raises(RuntimeError, match="no NVIDIA driver"):
        counted.main(tmp_path / "new", "")
    assert not (tmp_path / "new").exists()


def test_flop_counts_a_fused_operation_twice(counted):
    (formula,) = counted.COUNTERS["flop"]
    found = dict.fromkeys(counted.metrics(), 1.0)
    assert counted.value(formula, found) == 8
    assert counted.value("a.b - c - d", {"a.b": 5, "c": 1, "d": 2}) == 2


@pytest.fixture
def generator():
    return load(ROOT / "docs" / "counters.py")


def test_the_page_is_current(generator):
    assert generator.PAGE.read_text() == generator.page(), "run python docs/counters.py"


def test_a_page_with_results(generator, tmp_path):
    rows = [
        {"kernel": "add", "counter": "flop", "ours": 1000, "hardware": 1000, "metric": "m"},
        {"kernel": "loops", "counter": "flop", "ours": 31, "hardware": 62, "metric": "m"},
        {"kernel": "add", "counter": "atomics", "ours": 2, "hardware": 0, "metric": "x"},
        {"kernel": "add", "counter": "atomics", "ours": 2, "hardware": None, "metric": "y"},
    ]
    about = {"gpu": "NVIDIA H200", "driver": "580.1", "ncu": "2025.3", "failed": ["ncu failed"], "results": rows}
    for name, written in (("h200", about), ("software", {"results": rows[:1]})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "counted.json").write_text(json.dumps(written))
    lines = generator.section(tmp_path).splitlines()
    assert lines[0] == "### NVIDIA H200"
    assert "Not all could be asked: ncu failed." in lines
    assert "| `flop` | `m` | 2 of 2 | 1 | 0.5 to 0.5 |" in lines
    assert "| `atomics` | `x` | 1 of 1 | 0 | the GPU counts 0 |" in lines
    assert "| `atomics`' | `y` | 0 of 1 | not measured |  |" in lines
    assert "| `add` | `atomics` 2 : 0 (-) |" in lines
    assert "| `loops` | `flop` 31 : 62 (0.5) |" in lines
    (tmp_path / "h200" / "counted.json").unlink()
    assert generator.section(tmp_path) == "Not yet compared with hardware.\n"
