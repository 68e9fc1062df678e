"""Fatbinaries: what nvcc writes in every mode, the choice of PTX, damaged bytes, programs on disk."""

import ctypes
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from pmpp._toolkit import clean_environment, find_toolkit

SOURCE = Path(__file__).parents[1] / "sources" / "control_flow.cu"
PTX, MACHINE_CODE = 1, 2


def gencode(*pairs):
    return [f"-gencode=arch=compute_{virtual},code={code}" for virtual, code in pairs]


def entry(kind=PTX, arch=75, payload=b".version 9.0\n\0\0\0", flags=0x11, compressed=0, uncompressed=0, version=0x101, name=b""):
    """One entry of a fatbinary, laid out by hand."""
    header = 64 + (len(name) + 7) // 8 * 8
    fields = struct.pack(
        "<HHIQIIHHIIIQQQ", kind, version, header, len(payload), compressed, 0, 0, 9 if kind == PTX else 1, arch,
        64 if name else 0, len(name), flags, 0, uncompressed,
    )  # fmt: skip
    assert len(fields) == 64
    return fields + name.ljust(header - 64, b"\0") + payload


def container(*entries):
    body = b"".join(entries)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


COMPRESSIONS = [
    (("--no-compress",), "none"),
    ((), "zstd"),
    (("--compress-mode=speed",), "lz4"),
    (("--compress-mode=size",), "zstd"),
    (("--compress-mode=balance",), "zstd"),
]


@pytest.mark.parametrize(("flags", "compression"), COMPRESSIONS, ids=lambda value: str(value))
def test_every_compression_gives_the_same_text(flags, compression, front_end, nvcc_output):
    path = nvcc_output(SOURCE, "-fatbin", *gencode((75, "compute_75")), *flags)
    read = front_end.fatbin(path, 90)
    ((found,),) = read["containers"]
    assert (found["kind"], found["arch"], found["ptx_version"], found["compression"]) == (PTX, "compute_75", 90, compression)
    (text,) = read["ptx"]
    plain = front_end.fatbin(nvcc_output(SOURCE, "-fatbin", *gencode((75, "compute_75")), "--no-compress"), 90)["ptx"][0]
    assert text == plain
    assert text.lstrip().startswith(".version 9.0")
    assert text.rstrip().endswith("}")
    assert "error" not in front_end.parse(text)


def test_all_kinds_are_listed(front_end, nvcc_output):
    codes = gencode((75, "[compute_75,sm_75]"), ("90a", "[compute_90a,sm_90a]"), ("100f", "compute_100f"))
    read = front_end.fatbin(nvcc_output(SOURCE, "-fatbin", "-lineinfo", *codes), 90)
    ((*entries,),) = read["containers"]
    assert sorted((e["kind"], e["arch"]) for e in entries) == [
        (PTX, "compute_100f"), (PTX, "compute_75"), (PTX, "compute_90a"), (MACHINE_CODE, "sm_75"), (MACHINE_CODE, "sm_90a")
    ]  # fmt: skip
    assert {Path(e["name"]).name for e in entries} == {"control_flow.cu"}
    assert ".target sm_90a" in read["ptx"][0]


def test_debug_builds_are_marked(front_end, nvcc_output):
    read = front_end.fatbin(nvcc_output(SOURCE, "-fatbin", "-G", *gencode((75, "compute_75"))), 75)
    assert read["containers"][0][0]["debug"]


A, F = 0x100000, 0x200000
CHOICES = [
    # entries (architecture, flags), capability, chosen
    ([(75, 0), (80, 0), (90, 0)], 75, "compute_75"),
    ([(75, 0), (80, 0), (90, 0)], 86, "compute_80"),
    ([(90, 0), (80, 0), (75, 0)], 90, "compute_90"),
    ([(75, 0), (90, A)], 90, "compute_90a"),
    ([(90, A), (90, 0)], 90, "compute_90a"),
    ([(90, 0), (90, A)], 90, "compute_90a"),
    ([(75, 0), (90, A)], 100, "compute_75"),
    ([(75, 0), (90, A)], 89, "compute_75"),
    ([(75, 0), (100, F)], 103, "compute_100f"),
    ([(100, 0), (100, F), (100, A)], 100, "compute_100a"),
    ([(100, 0), (100, F), (100, A)], 103, "compute_100f"),
    ([(75, 0), (100, F)], 120, "compute_75"),
    ([(75, 0), (103, F)], 100, "compute_75"),
    ([(120, 0), (121, F)], 121, "compute_121f"),
]


@pytest.mark.parametrize(("entries", "capability", "chosen"), CHOICES)
def test_choice_of_ptx(entries, capability, chosen, front_end):
    def name(arch, flags):
        return f"compute_{arch}{'a' if flags == A else 'f' if flags == F else ''}"

    content = container(*(entry(arch=arch, flags=0x11 | flags, payload=name(arch, flags).encode() + b"\0") for arch, flags in entries))
    read = front_end.fatbin(content, capability)
    assert [e["arch"] for e in read["containers"][0]] == [name(*e) for e in entries]
    assert read["ptx"] == [chosen]


def test_machine_code_alone_is_refused_with_the_mend(front_end, nvcc_output):
    read = front_end.fatbin(nvcc_output(SOURCE, "-fatbin", *gencode((80, "sm_80"), (90, "sm_90"))), 90)
    assert read["ptx_error"] == (
        "the program has only machine code (sm_80, sm_90) and no PTX, which the software GPU needs; compile with "
        "nvcc -gencode arch=compute_75,code=compute_75 or another architecture up to 90"
    )


def test_ptx_of_newer_devices_is_refused(front_end):
    error = front_end.fatbin(container(entry(arch=100), entry(arch=90, flags=0x11 | A)), 89)["ptx_error"]
    assert error.startswith("the program has PTX for compute_100, compute_90a only, which a device of compute capability 8.9 cannot run")
    assert "empty" in front_end.fatbin(container(), 90)["ptx_error"]


def test_modules_without_fitting_ptx_are_passed_over_and_named(front_end, tmp_path):
    machine_code = container(entry(kind=MACHINE_CODE, arch=80, payload=b"\x7fELF"))
    wrapper = Wrapper(container(), machine_code, container(entry(payload=b"text\0")))
    read = front_end.wrapper(ctypes.addressof(wrapper.fields), 90)
    assert len(read["containers"]) == 3
    assert read["ptx"] == ["text"]
    assert ["only machine code (sm_80)" in why for why in read["skipped"]] == [True]


# ---- wrappers ---------------------------------------------------------------------------------------------------------


class Wrapper:
    """A wrapper in memory, as __cudaRegisterFatBinary gets it."""

    class Fields(ctypes.Structure):
        _fields_ = (("magic", ctypes.c_uint32), ("version", ctypes.c_uint32), ("data", ctypes.c_void_p), ("more", ctypes.c_void_p))

    def __init__(self, first, *linked, magic=0x466243B1, version=None):
        self.contents = [ctypes.create_string_buffer(content, len(content)) for content in (first, *linked)]
        addresses = [ctypes.addressof(content) for content in self.contents]
        self.list = (ctypes.c_void_p * len(addresses))(*addresses[1:], None)
        more = ctypes.addressof(self.list) if linked else None
        self.fields = self.Fields(magic, version or (2 if linked else 1), addresses[0], more)


def test_wrapper_of_one_module(front_end):
    wrapper = Wrapper(container(entry(payload=b"text\0")))
    assert front_end.wrapper(ctypes.addressof(wrapper.fields), 90)["ptx"] == ["text"]


def test_wrapper_of_linked_modules(front_end):
    wrapper = Wrapper(container(), container(entry(payload=b"one\0")), container(entry(payload=b"two\0")))
    assert front_end.wrapper(ctypes.addressof(wrapper.fields), 90)["ptx"] == ["one", "two"]
    linked = Wrapper(container(entry(payload=b"all\0")), container(entry(payload=b"one\0")))
    assert front_end.wrapper(ctypes.addressof(linked.fields), 90)["ptx"] == ["all"]


def test_what_is_no_wrapper_is_refused(front_end):
    wrong = Wrapper(container(), magic=1)
    assert "magic number" in front_end.wrapper(ctypes.addressof(wrong.fields), 90)["error"]
    assert "version 1 or 2" in front_end.wrapper(ctypes.addressof(Wrapper(container(), version=3).fields), 90)["error"]
    assert "null pointer" in front_end.wrapper(None, 90)["error"]


# ---- damaged bytes ----------------------------------------------------------------------------------------------------

GOOD = container(entry(), entry(kind=MACHINE_CODE, payload=b"\x7fELF1234"))
DAMAGED = [
    (b"", "does not begin with its magic number"),
    (b"hello, world, hello", "does not begin with its magic number"),
    (GOOD[:4] + b"\2" + GOOD[5:], "has version 2, expected 1"),
    (GOOD[:-1], "are there in all"),
    (GOOD[:8] + b"\xff" * 8 + GOOD[16:], "claims 18446744073709551615 bytes"),
    (GOOD[:6] + b"\0\0" + GOOD[8:], "behind a header of 0"),
    (container(entry() + b"\0" * 8), "the entry at byte 96 is cut off"),
    (container(entry(version=0x202)), "has version 514, expected 257"),
    (container(entry()[:4] + b"\x08\0\0\0" + entry()[8:]), "has a header of 8 bytes"),
    (container(entry()[:4] + b"\xff\xff\0\0" + entry()[8:]), "has a header of 65535 bytes"),
    (container(entry()[:8] + b"\xff" * 8 + entry()[16:]), "claims 18446744073709551615 bytes, 16 are there"),
    (container(entry(compressed=500)), "more compressed bytes than bytes"),
    (container(entry()[:32] + struct.pack("<II", 64, 900) + entry()[40:]), "has a name outside of its header"),
    (b"\x7fELF", "its header is cut off"),
    (b"\x7fELF" + b"\1\1" + b"\0" * 60, "not a 64-bit little-endian one"),
]


@pytest.mark.parametrize(("content", "message"), DAMAGED, ids=[message for _, message in DAMAGED])
def test_damage_is_named(content, message, front_end):
    assert message in front_end.fatbin(content, 90)["error"]


@pytest.mark.parametrize(("flags", "name"), [(0x8011, "zstd"), (0x2011, "LZ4")])
def test_payloads_that_do_not_decompress(flags, name, front_end):
    content = container(entry(flags=flags, payload=b"not compressed..", compressed=14, uncompressed=100))
    assert f"does not decompress with {name} to 100 bytes" in front_end.fatbin(content, 90)["ptx_error"]


def test_absurd_sizes_are_not_allocated(front_end):
    content = container(entry(flags=0x8011, compressed=10, uncompressed=1 << 60))
    assert "claims 1152921504606846976 bytes uncompressed; at most 64 MiB are read" in front_end.fatbin(content, 90)["ptx_error"]


def test_unknown_compression_is_an_error(front_end):
    assert "compressed in an unknown way" in front_end.fatbin(container(entry(compressed=10)), 90)["ptx_error"]


def test_missing_decompressor_is_one_sentence(front_end, tmp_path):
    """The loader is made to find a broken libzstd first; nothing else of the process changes."""
    (tmp_path / "libzstd.so.1").write_bytes(b"no library")
    (tmp_path / "bytes").write_bytes(container(entry(flags=0x8011, compressed=10, uncompressed=100)))
    code = (
        "import ctypes, sys; library = ctypes.CDLL(sys.argv[1]); dump = library.simt_fatbin_dump_file;"
        "dump.restype = ctypes.c_char_p; print(dump(sys.argv[2].encode(), 90).decode())"
    )
    command = [sys.executable, "-I", "-S", "-c", code, front_end.path, tmp_path / "bytes"]
    environment = clean_environment() | {"LD_LIBRARY_PATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "the PTX is compressed and needs libzstd.so.1, which is not installed; install libzstd1" in done.stdout
    assert "or compile with nvcc --no-compress" in done.stdout


# ---- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """An executable of relocatable code, a shared library and an object."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "one.cu").write_text(
        "extern __device__ int two(int);\n__global__ void kernel(int* a) { a[0] = two(a[1]); }\n"
        "int main() { kernel<<<1, 1>>>(nullptr); return 0; }\n"
    )
    (folder / "two.cu").write_text("__device__ int two(int x) { return 2 * x; }\n")
    (folder / "alone.cu").write_text("__global__ void alone(int* a) { a[0] = 1; }\nvoid run() { alone<<<1, 1>>>(nullptr); }\n")
    toolkit = find_toolkit()
    runtime = ["-cudart", "none", "-cudadevrt", "none", "-Xlinker", "--unresolved-symbols=ignore-all"]
    target = gencode((75, "compute_75"))
    for arguments in (
        ["-rdc=true", "one.cu", "two.cu", "-o", "linked"],
        ["-shared", "-Xcompiler", "-fPIC", "alone.cu", "-o", "library.so"],
        ["-c", "alone.cu", "-o", "alone.o"],
        ["-c", "-rdc=true", "two.cu", "-o", "two.o"],
    ):
        command = toolkit.command(*target, *([] if "-c" in arguments else runtime), *arguments)
        done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize(
    ("name", "functions"),
    [("linked", ["_Z6kernelPi", "_Z3twoi"]), ("library.so", ["_Z5alonePi"]), ("alone.o", ["_Z5alonePi"]), ("two.o", ["_Z3twoi"])],
)
def test_programs_on_disk(name, functions, programs, front_end):
    texts = front_end.fatbin(programs / name, 90)["ptx"]
    defined = [f["name"] for text in texts for f in front_end.parse(text)["functions"] if not f["is_declaration"]]
    assert defined == functions


def test_program_without_device_code(front_end):
    read = front_end.fatbin(Path(shutil.which("true")), 90)
    assert read["containers"] == []
    assert read["ptx_error"] == "the program has no device code"


def test_files_that_cannot_be_read(front_end, tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello" * 10)
    assert re.fullmatch("cannot read .*missing: No such file or directory", front_end.fatbin(tmp_path / "missing", 90)["error"])
    assert front_end.fatbin(tmp_path, 90)["error"].endswith("it is no regular file")
    assert front_end.fatbin(tmp_path / "empty", 90)["error"].endswith("it is empty")
    assert "no fatbinary" in front_end.fatbin(tmp_path / "text", 90)["error"]


def test_every_prefix_of_a_program_is_read_or_refused(programs, front_end):
    content = (programs / "two.o").read_bytes()
    whole = front_end.fatbin(content, 90)
    for size in range(0, len(content), 7):
        read = front_end.fatbin(content[:size], 90)
        assert "error" in read or read == whole or read["containers"] == []
