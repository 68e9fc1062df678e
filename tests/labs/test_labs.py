"""The labs in their short form keep the bounds of the long one; a figure that is missed is the result, and status 1."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from pmpp.cli import main
from pmpp.labs import LABS
from pmpp.labs.report import NEEDED, Report, aside

PAGES = Path(__file__).resolve().parents[2] / "docs" / "labs"
for package in NEEDED:
    pytest.importorskip(package, reason="the labs need scikit-image, scikit-learn, SciPy and matplotlib: pip install pmpp[labs]")


@pytest.mark.parametrize("name", LABS)
def test_lab(name, tmp_path):
    lines, steps = [], []
    report = Report(name, tmp_path, short=True, say=lines.append, progress=lambda text, done: steps.append(done))
    lab = import_module(f"pmpp.labs.{name}")
    lab.run(report)
    assert report.met, report.result()
    assert max(map(len, lines)) <= 120
    assert sum(steps) == lab.STEPS  # the bar is full at the end
    drawn = {path.name for path in tmp_path.glob("*.png")}
    # What a page shows is what the lab draws, and nothing else lies there.
    assert set(re.findall(rf"\(({name}-[\w-]+\.png)\)", (PAGES / f"{name}.md").read_text())) == drawn
    assert {path.name for path in PAGES.glob(f"{name}-*.png")} == drawn


def test_a_time_that_no_clock_read_is_called_modelled(monkeypatch, tmp_path):
    found = aside("edges")
    assert found["seconds"] > 0
    assert found["modelled"] > 1e-6, found.get("said")
    lines = []
    monkeypatch.setattr("pmpp.labs.report.aside", lambda name: {"seconds": 1.0, "modelled": 0.002, "gpu": "H200"})
    Report("edges", tmp_path, say=lines.append).speedup()
    (row,) = [line for line in lines if "MODELLED" in line]
    assert row.split()[:2] == ["pmpp,", "H200,"]
    assert " 2 ms" in row


def test_pages_are_small():
    assert sum(path.stat().st_size for path in PAGES.iterdir()) < 2 << 20


def test_a_figure_that_is_missed_is_the_result(monkeypatch, tmp_path):
    lab = import_module("pmpp.labs.edges")

    def run(report):
        report.figure("good", 1, at_least=1)
        report.figure("bad", float("nan"), at_most=3)

    monkeypatch.setattr(lab, "run", run)
    done = CliRunner().invoke(main, ["lab", "edges", "--pictures", str(tmp_path)])
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "edges: missed 1 of 2 figures: bad: nan (at most 3)"
    monkeypatch.setattr(lab, "run", lambda report: report.figure("good", 1, at_least=1))
    done = CliRunner().invoke(main, ["lab", "edges", "--pictures", str(tmp_path)])
    assert done.exit_code == 0
    assert re.fullmatch(r"edges: all 1 figures met, in \d+ s", done.output.splitlines()[-1])


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(NEEDED, "no_such_package", "no-such-package")
    done = CliRunner().invoke(main, ["lab", "edges"])
    assert done.exit_code == 2
    assert "python -m pip install no-such-package" in done.output


def test_links_lead_somewhere():
    for page in PAGES.glob("*.md"):
        links = re.findall(r"\]\(([^):#]+)\)", page.read_text())
        assert links
        assert [link for link in links if not (PAGES / link).exists()] == []


def test_no_name_or_a_wrong_one_is_answered_with_the_names():
    for arguments in (["lab"], ["lab", "edge"]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 2
        assert all(name in done.output for name in LABS)
