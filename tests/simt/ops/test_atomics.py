"""Every atomic on every kind of address against the reference, and under contention."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
from lane_device import LoadError, register
from lane_forms import FORMS
from lane_operands import operand
from lane_reference import image, number

SOURCE = Path(__file__).parents[3] / "simt" / "exec" / "atomics.cpp"
THREADS = 512
PAST_SIGN, INFINITY = (1 << 64) - 1, 0x7FF << 53
"""The bits of an .f64 that follow its sign, moved to the top; what those of infinity are there."""
SPACES = ("global", "shared", "generic global", "generic shared")
COMPUTE = {form.name: form.compute for form in FORMS}


def known() -> list[str]:
    """The operations of the engine's table; those of 128 bits have cases of their own."""
    table = SOURCE.read_text().partition("kAtomics[] = {")[2].partition("};")[0]
    return sorted(name for name in set(re.findall(r'"(\w+\.\w+)"', table)) if not name.endswith("b128"))


def reference(operation: str, kind: str, in_global: bool):
    """A function of the old value and one or two operands, all of them register images."""
    integer = {
        "add": lambda a, b: a + b,
        "min": min,
        "max": max,
        "and": lambda a, b: a & b,
        "or": lambda a, b: a | b,
        "xor": lambda a, b: a ^ b,
        "inc": lambda a, b: 0 if a >= b else a + 1,
        "dec": lambda a, b: b if a == 0 or a > b else a - 1,
        "exch": lambda a, b: b,
    }
    if operation == "cas":
        return lambda a, b, c: c if a == b else a
    if kind[0] in "us":
        return lambda a, b: image(kind, integer[operation](number(kind, a), number(kind, b)))
    if kind[0] == "b" and not kind.startswith("bf"):
        return integer[operation]
    compute = COMPUTE[f"{operation}.rn.ftz.f32" if in_global and kind == "f32" else f"{operation}.{kind}"]
    if in_global and kind == "f64":  # a NaN stays as it is, signalling or not
        return lambda a, b: next((x for x in (b, a) if x << 1 & PAST_SIGN > INFINITY), None) or compute(a, b)
    return (lambda a, b: compute(b, a)) if kind == "f64" else compute  # of two NaNs the old value


def kernel(target: str, name: str, kind: str, space: str) -> str:
    """PTX in which every thread works on a place of its own: it gets a, b and c, and gives the old and the new value."""
    width = int(re.sub(r"\D", "", kind.replace("x2", "")) or 0) * (2 if kind.endswith("x2") else 1)
    shared = "shared" in space
    where = "%shared" if shared else "%new"
    generic = f"cvta.{'shared' if shared else 'global'}.u64 %at, {where};" if "generic" in space else f"mov.b64 %at, {where};"
    atom = (
        f"atom.{name.partition('.')[0]}"
        if "generic" in space
        else f"atom.{'shared' if shared else 'global'}.{name.partition('.')[0]}"
    )
    noftz = ".noftz" if name.startswith("add") and "f16" in kind else ""
    operands = "%b, %c" if name.startswith("cas") else "%b"
    memory = "shared" if shared else "global"
    return f"""
.version 9.0
.target {target}
.address_size 64
.visible .entry lanes(.param .u64 source, .param .u64 result)
{{
.shared .align 8 .b8 buffer[{8 * THREADS}];
.reg .b64 %in, %out, %new, %shared, %at, %wide; .reg .b32 %t; .reg .{register(kind)} %a, %b, %c, %old;
mov.u32 %t, %tid.x;
ld.param.u64 %in, [source];
ld.param.u64 %out, [result];
mul.wide.u32 %wide, %t, 8;
add.u64 %in, %in, %wide;
add.u64 %out, %out, %wide;
add.u64 %new, %out, {8 * THREADS};
mov.u64 %shared, buffer;
add.u64 %shared, %shared, %wide;
ld.global.b{width} %a, [%in];
ld.global.b{width} %b, [%in+{8 * THREADS}];
ld.global.b{width} %c, [%in+{16 * THREADS}];
st.{memory}.b{width} [{where}], %a;
{generic}
{atom}{noftz}.{kind} %old, [%at], {operands};
ld.{memory}.b{width} %a, [{where}];
st.global.b64 [%out], 0;
st.global.b{width} [%out], %old;
st.global.b64 [%new], 0;
st.global.b{width} [%new], %a;
ret;
}}
"""


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", known())
def test_atomic(device, name, space):
    operation, kind = name.split(".")
    draw = random.Random(name)
    source = np.array([[operand(kind, draw) for _ in range(THREADS)] for _ in range(3)], np.uint64)
    if operation == "cas":  # let half of them succeed
        source[1, ::2] = source[0, ::2]
    result = np.zeros((2, THREADS), np.uint64)
    try:
        device.launch(kernel(device.target, name, kind, space), THREADS, THREADS, source, result)
    except LoadError:
        if device.real:
            pytest.skip(f"This GPU does not have atom.{name}.")
        raise
    compute = reference(operation, kind, "global" in space)
    for a, b, c, old, new in zip(*source.tolist(), *result.tolist(), strict=True):
        assert old == a
        expected = compute(a, b, c) if operation == "cas" else compute(a, b)
        assert new == expected, f"atom.{name} in {space} memory of {a:#x}, {b:#x}: got {new:#x}, expected {expected:#x}"


CONTENDED = """
extern "C" __global__ void count(unsigned* out, int n) {
  __shared__ unsigned inside;
  if (threadIdx.x == 0) inside = 0;
  __syncthreads();
  for (int i = 0; i < n; ++i) {
    atomicAdd(&inside, 1u);
    atomicAdd(out, 1u);
    atomicMax(out + 1, blockIdx.x * blockDim.x + threadIdx.x);
    atomicXor(out + 2, 1u << (threadIdx.x & 31));
    atomicInc(out + 3, 999u);
    unsigned old = out[4], seen;
    do { seen = old; old = atomicCAS(out + 4, seen, seen + 3); } while (old != seen);
  }
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(out + 5, inside);
}
"""


def test_contention(gpu):
    blocks, threads, turns = 8, 96, 5
    out = gpu.array(np.zeros(6, np.uint32))
    gpu.load(CONTENDED).launch("count", blocks, threads, out, turns)
    every = blocks * threads * turns
    assert out.get().tolist() == [every, blocks * threads - 1, 0, every % 1000, 3 * every, every]
