"""Random kernels under the race checker: what it finds are races by definition, and where there is one it finds one."""

import ctypes
import json
import random

import numpy as np
import pytest

KERNELS = 60
SIZES = {"int": 4, "char": 1, "short": 2, "double": 8}


def index(rng):
    """Return how a thread gets its element: one after another, all the same, rows, halves of warps, backwards ..."""
    c = rng.randrange(40)
    return rng.choice((
        f"t+{c}", f"(t*{rng.choice((2, 3, 5))}+{c})%160", f"t/16*16+{c % 16}", f"t%16+{c}", f"{c}", f"t/32+{c}",
        f"(t^{rng.choice((1, 16, 32, 33))})+{c % 8}", f"t%20*2+{c}", f"160-t+{c}",
    ))  # fmt: skip


def tile(rng):
    """Return how a warp reads or writes a matrix, a read or a write, and the first elements of a thread's accesses, and their size."""
    at = f"{8 * rng.randrange(20)}+t/32*{rng.choice((0, 0, 8, 128))}"
    rows = "for r in range(16)"
    if rng.random() < 0.6:  # every lane reads all of it, of whom two are enough
        pitch = rng.choice((16, 24, 64))
        fragment = f"fragment<matrix_a, 16, 16, 16, half, {rng.choice(('row', 'col'))}_major> f;"
        does = f"{fragment} load_matrix_sync(f, (half*)({{}}+{at}), {pitch}); v += (int)__half2float(f.x[0]);"
        return "read", does, f"[({{}}+{at})*2+r*{pitch}+c {rows} for c in range(16) if t%32 in (0, 31)]", 2
    pitch, layout = rng.choice((16, 20)), rng.choice(("row", "row", "col"))
    element = "r*16+c" if layout == "row" else "c*16+r"
    fragment = "fragment<accumulator, 16, 16, 16, float> f; fill_fragment(f, t);"
    does = f"{fragment} store_matrix_sync((float*)({{}}+{at}), f, {pitch}, mem_{layout}_major);"
    return "write", does, f"[{{}}+{at}+r*{pitch}+c {rows} for c in range(16) if ({element})%32 == t%32]", 4


def some_kernel(rng, name, tiles=False):
    """Return the source lines of a kernel, its launch, and its accesses: (line in it, kind, interval, space, index, guard, size)."""
    threads, blocks = rng.choice((64, 96, 128, *(() if tiles else (80,)))), rng.choice((1, 2))
    lines = [
        f'extern "C" __global__ void {name}(int* g, int* out) {{',
        "    __shared__ __align__(16) int s[2048]; int t = threadIdx.x, b = blockIdx.x, v = 0;",
    ]
    accesses, interval = [], 0
    for _ in range(rng.randrange(2, 5 if tiles else 9)):
        if rng.random() < 0.3:
            lines.append("    __syncthreads();")
            interval += 1
            continue
        space = rng.choice("ssg")
        where = index(rng) + ("+b*512" if space == "g" and rng.random() < 0.7 else "")
        guards = (f"t<{rng.randrange(1, threads)}", f"t>={rng.randrange(1, threads)}", f"t=={rng.randrange(threads)}",
                  f"t/32=={rng.randrange(threads // 32)}", "t%2==0")  # fmt: skip
        if tiles and rng.random() < 0.7:
            kind, does, elements, size = tile(rng)
            block = "b*512" if space == "g" and rng.random() < 0.7 else "0"
            guard = rng.choice((guards[3], "true", "true"))
            accesses.append((len(lines), kind, interval, space, elements.format(block), guard, size))
            lines.append(
                f'    if ({guard}) {{ {does.format(f"{space}+{block}")} }} asm volatile("" :: "l"(s), "l"(g) : "memory");'
            )
            continue
        guard = rng.choice((*guards, "true", "true"))
        kind = rng.choices(("write", "atomic", "read"), (7, 2, 11))[0]
        element = "int" if kind == "atomic" else rng.choice(["int"] * 5 + list(SIZES))
        place = f"(({element}*){space})[{where}]"
        does = {"write": f"{place} = t + b * 1000 + 1;", "atomic": f"atomicAdd(&{place}, 1);", "read": f"v += (int){place};"}[
            kind
        ]
        accesses.append((len(lines), kind, interval, space, where, guard, SIZES[element]))
        # Nothing is merged or left out by the compiler.
        lines.append(f'    if ({guard}) {does} asm volatile("" :: "l"(s), "l"(g) : "memory");')
    return [*lines, "    out[b * 128 + t] = v;", "}"], blocks, threads, accesses


def races(blocks, threads, accesses):
    """Return the pairs of lines that race, found by looking at all pairs of threads that share a byte, and who touches what."""

    def touched(space, where, guard, size):
        found = {}
        for b in range(blocks):
            for t in range(threads):
                names = {"t": t, "b": b, "true": True}
                if eval(guard.replace("/", "//"), names):
                    elements = eval(where.replace("/", "//"), names)
                    for element in elements if isinstance(elements, list) else [elements]:
                        for byte in range(element * size, (element + 1) * size):
                            found.setdefault((space, byte, b if space == "s" else None), []).append((b, t))
        return found

    seen = [(line, kind, interval, touched(*rest)) for line, kind, interval, *rest in accesses]
    pairs = set()
    for n, (line, kind, interval, bytes_) in enumerate(seen):
        for other_line, other_kind, other_interval, others in seen[n:]:
            if kind == other_kind and kind != "write":
                continue
            if any(
                (a[0] != b[0] or interval == other_interval) and a != b
                for byte in bytes_.keys() & others.keys()
                for a in bytes_[byte]
                for b in others[byte]
            ):
                pairs.add((line, other_line))
    return pairs, {line: bytes_ for line, _, _, bytes_ in seen}


def share(touched, *places):
    """Return whether the two threads of a finding touch a common byte."""
    (a, first), (b, second) = ((touched[line], (block[0], thread[0])) for line, block, thread in places)
    return any(first in a[byte] and second in b[byte] for byte in a.keys() & b.keys())


@pytest.mark.parametrize(("seed", "tiles"), [(1, False), (2, False), (1, True)])
def test_random_kernels(gpu, seed, tiles):
    rng = random.Random(seed)
    kernels = {f"k{n}": some_kernel(rng, f"k{n}", tiles) for n in range(KERNELS)}
    starts, source = {}, ["#include <mma.h>", "using namespace nvcuda::wmma;"] if tiles else []
    for name, (lines, *_) in kernels.items():
        starts[name] = len(source) + 1
        source += lines
    library = gpu.load("\n".join(source))
    gpu.lib.pmpp_simt_findings.restype = ctypes.c_char_p
    racy = 0
    for schedule in (0, seed):  # in lockstep, and one warp after another
        gpu.seed(schedule)
        gpu.lib.pmpp_simt_forget_findings()
        gpu.lib.pmpp_simt_check(b"race")
        try:
            memory, out = gpu.array(np.zeros(16384, np.int32)), gpu.array(np.zeros(256, np.int32))
            for name, (_, blocks, threads, _) in kernels.items():
                library.launch(name, blocks, threads, memory, out)
            findings = json.loads(gpu.lib.pmpp_simt_findings())
        finally:
            gpu.lib.pmpp_simt_check(b"")
            gpu.lib.pmpp_simt_forget_findings()
        for name, (lines, *launch) in kernels.items():
            expected, touched = races(*launch)
            # The compiler may read at a place that is there for all in threads that a guard leaves out.
            guesses = {
                n for n, kind, _, _, where, guard, _ in launch[2] if kind == "read" and guard != "true" and where[0] != "["
            }
            found = set()
            for f in (f for f in findings if f["kernel"] == name):
                places = [(p["line"] - starts[name], p["block"], p["thread"]) for p in (f, f["other"])]
                found.add(tuple(sorted(line for line, *_ in places)))
                assert any(line in guesses for line, *_ in places) or share(touched, *places), (schedule, f, "\n".join(lines))
            assert found <= expected and bool(found) == bool(expected), (schedule, expected, found, "\n".join(lines))
            racy += bool(expected)
    assert KERNELS // 2 < racy < 2 * KERNELS
