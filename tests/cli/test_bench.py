"""`pmpp bench`: every benchmark runs and checks itself, the table fits a terminal, JSON and pictures hold what it shows."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import pmpp
from pmpp.cli import bench, main

measure, report = bench.helper("measure"), bench.helper("report")


def run(*arguments: str):
    return CliRunner().invoke(main, ["bench", *arguments])


@pytest.mark.parametrize("name", bench.algorithms())
def test_every_benchmark(name, tmp_path):
    done = run(name, "--size", "4096", "--rounds", "1", "--json", str(tmp_path / "times.json"))
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "times.json").read_text())
    cases = bench.load(bench.algorithms()[name]).cases(4096)
    assert [result["name"] for result in results] == [case.name for case in cases]
    for case, result in zip(cases, results, strict=True):
        rows = {row["name"]: row for row in result["rows"]}
        assert [name for name, row in rows.items() if row["kind"] == "rung"] == list(case.rungs)
        assert [row["kind"] for row in rows.values()].count("sequential") == 1
        assert all(len(row["times"]) == 1 and row["times"][0] > 0 for row in rows.values())
        for name, row in rows.items():
            assert any(line.startswith(f"{name[:22]} ") for line in done.output.splitlines())
            if row["kind"] == "rung" and pmpp.device() == "sim":
                assert row["moved"] > 0
    assert max(map(len, done.output.splitlines())) <= 80
    if pmpp.device() == "sim":
        assert "measured on the software GPU: times are this machine's, not a GPU's" in done.output


def test_a_wrong_result_is_no_benchmark():
    (case,) = bench.load(bench.algorithms()["vector"]).cases(100)
    out = case.arrays[-1]

    def wrong(**options):
        case.call(**options)
        pmpp._runtime.core.copy_to_device(out.pointer, np.zeros(1, np.float32).ctypes.data, 4, options["stream"].handle)

    with pytest.raises(AssertionError, match="Mismatched elements: 1 / 100"):
        measure.measure(measure.Case(**{**vars(case), "call": wrong}), 1)


def test_unknown_names_are_answered_with_the_known_ones():
    done = run("vectors")
    assert done.exit_code == 2
    assert "There is no benchmark of 'vectors'; there are convolution, " in done.output
    assert run("radix", "--size", "64", "--rounds", "1").exit_code == 0  # short for sort/radix


def test_a_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="a picture needs matplotlib: pip install pmpp[plot]")
    done = run("vector", "--size", "1024", "--rounds", "1", "--plot", str(tmp_path / "vector.png"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "vector.png").read_bytes().startswith(b"\x89PNG")


def row(name: str, kind: str, *times: float) -> measure.Row:
    return measure.Row(name, kind, sorted(times)[len(times) // 2], list(times))


def test_a_table_of_a_gpu():
    rows = [row("naive", "rung", 4e-3), row("best", "rung", 1e-3), row("torch.add", "peer", 1.1e-3), row("c", "sequential", 1.0)]
    text = report.table(measure.Result("f", "some", "NVIDIA H200", 4e9, "B", 4e9, "vector", "", 4.8e12, rows))
    assert "measured on the NVIDIA H200\n" in text
    best = next(line for line in text.splitlines() if line.startswith("best")).split()
    assert best == ["best", "1.000", "4,000", "83%", "4.00x", "1000.00x"]
    assert "best is 1.100 times as fast as torch.add" in text
    assert max(map(len, text.splitlines())) <= 80


def test_ratios_are_those_of_rounds():
    drifting = [1.0 + 0.1 * k for k in range(30)]
    middle, low, high = measure.ratio(row("a", "rung", *drifting), row("b", "peer", *(2 * t for t in drifting)))
    assert (middle, low, high) == pytest.approx((2, 2, 2))
    middle, low, high = measure.ratio(row("a", "rung", *[1.0] * 30), row("b", "peer", *range(30)))
    assert (low, middle, high) == (9, 14.5, 21)
