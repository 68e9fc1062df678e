"""suld, sust and sured on CUDA arrays of every shape, beside NumPy: types, vectors, and what happens beyond the edges."""

import ctypes
import itertools

import numpy as np
import pytest
from images import CUBEMAP, LAYERED, SURFACE, Format, Images, Resource, how

SHAPES = {
    "1d": ("1", (1, 1, 12), 0),
    "2d": ("2", (1, 5, 12), 0),
    "3d": ("3", (4, 5, 12), 0),
    "a1d": ("13", (7, 1, 12), LAYERED),
    "a2d": ("23", (3, 5, 12), LAYERED),
    "a2d of a cube": ("23", (6, 12, 12), CUBEMAP),
    "a2d of cubes": ("23", (12, 12, 12), CUBEMAP | LAYERED),
}
"""Geometry: the axes that the array is made with, its depth, height and width in elements of 16 bytes, its flags."""
PLACES = {"1d": "{%c0}", "2d": "{%c0, %c1}", "3d": "{%c0, %c1, %c2, %c2}", "a1d": "{%c2, %c0}", "a2d": "{%c2, %c0, %c1, %c1}"}
TYPES = [(bits, count) for bits, count in itertools.product((8, 16, 32, 64), (1, 2, 4)) if bits * count <= 128]
BOUNDARIES = ("trap", "clamp", "zero")
THREADS = 96


@pytest.fixture
def images(device):
    made = Images(device)
    yield made
    made.close()


def names(bits: int, count: int) -> list[str]:
    """The registers of the elements."""
    return [f"%{'w' if bits == 64 else 'd' if bits == 32 else 'h'}{k}" for k in range(count)]


def words(bits: int, count: int, load: bool) -> str:
    """PTX that brings the elements to %d0 to %d7 after a load, or from %c3 to %c10 before a store: two words each."""
    lines = []
    for k, name in enumerate(names(bits, count)):
        low, high = (f"%d{2 * k}", f"%d{2 * k + 1}") if load else (f"%c{3 + 2 * k}", f"%c{4 + 2 * k}")
        if bits == 64:
            lines.append(f"mov.b64 {{{low}, {high}}}, {name};" if load else f"mov.b64 {name}, {{{low}, {high}}};")
        elif bits == 32:
            lines.append(f"mov.b32 {high}, 0;" if load else f"mov.b32 {name}, {low};")
        else:
            lines.append(f"cvt.u32.u16 {low}, {name}; mov.b32 {high}, 0;" if load else f"cvt.u16.u32 {name}, {low};")
    lines = lines if bits != 32 or not load else [f"mov.b32 %d{2 * k}, %d{k}; mov.b32 %d{2 * k + 1}, 0;" for k in reversed(range(count))]
    return "\n".join(lines)


def image(shape: str) -> np.ndarray:
    """Random texels of 16 bytes."""
    return np.random.default_rng(5).integers(0, 1 << 32, (*SHAPES[shape][1], 4), np.uint32)


def places(shape: str, size: int, boundary: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Byte, row and slice of every thread; those of the bytes that are meant; whether they exist."""
    rng = np.random.default_rng(size)
    depth, height, width = SHAPES[shape][1]
    ends = np.array([width * 16 // size, height, depth])
    inside = boundary == "trap"
    at = rng.integers(0 if inside else -2, ends + (0 if inside else 2), (THREADS, 3))
    used = np.array([True, "2d" in shape or "3d" in shape, "3d" in shape or shape.startswith("a")])
    at = np.where(used, at, 0)
    if shape.startswith("a"):
        at[:, 2] = np.abs(at[:, 2])   # layers have no sign
    there = ((at >= 0) & (at < ends)).all(axis=1)
    meant = np.clip(at, 0, ends - 1)
    return at * [size, 1, 1], meant * [size, 1, 1], there


def place(shape: str) -> str:
    """The coordinates, as PTX writes them."""
    return f"[%object, {PLACES[shape.split()[0]]}]"


@pytest.mark.parametrize("shape", SHAPES)
def test_load(images, shape):
    texels = image(shape)
    rows = texels.view(np.uint8).reshape(*texels.shape[:2], -1)
    number = images.surface(images.array(texels, SHAPES[shape][0], SURFACE | SHAPES[shape][2]))
    for (bits, count), boundary in itertools.product(TYPES, BOUNDARIES):
        size = bits // 8 * count
        at, meant, there = places(shape, size, boundary)
        form = f"suld.b.{shape.split()[0]}{f'.v{count}' * (count > 1)}.b{bits}.{boundary}"
        text = f"{form} {{{', '.join(names(bits, count))}}}, {place(shape)};\n" + words(bits, count, True)
        got = images.run(text, number, at.astype(np.int32), 2 * count).reshape(THREADS, count, 2)
        expected = np.array([rows[z, y, x : x + size] for x, y, z in meant])
        if boundary == "zero":
            expected[~there] = 0
        got = got.astype(np.uint64) @ np.array([1, 1 << 32], np.uint64)
        assert (got == expected.view(f"u{bits // 8}")).all(), form


@pytest.mark.parametrize("shape", SHAPES)
def test_store(images, shape):
    texels = image(shape)
    for (bits, count), boundary in itertools.product(TYPES, BOUNDARIES):
        array = images.array(texels, SHAPES[shape][0], SURFACE | SHAPES[shape][2])
        size = bits // 8 * count
        at, meant, there = places(shape, size, boundary)
        # What is written depends on the place alone: threads that meet at an edge write the same.
        seeds = meant @ [1, 1000, 100000]
        values = np.array([np.random.default_rng(s).integers(0, 256, size, np.uint8) for s in seeds])
        operands = np.zeros((THREADS, 11), np.uint32)
        operands[:, :3] = at.astype(np.int32).view(np.uint32)
        wide = values.view(f"u{bits // 8}").astype(np.uint64).view(np.uint32)
        operands[:, 3 : 3 + 2 * count] = wide
        form = f"sust.b.{shape.split()[0]}{f'.v{count}' * (count > 1)}.b{bits}.{boundary}"
        text = words(bits, count, False) + f"\n{form} {place(shape)}, {{{', '.join(names(bits, count))}}};"
        images.run(text, images.surface(array), operands, 0)
        expected = texels.view(np.uint8).reshape(*texels.shape[:2], -1).copy()
        for (x, y, z), value, good in zip(meant, values, there, strict=True):
            if good or boundary != "zero":
                expected[z, y, x : x + size] = value
        assert (images.read(array, texels).view(np.uint8).reshape(expected.shape) == expected).all(), form


REDUCTIONS = {
    ("add", "u32"): np.add, ("add", "s32"): np.add, ("add", "u64"): np.add, ("min", "u32"): np.minimum, ("min", "s32"): np.minimum,
    ("max", "u32"): np.maximum, ("max", "s32"): np.maximum, ("min", "s64"): np.minimum, ("max", "u64"): np.maximum,
    ("and", "b32"): np.bitwise_and, ("or", "b32"): np.bitwise_or,
}  # fmt: skip


@pytest.mark.parametrize(("operation", "kind"), REDUCTIONS)
def test_reduce(images, operation, kind):
    bits = int(kind[1:])
    for shape, boundary in itertools.product(("1d", "2d", "3d"), BOUNDARIES):
        texels = image(shape)
        array = images.array(texels, SHAPES[shape][0], SURFACE | SHAPES[shape][2])
        at, meant, there = places(shape, bits // 8, boundary)
        operands = np.zeros((THREADS, 5), np.uint32)
        operands[:, :3] = at.astype(np.int32).view(np.uint32)
        operands[:, 3:] = np.random.default_rng(1).integers(0, 1 << 32, (THREADS, 2), np.uint32)
        value, move = ("%w0", "mov.b64 %w0, {%c3, %c4};\n") if bits == 64 else ("%c3", "")
        form = f"sured.b.{operation}.{shape}.{kind}.{boundary}"
        images.run(f"{move}{form} {place(shape)}, {value};", images.surface(array), operands, 0)
        type_ = f"{kind[0].replace('s', 'i').replace('b', 'u')}{bits // 8}"
        expected = texels.copy().view(type_).reshape(*texels.shape[:2], -1)
        values = np.ascontiguousarray(operands[:, 3 : 3 + bits // 32]).view(type_)[:, 0]
        done = there if boundary == "zero" else np.ones_like(there)
        index = (meant[done, 2], meant[done, 1], meant[done, 0] // (bits // 8))
        REDUCTIONS[operation, kind].at(expected, index, values[done])
        assert (images.read(array, texels).view(type_).reshape(expected.shape) == expected).all(), form


def test_elements_that_do_not_divide_a_row(images):
    """Three bytes a row: an access that is aligned in its row lies anywhere in memory."""
    texels = np.arange(3 * 6, dtype=np.uint8).reshape(1, 6, 3, 1)
    number = images.surface(images.array(texels, "2", SURFACE))
    at = np.array([(0, y) for y in range(6)], np.int32)
    got = images.run("suld.b.2d.b16.trap {%h0}, [%object, {%c0, %c1}];\ncvt.u32.u16 %d0, %h0;", number, at, 1)
    assert got[:, 0].tolist() == [3 * y + 256 * (3 * y + 1) for y in range(6)]


def test_textures_see_what_surfaces_wrote(images):
    texels = np.zeros((1, 4, 8, 1), np.float32)
    array = images.array(texels, "2", SURFACE)
    at = np.array([(4 * x, y) for y in range(4) for x in range(8)], np.int32)
    values = np.arange(32, dtype=np.float32).view(np.int32)[:, None]
    store = "sust.b.2d.b32.trap [%object, {%c0, %c1}], {%c2};"
    images.run(store, images.surface(array), np.hstack([at, values]), 0)
    where = np.array([(x, y) for y in range(4) for x in range(8)], np.float32)
    read = "tex.2d.v4.f32.f32 {%d0, %d1, %d2, %d3}, [%object, {%f0, %f1}];"
    got = images.run(read, images.texture(array, how()), where, 1).view(np.float32)
    assert (got[:, 0] == np.arange(32)).all()


@pytest.mark.parametrize("flags", [SURFACE, 0])
def test_level_of_a_mipmapped_array(images, flags):
    """It is a surface with the flag and without it."""
    levels = [np.full((1, 4 >> k, 8 >> k, 1), k, np.uint32) for k in range(3)]
    mipmaps = images.mipmaps(levels, "2", flags)
    level = images.level(mipmaps, 1)
    at = np.array([(12, 1, 77)], np.int32)
    images.run("sust.b.2d.b32.trap [%object, {%c0, %c1}], %c2;", images.surface(level), at, 0)
    assert images.read(level, levels[1]).ravel().tolist() == [1, 1, 1, 1, 1, 1, 1, 77]
    assert (images.read(images.level(mipmaps, 2), levels[2]) == 2).all()


FAULTS = {
    "suld.b.2d.b32.trap {%d0}, [%object, {%c0, %c1}];": (
        (192, 0), "a surface access of 4 bytes at x = 192, y = 0: the surface has rows of 192 bytes, 5 of them. x counts bytes"),
    "sust.b.2d.b32.trap [%object, {%c0, %c1}], {%c0};": ((0, -1), "a surface access of 4 bytes at x = 0, y = -1"),
    "suld.b.2d.b64.clamp {%w0}, [%object, {%c0, %c1}];": ((4, 0), "x = 4 is not a multiple of the access's 8 bytes"),
    "suld.b.a2d.b32.zero {%d0}, [%object, {%c0, %c0, %c1, %c1}];": (
        (0, 0), "a surface of 2 dimensions is used as one of 2 dimensions and layers"),
    "suld.b.1d.b32.zero {%d0}, [%object, {%c0}];": ((0, 0), "a surface of 2 dimensions is used as one of 1 dimension"),
}  # fmt: skip


@pytest.mark.parametrize("statement", FAULTS)
def test_faults(device, images, statement):
    if device.real:
        pytest.skip("A real GPU does not survive this.")
    at, sentence = FAULTS[statement]
    number = images.surface(images.array(image("2d"), "2", SURFACE))
    with pytest.raises(RuntimeError):
        images.run(statement, number, np.array([at], np.int32), 0)
    assert sentence in device.last_message()
    with pytest.raises(RuntimeError):
        images.run(statement, 12345, np.array([at], np.int32), 0)
    assert "12345 is not a surface object" in device.last_message()


def test_freed_array(device, images):
    if device.real:
        pytest.skip("A real GPU does not survive this.")
    number, handle = ctypes.c_ulonglong(), ctypes.c_void_p()
    device._call("cudaMallocArray", ctypes.byref(handle), ctypes.byref(Format(32, 0, 0, 0, 1)), ctypes.c_size_t(4), ctypes.c_size_t(0), SURFACE)
    device._call("cudaCreateSurfaceObject", ctypes.byref(number), ctypes.byref(Resource(0, handle)))
    device._call("cudaFreeArray", handle)
    with pytest.raises(RuntimeError):
        images.run("suld.b.1d.b32.zero {%d0}, [%object, {%c0}];", number.value, np.zeros((1, 1), np.int32), 0)
    assert "the memory of this texture or surface object was freed" in device.last_message()
    device._call("cudaDestroySurfaceObject", number)


def test_no_surface_may_be_destroyed(device):
    device._call("cudaDestroySurfaceObject", ctypes.c_ulonglong(0))


def test_what_is_no_surface_is_refused(device, images):
    if not images.real:  # a GPU takes the array, though CUDA's manual says that it has to be made with the flag
        plain = images.array(image("2d"), "2")
        with pytest.raises(RuntimeError, match="invalid argument"):
            images.surface(plain)
    mipmaps = images.mipmaps([image("2d")], "2", SURFACE)
    with pytest.raises(RuntimeError, match="invalid argument"):
        images.surface(mipmaps, 1)


@pytest.mark.parametrize(
    ("axes", "shape", "flags"),
    [
        ("23", (6, 4, 8), CUBEMAP),
        ("23", (5, 4, 4), CUBEMAP),
        ("23", (8, 4, 4), CUBEMAP | LAYERED),
        ("2", (1, 4, 4), LAYERED),
        ("3", (2, 4, 4), 8),
        ("1", (1, 1, 4), 8),
        ("1", (1, 1, 40000), SURFACE),
        ("1", (1, 1, 140000), 0),
        ("13", (2049, 1, 1), LAYERED),
        ("2", (1, 1, 4), 0x100),
    ],
)
def test_arrays_that_cannot_be(images, axes, shape, flags):
    if images.real and flags == 0x100:
        pytest.skip("CUDA's runtime overlooks flags that it does not know.")
    with pytest.raises(RuntimeError, match="invalid argument"):
        images.array(np.zeros((*shape, 1), np.uint8), axes, flags)
