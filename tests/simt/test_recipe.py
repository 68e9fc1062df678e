"""The recipe of docs/simulator.md, "How to add an opcode", followed in a copy of the tree."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPE = (ROOT / "docs" / "simulator.md").read_text().partition("## How to add an opcode")[2]


def block(language):
    (found,) = re.findall(rf"^( *)```{re.escape(language)}\n(.*?)^\1```$", RECIPE, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found[1])


def file_of(step):
    """The file that a step says to add to."""
    return re.search(rf"^{step}\. .*?`([\w/]+\.\w+)`", RECIPE, re.MULTILINE | re.DOTALL)[1]


def linked(source, target):
    try:
        os.link(source, target)  # the build replaces what it makes, it does not write into it
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture
def tree(tmp_path):
    """A copy of what the recipe needs, with the objects that are there already."""
    for name in ("simt", "build_support", "docs", "tests/simt/ops"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "pmpp", tmp_path / "pmpp", ignore=shutil.ignore_patterns("_lib", "*.so"))
    for name in ("pyproject.toml", "setup.py"):
        shutil.copy2(ROOT / name, tmp_path)
    for folder in (*(ROOT / "build").glob("g++*"), *(ROOT / "build").glob("standard-*")):
        shutil.copytree(folder, tmp_path / "build" / folder.name, copy_function=linked)
    return tmp_path


def run(tree, command):
    words = shlex.split(command)
    program = [sys.executable, "-m", *words] if words[0] == "pytest" else [sys.executable, *words[1:]]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PMPP_DEVICE": "sim"}
    environment.pop("PMPP_TEST_SIMT", None)
    return subprocess.run(program, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def append(path, text):
    path.write_text(path.read_text().rstrip("\n") + "\n" + text)


def test_recipe(tree):
    row, case, commands = block("c++"), block("text"), block("sh").splitlines()
    name = re.search(r"\((\w+),", row)[1]
    append(tree / file_of(2), row)
    missing = run(tree, "pytest tests/simt/ops/test_cases.py -k every_row")
    assert missing.returncode == 1, missing.stdout
    assert f"'{name}'" in missing.stdout
    append(tree / file_of(3), case)
    stale = run(tree, "docs/opcodes.py --check".join(("python ", "")))
    assert stale.returncode != 0
    for command in commands:
        done = run(tree, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert re.search(r"\d+ passed", done.stdout)
    assert "skipped" not in done.stdout
    alone = run(tree, f"pytest -v tests/simt/ops/test_cases.py -k {case.split()[0]}")
    assert "1 passed" in alone.stdout, alone.stdout
