"""Which nvcc and which host compiler are taken, and what is said where none can be: with made-up compilers on PATH."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from pmpp import _toolkit

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with nothing on it; `install` puts a program on PATH."""

    class Machine:
        path = tmp_path / "bin"

        def install(self, name: str, says: str, folder: Path = path) -> Path:
            folder.mkdir(parents=True, exist_ok=True)
            program = folder / name
            program.write_text(f"#!/bin/sh\necho '{says}'\n")
            program.chmod(0o755)
            return program

        def toolkit(self, root: Path, release: str) -> Path:
            for member in ("include/cuda_runtime.h", "include/cccl/cuda/std/version", "lib64/libcudart_static.a"):
                (root / member).parent.mkdir(parents=True, exist_ok=True)
                (root / member).touch()
            says = f"Cuda compilation tools, release {release}, V{release}.7\n#$ TOP={root}"
            return self.install("nvcc", says, root / "bin")

    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("CUDA_HOME", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_toolkit.sys, "path", [str(tmp_path / "site-packages")])
    monkeypatch.setattr(_toolkit.sysconfig, "get_path", lambda name: str(tmp_path / "elsewhere"))
    for search in (_toolkit.find_toolkit, _toolkit.find_host_compiler):
        search.cache_clear()
    yield Machine()
    for search in (_toolkit.find_toolkit, _toolkit.find_host_compiler):
        search.cache_clear()


def test_cuda_home_comes_before_path_and_path_before_wheels(machine, tmp_path, monkeypatch):
    wheels = tmp_path / "site-packages" / "nvidia" / "cu13"
    machine.toolkit(wheels, "13.0")
    assert _toolkit.find_toolkit().origin == "wheels"
    machine.toolkit(tmp_path / "installed", "13.0")
    monkeypatch.setenv("PATH", str(tmp_path / "installed" / "bin") + ":/bin")
    _toolkit.find_toolkit.cache_clear()
    assert _toolkit.find_toolkit().origin == "PATH"
    machine.toolkit(tmp_path / "home", "13.0")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "home"))
    _toolkit.find_toolkit.cache_clear()
    found = _toolkit.find_toolkit()
    assert (found.origin, found.version, found.lib) == ("CUDA_HOME", (13, 0), tmp_path / "home" / "lib64")
    assert found.passed_over == ()


def test_untested_version_is_passed_over_and_the_reason_kept(machine, tmp_path, monkeypatch):
    machine.toolkit(tmp_path / "home", "12.4")
    machine.toolkit(tmp_path / "site-packages" / "nvidia" / "cu13", "13.0")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "home"))
    found = _toolkit.find_toolkit()
    assert found.origin == "wheels"
    [reason] = found.passed_over
    assert "12.4.7" in reason
    assert str(tmp_path / "home") in reason


def test_newer_wheels_are_not_used_either(machine, tmp_path):
    machine.toolkit(tmp_path / "site-packages" / "nvidia" / "cu13", "13.5")
    with pytest.raises(_toolkit.ToolkitError, match=r"13\.5\.7 .* not a version .*pip install \"cuda-toolkit"):
        _toolkit.find_toolkit()


def test_incomplete_toolkit_names_what_is_missing(machine, tmp_path, monkeypatch):
    machine.toolkit(tmp_path / "home", "13.0")
    (tmp_path / "home" / "include" / "cccl" / "cuda" / "std" / "version").unlink()
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "home"))
    with pytest.raises(_toolkit.ToolkitError, match="no CCCL headers"):
        _toolkit.find_toolkit()


def test_no_nvcc_at_all_gives_the_mend(machine, monkeypatch):
    monkeypatch.setenv("CUDA_HOME", "/nowhere")
    with pytest.raises(_toolkit.ToolkitError) as failure:
        _toolkit.find_toolkit()
    assert "CUDA_HOME is /nowhere, which has no bin/nvcc" in str(failure.value)
    assert f'python -m pip install "{_toolkit.REQUIREMENT}"' in str(failure.value)


def test_host_compiler_that_nvcc_refuses_is_passed_over(machine):
    machine.install("g++", "16.1.0")
    with pytest.raises(_toolkit.ToolkitError, match=r"g\+\+ is version 16\.1\.0.*11 to 15.*apt install"):
        _toolkit.find_host_compiler()
    machine.install("g++-13", "13.3.0")
    assert _toolkit.find_host_compiler().version == "13.3.0"


def test_cxx_chooses_the_host_compiler(machine, monkeypatch):
    machine.install("g++", "12.2.0")
    machine.install("my-g++", "14.1.0")
    monkeypatch.setenv("CXX", "ccache my-g++")
    assert _toolkit.find_host_compiler().path.name == "my-g++"


def test_no_host_compiler(machine):
    with pytest.raises(_toolkit.ToolkitError, match=r"no g\+\+ is on PATH"):
        _toolkit.find_host_compiler()


def test_flags_from_the_environment_are_not_passed_on(monkeypatch):
    monkeypatch.setenv("NVCC_APPEND_FLAGS", "--no-such-flag")
    command = _toolkit.find_toolkit().command("-E", "-x", "cu", os.devnull)
    refused = subprocess.run(command, capture_output=True, env=dict(os.environ), check=False)
    assert refused.returncode != 0
    subprocess.run(command, capture_output=True, env=_toolkit.clean_environment(), check=True)


def test_the_pin_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert _toolkit.REQUIREMENT in project["optional-dependencies"]["dev"]
    major, minor = _toolkit.TESTED_VERSIONS[-1]
    assert _toolkit.REQUIREMENT.endswith(f"=={major}.{minor}.*")
