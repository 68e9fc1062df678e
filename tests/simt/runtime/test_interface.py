"""The interface itself: names, structures, error codes, the generated tables, the private functions."""

import ctypes
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gpu import usual_build_only

from pmpp._toolkit import clean_environment, find_host_compiler, find_toolkit

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LIB = ROOT / "pmpp" / "_lib"
LINKS = {"PMPP_SIMT_1": LIB / "sim" / "libpmpp_simt.so", "libcudart.so.13": LIB / "run" / "libcudart.so.13"}

_spec = importlib.util.spec_from_file_location("runtime_calls", ROOT / "docs" / "runtime_calls.py")
calls = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(calls)


def exports(library):
    """Exported name -> symbol version, as the dynamic symbol table has them."""
    command = ["nm", "-D", "--defined-only", "--with-symbol-versions", str(library)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r" [TDBRVW] (\w+)@@?(\S+)", output))


@pytest.mark.parametrize("node", LINKS)
def test_every_name_is_exported_under_its_version(node):
    found = exports(LINKS[node])
    assert set(found.values()) == {node}
    assert {name for name in found if not name.startswith("pmpp_simt_")} == set(calls.read_names())


def test_soname():
    for library in LINKS.values():
        output = subprocess.run(["readelf", "-d", str(library)], capture_output=True, text=True, check=True).stdout
        assert f"soname: [{library.name}]" in output


def test_names_are_those_of_the_toolkit():
    assert calls.read_names() == calls.toolkit_names(find_toolkit().lib / "libcudart.so.13")


def test_every_call_of_the_header_is_exported(tmp_path):
    (tmp_path / "all.c").write_text("#include <cuda_runtime_api.h>\n")
    command = [find_host_compiler().path, "-E", "-P", "-x", "c", f"-I{find_toolkit().include}", tmp_path / "all.c"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, env=clean_environment()).stdout
    declared = set(re.findall(r"cudaError_t\s+(cuda\w+)\s*\(", text))
    assert len(declared) > 250
    assert declared <= set(exports(LINKS["PMPP_SIMT_1"]))


def test_tables_are_current():
    assert calls.unsupported_table() == calls.UNSUPPORTED.read_text()
    assert calls.page() == calls.PAGE.read_text()


def test_structures_have_the_toolkits_layout():
    command = [find_host_compiler().path, "-std=c++20", "-fsyntax-only", f"-I{ROOT}", f"-I{find_toolkit().include}", HERE / "abi.cpp"]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_environment())
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def runtime():
    library = ctypes.CDLL(str(LINKS["PMPP_SIMT_1"]))
    for name in ("cudaGetErrorName", "cudaGetErrorString", "pmpp_simt_last_message", "pmpp_simt_device_name", "pmpp_simt_isa"):
        getattr(library, name).restype = ctypes.c_char_p
    return library


def test_error_codes_have_the_toolkits_names(runtime):
    header = (find_toolkit().include / "driver_types.h").read_text()
    body = re.search(r"enum __device_builtin__ cudaError\b(.*?)\n\};", header, re.DOTALL).group(1)
    codes = re.findall(r"^\s*(cuda\w+)\s*=\s*(\d+)", body, re.MULTILINE)
    assert len(codes) > 130
    for name, code in codes:
        assert runtime.cudaGetErrorName(int(code)).decode() == name
        assert runtime.cudaGetErrorString(int(code)) != b"unrecognized error code"
    assert runtime.cudaGetErrorName(12345) == b"unrecognized error code"


def test_unsupported_call_says_its_name_once(runtime, capfd):
    handle = (ctypes.c_char * 64)()
    for _ in range(2):
        assert runtime.cudaIpcGetMemHandle(handle, None) == 801
    message = "cudaIpcGetMemHandle is not implemented by the software GPU; it returns cudaErrorNotSupported."
    assert runtime.pmpp_simt_last_message().decode() == message
    assert capfd.readouterr().err == f"pmpp: {message}\n"
    assert runtime.cudaGetLastError() == 801
    assert runtime.cudaGetLastError() == 0


def test_versions_and_name(runtime):
    version = ctypes.c_int()
    for call in (runtime.cudaRuntimeGetVersion, runtime.cudaDriverGetVersion):
        assert call(ctypes.byref(version)) == 0
        assert version.value == 13000
    assert runtime.pmpp_simt_version() == 1
    assert runtime.pmpp_simt_device_name().startswith(b"Software GPU (")
    assert runtime.pmpp_simt_isa() in (b"v2", b"v3", b"v4", b"generic")


class Counters(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in
                ("launches", "h2d_copies", "h2d_bytes", "d2h_copies", "d2h_bytes", "d2d_copies", "d2d_bytes")]  # fmt: skip


def test_counters(runtime):
    pointer = ctypes.c_void_p()
    data = (ctypes.c_char * 100)()
    assert runtime.cudaMalloc(ctypes.byref(pointer), ctypes.c_size_t(100)) == 0
    runtime.pmpp_simt_reset_counters()
    for size in (100, 30):
        assert runtime.cudaMemcpy(pointer, data, ctypes.c_size_t(size), 1) == 0
    assert runtime.cudaMemcpy(data, pointer, ctypes.c_size_t(7), 2) == 0
    assert runtime.cudaMemcpy(pointer, pointer, ctypes.c_size_t(5), 3) == 0
    counters = Counters()
    runtime.pmpp_simt_read_counters(ctypes.byref(counters))
    assert [getattr(counters, name) for name, _ in Counters._fields_] == [0, 2, 130, 1, 7, 1, 5]
    assert runtime.cudaFree(pointer) == 0


@usual_build_only("Sanitizers take memory of their own.")
def test_half_of_a_limit_of_data_is_left_to_others():
    """Whatever the machine has free: the checkers and the program itself need memory too."""
    code = (
        "import ctypes, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (1 << 30,) * 2)\n"
        "gpu = ctypes.CDLL(sys.argv[1])\n"
        "free, total = ctypes.c_size_t(), ctypes.c_size_t()\n"
        "assert gpu.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total)) == 0\n"
        "print(total.value)"
    )
    done = subprocess.run([sys.executable, "-c", code, LINKS["PMPP_SIMT_1"]], capture_output=True, text=True, check=True)
    assert 256 << 20 < int(done.stdout) <= 512 << 20
