"""What the tests of the software GPU share: the GPU itself, nvcc's output, and the front end built from its sources."""

import ctypes
import hashlib
import json
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pmpp._toolkit import clean_environment, find_host_compiler, find_toolkit

sys.path.insert(0, os.fspath(Path(__file__).parent))
import gpu as gpu_module

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).with_name("sources")
KEPT = ROOT / "build" / "tests"
"""Compiler output, by hash of what it was made from; as all of build/ it can be deleted at any time."""
FRONT_END = ("simt/ptx", "simt/fatbin")


def run(command, **kwargs):
    """Run a compiler; its messages are the failure."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=clean_environment(), **kwargs)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"


def kept(suffix, make, *ingredients):
    """Return a file made by `make(path)`, or the one of a former run made from the same ingredients."""
    key = hashlib.sha256("\0".join(str(part) for part in ingredients).encode()).hexdigest()[:24]
    path = KEPT / f"{key}{suffix}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{os.getpid()}-{path.name}")
        make(fresh)
        fresh.replace(path)
    return path


def build_front_end(name, *flags):
    """Compile the sources of the front end and link them with `flags` into build/tests."""
    compiler = str(find_host_compiler().path)
    files = sorted(path for room in FRONT_END for path in (ROOT / room).glob("*.cpp"))
    headers = sorted(path for room in FRONT_END for path in (ROOT / room).glob("*.hpp"))

    def make(target):
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            objects = [target.with_name(f"{target.name}.{file.parent.name}.{file.stem}.o") for file in files]
            compile_flags = ("-std=c++20", "-fPIC", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}", *flags)
            for done in [
                pool.submit(run, [compiler, *compile_flags, "-c", file, "-o", out])
                for file, out in zip(files, objects, strict=True)
            ]:
                done.result()
        run([compiler, "-shared", *flags, *objects, "-ldl", "-o", target])
        for path in objects:
            path.unlink()

    texts = [path.read_text() for path in (*files, *headers)]
    return kept(f"-{name}", make, name, compiler, find_host_compiler().version, *flags, *map(str, files), *texts)


class FrontEnd:
    """simt/ptx and simt/fatbin behind their C ABI."""

    def __init__(self, path):
        self.path = str(path)
        self._library = ctypes.CDLL(self.path)
        for name in ("simt_ptx_dump", "simt_fatbin_dump", "simt_fatbin_dump_file", "simt_fatbin_dump_wrapper"):
            getattr(self._library, name).restype = ctypes.c_void_p

    def _json(self, function, free, *arguments):
        address = getattr(self._library, function)(*arguments)
        text = ctypes.string_at(address)
        getattr(self._library, free)(ctypes.c_void_p(address))
        return json.loads(text)

    def parse(self, text):
        """Return the tree, or ``{"error": message, "line": line}``."""
        text = text if isinstance(text, bytes) else text.encode()
        return self._json("simt_ptx_dump", "simt_ptx_free", text, ctypes.c_size_t(len(text)))

    def fatbin(self, content, capability):
        """Return what is in a container, ELF file or the file at a path, and the PTX for the capability."""
        capability = ctypes.c_uint32(capability)
        if isinstance(content, bytes):
            size = ctypes.c_size_t(len(content))
            return self._json("simt_fatbin_dump", "simt_fatbin_free", content, size, capability)
        return self._json("simt_fatbin_dump_file", "simt_fatbin_free", str(content).encode(), capability)

    def wrapper(self, address, capability):
        """Return the same for what ``__cudaRegisterFatBinary`` is given."""
        arguments = (ctypes.c_void_p(address), ctypes.c_uint32(capability))
        return self._json("simt_fatbin_dump_wrapper", "simt_fatbin_free", *arguments)


@pytest.fixture(scope="session")
def front_end():
    return FrontEnd(build_front_end("front_end.so", "-O1"))


@pytest.fixture(scope="session")
def nvcc_output():
    """Return a function: the path of what nvcc makes of a source with these flags, kept between runs."""

    def compile_source(source, *flags, suffix=".fatbin"):
        source = Path(source)
        command = find_toolkit().command("-std=c++17", *flags)
        return kept(
            f"-{source.stem}{suffix}",
            lambda path: run([*command, "-o", path, source], cwd=source.parent),
            source.read_text(), suffix, find_toolkit().build, *flags,
        )  # fmt: skip

    return compile_source


REAL = os.environ.get("PMPP_DEVICE") == "cuda"
"""Whether an NVIDIA GPU is asked for: most tests of this folder know only the software GPU."""
SIMT = Path(os.environ.get("PMPP_TEST_SIMT") or ROOT / "pmpp" / "_lib" / "sim" / "libpmpp_simt.so")


@pytest.fixture(scope="session")
def program():
    """Return a function: the path of a program of these sources, for these capabilities, on the device in use; kept."""
    simt = None if REAL else ROOT / "pmpp" / "_lib" / "sim" / "libpmpp_simt.so"

    def link(source, *capabilities):
        toolkit, source = find_toolkit(), Path(source)
        targets = [f"-gencode=arch=compute_{c},code=compute_{c}" for c in capabilities]
        flags = ["-std=c++17", "-lineinfo", "--no-compress", *targets, *toolkit.link_flags(simt)]
        texts = [path.read_text() for path in (source, *sorted(source.parent.glob("*h")))]
        return kept(f"-{source.stem}", lambda path: run([*toolkit.command(*flags), source, "-o", path], cwd=source.parent),
                    toolkit.build, *flags, *texts)  # fmt: skip

    return link


@pytest.fixture(scope="session")
def _loaded():
    return gpu_module.Gpu(SIMT)


@pytest.fixture
def run_on_its_own():
    """Return a function that runs Python in a new process, where `gpu` is the software GPU, and returns what it printed."""

    def run_source(source, **environment):
        prelude = f"import sys\nsys.path.insert(0, {os.fspath(Path(__file__).parent)!r})\nimport gpu\ngpu = gpu.Gpu({os.fspath(SIMT)!r})\n"
        command = [sys.executable, "-c", prelude + textwrap.dedent(source)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_source


@pytest.fixture
def gpu(_loaded):
    """The software GPU, with two threads, seed 0 and a budget that ends a hanging test."""
    _loaded.threads(2)
    _loaded.seed(0)
    _loaded.budget(2_000_000_000)
    yield _loaded
    _loaded.reset()
