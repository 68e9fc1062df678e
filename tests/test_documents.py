"""What README and CONTRIBUTING promise: their command lines, and the files that they name."""

import json
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETUP = 'python3 -m venv .venv && . .venv/bin/activate && python -m pip install -e ".[{}]" && '


@pytest.mark.parametrize(("extras", "command"), [("dev", "pytest exercises/ch7"), ("dev,test", "pytest")])
def test_readme_has_the_line(extras, command):
    assert (ROOT / "README.md").read_text().splitlines().count(SETUP.format(extras) + command) == 1


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_files_that_are_named_exist(document):
    text = (ROOT / document).read_text()
    rooms = r"(?:cuda_src|simt|pmpp|exercises|tests|build_support|\.ci|docs)/[\w./-]*"
    named = set(re.findall(rf"`({rooms})`", text)) | set(re.findall(r"\]\(([^):#]+)\)", text))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_tables_of_programs_that_others_wrote_are_current():
    its = runpy.run_path(str(ROOT / "benchmarks" / "compatibility.py"))
    written = its["PAGE"].read_text().split(its["BEGIN"])[1].split(its["END"])[0]
    outcomes = json.loads(its["OUTCOMES"].read_text())
    assert written.strip() == its["page"](outcomes).strip(), "run: python benchmarks/compatibility.py"
    assert set(outcomes) == {its["SAMPLES"], its["CUB"], its["THRUST"]}
