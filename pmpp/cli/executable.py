"""What keeps a program that somebody else built from running on the software GPU, found before it is started."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pmpp import model
from pmpp._elf import MACHINES as PROCESSORS
from pmpp._elf import OBJECT, Elf, ElfError
from pmpp._runtime.device import LIBRARIES

RUNTIME = LIBRARIES / "run"
"""The folder of the software GPU that stands in for libcudart.so.13."""
STAND_IN = RUNTIME / "libcudart.so.13"
MADE_BY = "what nvcc -cudart shared makes"

_CUDART = re.compile(r"libcudart\b[^/]*?\.so(?:\.(\d+))?")
_CUDA_CALL = re.compile(r"(__)?cuda[A-Z]")
#: Libraries that call NVIDIA's driver themselves, past the runtime, with what their functions' names begin with.
_NVIDIA = re.compile(
    r"lib(cuda|cublas|nvblas|cudnn|cufft|curand|cusolver|cusparse|cutensor|cudss|npp|nvjpeg|nccl|nvshmem|cufile|cupti|nvidia-ml|"
    r"nvcuvid)(Lt|Mg|w|2k|_\w+|(?<=npp)[a-z]+)?\.so"
)
_PREFIXES = {"cuda": r"cu[A-Z]", "nvidia-ml": "nvml", "cufile": "cuFile", "nvcuvid": "cuvid"}
_SHOWN = 3

_CONTAINER, _LINKED, _PTX, _MACHINE_CODE = 0xBA55ED50, 2, 1, 2
_DEVICE_RUNTIME = b"cuda_device_runtime_cu"
_VARIANT_A, _VARIANT_F, _COMPRESSED = 0x100000, 0x200000, 0xA000


@dataclass(frozen=True)
class _Image:
    """One entry of a fatbinary."""

    kind: int
    arch: int
    variant: str

    def __str__(self) -> str:
        kind = {_PTX: "compute", _MACHINE_CODE: "sm"}.get(self.kind, "lto")
        return f"{kind}_{self.arch}{self.variant}"

    def runs_on(self, gpu: model.Device) -> bool:
        capability = 10 * gpu.capability[0] + gpu.capability[1]
        if self.kind != _PTX or self.arch > capability:
            return False
        return self.arch == capability if self.variant == "a" else not self.variant or self.arch // 10 == gpu.capability[0]


def objections(program: Path, gpu: model.Device, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence about each thing that would fail if a program were started on the software GPU, and the mend."""
    try:
        elf = Elf(program)
        if said := _no_program(elf):
            yield f"{program} {said}."
            return
        loaded = _loaded(elf, environment)
        files = [elf, *(Elf(path) for name, path in loaded.items() if path and not _NVIDIA.match(name) and path != STAND_IN)]
        for file in files:
            for said in (*_about_libraries(file), *_about_images(file, gpu)):
                yield f"{file.path} {said}."
        own = [file for file in files if not _CUDART.match(file.path.name)]
        for said in filter(None, (_about_place(own, loaded), _about_functions(own))):
            yield f"{program} {said}."
    except ElfError as failure:
        yield f"{program} {_not_elf(program) or failure}. Accepted are .cu files and {MADE_BY}."
    except OSError as failure:
        yield f"{program} cannot be read: {failure.strerror}."


def _not_elf(path: Path) -> str:
    """Say what a file is that is no ELF file; empty if it is one."""
    with path.open("rb") as file:
        head = file.read(256)
    if head.startswith(b"\x7fELF"):
        return ""
    if head.startswith(b"#!"):
        interpreter = head[2:].split(b"\n")[0].decode("utf-8", "replace").split()
        return f"is a script{f' for {interpreter[-1]}' if interpreter else ''}; give the program that it starts"
    if head.startswith(b"MZ"):
        return "is a program for Windows"
    return "is empty" if not head else "is not a program"


def _no_program(elf: Elf) -> str:
    """Say why an ELF file cannot be started here; empty if it can."""
    own = Elf(STAND_IN).machine
    if elf.machine != own or not elf.wide:
        made, here = (PROCESSORS.get(machine, f"another processor ({machine})") for machine in (elf.machine, own))
        return f"was made for {made}, and this machine is {here}: compile it here"
    if elf.kind == OBJECT:
        return "is an object file; link it to a program with nvcc -cudart shared"
    if elf.is_library:
        return "is a shared library; give the program that loads it"
    if not os.access(elf.path, os.X_OK):
        return f"is not executable. Run: chmod +x {elf.path}"
    if elf.loader is not None and not Path(elf.loader).exists():
        return f"needs {elf.loader} to be loaded, which is not there: it was made for another system; compile it here"
    return ""


def _loaded(elf: Elf, environment: Mapping[str, str]) -> dict[str, Path | None]:
    """Ask the program's own loader which libraries it would load from where; None where it finds nothing."""
    if elf.loader is None:
        return {}
    command = [elf.loader, "--list", str(elf.path.absolute())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    lines = re.findall(r"^\s+(?:(\S+) => (.+?)|(/.+?))(?: \(0x[0-9a-f]+\))?$", done.stdout, re.MULTILINE)
    return {name or Path(whole).name: None if where == "not found" else Path(where or whole) for name, where, whole in lines}


def _about_libraries(elf: Elf) -> Iterator[str]:
    """Say what is wrong with the CUDA runtime and the other libraries of NVIDIA that a file asks for."""
    imports = {symbol.name for symbol in elf.symbols(dynamic=True) if not symbol.defined}
    runtimes = [match for match in map(_CUDART.match, elf.needed) if match]
    linked_in = any(s.defined and s.name == "__cudaRegisterFatBinary" for s in elf.symbols(local=True))
    # Stripped it shows by device code that nothing registers. With -rdc=true a program of host code has some, too.
    if not runtimes and (linked_in or (elf.section(".nv_fatbin") and "__cudaRegisterFatBinary" not in imports)):
        yield (
            "has the CUDA runtime in it (nvcc does so without -cudart shared), and the software GPU cannot take its place there: "
            "link it again with nvcc -cudart shared"
        )
    for runtime in runtimes:
        name, major = runtime.string, runtime[1]
        if major and major != "13":
            yield f"needs {name}, of CUDA {major}, and the software GPU stands in for CUDA 13: compile it with nvcc 13"
    for name in elf.needed:
        if (library := _NVIDIA.match(name)) is None:
            continue
        stem = library[1]
        calls = sorted(symbol for symbol in imports if re.match(_PREFIXES.get(stem, stem), symbol))
        what = "is NVIDIA's driver" if stem == "cuda" else "calls NVIDIA's driver, past the CUDA runtime"
        if calls:
            yield (
                f"needs {name} (for {_some(calls)}), which {what}, and the software GPU has only the CUDA runtime: use calls of "
                "the runtime and kernels instead, or run it on an NVIDIA GPU"
            )
        else:
            yield f"needs {name}, which {what}, but calls nothing in it: link it without -l{name[3 : name.index('.so')]}"


def _about_place(files: Iterable[Elf], loaded: Mapping[str, Path | None]) -> str:
    """Say where the loader finds another CUDA runtime than the software GPU; empty if it does not."""
    found = loaded.get(STAND_IN.name)
    if found is None or found.resolve() == STAND_IN.resolve():
        return ""
    for file in files:
        origin = str(file.path.absolute().parent)
        folders = [folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for folder in file.rpath]
        if any(Path(folder).resolve() == found.parent.resolve() for folder in folders):
            return (
                f"would get {found} instead of the software GPU, by the DT_RPATH in {file.path}: link that again with "
                f"-Xlinker --enable-new-dtags, which makes it a DT_RUNPATH, or run: patchelf --remove-rpath {file.path}"
            )
    return f"would get {found} instead of the software GPU: take that out of LD_PRELOAD, or out of what it was linked with"


def _about_functions(files: Iterable[Elf]) -> str:
    """Say which functions of the runtime are called that exist nowhere; empty if all do."""
    called: set[str] = set()
    defined = {symbol.name for symbol in Elf(STAND_IN).symbols(dynamic=True) if symbol.defined}
    for file in files:
        for symbol in file.symbols(dynamic=True) if any(map(_CUDART.match, file.needed)) else ():
            if _CUDA_CALL.match(symbol.name) and not symbol.weak:
                (defined if symbol.defined else called).add(symbol.name)
    missing = sorted(called - defined)
    if not missing:
        return ""
    return f"calls {_some(missing)}, which CUDA 13.0 does not have: compile it with nvcc 13.0, or leave such calls out"


def _about_images(elf: Elf, gpu: model.Device) -> Iterator[str]:
    """Say which device code is there if none of it can run."""
    modules = _modules(elf.section(".nv_fatbin"))
    unlinked = _modules(elf.section("__nv_relfatbin"))
    versions = [version for _, version in struct.iter_unpack("<II16x", _whole(elf.section(".nvFatBinSegment"), 24))]
    if unlinked or len(versions) != len(modules):
        # Of -rdc=true: the software GPU links the units itself, and has the functions of NVIDIA's library for device code
        # itself; what nvcc linked stands among the modules, and is machine code or nothing.
        modules = _without(modules, versions.count(_LINKED) - modules.count([]), gpu)
        modules += _without(unlinked, _DEVICE_RUNTIME in elf.section("__nv_module_id"), gpu)
    else:  # without -rdc=true there is nothing in what nvcc linked, by which each program begins
        modules = [module for module, version in zip(modules, versions, strict=True) if version != _LINKED]
    modules = [module for module in modules if module]
    failing = [module for module in modules if not any(image.runs_on(gpu) for image in module)]
    if not failing:
        return
    images = {image for module in failing for image in module}
    part = "" if len(failing) == len(modules) else f" in {len(failing)} of its {len(modules)} modules"
    fitting = [twin for twin in (_Image(_PTX, image.arch, image.variant) for image in images) if twin.runs_on(gpu)]
    arch = max(fitting, key=lambda image: (image.arch, image.variant), default=_Image(_PTX, 75, ""))
    mend = f"compile it with nvcc -gencode arch={arch},code={arch}"
    ptx = [image for image in images if image.kind == _PTX]
    if not ptx:
        yield f"has{part} no PTX, only {_names(images)}, and the software GPU executes PTX: {mend}"
        return
    others = [key for key, other in model.devices().items() if all(any(i.runs_on(other) for i in module) for module in modules)]
    choice = f", or choose a GPU that runs it: PMPP_SIM_GPU={' or '.join(others)}" if others else ""
    yield (
        f"has{part} PTX for {_names(ptx)} only, and the GPU that is modelled, {gpu.name}, has compute capability "
        f"{gpu.capability[0]}.{gpu.capability[1]}: {mend}{choice}"
    )


def _without(modules: list[list[_Image]], count: int, gpu: model.Device) -> list[list[_Image]]:
    """Leave out so many modules that need not run: of those that cannot, the ones with the most images."""
    failing = [module for module in modules if not any(image.runs_on(gpu) for image in module)]
    left = sorted(failing, key=len)[: len(failing) - count] if count > 0 else failing
    return [module for module in modules if module not in failing] + left


def _modules(section: bytes) -> list[list[_Image]]:
    """Return the images of each container of a section, without machine code that can be seen to have no function."""
    found: list[list[_Image]] = []
    at = 0
    try:
        while len(section) - at >= 16:
            magic, version, header, size = struct.unpack_from("<IHHQ", section, at)
            if magic == 0:
                at += 8
                continue
            if magic != _CONTAINER or version != 1:
                raise ElfError("has device code in a form that is not known: compile it with nvcc 13.0")
            place, end = at + header, at + header + size
            found.append([])
            while place < end:
                kind, _, head, stored = struct.unpack_from("<HHIQ", section, place)
                (arch,), (flags,) = struct.unpack_from("<I", section, place + 28), struct.unpack_from("<Q", section, place + 40)
                code = section[place + head : place + head + stored]
                if kind != _MACHINE_CODE or flags & _COMPRESSED or b".text." in code:
                    found[-1].append(_Image(kind, arch, "a" if flags & _VARIANT_A else "f" if flags & _VARIANT_F else ""))
                place += max(head + stored, 1)
            if place != end or end > len(section):
                raise ElfError("has damaged device code: compile it again")
            at = (end + 7) & ~7
    except struct.error:
        raise ElfError("has damaged device code: compile it again") from None
    return found


def _whole(table: bytes, size: int) -> bytes:
    return table[: len(table) // size * size]


def _names(images: Iterable[_Image]) -> str:
    return ", ".join(str(image) for image in sorted(set(images), key=lambda image: (image.arch, image.variant)))


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
