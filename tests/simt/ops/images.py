"""CUDA arrays, texture and surface objects through the runtime API, for the tests of the instructions that use them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

LAYERED, SURFACE, CUBEMAP, GATHER = 1, 2, 4, 8
"""Flags of arrays."""
ARRAY, MIPMAPPED = 0, 1
"""Types of resources."""
WRAP, CLAMP, MIRROR, BORDER = range(4)

WORDS = 14
"""Words of 32 bits a thread is given: its object, then its operands."""


class Format(ctypes.Structure):
    """The runtime's cudaChannelFormatDesc."""

    _fields_ = [(name, ctypes.c_int) for name in "xyzwf"]


class Extent(ctypes.Structure):
    """The runtime's cudaExtent, and cudaPos."""

    _fields_ = [(name, ctypes.c_size_t) for name in ("width", "height", "depth")]


class Pitched(ctypes.Structure):
    """The runtime's cudaPitchedPtr."""

    _fields_ = [("ptr", ctypes.c_void_p), *((name, ctypes.c_size_t) for name in ("pitch", "xsize", "ysize"))]


class Copy(ctypes.Structure):
    """The runtime's cudaMemcpy3DParms."""

    _fields_ = [
        ("src_array", ctypes.c_void_p), ("src_pos", Extent), ("src", Pitched),
        ("dst_array", ctypes.c_void_p), ("dst_pos", Extent), ("dst", Pitched),
        ("extent", Extent), ("kind", ctypes.c_int),
    ]  # fmt: skip


class Resource(ctypes.Structure):
    """The runtime's cudaResourceDesc over an array or a mipmapped array."""

    _fields_ = [("type", ctypes.c_int), ("handle", ctypes.c_void_p), ("rest", ctypes.c_char * 128)]


class How(ctypes.Structure):
    """The runtime's cudaTextureDesc."""

    _fields_ = [
        ("address", ctypes.c_int * 3), ("filter", ctypes.c_int), ("read", ctypes.c_int), ("srgb", ctypes.c_int),
        ("border", ctypes.c_uint * 4), ("normalized", ctypes.c_int), ("anisotropy", ctypes.c_uint),
        ("level_filter", ctypes.c_int), ("bias", ctypes.c_float), ("least", ctypes.c_float), ("greatest", ctypes.c_float),
        ("optimised", ctypes.c_int), ("seamless", ctypes.c_int),
    ]  # fmt: skip


class View(ctypes.Structure):
    """The runtime's cudaResourceViewDesc."""

    _fields_ = [
        ("format", ctypes.c_int), *((name, ctypes.c_size_t) for name in ("width", "height", "depth")),
        *((name, ctypes.c_uint) for name in ("first_level", "last_level", "first_layer", "last_layer")),
        ("reserved", ctypes.c_uint * 16),
    ]  # fmt: skip


class Images:
    """What a test makes on a device; `close` frees all of it."""

    def __init__(self, device) -> None:
        self._device, self.real = device, device.real
        self._made: list[tuple[str, object]] = []

    def call(self, name: str, *arguments) -> None:
        """Call a function of the runtime."""
        self._device._call(name, *arguments)

    @staticmethod
    def _format(texels: np.ndarray) -> Format:
        """The format of texels: their last axis is the channels."""
        bits = texels.dtype.itemsize * 8
        return Format(*(bits * (c < texels.shape[-1]) for c in range(4)), "iuf".index(texels.dtype.kind))

    @staticmethod
    def _extent(texels: np.ndarray, axes: str) -> Extent:
        """Of texels in (depth, height, width, channels), of which `axes` are given to the runtime: "1", "2", "3", "13"."""
        depth, height, width, _ = texels.shape
        return Extent(width, height if "2" in axes or axes == "3" else 0, depth if "3" in axes else 0)

    def _copy(self, array: ctypes.c_void_p, texels: np.ndarray, kind: int) -> None:
        depth, height, width, _ = texels.shape
        row = Pitched(texels.ctypes.data, texels.strides[1], width, height)
        ends = ((None, Extent(), row), (array, Extent(), Pitched()))
        first, second = ends if kind == 1 else ends[::-1]
        self.call("cudaMemcpy3D", ctypes.byref(Copy(*first, *second, Extent(width, height, depth), kind)))

    def array(self, texels: np.ndarray, axes: str, flags: int = 0) -> ctypes.c_void_p:
        """An array that holds the texels, in (depth, height, width, channels)."""
        texels = np.ascontiguousarray(texels)
        handle, format_ = ctypes.c_void_p(), self._format(texels)
        self.call("cudaMalloc3DArray", ctypes.byref(handle), ctypes.byref(format_), self._extent(texels, axes), flags)
        self._made.append(("cudaFreeArray", handle))
        self._copy(handle, texels, 1)
        return handle

    def read(self, array: ctypes.c_void_p, like: np.ndarray) -> np.ndarray:
        """What an array holds."""
        texels = np.empty_like(like)
        self._copy(array, texels, 2)
        return texels

    def mipmaps(self, levels: Sequence[np.ndarray], axes: str, flags: int = 0) -> ctypes.c_void_p:
        """A mipmapped array that holds the texels of every level."""
        handle, format_ = ctypes.c_void_p(), self._format(levels[0])
        place, extent = ctypes.byref(handle), self._extent(levels[0], axes)
        self.call("cudaMallocMipmappedArray", place, ctypes.byref(format_), extent, len(levels), flags)
        self._made.append(("cudaFreeMipmappedArray", handle))
        for number, texels in enumerate(levels):
            self._copy(self.level(handle, number), np.ascontiguousarray(texels), 1)
        return handle

    def level(self, mipmaps: ctypes.c_void_p, number: int) -> ctypes.c_void_p:
        """The array of a level."""
        level = ctypes.c_void_p()
        self.call("cudaGetMipmappedArrayLevel", ctypes.byref(level), mipmaps, number)
        return level

    def texture(self, handle: ctypes.c_void_p, how: How, kind: int = ARRAY, view: View | None = None) -> int:
        """A texture object."""
        number = ctypes.c_ulonglong()
        resource = Resource(kind, handle)
        place = ctypes.byref(view) if view else None
        self.call("cudaCreateTextureObject", ctypes.byref(number), ctypes.byref(resource), ctypes.byref(how), place)
        self._made.append(("cudaDestroyTextureObject", number))
        return number.value

    def surface(self, handle: ctypes.c_void_p, kind: int = ARRAY) -> int:
        """A surface object."""
        number = ctypes.c_ulonglong()
        resource = Resource(kind, handle)
        self.call("cudaCreateSurfaceObject", ctypes.byref(number), ctypes.byref(resource))
        self._made.append(("cudaDestroySurfaceObject", number))
        return number.value

    def run(self, statements: str, number: int, operands: np.ndarray, results: int) -> np.ndarray:
        """Run statements in as many threads as there are rows of operands, and return what each of them wrote.

        Operands are words of 32 bits: `%c0` to `%c11`, or `%f0` to `%f11`. `%object` is the object; `%d0` to `%d7` are results.
        """
        threads = len(operands)
        source = np.zeros((threads, WORDS), np.uint32)
        source[:, :2] = np.array([number], np.uint64).view(np.uint32)
        source[:, 2 : 2 + operands.shape[1]] = operands.view(np.uint32)
        result = np.full((threads, 8), 0xA5A5A5A5, np.uint32)
        loads = "\n".join(f"ld.global.b32 %c{k}, [%in+{8 + 4 * k}];\nmov.b32 %f{k}, %c{k};" for k in range(WORDS - 2))
        stores = "\n".join(f"st.global.b32 [%out+{4 * k}], %d{k};" for k in range(results))
        ptx = f"""
.version 9.0
.target {self._device.target}
.address_size 64
.visible .entry lanes(.param .u64 source, .param .u64 result)
{{
.reg .b64 %in, %out, %object, %wide, %w<4>; .reg .b32 %t, %c<16>, %d<8>; .reg .f32 %f<16>; .reg .b16 %h<4>; .reg .pred %p;
mov.u32 %t, %ctaid.x;
mov.u32 %c0, %ntid.x;
mov.u32 %c1, %tid.x;
mad.lo.u32 %t, %t, %c0, %c1;
ld.param.u64 %in, [source];
ld.param.u64 %out, [result];
setp.ge.u32 %p, %t, {threads};
@%p ret;
mul.wide.u32 %wide, %t, {4 * WORDS};
add.u64 %in, %in, %wide;
mul.wide.u32 %wide, %t, 32;
add.u64 %out, %out, %wide;
ld.global.u64 %object, [%in];
{loads}
{statements}
{stores}
ret;
}}
"""
        self._device.launch(ptx, threads, min(threads, 128), source.reshape(-1), result)
        return result[:, :results].copy()

    def close(self) -> None:
        """Free everything, the last first."""
        for name, handle in reversed(self._made):
            self.call(name, handle)


def how(address: int = CLAMP, **fields) -> How:
    """A description of sampling; what is not said is 0, and the greatest level is far away."""
    made = How(greatest=100)
    made.address[:] = [address] * 3
    for name, value in fields.items():
        if name == "border":
            made.border[:] = np.asarray(value, np.float32).view(np.uint32).tolist() if isinstance(value[0], float) else value
        else:
            setattr(made, name, value)
    return made
