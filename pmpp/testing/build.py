"""Compiles a learner's .cu to a library, once: the result is cached under a hash of everything that goes into it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pmpp._toolkit import Toolkit, clean_environment, find_host_compiler, find_toolkit
from pmpp.testing import confine, names
from pmpp.testing.messages import Message, read_messages

PROBE = Path(__file__).with_name("probe.cpp")
#: Calls of the learner's code that the linker sends to the probe.
WATCHED = (
    "cudaMalloc",
    "cudaMallocManaged",
    "cudaFree",
    "cudaMemcpy",
    "cudaDeviceSynchronize",
    "cudaStreamSynchronize",
    "cudaGetLastError",
    "cudaLaunchKernel",
    "__cudaLaunchKernel",
    "malloc",
    "calloc",
)
#: C++14 compiles a quarter faster than C++17, which matters to somebody who waits for it.
FLAGS = ("-std=c++14", "-lineinfo", "--no-compress", "-Xcompiler", "-fPIC")
#: More than a course has stubs, solutions and mutants; a library has 30 KB.
CACHED_LIBRARIES = 2000
#: What compiling a submission may take: seconds, bytes of a file, bytes of memory of a process.
COMPILE_SECONDS = 60
_COMPILE_LIMITS = {"core": 0, "cpu": COMPILE_SECONDS, "fsize": 256 << 20, "data": 4 << 30}
LARGEST_HEADER = 1 << 20
_COMPILER_SAYS = 1 << 20  #: bytes of messages that are read
_FULL = 16 << 20  #: a disk with less left, of which a compiler says that it is full, is


class CompileError(Exception):
    """The learner's file does not compile; the messages say where and why."""

    def __init__(self, messages: list[Message]) -> None:
        super().__init__("; ".join(f"{m.path}:{m.line}: {m.text}" for m in messages))
        self.messages = messages


@dataclass(frozen=True)
class Target:
    """What is compiled for: the software GPU, or a GPU of a compute capability such as "90"."""

    device: str
    capability: str = "75"

    def code(self) -> str:
        """Return nvcc's -gencode value; PTX alone for the software GPU saves a run of ptxas."""
        if self.device == "sim":
            return "arch=compute_75,code=compute_75"
        # The PTX goes along: the checker looks for the instructions that a problem is about.
        return f"arch=compute_{self.capability},code=[compute_{self.capability},sm_{self.capability}]"


def simulator() -> Path:
    """Return the path of the software GPU's library."""
    return Path(__file__).parents[1] / "_lib" / "sim" / "libpmpp_simt.so"


def build(source: Path, cache_dir: Path, target: Target, *, text: str | None = None) -> Path:
    """Return the library made from ``source``; compile it unless that was done before.

    Parameters
    ----------
    source
        The .cu file. Its folder is searched for headers.
    text
        Compile this instead of the file's content; messages still name the file.

    Raises
    ------
    CompileError
        If nvcc or the linker refuses it.
    """
    toolkit = find_toolkit()
    content = source.read_text(encoding="utf-8", errors="replace") if text is None else text
    headers = _headers(content, source.parent)
    key = _key(toolkit, target, source.name, content, headers)
    library = cache_dir / f"{source.stem}-{key}.so"
    if library.exists():
        with contextlib.suppress(OSError):
            os.utime(library)
        return library
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="build-") as scratch:
        copy = _copied(source, headers, Path(scratch, "source")) if confine.strict else Path(scratch, source.name)
        # Messages and the line table name the learner's file, not the copy.
        copy.write_text(f'#line 1 "{source.name}"\n{content}', encoding="utf-8")
        made = Path(scratch, "out.so")
        obj = Path(scratch, "out.o")
        headers_at = () if confine.strict else ("-I", source.parent)
        command = toolkit.command(*FLAGS, "-gencode", target.code(), *headers_at, "-c", "-o", obj, copy)
        _run(command, source, copy, toolkit if confine.strict else None, Path(scratch))
        if said := names.objection(obj):
            raise CompileError([Message(source, 0, said)])
        probe = _probe(cache_dir)
        # Shut in too, so that it ends with this process.
        beside = (probe, simulator(), obj)
        _run(_link(toolkit, target, obj, probe, made), source, copy, toolkit if confine.strict else None, Path(scratch), beside)
        made.replace(library)
    _trim(cache_dir)
    return library


def instructions(library: Path, names: Iterable[str]) -> set[str]:
    """Return which of the PTX instructions, such as "ld.shared", the kernels of a library contain."""
    code = library.read_bytes()  # the PTX in it is not compressed
    return {name for name in names if name.encode() in code}


def sequential(source: Path, cache_dir: Path) -> Path:
    """Return the library made from a file of plain C++, for one core of this machine's CPU."""
    compiler = find_host_compiler()
    flags = ["-std=c++17", "-O3", "-shared", "-fPIC"]
    parts = [source.read_text(encoding="utf-8"), compiler.version, platform.machine(), *flags]
    library = cache_dir / f"{source.stem}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}.so"
    if not library.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        made = library.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        _run([str(compiler.path), *flags, "-o", str(made), str(source)], source, source)
        made.replace(library)
    return library


def probe_library(cache_dir: Path, target: Target) -> Path:
    """Return a library that holds nothing but the probe, to ask the device about itself."""
    toolkit = find_toolkit()
    library = cache_dir / f"probe-{_key(toolkit, target, '', '', [])}.so"
    if not library.exists():
        obj = _probe(cache_dir)
        made = library.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        _run(_link(toolkit, target, obj, None, made), PROBE, PROBE)
        made.replace(library)
    return library


@cache
def _probe(cache_dir: Path) -> Path:
    """Return the compiled probe."""
    compiler = find_host_compiler()
    key = hashlib.sha256(PROBE.read_bytes() + compiler.version.encode()).hexdigest()[:16]
    obj = cache_dir / f"probe-{key}.o"
    if not obj.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        made = obj.with_suffix(f".{os.getpid()}-{threading.get_ident()}.o")
        _run([str(compiler.path), "-std=c++14", "-O1", "-fPIC", "-c", "-o", str(made), str(PROBE)], PROBE, PROBE)
        made.replace(obj)
    return obj


def _link(toolkit: Toolkit, target: Target, obj: Path, probe: Path | None, out: Path) -> list[str]:
    wraps = [f"-Wl,--wrap={name}" for name in WATCHED]
    command = [
        str(find_host_compiler().path),
        "-shared",
        "-o",
        str(out),
        str(obj),
        *([str(probe)] if probe else []),
        *wraps,
    ]
    if target.device == "sim":
        simt = simulator()
        runtime = [f"-L{simt.parent}", f"-l:{simt.name}", f"-Wl,-rpath,{simt.parent}"]
    else:
        runtime = toolkit.static_runtime
    return [*command, "-Wl,-z,defs", *runtime]


def _key(toolkit: Toolkit, target: Target, name: str, content: str, headers: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    parts = [name, content, toolkit.build, find_host_compiler().version, target.device, target.code(), *FLAGS, *WATCHED]
    parts += [PROBE.read_text(), str(simulator()) if target.device == "sim" else ""]
    for header in headers:
        parts += [header.name, header.read_text(encoding="utf-8", errors="replace")]
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:24]


def _headers(content: str, folder: Path) -> list[Path]:
    """Return the learner's own headers that the source includes, directly or through one another."""
    found: dict[Path, None] = {}
    pending = [(content, folder)]
    while pending:
        text, where = pending.pop()
        for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, re.MULTILINE):
            header = next((p for p in (where / name, folder / name) if p.is_file()), None)
            if header is not None and header not in found and _own(header):
                found[header] = None
                pending.append((header.read_text(encoding="utf-8", errors="replace"), header.parent))
    return list(found)


def _run(
    command: list[str],
    source: Path,
    compiled: Path,
    shut_in: Toolkit | None = None,
    scratch: Path | None = None,
    beside: Iterable[Path] = (),
) -> None:
    environment = clean_environment()
    if shut_in is not None and scratch is not None:
        Path(scratch, "tmp").mkdir(exist_ok=True)
        environment["TMPDIR"] = str(scratch / "tmp")
        rules = {
            "files": confine.readable(*_of_the_compilers(shut_in), *beside, "/etc/ld.so.cache", "/dev/urandom")
            | confine.writable(scratch, "/dev/null"),
            "limits": _COMPILE_LIMITS,
            "seconds": 2 * COMPILE_SECONDS,
            "parent": os.getpid(),
        }
        command = [sys.executable, "-I", "-S", confine.__file__, json.dumps(rules), "--", *command]
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False)
        said.seek(0)
        text = said.read(_COMPILER_SAYS).decode("utf-8", "replace")
    if scratch is not None:  # names of a moment would make two runs differ
        text = re.sub(rf"{re.escape(str(scratch))}/(tmp/\S*?\.s:(\d+:)? ?|source/|)", "", text)
    if done.returncode == 124:
        raise CompileError([Message(source, 0, f"the compiler did not finish within {COMPILE_SECONDS} s")])
    if done.returncode:
        if os.strerror(errno.ENOSPC) in text and shutil.disk_usage(compiled.parent).free < _FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise CompileError(read_messages(text, source, compiled))


def _own(header: Path) -> bool:
    """Tell whether a header may be read: where a submission is graded, its own only, and no heap of data."""
    if confine.strict is None:
        return True
    return header.resolve().is_relative_to(Path(confine.strict).resolve()) and header.stat().st_size <= LARGEST_HEADER


def _copied(source: Path, headers: Iterable[Path], folder: Path) -> Path:
    """Copy a submission's own headers, and return where its source goes beside them."""
    root = Path(str(confine.strict))
    home = source.parent.relative_to(root) if source.is_relative_to(root) else Path()
    for header in headers:
        target = folder / header.resolve().relative_to(root.resolve())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(header.read_bytes())
    (folder / home).mkdir(parents=True, exist_ok=True)
    return folder / home / source.name


def _of_the_compilers(toolkit: Toolkit) -> list[Path]:
    """Return the files that compiling needs, without the folders of Python's packages, where solutions may lie."""
    include = toolkit.include
    root = include.parents[2] if include.parent.parent.name == "targets" else include.parent
    compiler = find_host_compiler().path
    found = [toolkit.nvcc, compiler, compiler.resolve(), root]
    for prefix in dict.fromkeys((Path("/"), Path("/usr"), Path("/usr/local"), compiler.resolve().parents[1])):
        found += [prefix / name for name in ("bin", "include", "libexec", "lib32", "lib64", "share/gcc")]
        lib = prefix / "lib"
        found += [p for p in lib.glob("*") if p.name.startswith("gcc") or "-linux" in p.name or ".so" in p.suffixes]
        found += [*lib.glob("*.[ao]"), *prefix.glob("*-linux-gnu*")]
    return found


def _trim(cache_dir: Path) -> None:
    """Keep the newest libraries."""
    libraries = sorted(cache_dir.glob("*-*.so"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in libraries[CACHED_LIBRARIES:]:
        with contextlib.suppress(OSError):
            old.unlink()
