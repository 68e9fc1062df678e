"""Builds the software GPU with sanitizers and runs programs on it: ``python tests/simt/sanitized.py thread pytest tests/simt``.

The library comes in through ``LD_PRELOAD``, before the one that the program is linked against. The code is that of
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
from build_support.native import MERGED_ROOMS, VERSION_SCRIPT, device_rows  # noqa: E402
from build_support.toolkit import find_host_compiler  # noqa: E402

FLAGS = ("-std=c++20", "-O1", "-g1", "-fPIC", "-fno-omit-frame-pointer", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
         "-DSIMT_PORTABLE", f"-DSIMT_DEVICES={device_rows()}", "-I.")  # fmt: skip
SANITIZERS = {
    "address": ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"),
    "thread": ("-fsanitize=thread",),
}
PRELOADED = {"address": "libasan.so", "thread": "libtsan.so"}


def objects(compiler, version, flags, sources):
    """Return the objects of the sources, for the build's cache; rooms that are compiled as one are so here, too."""
    groups = {}
    for source in sources:
        isa = source.stem.endswith("_isa")
        merged = not isa and source.parent.parent == ROOT / "simt" and source.parent.name in MERGED_ROOMS
        groups.setdefault((source.parent if merged else source, isa), []).append(source)

    def one(name, isa, files):
        included = [word for file in files for word in ("-include", file.relative_to(ROOT))]
        command = [compiler, *FLAGS, *flags, *(("-DSIMT_ISA=generic",) if isa else ()), *included]

        def steps(made, depfile):
            return [[*command, "-MD", "-MF", depfile, "-x", "c++", "-c", "-o", made, os.devnull]]

        return Object(str(name.relative_to(ROOT)), tuple(files), Path(compiler).name, (version, *FLAGS, *flags), steps)

    return [one(name, isa, files) for (name, isa), files in groups.items()]


def build(kind, name, sources, *flags):
    """Compile and link the sources with the sanitizers of a kind, and return the path of what comes out."""
    compiler = find_host_compiler()
    parts = objects(str(compiler.path), compiler.version, SANITIZERS[kind], sources)
    compile_all(parts)
    path = BUILD / kind / name
    link(path, [str(compiler.path), *SANITIZERS[kind], *flags, "-pthread", "-ldl"], [part.path for part in parts])
    return path


def library(kind):
    """Build libpmpp_simt.so with the sanitizers of a kind and return its path."""
    flags = ("-shared", "-Wl,-soname,libpmpp_simt.so", f"-Wl,--version-script={VERSION_SCRIPT}")
    return build(kind, "libpmpp_simt.so", sorted((ROOT / "simt").rglob("*.cpp")), *flags)


def environment(kind):
    """Return the environment in which a program uses the library of a kind."""
    path, compiler = library(kind), find_host_compiler().path
    runtime = subprocess.run(
        [compiler, f"-print-file-name={PRELOADED[kind]}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    options = {
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",  # the interpreter keeps what it has until it ends
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": "halt_on_error=1 exitcode=66",
    }
    return {**os.environ, **options, "PMPP_TEST_SIMT": str(path), "LD_PRELOAD": f"{runtime}:{path}"}


if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, "-m", *sys.argv[2:]], env=environment(sys.argv[1]), check=False).returncode)
