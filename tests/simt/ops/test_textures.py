"""The forms of tex, over linear and pitched memory; tests/simt/features/textures.cuh has filters, arrays and layers."""

import ctypes
import struct

import numpy as np
import pytest

WIDTH, HEIGHT = 8, 4
LINEAR, PITCHED = 2, 3
FORMS = {
    "tex.1d.v4.f32.s32": (LINEAR, "f32", "{{{x}}}", ""),
    "tex.1d.v4.s32.s32": (LINEAR, "s32", "{{{x}}}", ""),
    "tex.2d.v4.f32.f32": (PITCHED, "f32", "{{{fx}, {fy}}}", ""),
    "tex.2d.v4.u32.s32": (PITCHED, "u32", "{{{x}, {y}}}", ""),
    "tex.level.2d.v4.f32.f32": (PITCHED, "f32", "{{{fx}, {fy}}}", ", 0f00000000"),
}
"""Form: the resource, the type of a texel, its coordinates, what follows them."""


def kernel(target: str, form: str) -> str:
    """PTX in which a thread reads the texel of its number: channel x, and the sum of all four."""
    kind, coordinates, level = FORMS[form][1:]
    where = coordinates.format(x="%x", y="%y", fx="%fx", fy="%fy")
    register = "f32" if kind == "f32" else "b32"
    total = "add.f32" if kind == "f32" else "add.s32"
    column = f"and.b32 %x, %t, {WIDTH - 1};" if "2d" in form else "mov.b32 %x, %t;"
    return f"""
.version 9.0
.target {target}
.address_size 64
.visible .entry lanes(.param .u64 source, .param .u64 result)
{{
.reg .b64 %in, %out, %object, %wide; .reg .b32 %t, %x, %y; .reg .f32 %fx, %fy; .reg .{register} %a, %b, %c, %d;
mov.u32 %t, %tid.x;
ld.param.u64 %in, [source];
ld.param.u64 %out, [result];
ld.global.u64 %object, [%in];
{column}
shr.u32 %y, %t, 3;
cvt.rn.f32.u32 %fx, %x;
cvt.rn.f32.u32 %fy, %y;
{form} {{%a, %b, %c, %d}}, [%object, {where}]{level};
{total} %b, %b, %c;
{total} %b, %b, %d;
mul.wide.u32 %wide, %t, 8;
add.u64 %out, %out, %wide;
st.global.{register} [%out], %a;
st.global.{register} [%out+4], %b;
ret;
}}
"""


@pytest.fixture
def texels(device):
    """Memory of four channels a texel, and a function that makes an object over it."""
    memory, objects = ctypes.c_void_p(), []
    values = np.arange(WIDTH * HEIGHT * 4, dtype=np.uint32)
    device._call("cudaMalloc", ctypes.byref(memory), ctypes.c_size_t(values.nbytes))

    def make(resource: int, kind: str) -> tuple[int, np.ndarray]:
        data = values.astype(np.float32) if kind == "f32" else values
        device._call("cudaMemcpy", memory, data.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(data.nbytes), 1)
        desc = struct.pack("5i4x", 32, 32, 32, 32, ("s32", "u32", "f32").index(kind))
        sizes = struct.pack("Q", data.nbytes) if resource == LINEAR else struct.pack("3Q", WIDTH, HEIGHT, 16 * WIDTH)
        plain = struct.pack("i4xQ", resource, memory.value) + desc + sizes
        how = struct.pack("6i4fiIi3f2i", 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        number = ctypes.c_ulonglong()
        device._call("cudaCreateTextureObject", ctypes.byref(number), plain.ljust(144, b"\0"), how, None)
        objects.append(number)
        return number.value, data.reshape(-1, 4)

    yield make
    for number in objects:
        device._call("cudaDestroyTextureObject", number)
    device._call("cudaFree", memory)


@pytest.mark.parametrize("form", FORMS)
def test_texture(device, texels, form):
    resource, kind = FORMS[form][:2]
    number, expected = texels(resource, kind)
    result = np.zeros(WIDTH * HEIGHT, np.uint64)
    device.launch(kernel(device.target, form), len(result), len(result), np.array([number], np.uint64), result)
    got = result.view(expected.dtype).reshape(-1, 2)
    assert (got[:, 0] == expected[:, 0]).all()
    assert (got[:, 1] == expected[:, 1:].sum(axis=1)).all()


def test_what_is_no_texture_is_an_error(device):
    if device.real:
        pytest.skip("A real GPU does not survive this.")
    with pytest.raises(RuntimeError):
        device.launch(kernel(device.target, "tex.2d.v4.f32.f32"), 1, 1, np.array([12345], np.uint64), np.zeros(1, np.uint64))
    device._api.cudaGetLastError()
