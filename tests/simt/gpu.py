"""The software GPU through its C interface: what the tests of simt/ share."""

import ctypes
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def usual_build_only(reason):
    """Mark a test that cannot be run on a build with sanitizers, and say why."""
    return pytest.mark.skipif("PMPP_TEST_SIMT" in os.environ, reason=reason)


class CudaError(Exception):
    """A failed call: the error code and the sentence that goes with it."""

    def __init__(self, call, code, message):
        super().__init__(f"{call} returned {code}: {message}")
        self.code = code
        self.message = message


class Dim3(ctypes.Structure):
    """`dim3`."""

    _fields_ = [("x", ctypes.c_uint), ("y", ctypes.c_uint), ("z", ctypes.c_uint)]

    @classmethod
    def of(cls, value):
        """From a number or a tuple."""
        value = (value,) if isinstance(value, int) else tuple(value)
        return cls(*(*value, 1, 1, 1)[:3])


class Gpu:
    """One loaded libpmpp_simt.so."""

    def __init__(self, path):
        self.lib = ctypes.CDLL(os.fspath(path))
        self.lib.pmpp_simt_last_message.restype = ctypes.c_char_p
        for name in ("set_seed", "set_budget"):
            getattr(self.lib, f"pmpp_simt_{name}").argtypes = [ctypes.c_uint64]
        self.threads(2)

    def call(self, name, *args):
        """Call a function of the runtime; an error code becomes a CudaError."""
        code = getattr(self.lib, name)(*args)
        if code:
            raise CudaError(name, code, self.lib.pmpp_simt_last_message().decode())

    def threads(self, count):
        """Set the number of worker threads."""
        self.lib.pmpp_simt_set_threads(count)

    def seed(self, seed):
        """Set the seed of the schedule."""
        self.lib.pmpp_simt_set_seed(seed)

    def budget(self, warp_instructions):
        """Set the number of warp instructions after which a launch is stopped."""
        self.lib.pmpp_simt_set_budget(warp_instructions)

    def reset(self):
        """Forget the last error, which would fail later calls."""
        self.lib.cudaGetLastError()

    def array(self, data):
        """Copy an array to the device."""
        return Array(self, np.ascontiguousarray(data))

    def load(self, source, arch="75", options=()):
        """Compile CUDA C++ (or take PTX) and load it."""
        text = source if source.lstrip().startswith((".version", "//")) else compile_ptx(source, arch, tuple(options))
        return Library(self, text)


class Array:
    """Device memory with NumPy's shape and type."""

    def __init__(self, gpu, data):
        self.gpu, self.shape, self.dtype, self.nbytes = gpu, data.shape, data.dtype, data.nbytes
        pointer = ctypes.c_void_p()
        gpu.call("cudaMalloc", ctypes.byref(pointer), ctypes.c_size_t(max(data.nbytes, 1)))
        self.address = pointer.value
        self.set(data)

    def set(self, data):
        """Copy host data in."""
        data = np.ascontiguousarray(data, self.dtype)
        self.gpu.call("cudaMemcpy", ctypes.c_void_p(self.address), ctypes.c_void_p(data.ctypes.data),
                      ctypes.c_size_t(self.nbytes), 1)

    def get(self):
        """Copy out."""
        out = np.empty(self.shape, self.dtype)
        self.gpu.call("cudaMemcpy", ctypes.c_void_p(out.ctypes.data), ctypes.c_void_p(self.address),
                      ctypes.c_size_t(self.nbytes), 2)
        return out

    def __del__(self):
        self.gpu.lib.cudaFree(ctypes.c_void_p(self.address))


class Library:
    """A loaded module."""

    def __init__(self, gpu, ptx):
        self.gpu = gpu
        self.handle = ctypes.c_void_p()
        text = ptx.encode() + b"\0"
        gpu.call("cudaLibraryLoadData", ctypes.byref(self.handle), text, None, None, 0, None, None, 0)

    def launch(self, name, grid, block, *args, shared=0, cooperative=False):
        """Launch a kernel and wait. Arguments: Array, NumPy scalars, int (as 32 bits), float (as float32), bytes."""
        kernel = ctypes.c_void_p()
        self.gpu.call("cudaLibraryGetKernel", ctypes.byref(kernel), self.handle, name.encode())
        values = []
        for value in args:
            if isinstance(value, Array):
                values.append(ctypes.c_uint64(value.address))
            elif isinstance(value, np.generic):
                values.append((ctypes.c_char * value.nbytes).from_buffer_copy(value.tobytes()))
            elif isinstance(value, bytes):
                values.append((ctypes.c_char * len(value)).from_buffer_copy(value))
            elif isinstance(value, float):
                values.append(ctypes.c_float(value))
            else:
                values.append(ctypes.c_int32(value))
        pointers = (ctypes.c_void_p * max(len(values), 1))(*(ctypes.addressof(v) for v in values))
        call = "cudaLaunchCooperativeKernel" if cooperative else "cudaLaunchKernel"
        self.gpu.call(call, kernel, Dim3.of(grid), Dim3.of(block), pointers, ctypes.c_size_t(shared), None)
        self.gpu.call("cudaDeviceSynchronize")

    def unload(self):
        """Unload the module."""
        self.gpu.call("cudaLibraryUnload", self.handle)


@functools.cache
def compile_ptx(source, arch, options):
    """PTX of CUDA C++ source, as nvcc writes it. Kept in the temporary directory by content."""
    from pmpp import _toolkit

    nvcc = shutil.which("nvcc") or os.fspath(_toolkit.find_toolkit().nvcc)
    flags = ["-ptx", "-lineinfo", "-std=c++17", f"-arch=compute_{arch}", *options]
    key = hashlib.sha256("\0".join([source, nvcc, *flags]).encode()).hexdigest()[:24]
    folder = pathlib.Path(tempfile.gettempdir()) / f"pmpp-test-ptx-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    kept = folder / f"{key}.ptx"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as work:
            path = pathlib.Path(work) / "kernel.cu"
            path.write_text(source)
            command = [nvcc, *flags, os.fspath(path), "-o", f"{work}/kernel.ptx"]
            run = subprocess.run(command, capture_output=True, text=True, env=_toolkit.clean_environment())
            if run.returncode:
                raise RuntimeError(run.stderr)
            part = folder / f"{key}.{os.getpid()}"
            part.write_text(pathlib.Path(f"{work}/kernel.ptx").read_text())
            part.rename(kept)
    return kept.read_text()
