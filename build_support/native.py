"""What is compiled and linked: the software GPU, the kernels for both devices, the Cython modules.

    pmpp/_lib/sim/libpmpp_simt.so      the software GPU, under a soname and a symbol version of its own
    pmpp/_lib/run/libcudart.so.13      the same objects in the place of the CUDA runtime, for programs of others
    pmpp/_lib/sim/libpmpp_kernels.so   the kernels, on the software GPU
    pmpp/_lib/cuda/libpmpp_kernels.so  the same objects, on an NVIDIA GPU
    pmpp/**/<module>.<suffix>.so       Cython, linked against the soname libpmpp_kernels.so: pmpp loads one of the two first
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import sysconfig
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from build_support.cache import BUILD, ROOT, BuildError, Command, Object, below_root, compile_all, link
from build_support.toolkit import ToolkitError, find_host_compiler, find_toolkit, sources_digest

PARTS = ("simt", "kernels", "cython")

SIMT_FLAGS = ("-std=c++20", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno",
              "-fno-trapping-math", "-Wall", "-Wextra", "-I.")  # without errno and traps, but not a bit less exact: vectors
ISA_FLAGS = {
    "v2": ("-DSIMT_ISA=v2", "-march=x86-64-v2", "-Wno-psabi"),
    "v3": ("-DSIMT_ISA=v3", "-march=x86-64-v3", "-Wno-psabi"),
    "v4": ("-DSIMT_ISA=v4", "-march=x86-64-v4", "-Wno-psabi", "-mprefer-vector-width=512"),
}
MERGED_ROOMS = ("exec", "fatbin", "ir", "jit", "memory", "ptx", "runtime")
"""Rooms of the software GPU whose files are compiled as one: to read the headers takes most of the time of a file."""
COLD_ROOMS = ("fatbin", "ir", "jit", "ptx", "runtime")
"""Rooms that run once a kernel or a call, not once an instruction: they are not worth a long optimisation."""
NVCC_FLAGS = ("-lineinfo", "--no-compress", "-std=c++17", "-O2", "-Xcompiler", "-fPIC,-Wall", "-I.")
CYTHON_FLAGS = ("-std=c++17", "-Og", "-g0", "-fPIC", "-fvisibility=hidden", "-fwrapv", "-DNDEBUG", "-I.",
                "-DNPY_NO_DEPRECATED_API=NPY_1_7_API_VERSION")  # fmt: skip
OLDEST_ARCHITECTURE = "75"
DEVICES = ROOT / "simt" / "model"
"""A TOML file a device; the software GPU is compiled with their limits, and the package carries them for what it models."""
VERSION_SCRIPT = ROOT / "simt" / "runtime" / "libpmpp_simt.map"
"""Exports and the version node of the software GPU; the twin has the same exports under the CUDA runtime's node."""


def device_rows() -> str:
    """Return the devices of simt/model/*.toml as rows of the table in simt/model/profile.cpp."""
    rows = []
    for path in sorted(DEVICES.glob("*.toml")):
        data = tomllib.loads(path.read_text())
        device, sm, cycle = data["device"], data["sm"], data["per_cycle"]
        numbers = (
            *device["capability"], device["sms"], sm["threads"], sm["blocks"], sm["shared_bytes"], sm["shared_bytes_optin"],
            sm["shared_bytes_reserved"], device["l2_bytes"], device["memory_bytes"], device["bus_bits"], device["memory_khz"],
            device["core_khz"], cycle["fp32"] // cycle["fp64"], int(device["peer_access"]), sm["l1_bytes"],
            f"{{{', '.join(map(str, sm['shared_splits_kib']))}}}",
        )  # fmt: skip
        rows.append(f'{{"{path.stem}", "Software GPU ({device["name"]})", {", ".join(map(str, numbers))}}}')
    return ", ".join(rows)


def _host(name: str, sources: Sequence[Path], flags: tuple[str, ...], isa: str = "") -> Object:
    compiler = find_host_compiler()
    included = [word for path in sources for word in ("-include", below_root(path))]

    def steps(made: Path, depfile: Path) -> list[Command]:
        return [[compiler.path, *flags, "-MD", "-MF", depfile, *included, "-x", "c++", "-c", "-o", made, os.devnull]]

    return Object(name, tuple(sources), f"g++-{isa}" if isa else "g++", ("g++", compiler.version, *flags), steps)


def _strict() -> bool:
    """Whether a warning is an error: PMPP_WERROR is set, as in CI."""
    return bool(os.environ.get("PMPP_WERROR"))


def simt_objects() -> list[Object]:
    """Return the objects of the software GPU; a file named *_isa.cpp is compiled for every instruction set."""
    strict = ("-Werror",) if _strict() else ()
    isa_flags = ISA_FLAGS if platform.machine() == "x86_64" else {"generic": ("-DSIMT_ISA=generic",)}
    objects = []
    for room in sorted((ROOT / "simt").iterdir()):
        flags = (*SIMT_FLAGS, "-Og" if room.name in COLD_ROOMS else "-O2", *strict)
        if room.name == "model":
            flags += (f"-DSIMT_DEVICES={device_rows()}",)
        sources = sorted(room.rglob("*.cpp"))
        for source in [path for path in sources if path.stem.endswith("_isa")]:
            objects += [_host(below_root(source), [source], (*flags, *chosen), isa) for isa, chosen in isa_flags.items()]
        plain = [path for path in sources if not path.stem.endswith("_isa")]
        # A strict build compiles each file alone, so that a missing #include is found.
        if room.name in MERGED_ROOMS and not strict:
            objects.append(_host(below_root(room), plain, flags))
        else:
            objects += [_host(below_root(source), [source], flags) for source in plain]
    return objects


def architecture(source: Path) -> str:
    """Return the oldest architecture on which a kernel file runs.

    It is compute_75 unless one of the first lines says otherwise, as in ``// pmpp: arch=80``.
    """
    with source.open() as lines:
        head = "".join(line for line, _ in zip(lines, range(30), strict=False))
    asked = re.search(r"^//\s*pmpp:\s*arch=(\w+)\s*$", head, re.MULTILINE)
    return asked[1] if asked else OLDEST_ARCHITECTURE


def _machine_code() -> list[str]:
    """Return the GPUs that PMPP_CUDA_ARCHS names, such as ``80,90``."""
    named = os.environ.get("PMPP_CUDA_ARCHS", "").replace(",", " ").replace(";", " ").split()
    for name in named:
        if not re.fullmatch(r"\d{2,3}[af]?", name):
            raise BuildError(f"PMPP_CUDA_ARCHS names {name!r}; compute capabilities are expected, such as 80,90.")
    return named


def kernel_objects() -> list[Object]:
    """Return the objects that nvcc makes of cuda_src."""
    objects = []
    for source in sorted((ROOT / "cuda_src").rglob("*.cu")):
        oldest = architecture(source)
        targets = [f"-gencode=arch=compute_{oldest},code=compute_{oldest}"]
        for name in _machine_code():
            if int(name.rstrip("af")) >= int(oldest.rstrip("af")):
                targets.append(f"-gencode=arch=compute_{name},code=sm_{name}")
        strict = ("-Werror", "all-warnings", "-Xcompiler", "-Wextra,-Werror") if _strict() else ()
        objects.append(_nvcc(source, (*NVCC_FLAGS, *strict, *targets)))
    return objects


def _nvcc(source: Path, flags: tuple[str, ...]) -> Object:
    toolkit = find_toolkit()
    return Object(
        below_root(source),
        (source,),
        tool="nvcc",
        identity=("nvcc", toolkit.build, find_host_compiler().version, *flags),
        steps=lambda made, depfile: [
            toolkit.command(*flags, "-MD", "-MF", depfile, "-c", "-o", made, source.relative_to(ROOT))
        ],
    )


def cython_sources() -> list[Path]:
    """Return the Cython modules of the package."""
    return sorted((ROOT / "pmpp").rglob("*.pyx"))


@cache
def python_headers() -> Path:
    """Return the folder of Python.h."""
    folder = Path(sysconfig.get_path("include"))
    if not (folder / "Python.h").exists():
        name = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise BuildError(
            f"The headers of this Python ({sys.executable}, {name}) are missing: there is no {folder / 'Python.h'}. "
            f"Install them (Debian and Ubuntu: apt install python{name}-dev; Fedora: dnf install python{name}-devel), "
            f"or use a Python that has them, such as one from conda or uv."
        )
    return folder


def cython_objects() -> list[Object]:
    """Return the objects of the Cython modules: Cython and the C++ compiler in one go."""
    sources = cython_sources()
    return [_cython(source) for source in sources]


def _cython(source: Path) -> Object:
    import numpy

    compiler, toolkit, headers = find_host_compiler(), find_toolkit(), python_headers()
    includes = [f"-I{headers}", f"-I{numpy.get_include()}", f"-I{toolkit.include}"]
    module = ".".join(source.relative_to(ROOT).with_suffix("").parts)
    return Object(
        below_root(source),
        (source,),
        tool="cython",
        identity=("cython", version("cython"), numpy.__version__, sys.version, toolkit.build, compiler.version, *CYTHON_FLAGS),
        steps=lambda made, depfile: [
            [sys.executable, "-m", "cython", "-3", "--cplus", "--depfile", "--module-name", module, "-o",
             made.with_name("module.cpp"), below_root(source)],
            [compiler.path, *CYTHON_FLAGS, *includes, "-MD", "-MF", depfile, "-c", "-o", made, made.with_name("module.cpp")],
        ],
    )  # fmt: skip


def _shared(soname: str, *flags: str) -> list[str]:
    compiler = find_host_compiler()
    return [str(compiler.path), "-shared", f"-Wl,-soname,{soname}", "-Wl,--exclude-libs,ALL", *flags,
            *compiler.static_runtime_flags, "-pthread", "-ldl"]  # fmt: skip


def _link_simt(lib: Path, objects: list[Object]) -> None:
    """Link the software GPU twice: under its own names, and in the place of the CUDA runtime."""
    script = VERSION_SCRIPT
    text = script.read_text()
    twin = BUILD / "libcudart.so.13.map"
    renamed, count = re.subn(r"^[\w.]+(?=\s*\{)", "libcudart.so.13", text, flags=re.MULTILINE)
    if count != 1:
        raise BuildError(f"{below_root(script)} has {count} version nodes; the two links of the software GPU need one.")
    if not twin.exists() or twin.read_text() != renamed:
        twin.write_text(renamed)
    for name, versions in (("sim/libpmpp_simt.so", script), ("run/libcudart.so.13", twin)):
        command = _shared(Path(name).name, "-Wl,-z,defs", f"-Wl,--version-script={versions}")
        link(lib / name, command, [item.path for item in objects])


def _link_kernels(lib: Path, objects: list[Object]) -> None:
    """Link the kernels twice: on the software GPU, and on the CUDA runtime that comes with nvcc."""
    soname = "libpmpp_kernels.so"
    paths = [item.path for item in objects]
    simt = lib / "sim" / "libpmpp_simt.so"
    link(lib / "sim" / soname, _shared(soname, "-Wl,-z,defs", "-Wl,-rpath,$ORIGIN"), [*paths, simt])
    link(lib / "cuda" / soname, _shared(soname, "-Wl,-z,defs", *find_toolkit().static_runtime), paths)


def module_path(source: Path) -> Path:
    """Return where the library of a Cython module lies, relative to the folder of the package."""
    stem = source.relative_to(ROOT / "pmpp").with_suffix("")
    return stem.with_name(stem.name + sysconfig.get_config_var("EXT_SUFFIX"))


def outputs() -> list[Path]:
    """Return everything that a build makes, relative to the folder of the package."""
    return [
        *(Path("_lib", name) for name in ("sim/libpmpp_simt.so", "run/libcudart.so.13")),
        *(Path("_lib", name, "libpmpp_kernels.so") for name in ("sim", "cuda")),
        Path("_lib", "sources"),
        *(Path("_lib", "devices", path.name) for path in DEVICES.glob("*.toml")),
        *(module_path(source) for source in cython_sources()),
    ]


def build(package: Path, parts: tuple[str, ...] = PARTS) -> None:
    """Build what is not current.

    Parameters
    ----------
    package : Path
        The folder of the package that is filled: ``pmpp`` in the source tree, or its copy in a wheel.
    parts : tuple of str
        Of `PARTS`. The kernels need the software GPU, the Cython modules need the kernels.

    Raises
    ------
    BuildError, ToolkitError
        With one sentence that says what is missing, or with the compiler's messages.
    """
    digest_before = sources_digest(ROOT)
    simt, kernels, modules = simt_objects(), [], []
    if "kernels" in parts:
        kernels = kernel_objects()
    if "cython" in parts:
        modules = cython_objects()
    BUILD.mkdir(exist_ok=True)
    compile_all([*simt, *kernels, *modules])
    lib = package / "_lib"
    _link_simt(lib, simt)
    (lib / "devices").mkdir(exist_ok=True)
    for path in DEVICES.glob("*.toml"):
        shutil.copyfile(path, lib / "devices" / path.name)
    if kernels:
        _link_kernels(lib, kernels)
    for item in modules:
        kernels_library = lib / "sim" / "libpmpp_kernels.so"
        name = module_path(item.sources[0])
        link(package / name, _shared(name.name), [item.path, kernels_library])
    if package == ROOT / "pmpp" and "cython" in parts:
        current = {package / module_path(source) for source in cython_sources()}
        for left_over in set(package.rglob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}")) - current:
            left_over.unlink()
    if "cython" in parts:
        (lib / "sources").write_text(digest_before)


__all__ = ["PARTS", "BuildError", "ToolkitError", "build", "outputs"]
