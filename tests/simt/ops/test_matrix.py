"""Matrix instructions against NumPy: mma.sync with the layouts of the PTX manual, wmma in every layout, ldmatrix and kin."""

import re

import numpy as np
import pytest
from lane_device import LoadError
from lane_reference import FORMATS, as_python_float, decode, encode
from lane_reference import Fraction as Exact

KINDS = {
    "f16": np.float16, "bf16": None, "tf32": np.float32, "f32": np.float32, "f64": np.float64, "s8": np.int8, "u8": np.uint8,
    "s32": np.int32, "e4m3": None, "e5m2": None,
}  # fmt: skip


def bits(kind: str) -> int:
    return int(re.search(r"(\d+)$", kind.replace("bf16", "f16").replace("e4m3", "x8").replace("e5m2", "x8"))[1])


def random_images(kind: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Register images of small numbers, so that sums of products stay exact in float."""
    if kind in ("s8", "u8"):
        return random.integers(0, 256, shape, np.uint64)
    if kind == "s32":
        return random.integers(0, 2**32, shape, np.uint64)
    values = random.integers(-15, 16, shape)
    images = {int(v): encode(FORMATS[kind], Exact(int(v), 4)) if v else 0 for v in np.unique(values)}
    return np.vectorize(images.get, otypes=[np.uint64])(values)


def numbers(kind: str, images: np.ndarray) -> np.ndarray:
    """What the images stand for."""
    if kind in ("s8", "u8", "s32"):
        n, signed = bits(kind), kind[0] == "s"
        values = images.astype(np.int64)
        return np.where(values >> (n - 1) & 1, values - (1 << n), values) if signed else values
    return np.vectorize(lambda x: as_python_float(decode(FORMATS[kind], int(x))), otypes=[np.float64])(images)


def pack(kind: str, elements: np.ndarray) -> np.ndarray:
    """Registers of one lane from its elements: several to a 32-bit register, the first one lowest."""
    per = max(1, 32 // bits(kind))
    groups = elements.reshape(*elements.shape[:-1], -1, per)
    shifts = np.arange(per, dtype=np.uint64) * np.uint64(bits(kind) % 64)
    return (groups << shifts).sum(axis=-1, dtype=np.uint64)


def unpack(kind: str, registers: np.ndarray) -> np.ndarray:
    per = max(1, 32 // bits(kind))
    if per == 1:
        return registers & np.uint64((1 << bits(kind)) - 1)
    shifts = np.arange(per, dtype=np.uint64) * np.uint64(bits(kind))
    return (registers[..., None] >> shifts & np.uint64((1 << bits(kind)) - 1)).reshape(*registers.shape[:-1], -1)


# ---- mma.sync: the manual's tables, by element i of lane ----------------------------------------------------------------


def place_a(kind: str, shape: str, lane: int, i: int) -> tuple[int, int]:
    group, place = lane >> 2, lane % 4
    match kind, shape:
        case ("f16" | "bf16", "m16n8k8"):
            return group + (8 if i >= 2 else 0), place * 2 + (i & 1)
        case ("f16" | "bf16", "m16n8k16"):
            return group + (0 if i < 2 or 4 <= i < 6 else 8), place * 2 + (i & 1) + (8 if i >= 4 else 0)
        case ("tf32" | "f64", "m16n8k4"):
            return group + (8 if i else 0), place
        case ("tf32" | "f64", "m16n8k8"):
            return group + (8 if i in (1, 3) else 0), place + (4 if i >= 2 else 0)
        case ("f64", "m16n8k16"):
            return group + (8 if i % 2 else 0), i // 2 * 4 + place
        case ("f64", "m8n8k4"):
            return group, place
        case ("s8" | "u8", "m8n8k16"):
            return group, place * 4 + i
        case (_, "m16n8k16"):
            return group + (8 if i >= 4 else 0), place * 4 + (i & 3)
        case (_, "m16n8k32"):
            return group + (0 if i < 4 or 8 <= i < 12 else 8), place * 4 + (i & 3) + (16 if i >= 8 else 0)
    raise AssertionError(kind, shape)


def place_b(kind: str, shape: str, lane: int, i: int) -> tuple[int, int]:
    group, place = lane >> 2, lane % 4
    if kind in ("f16", "bf16"):
        return place * 2 + (i & 1) + (8 if i >= 2 else 0), group
    if kind in ("tf32", "f64"):
        return place + 4 * i, group
    return place * 4 + (i & 3) + (16 if i >= 4 else 0), group


def place_c(lane: int, i: int) -> tuple[int, int]:
    return (lane >> 2) + (8 if i >= 2 else 0), lane % 4 * 2 + (i & 1)


def spread(kind: str, matrix: np.ndarray, place) -> np.ndarray:
    """The registers of all lanes: [register, lane]."""
    each = matrix.size // 32
    lanes = np.array([[matrix[place(lane, i)] for i in range(each)] for lane in range(32)], np.uint64)
    return pack(kind, lanes).T


def register_type(kind: str) -> str:
    return {"f64": "f64", "f32": "f32"}.get(kind, "b32")


def mma_kernel(target: str, name: str, counts: dict[str, int], kinds: dict[str, str]) -> str:
    """A kernel for one warp: registers from [register][lane] of 64 bits, results likewise."""
    lines = [
        ".version 9.0", f".target {target}", ".address_size 64", ".visible .entry lanes(.param .u64 source, .param .u64 result)", "{",
        ".reg .b64 %in, %out, %at;", ".reg .b32 %thread;", "mov.u32 %thread, %tid.x;", "mul.wide.u32 %at, %thread, 8;",
        "ld.param.u64 %in, [source];", "ld.param.u64 %out, [result];", "cvta.to.global.u64 %in, %in;",
        "cvta.to.global.u64 %out, %out;", "add.s64 %in, %in, %at;", "add.s64 %out, %out, %at;",
    ]  # fmt: skip
    groups, offset = {}, 0
    for operand in "dabc":
        kind = register_type(kinds[operand])
        lines.append(f".reg .{kind} %{operand}<{counts[operand]}>;")
        groups[operand] = "{" + ", ".join(f"%{operand}{i}" for i in range(counts[operand])) + "}"
        if operand != "d":
            for i in range(counts[operand]):
                lines.append(f"ld.global.{kind} %{operand}{i}, [%in+{256 * offset}];")
                offset += 1
    lines.append(f"{name} {groups['d']}, {groups['a']}, {groups['b']}, {groups['c']};")
    kind = register_type(kinds["d"])
    for i in range(counts["d"]):
        lines.append(f"st.global.{kind} [%out+{256 * i}], %d{i};")
    return "\n".join([*lines, "ret;", "}", ""])


MMA = [
    *[(shape, d, kind, kind, c) for shape in ("m16n8k8", "m16n8k16") for kind, d, c in
      (("f16", "f32", "f32"), ("f16", "f16", "f16"), ("bf16", "f32", "f32"))],
    *[(shape, "f32", "tf32", "tf32", "f32") for shape in ("m16n8k4", "m16n8k8")],
    *[(shape, "f64", "f64", "f64", "f64") for shape in ("m8n8k4", "m16n8k4", "m16n8k8", "m16n8k16")],
    *[(shape, "s32", a, b, "s32") for shape in ("m8n8k16", "m16n8k16", "m16n8k32") for a in ("s8", "u8") for b in ("s8", "u8")],
    *[("m16n8k32", d, a, b, d) for d in ("f32", "f16") for a in ("e4m3", "e5m2") for b in ("e4m3", "e5m2")],
]  # fmt: skip


def expected_product(kinds: dict[str, str], a, b, c, clamps: bool) -> np.ndarray:
    """The exact product as images; operands are such that nothing has to be rounded before the end."""
    if kinds["d"] == "s32":
        exact = numbers(kinds["a"], a) @ numbers(kinds["b"], b) + numbers("s32", c)
        return (np.clip(exact, -(2**31), 2**31 - 1) if clamps else exact).astype(np.uint64) & np.uint64(0xFFFFFFFF)
    exact = numbers(kinds["a"], a) @ numbers(kinds["b"], b) + numbers(kinds["c"], c)
    form = FORMATS[kinds["d"]]
    return np.vectorize(lambda x: encode(form, Exact(x)) if x else 0, otypes=[np.uint64])(exact)


@pytest.mark.parametrize("clamps", [False, True], ids=["", "satfinite"])
@pytest.mark.parametrize("shape, d, a, b, c", MMA, ids=lambda x: str(x))
def test_mma(device, shape, d, a, b, c, clamps):
    if clamps and d != "s32":
        return
    m, n, k = map(int, re.findall(r"\d+", shape))
    kinds = {"d": d, "a": a, "b": b, "c": c}
    random = np.random.default_rng(m * n * k + clamps)
    x, y, z = random_images(a, (m, k), random), random_images(b, (k, n), random), random_images(c, (m, n), random)
    parts = {
        "a": spread(a, x, lambda lane, i: place_a(a, shape, lane, i)),
        "b": spread(b, y, lambda lane, i: place_b(b, shape, lane, i)),
        "c": spread(c, z, place_c),
    }
    counts = {name: len(part) for name, part in parts.items()} | {"d": m * n // 32 * bits(d) // max(32, bits(d))}
    name = f"mma.sync.aligned.{shape}.row.col{'.satfinite' if clamps else ''}{'.rn' if d == 'f64' and m == 16 else ''}.{d}.{a}.{b}.{c}"
    result = np.zeros((counts["d"], 32), np.uint64)
    try:
        device.launch(mma_kernel(device.target, name, counts, kinds), 32, 32, np.concatenate(list(parts.values())), result)
    except LoadError:
        if device.real:
            pytest.skip(f"This GPU does not have {name}.")
        raise
    got = np.zeros((m, n), np.uint64)
    for lane, elements in enumerate(unpack(d, result.T)):
        for i, element in enumerate(elements):
            got[place_c(lane, i)] = element
    np.testing.assert_array_equal(got, expected_product(kinds, x, y, z, clamps))


# ---- wmma: through memory ----------------------------------------------------------------------------------------------

WMMA = [
    *[(shape, "f16", c, d) for shape in ("m16n16k16", "m32n8k16", "m8n32k16") for c, d in
      (("f32", "f32"), ("f16", "f16"), ("f32", "f16"), ("f16", "f32"))],
    *[(shape, kind, c, c) for shape in ("m16n16k16", "m32n8k16", "m8n32k16") for kind, c in (("bf16", "f32"), ("s8", "s32"), ("u8", "s32"))],
    ("m16n16k8", "tf32", "f32", "f32"),
    ("m8n8k4", "f64", "f64", "f64"),
]  # fmt: skip


def fragment_size(kind: str, elements: int, accumulates: bool) -> int:
    """Registers a lane, as PTX has them."""
    return 8 if kind == "f16" and not accumulates else elements * bits(kind) // 32 // max(32, bits(kind))


def memory_type(kind: str) -> np.dtype:
    return np.dtype({8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}[bits(kind)])


@pytest.mark.parametrize("space", ["global", "shared"])
@pytest.mark.parametrize("layouts", ["row row row", "row col col", "col row row", "col col col"])
@pytest.mark.parametrize("shape, kind, c_kind, d_kind", WMMA, ids=lambda x: str(x))
def test_wmma(device, shape, kind, c_kind, d_kind, layouts, space):
    m, n, k = map(int, re.findall(r"\d+", shape))
    layout = dict(zip("abc", layouts.split(), strict=True))
    random = np.random.default_rng(len(shape) + m)
    images = {"a": random_images(kind, (m, k), random), "b": random_images(kind, (k, n), random), "c": random_images(c_kind, (m, n), random)}
    kinds = {"a": kind, "b": kind, "c": c_kind, "d": d_kind}
    padding = 16  # elements between lines: strides are not the lines' length
    blob, offsets, strides = b"", {}, {}
    for name, matrix in images.items():
        lines = matrix if layout[name] == "row" else matrix.T
        strides[name] = lines.shape[1] + padding
        padded = np.zeros((lines.shape[0], strides[name]), memory_type(kinds[name]))
        padded[:, : lines.shape[1]] = lines
        offsets[name] = len(blob)
        blob += padded.tobytes() + b"\0" * (-padded.nbytes % 32)
    d_lines = (m, n) if layout["c"] == "row" else (n, m)
    strides["d"] = d_lines[1] + padding
    result = np.zeros((d_lines[0], strides["d"]), memory_type(d_kind))
    size = {x: fragment_size(kinds[x], e, x in "cd") for x, e in (("a", m * k), ("b", k * n), ("c", m * n), ("d", m * n))}
    group = {x: "{" + ", ".join(f"%{x}{i}" for i in range(size[x])) + "}" for x in "abcd"}
    types = {"f16": f"{d_kind}.{c_kind}"}.get(kind, f"{d_kind}.{kind}.{kind}.{c_kind}")
    lines = [
        ".version 9.0", f".target {device.target}", ".address_size 64", ".visible .entry lanes(.param .u64 source, .param .u64 result)",
        "{", f".shared .align 32 .b8 tile[{len(blob)}];", ".reg .b64 %in, %out, %from;", ".reg .b32 %thread, %to, %word;", ".reg .pred %p;",
        *[f".reg .{register_type(kinds[x])} %{x}<{size[x]}>;" for x in "abcd"],
        "ld.param.u64 %in, [source];", "ld.param.u64 %out, [result];", "cvta.to.global.u64 %in, %in;", "cvta.to.global.u64 %out, %out;",
        "mov.u32 %to, tile;", "mov.u32 %thread, %tid.x;", "shl.b32 %thread, %thread, 2;",
        "LOOP: cvt.u64.u32 %from, %thread;", "add.s64 %from, %from, %in;", "ld.global.u32 %word, [%from];",
        "add.s32 %to, %to, %thread;", "st.shared.u32 [%to], %word;", "sub.s32 %to, %to, %thread;", "add.s32 %thread, %thread, 128;",
        f"setp.lt.u32 %p, %thread, {len(blob)};", "@%p bra LOOP;", "bar.sync 0;",
    ]  # fmt: skip
    base = "%in" if space == "global" else "%to"
    for x in "abc":
        lines.append(f"wmma.load.{x}.sync.aligned.{layout[x]}.{shape}.{space}.{kinds[x]} {group[x]}, [{base}+{offsets[x]}], {strides[x]};")
    rounding = ".rn" if kind == "f64" else ""
    lines.append(f"wmma.mma.sync.aligned.{layout['a']}.{layout['b']}.{shape}{rounding}.{types} {group['d']}, {group['a']}, {group['b']}, {group['c']};")
    lines.append(f"wmma.store.d.sync.aligned.{layout['c']}.{shape}.global.{d_kind} [%out], {group['d']}, {strides['d']};")
    source = np.frombuffer(blob + b"\0" * 128, np.uint8).copy()
    try:
        device.launch("\n".join([*lines, "ret;", "}", ""]), 32, 32, source, result)
    except LoadError:
        if device.real:
            pytest.skip(f"This GPU does not have {shape} of {kind}.")
        raise
    got = result[:, : d_lines[1]]
    expected = expected_product(kinds, images["a"], images["b"], images["c"], False)
    np.testing.assert_array_equal(got if layout["c"] == "row" else got.T, expected.astype(got.dtype))
    assert not result[:, d_lines[1] :].any()


def test_doubles_pass_nans_on(device):
    """The operand that is a NaN, with its payload, in whole rows, columns and single elements of the product."""
    if device.real:
        pytest.skip("A GPU's tensor cores have NaNs of their own.")
    a, b, c = (np.full(shape, 1.0).view(np.uint64) for shape in ((8, 4), (4, 8), (8, 8)))
    nan = lambda payload: np.uint64(0x7FF0000000000000 + payload)  # noqa: E731
    a[1, 2], b[0, 3], b[2, 5], c[5, 6], c[6, 5] = nan(0xA), nan(0xB), nan(0xB), nan(0xC), nan(0xC)
    expected = np.full((8, 8), 5.0).view(np.uint64)
    expected[5, 6] = nan(0xC)
    expected[:, 3] = expected[:, 5] = nan(0xB)  # also where a sum is one already: factors come first
    expected[1] = nan(0xA)  # also where both factors are NaNs
    expected |= np.where(expected >= nan(0), np.uint64(1 << 51), np.uint64(0))
    group = {x: "{" + ", ".join(f"%{x}{i}" for i in range(n)) + "}" for x, n in (("a", 1), ("b", 1), ("c", 2))}
    lines = [
        ".version 9.0", f".target {device.target}", ".address_size 64", ".visible .entry lanes(.param .u64 source, .param .u64 result)", "{",
        ".reg .b64 %in, %out;", ".reg .f64 %a0, %b0, %c<2>;", "ld.param.u64 %in, [source];", "ld.param.u64 %out, [result];",
        *[f"wmma.load.{x}.sync.aligned.row.m8n8k4.f64 {group[x]}, [%in+{offset}], {n};" for x, offset, n in (("a", 0, 4), ("b", 256, 8), ("c", 512, 8))],
        f"wmma.mma.sync.aligned.row.row.m8n8k4.rn.f64.f64.f64.f64 {group['c']}, {group['a']}, {group['b']}, {group['c']};",
        f"wmma.store.d.sync.aligned.row.m8n8k4.f64 [%out], {group['c']}, 8;", "ret;", "}", "",
    ]  # fmt: skip
    result = np.zeros((8, 8), np.uint64)
    device.launch("\n".join(lines), 32, 32, np.concatenate([x.ravel() for x in (a, b, c)]), result)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("exited", [0, 16])
def test_accumulators_of_both_precisions_lie_alike(device, exited):
    """Element i of a lane is the same in f32 and f16, which programs rely on; lanes that have exited get nothing."""
    if device.real:
        pytest.skip("Where a GPU keeps elements is its own affair.")
    values = np.arange(256, dtype=np.float32)
    source = np.concatenate([values.view(np.uint8), values.astype(np.float16).view(np.uint8)])
    single, half = ("{" + ", ".join(f"%{x}{i}" for i in range(n)) + "}" for x, n in (("s", 8), ("h", 4)))
    lines = [
        ".version 9.0", f".target {device.target}", ".address_size 64", ".visible .entry lanes(.param .u64 source, .param .u64 result)", "{",
        ".reg .b64 %in, %out, %at;", ".reg .f32 %s<8>;", ".reg .b32 %thread, %h<4>;", ".reg .pred %p;", "mov.u32 %thread, %tid.x;",
        f"setp.ge.u32 %p, %thread, {32 - exited};", "@%p exit;", "ld.param.u64 %in, [source];", "ld.param.u64 %out, [result];",
        f"wmma.load.c.sync.aligned.row.m16n16k16.f32 {single}, [%in], 16;",
        f"wmma.load.c.sync.aligned.row.m16n16k16.f16 {half}, [%in+1024], 16;",
        "mul.wide.u32 %at, %thread, 48;", "add.s64 %out, %out, %at;", *[f"st.f32 [%out+{4 * i}], %s{i};" for i in range(8)],
        *[f"st.b32 [%out+{32 + 4 * i}], %h{i};" for i in range(4)], "ret;", "}", "",
    ]  # fmt: skip
    result = np.zeros((32, 48), np.uint8)
    device.launch("\n".join(lines), 32, 32, source, result)
    singles, halves = result[:, :32].copy().view(np.float32), result[:, 32:].copy().view(np.float16)
    np.testing.assert_array_equal(singles, halves.astype(np.float32))
    lanes = 32 - exited
    assert len(np.unique(singles[:lanes])) == 8 * lanes and not result[lanes:].any()


# ---- ldmatrix, stmatrix, movmatrix --------------------------------------------------------------------------------------


@pytest.mark.parametrize("transposed", [False, True], ids=["", "trans"])
@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("operation", ["ldmatrix", "stmatrix"])
def test_tiles(device, operation, count, transposed):
    """Tiles go through shared memory, their rows in an order that is not that of memory."""
    random = np.random.default_rng(count)
    data = random.integers(0, 2**16, (count, 8, 8), np.uint16)  # in memory for a load, in registers for a store
    order = random.permutation(count * 8)
    suffix = f"x{count}{'.trans' if transposed else ''}"
    group = "{" + ", ".join(f"%d{i}" for i in range(count)) + "}"
    lane = np.arange(32)
    rows, columns = lane // 4, lane % 4 * 2
    tiles = data.transpose(0, 2, 1) if transposed else data
    registers = (tiles[:, rows, columns] | tiles[:, rows, columns + 1].astype(np.uint32) << 16).astype(np.uint32)
    memory = np.zeros((count * 8, 8), np.uint16)
    memory[order] = data.reshape(-1, 8)
    addresses = np.zeros(32, np.uint32)
    addresses[: count * 8] = order * 16
    words = count * 32
    source = np.concatenate([addresses, memory.view(np.uint32).ravel(), registers.ravel()]).astype(np.uint32)
    result = np.zeros(words, np.uint32)
    move = [f"ld.global.u32 %d{i}, [%in+{128 + 4 * words + 128 * i}];" for i in range(count)]
    fill = [f"ld.global.u32 %w, [%in+{128 + 128 * i}]; st.shared.u32 [%mine+{128 * i}], %w;" for i in range(count)]
    if operation == "ldmatrix":
        body = [*fill, "bar.sync 0;", f"ldmatrix.sync.aligned.m8n8.{suffix}.shared.b16 {group}, [%at];",
                *[f"st.global.u32 [%out+{128 * i}], %d{i};" for i in range(count)]]  # fmt: skip
        expected = registers.ravel()
    else:
        body = [*move, f"stmatrix.sync.aligned.m8n8.{suffix}.shared.b16 [%at], {group};", "bar.sync 0;",
                *[f"ld.shared.u32 %w, [%mine+{128 * i}]; st.global.u32 [%out+{128 * i}], %w;" for i in range(count)]]  # fmt: skip
        expected = memory.view(np.uint32).ravel()
    ptx = [
        ".version 9.0", f".target {device.target}", ".address_size 64", ".visible .entry lanes(.param .u64 source, .param .u64 result)",
        "{", f".shared .align 16 .b8 tile[{4 * words}];", ".reg .b64 %in, %out, %wide;", ".reg .b32 %thread, %mine, %at, %w, %d<4>;",
        "ld.param.u64 %in, [source];", "ld.param.u64 %out, [result];", "cvta.to.global.u64 %in, %in;", "cvta.to.global.u64 %out, %out;",
        "mov.u32 %thread, %tid.x;", "mul.wide.u32 %wide, %thread, 4;", "add.s64 %in, %in, %wide;", "add.s64 %out, %out, %wide;",
        "mov.u32 %at, tile;", "shl.b32 %mine, %thread, 2;", "add.s32 %mine, %mine, %at;",
        "ld.global.u32 %w, [%in];", "add.s32 %at, %at, %w;", *body, "ret;", "}", "",
    ]  # fmt: skip
    try:
        device.launch("\n".join(ptx), 32, 32, source, result)
    except LoadError:
        if device.real:
            pytest.skip(f"This GPU does not have {operation}.")
        raise
    np.testing.assert_array_equal(result, expected)


def test_movmatrix(device):
    data = np.random.default_rng(3).integers(0, 2**16, (8, 8), np.uint16)
    lane = np.arange(32)
    registers = lambda t: t[lane // 4, lane % 4 * 2] | t[lane // 4, lane % 4 * 2 + 1].astype(np.uint32) << 16  # noqa: E731
    result = np.zeros(32, np.uint32)
    ptx = [
        ".version 9.0", f".target {device.target}", ".address_size 64", ".visible .entry lanes(.param .u64 source, .param .u64 result)",
        "{", ".reg .b64 %in, %out, %wide;", ".reg .b32 %thread, %a, %d;", "ld.param.u64 %in, [source];", "ld.param.u64 %out, [result];",
        "cvta.to.global.u64 %in, %in;", "cvta.to.global.u64 %out, %out;", "mov.u32 %thread, %tid.x;", "mul.wide.u32 %wide, %thread, 4;",
        "add.s64 %in, %in, %wide;", "add.s64 %out, %out, %wide;", "ld.global.u32 %a, [%in];",
        "movmatrix.sync.aligned.m8n8.trans.b16 %d, %a;", "st.global.u32 [%out], %d;", "ret;", "}", "",
    ]  # fmt: skip
    device.launch("\n".join(ptx), 32, 32, registers(data).astype(np.uint32), result)
    np.testing.assert_array_equal(result, registers(data.T))
