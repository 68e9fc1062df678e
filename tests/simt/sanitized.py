"""Builds the software GPU with sanitizers: ``python tests/simt/sanitized.py address`` (or ``thread``) prints where it is.

Tests run on it with ``PMPP_TEST_SIMT`` set to that path and the sanitizer's own library in ``LD_PRELOAD``. The code is that of
the portable build, which processors other than x86-64 have: one set of loops instead of three, and every load and store in it
is one that the sanitizers see.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from build_support.cache import BUILD, Object, compile_all, link  # noqa: E402
from build_support.native import VERSION_SCRIPT  # noqa: E402
from build_support.toolkit import find_host_compiler  # noqa: E402

FLAGS = ("-std=c++20", "-O1", "-g1", "-fPIC", "-fno-omit-frame-pointer", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
         "-DSIMT_PORTABLE", "-I.")  # fmt: skip
SANITIZERS = {
    "address": ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"),
    "thread": ("-fsanitize=thread",),
}
PRELOADED = {"address": "libasan.so", "thread": "libtsan.so"}


def objects(compiler, version, flags, sources):
    """Return the objects of the sources, for the build's cache."""

    def one(source):
        isa = ("-DSIMT_ISA=generic",) if source.stem.endswith("_isa") else ()

        def steps(made, depfile):
            return [[compiler, *FLAGS, *flags, *isa, "-MD", "-MF", depfile, "-c", "-o", made, source.relative_to(ROOT)]]

        return Object(source, Path(compiler).name, (version, *FLAGS, *flags), steps)

    return [one(source) for source in sources]


def library(kind):
    """Build libpmpp_simt.so with the sanitizers of a kind and return its path."""
    compiler = find_host_compiler()
    flags = SANITIZERS[kind]
    parts = objects(str(compiler.path), compiler.version, flags, sorted((ROOT / "simt").rglob("*.cpp")))
    compile_all(parts)
    path = BUILD / kind / "libpmpp_simt.so"
    soname = ("-shared", f"-Wl,-soname,{path.name}", f"-Wl,--version-script={VERSION_SCRIPT}")
    link(path, [str(compiler.path), *flags, *soname, "-pthread", "-ldl"], [part.path for part in parts])
    return path


def environment(kind):
    """Return the environment in which a program uses the library of a kind."""
    path, compiler = library(kind), find_host_compiler().path
    runtime = subprocess.run([compiler, f"-print-file-name={PRELOADED[kind]}"], capture_output=True, text=True, check=True).stdout.strip()
    options = {
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter keeps what it has until it ends
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": f"suppressions={Path(__file__).with_name('tsan.txt')} halt_on_error=1 exitcode=66",
    }
    return {**os.environ, **options, "PMPP_TEST_SIMT": str(path), "LD_PRELOAD": runtime}


if __name__ == "__main__":
    print(library(sys.argv[1]))
