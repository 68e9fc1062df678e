"""Each fuzz target under ASan and UBSan: the kept inputs, and mutants of them from a fixed seed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, os.fspath(HERE))
sys.path.insert(0, os.fspath(HERE.parent))
import long_run  # noqa: E402  (found beside this file)
import sanitized  # noqa: E402


@pytest.mark.parametrize(("target", "rounds"), [("fatbin", 1000), ("ptx", 100), ("lower", 20)])
def test_no_input_breaks(target, rounds, tmp_path):
    files = []
    for name, content in long_run.seeds(target):
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
    binary = sanitized.build("address", f"mutate_{target}", [*long_run.sources(target), HERE / "mutate.cpp"])
    command = [binary, "1", str(rounds), "-o", tmp_path / "last", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, errors="replace", check=False)
    last = (tmp_path / "last").read_bytes()
    assert done.returncode == 0, f"{done.stderr[-4000:]}\nthe input was {last!r}"
    assert done.stdout.endswith(f"{len(files) * (rounds + 1)} inputs\n")
