"""Each fuzz target under ASan and UBSan: the kept inputs, and mutants of them from a fixed seed."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SANITIZERS = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")

_specification = importlib.util.spec_from_file_location("long_run", HERE / "long_run.py")
long_run = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(long_run)


@pytest.mark.parametrize(("target", "rounds"), [("ptx", 10_000), ("fatbin", 10_000)])
def test_no_input_breaks_the_reader(target, rounds, front_end_builder, tmp_path):
    files = []
    for name, content in long_run.seeds(target):
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
    sources = (HERE / "mutate.cpp", HERE / f"fuzz_{target}.cpp")
    binary = front_end_builder(f"mutate_{target}", *SANITIZERS, extra=sources, rooms=long_run.ROOMS[target])
    command = [binary, "1", str(rounds), "-o", tmp_path / "last", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    last = (tmp_path / "last").read_bytes()
    assert done.returncode == 0, f"{done.stderr[-4000:]}\nthe input was {last!r}"
    assert done.stdout == f"{len(files) * (rounds + 1)} inputs\n"
