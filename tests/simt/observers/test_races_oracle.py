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


def some_kernel(rng, name):
    """Return the source lines of a kernel, its launch, and its accesses: (line in it, kind, interval, space, index, guard, size)."""
    threads, blocks = rng.choice((64, 96, 128, 80)), rng.choice((1, 2))
    lines = [
        f'extern "C" __global__ void {name}(int* g, int* out) {{',
        "    __shared__ __align__(16) int s[2048]; int t = threadIdx.x, b = blockIdx.x, v = 0;",
    ]
    accesses, interval = [], 0
    for _ in range(rng.randrange(2, 9)):
        if rng.random() < 0.3:
            lines.append("    __syncthreads();")
            interval += 1
            continue
        space = rng.choice("ssg")
        where = index(rng) + ("+b*512" if space == "g" and rng.random() < 0.7 else "")
        guards = (f"t<{rng.randrange(1, threads)}", f"t>={rng.randrange(1, threads)}", f"t=={rng.randrange(threads)}",
                  f"t/32=={rng.randrange(threads // 32)}", "t%2==0")  # fmt: skip
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
    """Return the pairs of lines that race, found by looking at all pairs of threads that share a byte."""

    def touched(space, where, guard, size):
        found = {}
        for b in range(blocks):
            for t in range(threads):
                names = {"t": t, "b": b, "true": True}
                if eval(guard.replace("/", "//"), names):
                    first = eval(where.replace("/", "//"), names) * size
                    for byte in range(first, first + size):
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
    return pairs


@pytest.mark.parametrize("seed", [1, 2])
def test_random_kernels(gpu, seed):
    rng = random.Random(seed)
    kernels = {f"k{n}": some_kernel(rng, f"k{n}") for n in range(KERNELS)}
    starts, source = {}, []
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
            expected = races(*launch)
            found = {
                tuple(sorted((f["line"] - starts[name], f["other"]["line"] - starts[name])))
                for f in findings
                if f["kernel"] == name
            }
            assert found <= expected and bool(found) == bool(expected), (schedule, expected, found, "\n".join(lines))
            racy += bool(expected)
    assert KERNELS // 2 < racy < 2 * KERNELS
