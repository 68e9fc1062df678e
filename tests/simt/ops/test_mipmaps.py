"""Levels of detail, cubemaps, gathering and views of textures, beside a reference in NumPy."""

import itertools

import numpy as np
import pytest
from images import ARRAY, BORDER, CLAMP, CUBEMAP, GATHER, LAYERED, MIPMAPPED, MIRROR, WRAP, Images, View, how

THREADS = 256
POINT, LINEAR = 0, 1
READ = "{%d0, %d1, %d2, %d3}"


@pytest.fixture
def images(device):
    made = Images(device)
    yield made
    made.close()


def texels(shape, seed=1, dtype=np.float32):
    """Random texels."""
    rng = np.random.default_rng(seed)
    if dtype == np.float32:
        return rng.uniform(-1, 1, shape).astype(np.float32)
    return rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, shape).astype(dtype)


def fold(index, size, mode):
    """Bring an index into 0 to size - 1; where it is on the border, False."""
    inside = (index >= 0) & (index < size)
    if mode == WRAP:
        return np.mod(index, size), np.ones_like(inside)
    if mode == MIRROR:
        twice = np.mod(index, 2 * size)
        return np.minimum(twice, 2 * size - 1 - twice), np.ones_like(inside)
    return np.clip(index, 0, size - 1), inside | (mode == CLAMP)


def pick(image, index, mode, border=0.0):
    """Texels (thread, channel) by indices x, y, z; only those given are folded."""
    depth, height, width, _ = image.shape
    folded, good = [], np.ones(len(index[0]), bool)
    for values, size in zip(index, (width, height, depth), strict=True):
        f, inside = fold(values, size, mode)
        folded.append(f)
        good &= inside
    return np.where(good[:, None], image[folded[2], folded[1], folded[0]].astype(np.float64), border)


def eighths(x):
    """Rounded to 8 fractional bits."""
    return np.floor(x * 256 + 0.5) / 256


def filtered(image, where, axes, mode, linear, layer=None, border=0.0, whole=1.0):
    """One level at normalised coordinates (thread, axis); the neighbours' weights are parts of `whole`, each rounded to 8 bits."""
    if axes == 1 and layer is None:   # a line is read as an image of one row, at its upper edge
        where, axes = np.stack([where[:, 0], np.zeros(len(where))], axis=1), 2
    sizes = (image.shape[2], image.shape[1], image.shape[0])
    at = [np.float32(where[:, k]) * np.float32(sizes[k]) for k in range(axes)]
    rest = [np.zeros(len(where), np.int64)] * (3 - axes)
    if layer is not None:
        rest[-1] = layer
    if not linear:
        return np.asarray(whole).reshape(-1, 1) * pick(image, [np.floor(a).astype(np.int64) for a in at] + rest, mode, border)
    below = [a - np.float32(0.5) for a in at]
    if mode == CLAMP:   # before a weight is made
        below = [np.clip(a, 0, size - 1) for a, size in zip(below, sizes[:axes], strict=True)]
    low = [np.floor(a) for a in below]
    weight = [eighths(a - b) for a, b in zip(below, low, strict=True)]
    total = 0
    for corner in itertools.product((0, 1), repeat=axes):
        share = np.broadcast_to(whole, len(where))
        for k in sorted(range(axes), key=(2, 0, 1).index):  # first by z, then by x
            halves_far = {0: True, 1: corner[0] == 1, 2: False}[k]   # where what lies halfway goes
            far = eighths(share * weight[k]) if halves_far else share - eighths(share * (1 - weight[k]))
            share = far if corner[k] else share - far
        index = [b.astype(np.int64) + c for b, c in zip(low, corner, strict=True)]
        total = total + share[:, None] * pick(image, index + rest, mode, border)
    return total


def between(levels, detail, linear_levels, *how):
    """What the levels on both sides of `detail` give, or the nearest one; the weight of the coarser one is cut to 8 bits."""
    detail = np.clip(detail, 0, len(levels) - 1)
    lanes = np.arange(len(detail))
    if not linear_levels:
        return np.stack([filtered(level, *how) for level in levels])[np.floor(detail + 0.5).astype(int), lanes]
    fine = np.floor(detail).astype(int)
    weight = np.floor((detail - fine) * 256) / 256
    near = np.stack([filtered(level, *how, whole=1 - weight) for level in levels])[fine, lanes]
    return near + np.stack([filtered(level, *how, whole=weight) for level in levels])[np.minimum(fine + 1, len(levels) - 1), lanes]


GEOMETRIES = {"1d": (1, "1", 0), "2d": (2, "2", 0), "3d": (3, "3", 0), "a1d": (1, "13", LAYERED), "a2d": (2, "23", LAYERED)}


def level_images(geometry):
    """Levels that have nothing to do with each other."""
    axes, _, flags = GEOMETRIES[geometry]
    size = (12, 10, 32)
    made = []
    for k in range(4):
        depth = 3 if flags else max(1, size[0] >> k) if axes == 3 else 1
        made.append(texels((depth, max(1, size[1] >> k) if axes > 1 else 1, max(1, size[2] >> k), 2), seed=k))
    return made


def operands(geometry, extra):
    """Coordinates, layers and what follows, and the PTX of the place."""
    axes, _, flags = GEOMETRIES[geometry]
    rng = np.random.default_rng(3)
    where = (rng.integers(-64, 192, (THREADS, 3)) / 128 + 1 / 1024).astype(np.float32)[:, :axes]
    layer = rng.integers(0, 5, THREADS) if flags else None
    columns = [where, extra] + ([layer.astype(np.int32)[:, None].view(np.float32)] if flags else [])
    names = [f"%f{k}" for k in range(axes)]
    place = ([f"%c{axes + extra.shape[1]}"] if flags else []) + names
    place += [names[-1]] * (len(place) == 3)
    text = f"[%object, {{{', '.join(place)}}}]"
    return where, None if layer is None else np.minimum(layer, 2), np.hstack(columns).astype(np.float32), text


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize(("linear", "linear_levels"), [(POINT, POINT), (POINT, LINEAR), (LINEAR, POINT), (LINEAR, LINEAR)])
def test_level(images, geometry, linear, linear_levels):
    levels = level_images(geometry)
    axes, given, flags = GEOMETRIES[geometry]
    handle = images.mipmaps(levels, given, flags)
    detail = np.random.default_rng(4).uniform(-1, 5, THREADS).astype(np.float32)
    where, layer, columns, place = operands(geometry, detail[:, None])
    for mode, (bias, least, greatest) in zip((CLAMP, WRAP, MIRROR, BORDER), ((0, 0, 100), (0.75, 0, 100), (0, 1.25, 2.5), (-1, 0.5, 2)), strict=True):
        sampling = how(mode, filter=linear, level_filter=linear_levels, normalized=1, bias=bias, least=least, greatest=greatest, border=(0.5,) * 4)
        number = images.texture(handle, sampling, MIPMAPPED)
        got = images.run(f"tex.level.{geometry}.v4.f32.f32 {READ}, {place}, %f{axes};", number, columns, 2).view(np.float32)
        effective = np.clip(np.trunc(detail * 256) / 256 + np.float32(bias), least, greatest)   # cut towards 0, then biased
        expected = between(levels, effective, linear_levels, where, axes, mode, linear, layer, 0.5)
        assert np.abs(got - expected).max() < 2e-6, (mode, bias)
        got = images.run(f"tex.{geometry}.v4.f32.f32 {READ}, {place};", number, columns, 2).view(np.float32)
        finest = np.full(THREADS, np.clip(0, least, greatest), np.float32)  # without the bias
        expected = between(levels, finest, linear_levels, where, axes, mode, linear, layer, 0.5)
        assert np.abs(got - expected).max() < 2e-6, (mode, bias)


def level_of(derivatives, both=True):
    """The level in which the ellipse that two derivatives (thread, side, axis) span is a texel long, as a GPU estimates it.

    In three dimensions as it is. `both`: in which threads the sum and the difference of the derivatives count.
    """
    if derivatives.shape[2] == 3:
        return np.log2(np.maximum(np.linalg.svd(derivatives, compute_uv=False)[:, 0], 1e-30))
    first, second = derivatives[:, 0], derivatives[:, 1]
    sides = np.sort(np.abs([first, second, (first + second) * 11 / 16, (first - second) * 11 / 16]), axis=2)
    lengths = sides[:, :, -1] + (sides[:, :, 0] * 11 / 32 if sides.shape[2] == 2 else 0)
    lengths[2:] *= both
    return np.log2(np.maximum(lengths.max(axis=0), 1e-30))


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_gradient(images, geometry):
    levels = level_images(geometry)
    axes, given, flags = GEOMETRIES[geometry]
    number = images.texture(images.mipmaps(levels, given, flags), how(CLAMP, level_filter=LINEAR, normalized=1, bias=0.25), MIPMAPPED)
    steps = np.random.default_rng(6).uniform(-0.3, 0.3, (THREADS, 2, axes)).astype(np.float32)
    steps[0] = 0
    where, layer, columns, place = operands(geometry, steps.reshape(THREADS, -1))
    vectors = [", ".join([f"%f{axes + side * axes + k}" for k in range(axes)] + [f"%f{axes}"] * (axes == 3)) for side in (0, 1)]
    text = f"tex.grad.{geometry}.v4.f32.f32 {READ}, {place}, {{{vectors[0]}}}, {{{vectors[1]}}};"
    got = images.run(text, number, columns, 2).view(np.float32)
    sizes = np.array([levels[0].shape[2], levels[0].shape[1], levels[0].shape[0]])[:axes]
    exact = level_of(steps.astype(np.float64) * sizes)
    detail = np.trunc(exact * 256) / 256 + 0.25
    # A level is cut to 8 bits: next to a step, both sides are right. It is only of directions that a GPU's estimate is known;
    # what it has here was within a quarter of a level.
    steps_off = range(-64, 65) if images.real else (0,)
    close = np.abs(np.mod(exact * 256 + 0.5, 1) - 0.5) < 1e-3
    assert close.mean() < 0.02
    off = [np.abs(got - between(levels, detail + k / 256, LINEAR, where, axes, CLAMP, POINT, layer)).max(axis=1) for k in steps_off]
    assert (np.min(off, axis=0)[~close] < 2e-6).all()


# By face: the direction of (s, t), each from -1 to 1.
FACES = (
    lambda s, t: (1, -t, -s), lambda s, t: (-1, -t, s), lambda s, t: (s, 1, t),
    lambda s, t: (s, -1, -t), lambda s, t: (s, -t, 1), lambda s, t: (-s, -t, -1),
)  # fmt: skip


def directions(faces, s, t):
    """Directions of all threads, of any length."""
    made = [FACES[f](a, b) for f, a, b in zip(faces, s, t, strict=True)]
    return np.array(made) * np.random.default_rng(9).uniform(0.5, 4, (len(made), 1))


def cube_samples(limit=0.99):
    """Faces, places on them, directions."""
    rng = np.random.default_rng(8)
    faces = rng.integers(0, 6, THREADS)
    s, t = rng.uniform(-limit, limit, (2, THREADS))
    return faces, s, t, directions(faces, s, t).astype(np.float32)


@pytest.mark.parametrize("layered", [False, True])
def test_cube(images, layered):
    levels = [texels((12 if layered else 6, 16 >> k, 16 >> k, 1), seed=k) for k in range(3)]
    handle = images.mipmaps(levels, "23", CUBEMAP | LAYERED * layered)
    faces, s, t, direction = cube_samples()
    rng = np.random.default_rng(2)
    cubes = rng.integers(0, 2, THREADS) * layered
    detail = rng.uniform(0, 2, THREADS).astype(np.float32)
    columns = np.hstack([direction, detail[:, None], cubes.astype(np.int32)[:, None].view(np.float32)])
    geometry, place = ("acube", "{%c4, %f0, %f1, %f2}") if layered else ("cube", "{%f0, %f1, %f2, %f2}")
    where = np.stack([(s + 1) / 2, (t + 1) / 2], axis=1)
    for linear, linear_levels in itertools.product((POINT, LINEAR), repeat=2):
        number = images.texture(handle, how(CLAMP, filter=linear, level_filter=linear_levels, normalized=1), MIPMAPPED)
        got = images.run(f"tex.level.{geometry}.v4.f32.f32 {READ}, [%object, {place}], %f3;", number, columns, 1).view(np.float32)
        expected = between(levels, detail, linear_levels, where, 2, CLAMP, linear, cubes * 6 + faces)
        # Directions are rounded: next to an edge of texels the point may fall on either side, a weight differ by a 256th.
        close = np.abs(got - expected).max(axis=1)
        assert (close < (0.03 if linear else 2e-6)).mean() > 0.99
        assert np.median(close) < 0.005
        plain = images.run(f"tex.{geometry}.v4.f32.f32 {READ}, [%object, {place}];", number, columns, 1).view(np.float32)
        expected = filtered(levels[0], where, 2, CLAMP, linear, cubes * 6 + faces)
        assert (np.abs(plain - expected) < (0.03 if linear else 2e-6)).mean() > 0.99


def test_gradient_of_a_direction(images):
    """A derivative is the way on the unfolded cube between the points that a direction, and its sum with the derivative, meet."""
    levels = [np.full((6, 64 >> k, 64 >> k, 1), k, np.float32) for k in range(7)]
    number = images.texture(images.mipmaps(levels, "23", CUBEMAP), how(CLAMP, level_filter=LINEAR, normalized=1), MIPMAPPED)
    faces, _, _, direction = cube_samples(0.9)
    steps = np.random.default_rng(5).uniform(-0.2, 0.2, (THREADS, 2, 3)).astype(np.float32)
    columns = np.hstack([direction, steps.reshape(THREADS, 6)])
    vectors = "{%f3, %f4, %f5, %f5}, {%f6, %f7, %f8, %f8}"
    got = images.run(f"tex.grad.cube.v4.f32.f32 {READ}, [%object, {{%f0, %f1, %f2, %f2}}], {vectors};", number, columns, 1)

    def on_face(d):
        """The place that d meets, in texels from the middle of the face that thread's own direction meets; whether it is on it."""
        place, inside = np.empty((THREADS, 2)), np.empty(THREADS, bool)
        for i, f in enumerate(faces):
            point = d[i] / np.abs(d[i]).max()
            depth = point[f // 2] * (-1) ** f
            inside[i] = depth == 1
            turned = np.where(np.abs(point) == 1, np.sign(point) * (2 - depth), point)   # the next face, turned up to this one
            place[i] = [turned @ (np.array(FACES[f](*unit)) - FACES[f](0, 0)) for unit in ((1, 0), (0, 1))]
        return place * 32, inside

    wide = direction.astype(np.float64)
    (start, _), (across, here), (down, there) = (on_face(wide + step) for step in (0, steps[:, 0], steps[:, 1]))
    assert 5 < (~(here & there)).sum() < 50   # lead to other faces
    detail = np.clip(level_of(np.stack([across - start, down - start], axis=1), here & there), 0, 6)
    # A GPU cuts the level to 8 bits, too, and its logarithm is not exact.
    assert np.abs(got.view(np.float32)[:, 0] - detail).max() < (1 / 128 if images.real else 1 / 256 + 1e-4)


def test_seamless_cube(images):
    """Texels beside an edge come from the next face, where the cube is folded; three meet at a corner."""
    n = 4
    image = texels((6, n, n, 1))
    centres = {}
    for f, j, i in itertools.product(range(6), range(n), range(n)):
        centres[f, j, i] = np.array(FACES[f]((2 * i + 1) / n - 1, (2 * j + 1) / n - 1), float)
    number = images.texture(images.array(image, "23", CUBEMAP), how(BORDER, filter=LINEAR, seamless=1))
    faces, s, t, direction = cube_samples(0.999)
    got = images.run(f"tex.cube.v4.f32.f32 {READ}, [%object, {{%f0, %f1, %f2, %f2}}];", number, direction, 1).view(np.float32)
    edges = 0
    for thread in range(THREADS):
        f, x, y = faces[thread], (s[thread] + 1) / 2 * n - 0.5, (t[thread] + 1) / 2 * n - 0.5
        low = int(np.floor(x)), int(np.floor(y))
        total = 0.0
        for dx, dy in itertools.product((0, 1), repeat=2):
            i, j = low[0] + dx, low[1] + dy
            share = (x - low[0] if dx else 1 - x + low[0]) * (y - low[1] if dy else 1 - y + low[1])
            outside = [k for k in (i, j) if not 0 <= k < n]
            edges += len(outside) > 0
            a, b = (2 * i + 1) / n - 1, (2 * j + 1) / n - 1
            corner = np.array(FACES[f](np.clip(a, -1, 1), np.clip(b, -1, 1)), float)
            if len(outside) == 1:   # half a texel down the side of the cube
                corner[f // 2] *= 1 - 1 / n
            distance = {key: np.abs(centre - corner).max() for key, centre in centres.items()}
            wanted = [(f, j, i)] if not outside else sorted(distance, key=distance.get)[: 3 if len(outside) == 2 else 1]
            total += share * np.mean([image[key][0] for key in wanted])
        assert abs(got[thread, 0] - total) < 0.02, thread
    assert edges > 100


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint16, np.int8])
def test_gather(images, dtype):
    image = texels((1, 7, 9, 4), dtype=dtype)
    rng = np.random.default_rng(0)
    where = (rng.integers(-64, 256, (THREADS, 2)) / 16 + 1 / 64).astype(np.float32)
    kind = "f32" if dtype == np.float32 else "s32" if np.dtype(dtype).kind == "i" else "u32"
    handle = images.array(image, "2", GATHER)
    for mode in (CLAMP, BORDER):
        number = images.texture(handle, how(mode))
        for channel, name in enumerate("rgba"):
            got = images.run(f"tld4.{name}.2d.v4.{kind}.f32 {READ}, [%object, {{%f0, %f1}}];", number, where, 4)
            x, y = np.floor(where - 0.5).astype(int).T
            nothing = np.zeros(THREADS, int)
            corners = [(x, y + 1), (x + 1, y + 1), (x + 1, y), (x, y)]
            expected = np.stack([pick(image, [i, j, nothing], mode)[:, channel] for i, j in corners], axis=1)
            assert (got.view({"f32": np.float32, "s32": np.int32, "u32": np.uint32}[kind]) == expected).all()


def test_level_of_integers(images):
    """Texels by their indices, of the level with that number; beside them is the nearest one, no other level has any."""
    levels = [texels((1, 8 >> k, 8 >> k, 1), seed=k) for k in range(3)]
    number = images.texture(images.mipmaps(levels, "2"), how(normalized=1), MIPMAPPED)
    at = np.array([(x, y, k) for k in range(-1, 4) for x in range(-1, 3) for y in range(-1, 3)], np.int32)
    near = [levels[k][0, np.clip(y, 0, (8 >> k) - 1), np.clip(x, 0, (8 >> k) - 1), 0] if 0 <= k < 3 else 0 for x, y, k in at]
    got = images.run(f"tex.level.2d.v4.f32.s32 {READ}, [%object, {{%c0, %c1}}], %c2;", number, at, 1).view(np.float32)
    assert got[:, 0].tolist() == near


def test_resident(images):
    """Memory is always there; the predicate holds in the threads that ask."""
    number = images.texture(images.array(texels((1, 4, 4, 1)), "2"), how())
    ask = f"setp.eq.u32 %p, 0, 1;\ntex.2d.v4.f32.f32 {READ}|%p, [%object, {{%f0, %f1}}];\nselp.u32 %d1, 1, 0, %p;"
    assert (images.run(ask, number, np.zeros((THREADS, 2), np.float32), 2)[:, 1] == 1).all()


def test_srgb(images):
    image = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 1, 256, 1), 4, axis=3)
    number = images.texture(images.array(image, "1"), how(read=1, srgb=1))
    got = images.run(f"tex.1d.v4.f32.f32 {READ}, [%object, {{%f0}}];", number, np.arange(256, dtype=np.float32)[:, None], 4)
    v = np.arange(256) / 255
    expected = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    # A GPU has eight bits of the result, and not all of them right.
    assert np.abs(got.view(np.float32)[:, :3] - expected[:, None]).max() < (1 / 256 if images.real else 1e-7)
    assert np.abs(got.view(np.float32)[:, 3] - v).max() < 1e-7   # alpha stays


def test_border_of_integers_is_bits(images):
    number = images.texture(images.array(texels((1, 2, 2, 4), dtype=np.int32), "2"), how(BORDER, border=(5, 0x80000001, 0x7F800001, 7)))
    got = images.run(f"tex.2d.v4.s32.f32 {READ}, [%object, {{%f0, %f1}}];", number, np.full((1, 2), -3, np.float32), 4)
    assert got.tolist() == [[5, 0x80000001, 0x7F800001, 7]]


def test_wide_integers_are_never_fractions(images):
    handle = images.array(texels((1, 1, 4, 1), dtype=np.uint32), "1")
    with pytest.raises(RuntimeError, match="normalized"):
        images.texture(handle, how(read=1))


def test_views(images):
    """Some of the levels and layers, and another format of the same bits."""
    levels = [texels((4, 8 >> k, 8 >> k, 2), seed=k, dtype=np.int16) for k in range(3)]
    handle = images.mipmaps(levels, "23", LAYERED)
    view = View(0x0D, 8, 8, 4, 1, 2, 2, 3)   # one channel of unsigned 32-bit integers
    number = images.texture(handle, how(normalized=1), MIPMAPPED, view)
    at = np.array([(x / 4 + 0.1, y / 4 + 0.1) for y in range(4) for x in range(4)], np.float32)
    text = f"tex.level.a2d.v4.u32.f32 {READ}, [%object, {{%c2, %f0, %f1, %f1}}], 0f00000000;"
    for layer in range(3):
        columns = np.hstack([at, np.full((16, 1), layer, np.int32).view(np.float32)])
        got = images.run(text, number, columns, 1)
        assert (got[:, 0] == np.ascontiguousarray(levels[1][min(2 + layer, 3)]).view(np.uint32).ravel()).all()


@pytest.mark.parametrize(
    ("fields", "view"),
    [
        ({"normalized": 0}, None),
        ({"normalized": 1, "seamless": 1}, None),
        ({"normalized": 1, "filter": 2}, None),
        ({"normalized": 1}, View(0, 8, 8, 0, 0, 3)),
        ({"normalized": 1}, View(0, 4, 8, 0, 0, 1)),
        ({"normalized": 1}, View(0, 8, 8, 0, 0, 1, 0, 1)),
    ],
)
def test_what_no_mipmapped_texture_can_be(images, fields, view):
    if images.real and not fields["normalized"]:
        pytest.skip("A GPU takes it; CUDA's manual does not say for what.")
    handle = images.mipmaps([texels((1, 8 >> k, 8 >> k, 1)) for k in range(3)], "2")
    with pytest.raises(RuntimeError, match="invalid argument"):
        images.texture(handle, how(**fields), MIPMAPPED, view)


FAULTS = {
    "tld4.r.2d.v4.f32.f32": (ARRAY, {}, 0, "{%f0, %f1}", "made without cudaArrayTextureGather"),
    "tex.cube.v4.f32.f32": (ARRAY, {}, 0, "{%f0, %f1, %f1, %f1}", "the texture that is read is no cubemap"),
    "tex.2d.v4.f32.f32": (ARRAY, {}, CUBEMAP, "{%f0, %f1}", "a cubemap is read without a direction"),
    "tex.grad.2d.v4.f32.f32": (ARRAY, {"anisotropy": 4}, 0, "{%f0, %f1}", "has no anisotropic filtering"),
}


@pytest.mark.parametrize("form", FAULTS)
def test_faults(device, images, form):
    if device.real:
        pytest.skip("A real GPU does not survive this.")
    _, fields, flags, place, sentence = FAULTS[form]
    image = texels((6, 4, 4, 1)) if flags else texels((1, 4, 4, 1))
    number = images.texture(images.array(image, "23" if flags else "2", flags), how(**fields))
    more = ", {%f0, %f1}, {%f0, %f1}" * ("grad" in form)
    with pytest.raises(RuntimeError):
        images.run(f"{form} {READ}, [%object, {place}]{more};", number, np.zeros((1, 2), np.float32), 0)
    assert sentence in device.last_message()
