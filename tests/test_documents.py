"""What README and CONTRIBUTING promise: their command lines, and the files that they name."""

import re
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
