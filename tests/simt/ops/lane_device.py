"""Runs instructions on the device in use: PTX kernels made of forms, loaded and launched through the CUDA runtime API.

The software GPU unless PMPP_DEVICE=cuda asks for a real one; the calls are the same.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from lane_forms import Form

PRESET = 0xA5A5A5A5A5A5A5A5
"""What results hold before the kernel runs."""


class Dim3(ctypes.Structure):
    """The runtime's dim3."""

    _fields_ = (("x", ctypes.c_uint), ("y", ctypes.c_uint), ("z", ctypes.c_uint))


def runtime_library() -> str:
    """The library whose runtime API is called."""
    if os.environ.get("PMPP_DEVICE") == "cuda":
        spec = importlib.util.find_spec("nvidia.cu13")
        for folder in spec.submodule_search_locations if spec else ():
            for found in Path(folder).glob("lib/libcudart.so.*"):
                return str(found)
        return "libcudart.so.13"
    if given := os.environ.get("PMPP_TEST_SIMT"):
        return given
    spec = importlib.util.find_spec("pmpp")
    folders = spec.submodule_search_locations if spec else [str(Path(__file__).parents[3] / "pmpp")]
    path = Path(next(iter(folders))) / "_lib" / "sim" / "libpmpp_simt.so"
    if not path.exists():
        pytest.fail(f"The software GPU is not built: there is no {path}.")
    return str(path)


FAULTS = {700, 702, 714, 715, 716, 717, 718, 719}
"""The error codes after which a process cannot use its GPU any more."""


class LoadError(Exception):
    """The device does not take this PTX."""


class Device:
    """One device, the default stream."""

    def __init__(self) -> None:
        self.real, self.lost = os.environ.get("PMPP_DEVICE") == "cuda", ""
        self._api = ctypes.CDLL(runtime_library())
        self._api.cudaGetErrorString.restype = ctypes.c_char_p
        self._api.cudaLaunchKernel.argtypes = [
            ctypes.c_void_p, Dim3, Dim3, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p,
        ]  # fmt: skip
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._call("cudaDeviceGetAttribute", ctypes.byref(major), 75, 0)
        self._call("cudaDeviceGetAttribute", ctypes.byref(minor), 76, 0)
        self.target = f"sm_{major.value}{minor.value}" + ("a" if major.value >= 9 else "")

    def _call(self, name: str, *arguments) -> None:
        code = getattr(self._api, name)(*arguments)
        if code:
            text = self._api.cudaGetErrorString(code).decode()
            if self.real and code in FAULTS:
                self.lost = self.lost or f"{name}: {text}"
            raise (LoadError if name.startswith("cudaLibrary") else RuntimeError)(f"{name}: {text}")

    def last_message(self) -> str:
        """What the software GPU said about the last call that failed."""
        self._api.pmpp_simt_last_message.restype = ctypes.c_char_p
        return self._api.pmpp_simt_last_message().decode()

    def launch(self, ptx: str, threads: int, block: int, source: np.ndarray, result: np.ndarray) -> None:
        """Run the kernel `lanes` with the addresses of both arrays; `result` is copied in and out."""
        source = np.ascontiguousarray(source)
        assert result.flags.c_contiguous
        library, kernel = ctypes.c_void_p(), ctypes.c_void_p()
        self._call("cudaLibraryLoadData", ctypes.byref(library), ptx.encode() + b"\0", None, None, 0, None, None, 0)
        try:
            self._call("cudaLibraryGetKernel", ctypes.byref(kernel), library, b"lanes")
            addresses = []
            for array in (source, result):
                address = ctypes.c_void_p()
                self._call("cudaMalloc", ctypes.byref(address), ctypes.c_size_t(max(array.nbytes, 8)))
                self._call("cudaMemcpy", address, array.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(array.nbytes), 1)
                addresses.append(address)
            parameters = (ctypes.c_void_p * 2)(*(ctypes.cast(ctypes.byref(a), ctypes.c_void_p) for a in addresses))
            grid = Dim3((threads + block - 1) // block, 1, 1)
            self._call("cudaLaunchKernel", kernel, grid, Dim3(block, 1, 1), parameters, 0, None)
            self._call("cudaDeviceSynchronize")
            self._call("cudaMemcpy", result.ctypes.data_as(ctypes.c_void_p), addresses[1], ctypes.c_size_t(result.nbytes), 2)
            for address in addresses:
                self._call("cudaFree", address)
        finally:
            self._call("cudaLibraryUnload", library)

    def run(self, forms: Sequence[Form], operands: Sequence[Sequence[Sequence[int]]], active: Sequence[bool] | None = None,
            block: int = 128) -> list[list[tuple[int, ...]] | None]:  # fmt: skip
        """Execute every form on its operands (one list a source, one value a thread) and return a list of results a form.

        With `active`, every instruction is guarded by that predicate. A form that the device does not take gives None.
        """
        threads = len(operands[0][0])
        sources = max(len(o) for o in operands)
        results = max(f.results for f in forms)
        source = np.zeros((len(forms) + 1, sources, threads), np.uint64)
        for i, values in enumerate(operands):
            for j, value in enumerate(values):
                source[i, j] = np.array(value, np.uint64)
        source[len(forms), 0] = 1 if active is None else np.array(active, np.uint64)
        result = np.full((len(forms), results, threads), PRESET, np.uint64)
        try:
            self.launch(kernel(self.target, forms, source.shape, result.shape, active is not None), threads, block, source, result)
        except LoadError:
            if len(forms) == 1:
                return [None]
            middle = len(forms) // 2
            return [*self.run(forms[:middle], operands[:middle], active, block),
                    *self.run(forms[middle:], operands[middle:], active, block)]  # fmt: skip
        return [list(zip(*(result[i, r].tolist() for r in range(f.results)), strict=True)) for i, f in enumerate(forms)]


def register(kind: str) -> str:
    """The register type that holds an operand."""
    kind = {"u8": "b32", "u5": "b32", "s6": "b32", "f16": "b16", "bf16": "b16"}.get(kind, kind)
    return "b32" if kind.endswith("x2") else kind


def kernel(target: str, forms: Sequence[Form], source_shape: tuple[int, ...], result_shape: tuple[int, ...], guarded: bool) -> str:
    """PTX of a kernel that loads the operands of each form, executes it and stores its results as 64-bit numbers."""
    lines = [
        ".version 9.0", f".target {target}", ".address_size 64",
        ".visible .entry lanes(.param .u64 source, .param .u64 result)", "{",
        ".reg .b64 %in, %out, %at, %wide;", ".reg .b32 %thread, %block, %size, %flag;", ".reg .pred %guard, %inside;",
        "mov.u32 %thread, %tid.x;", "mov.u32 %block, %ctaid.x;", "mov.u32 %size, %ntid.x;",
        "mad.lo.u32 %thread, %block, %size, %thread;", f"setp.ge.u32 %inside, %thread, {source_shape[2]};", "@%inside bra DONE;",
        "ld.param.u64 %in, [source];", "ld.param.u64 %out, [result];",
        "cvta.to.global.u64 %in, %in;", "cvta.to.global.u64 %out, %out;", "mul.wide.u32 %at, %thread, 8;",
        "add.s64 %in, %in, %at;", "add.s64 %out, %out, %at;",
        f"ld.global.b32 %flag, [%in+{8 * len(forms) * source_shape[1] * source_shape[2]}];", "setp.ne.s32 %guard, %flag, 0;",
    ]  # fmt: skip
    for i, form in enumerate(forms):
        names = [f"%x{i}_{j}" for j in range(len(form.operands))]
        for j, (name, kind) in enumerate(zip(names, form.operands, strict=True)):
            kind = register(kind)
            lines.append(f".reg .{kind} {name};")
            if j < form.results:
                if guarded:  # the old value is what inactive threads must keep
                    address = f"[%out+{8 * (i * result_shape[1] + j) * result_shape[2]}]"
                    lines.append(f"setp.ne.s32 {name}, %flag, %flag;" if kind == "pred" else f"ld.global.b{kind[1:]} {name}, {address};")
                continue
            address = f"[%in+{8 * (i * source_shape[1] + j - form.results) * source_shape[2]}]"
            if kind == "pred":
                lines += [f"ld.global.b32 %flag, {address};", f"setp.ne.s32 {name}, %flag, 0;"]
            else:
                lines.append(f"ld.global.b{kind[1:]} {name}, {address};")
        statements = [s.strip() for s in form.ptx(names).split(";") if s.strip()]
        lines += [("@%guard " if guarded else "") + s + ";" for s in statements]
        for j in range(form.results):
            address = f"[%out+{8 * (i * result_shape[1] + j) * result_shape[2]}]"
            kind = register(form.operands[j])
            lines.append(f"st.global.b64 {address}, 0;")
            if kind == "pred":
                lines += [f"selp.b32 %flag, 1, 0, {names[j]};", f"st.global.b32 {address}, %flag;"]
            else:
                lines.append(f"st.global.b{kind[1:]} {address}, {names[j]};")
    return "\n".join([*lines, "DONE:", "ret;", "}", ""])
