"""Finds nvcc and the host compiler and says how to call them.

Standard library only, and no import of pmpp: the build loads this file by its path, before pmpp exists.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTED_VERSIONS = ((13, 0),)
"""Releases of nvcc that CI tests; another nvcc is never used."""

REQUIREMENT = "cuda-toolkit[nvcc,cudart,cccl]==13.0.*"
"""What pip installs where no such nvcc is found. One pin for nvcc, crt, nvvm, runtime and CCCL together."""

HOST_COMPILER_VERSIONS = range(11, 16)
"""Major versions of g++: C++20 needs 11, nvcc 13.0 refuses 16 and newer."""

_SWAYING_VARIABLES = ("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS", "NVCC_CCBIN", "LD_PRELOAD")


class ToolkitError(RuntimeError):
    """A compiler is missing or cannot be used; the message is one sentence and the mend."""


def clean_environment() -> dict[str, str]:
    """Return the environment for compiler calls: nothing in it changes them silently, messages are in English."""
    environment = {name: value for name, value in os.environ.items() if name not in _SWAYING_VARIABLES}
    environment["LC_ALL"] = "C"
    return environment


@dataclass(frozen=True)
class HostCompiler:
    """A g++ that nvcc accepts."""

    path: Path
    version: str

    @property
    def static_runtime_flags(self) -> tuple[str, ...]:
        """Link flags that take libstdc++ into the library.

        A conda Python loads its own, often older, libstdc++ before ours; some distributions ship no static one.
        """
        answer = _output([str(self.path), "-print-file-name=libstdc++.a"]) or ""
        return ("-static-libstdc++", "-static-libgcc") if Path(answer.strip()).is_absolute() else ()


@dataclass(frozen=True)
class Toolkit:
    """A CUDA toolkit whose version CI tests."""

    nvcc: Path
    version: tuple[int, int]
    build: str
    """The exact build, such as ``13.0.88``."""
    include: Path
    lib: Path
    origin: str
    """``CUDA_HOME``, ``PATH`` or ``wheels``."""
    passed_over: tuple[str, ...] = ()
    """Why each place that comes before this one was not used, a sentence each."""

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the command line that runs nvcc with a host compiler that it accepts.

        Run it with ``env=clean_environment()``.
        """
        return [str(self.nvcc), "-ccbin", str(find_host_compiler().path), *map(str, arguments)]

    def link_flags(self, simt: Path | None) -> list[str]:
        """Return the flags with which nvcc links a shared library or a program for one of the two devices.

        Parameters
        ----------
        simt : Path or None
            ``libpmpp_simt.so`` for the software GPU, None for an NVIDIA GPU.

        Notes
        -----
        Works on wheels, which have ``lib`` instead of ``lib64`` and no ``libcudart.so``, as on an installed toolkit.
        """
        if simt is None:
            return ["-cudart", "static", f"-L{self.lib}"]
        return ["-cudart", "none", "-cudadevrt", "none", f"-L{simt.parent}", f"-l:{simt.name}",
                "-Xlinker", "-rpath", "-Xlinker", str(simt.parent)]  # fmt: skip

    @property
    def static_runtime(self) -> list[str]:
        """What g++ needs at the end of a link of nvcc's objects for an NVIDIA GPU."""
        return [str(self.lib / "libcudart_static.a"), "-ldl", "-lrt", "-lpthread"]


def sources_digest(root: Path) -> str:
    """Return a hash of everything in a source tree that is compiled, by which a build that is out of date is noticed."""
    kinds = {"simt": (".cpp", ".hpp", ".h", ".def", ".map", ".toml"), "cuda_src": (".cu", ".cuh", ".h"), "pmpp": (".pyx", ".pxd")}
    files = [path for room, suffixes in kinds.items() for path in (root / room).rglob("*") if path.suffix in suffixes]
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path.relative_to(root)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return total.hexdigest()


def _output(command: list[str]) -> str | None:
    """Return what a command prints, or None if it cannot be run or fails."""
    try:
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout + done.stderr


@cache
def find_host_compiler() -> HostCompiler:
    """Return the first of ``$CXX``, ``g++`` and ``g++-15`` down to ``g++-11`` that nvcc accepts.

    Raises
    ------
    ToolkitError
        If there is none.
    """
    named = shlex.split(os.environ.get("CXX", ""))[-1:]  # "ccache g++": nvcc takes the compiler alone
    newest_first = [f"g++-{major}" for major in reversed(HOST_COMPILER_VERSIONS)]
    refused = []
    for name in [*named, "g++", *newest_first]:
        path = shutil.which(name)
        if path is None:
            if name in named:
                refused.append(f"CXX names {name}, which is not there")
            continue
        version = (_output([path, "-dumpfullversion", "-dumpversion"]) or "").strip()
        if re.match(r"\d+", version) and int(version.split(".")[0]) in HOST_COMPILER_VERSIONS:
            return HostCompiler(Path(path), version)
        refused.append(f"{path} is version {version or 'unknown'}")
    oldest, newest = HOST_COMPILER_VERSIONS[0], HOST_COMPILER_VERSIONS[-1]
    came = "; ".join(dict.fromkeys(refused)) or "no g++ is on PATH"
    raise ToolkitError(
        f"No usable host compiler: {came}, and nvcc 13.0 works with g++ {oldest} to {newest}. "
        f"Install one (Debian and Ubuntu: apt install g++-{newest - 1} or g++; Fedora: dnf install gcc-c++; conda: "
        f"conda install gxx=13), or name one in CXX."
    )


def _first_existing(directories: list[Path], member: str) -> Path | None:
    return next((directory for directory in directories if (directory / member).exists()), None)


def _examine(nvcc: Path, origin: str) -> Toolkit | str:
    """Return the toolkit to which `nvcc` belongs, or why it cannot be used."""
    release = re.search(r"release (\d+)\.(\d+), V(\S+)", _output([str(nvcc), "--version"]) or "")
    if release is None:
        return f"{nvcc} ({origin}) does not run"
    version = int(release[1]), int(release[2])
    if version not in TESTED_VERSIONS:
        tested = ", ".join(f"{major}.{minor}" for major, minor in TESTED_VERSIONS)
        return f"nvcc {release[3]} at {nvcc} ({origin}) is not a version that pmpp is tested with ({tested})"
    # nvcc on PATH may be a wrapper script; only nvcc itself knows where its toolkit is.
    dry_run = _output([str(nvcc), "--dryrun", "-E", "-x", "cu", os.devnull]) or ""
    top = re.search(r"^#\$ TOP=(.*)$", dry_run, re.MULTILINE)
    root = Path(top[1] if top else nvcc.parent.parent).resolve()
    targets = sorted(root.glob("targets/*-linux"))
    include = _first_existing([root / "include", *(t / "include" for t in targets)], "cuda_runtime.h")
    lib = _first_existing([root / "lib64", root / "lib", *(t / "lib" for t in targets)], "libcudart_static.a")
    if include is None or lib is None:
        missing = "cuda_runtime.h" if include is None else "libcudart_static.a"
        return f"the toolkit at {root} ({origin}) has no {missing}"
    if _first_existing([include, include / "cccl"], "cuda/std/version") is None:
        return f"the toolkit at {root} ({origin}) has no CCCL headers"
    return Toolkit(nvcc, version, release[3], include, lib, origin)


def _candidates() -> list[tuple[Path | None, str, str]]:
    """Every place to look at, in order: nvcc or None, origin, and why there is none."""
    home, found = os.environ.get("CUDA_HOME"), shutil.which("nvcc")
    # sys.path has the overlay of an isolated build, sysconfig the environment behind it.
    folders = [*filter(None, sys.path), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    wheels = [Path(folder, "nvidia", "cu13", "bin", "nvcc") for folder in folders]
    wheel = next((path for path in wheels if path.exists()), None)
    own = Path(home, "bin", "nvcc") if home else None
    places: list[tuple[Path | None, str, str]]
    if own is not None and not own.exists():
        places = [(None, "CUDA_HOME", f"CUDA_HOME is {home}, which has no bin/nvcc")]
    else:
        places = [(own, "CUDA_HOME", "CUDA_HOME is not set")]
    places.append((Path(found) if found else None, "PATH", "no nvcc is on PATH"))
    places.append((wheel, "wheels", "no nvcc was installed by pip"))
    return places


@cache
def find_toolkit() -> Toolkit:
    """Return the first toolkit of a tested version: of ``CUDA_HOME``, then on ``PATH``, then from pip's wheels.

    Raises
    ------
    ToolkitError
        If there is none.
    """
    reasons: list[str] = []
    for nvcc, origin, absent in _candidates():
        answer = absent if nvcc is None else _examine(nvcc, origin)
        if isinstance(answer, Toolkit):
            worth_telling = tuple(reason for reason in reasons if reason not in ("CUDA_HOME is not set", "no nvcc is on PATH"))
            return Toolkit(**{**vars(answer), "passed_over": worth_telling})
        reasons.append(answer)
    raise ToolkitError(f'No nvcc that pmpp can use: {"; ".join(reasons)}. Run: python -m pip install "{REQUIREMENT}"')
