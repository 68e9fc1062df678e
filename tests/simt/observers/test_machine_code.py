"""Machine code under checkers and counters beside handlers: random kernels, racy and clean, with values that nobody wrote."""

import ctypes
import json
import random

import numpy as np
import pytest

KERNELS = 40
RUN = """
import ctypes, hashlib, json, os
import numpy as np
gpu.threads(1)
library = gpu.load(open({path!r}).read())
for name in ("findings", "counted"):
    getattr(gpu.lib, "pmpp_simt_" + name).restype = ctypes.c_char_p

rng = np.random.default_rng(5)
data = rng.integers(-100, 100, 4096).astype(np.int32)
said = []
for observers in ("all", "race", "uninitialized", "counters"):
    gpu.lib.pmpp_simt_forget_findings()
    gpu.lib.pmpp_simt_check(b"" if observers == "counters" else observers.encode())
    gpu.lib.pmpp_simt_count(observers == "counters")
    for name, blocks, threads in {launches!r}:
        source, out, gap = gpu.array(data), gpu.array(np.zeros(8192, np.int32)), gpu.array(np.zeros(2048, np.int32))
        fresh = ctypes.c_void_p()   # of which a third is written
        gpu.call("cudaMalloc", ctypes.byref(fresh), ctypes.c_size_t(2048))
        gpu.call("cudaMemcpy", ctypes.c_void_p(fresh.value + 512), ctypes.c_void_p(data.ctypes.data), ctypes.c_size_t(1024), 1)
        library.launch("scrub", 1, 32, shared=40960)   # what nobody writes is the same in every process
        try:
            library.launch(name, blocks, threads, source, out, gap, np.uint64(fresh.value), 3)
            fault = ""
        except Exception as error:
            fault = str(error)
            gpu.reset()
        memory = hashlib.sha256(out.get().tobytes() + gap.get().tobytes()).hexdigest()
        gpu.call("cudaFree", fresh)
        said.append((observers, name, fault, memory))
    said.append(json.loads(gpu.lib.pmpp_simt_findings()))
    gpu.lib.pmpp_simt_count(0)
    if observers == "counters":
        said.append(json.loads(gpu.lib.pmpp_simt_counted()))
print(json.dumps(said))
"""


SCRUB = """
extern "C" __global__ void scrub() {
    extern __shared__ int z[];
    for (int n = threadIdx.x; n < 10240; n += 32) z[n] = 1717986918;
}
"""


def some_kernel(rng, name):
    """Return a kernel and its launch: loads of shared memory in runs, stores, barriers, branches and loops in any order."""
    threads, blocks = rng.choice((64, 96, 128, 256, 80)), rng.choice((1, 2, 3))

    def place():
        c = rng.randrange(24)
        return rng.choice((f"t + {c}", f"t + {c}", f"t % 16 * 17 + {c}", f"t / 16 * 17 + {c}", f"(t ^ {rng.choice((1, 16, 32))}) + {c}",
                           f"(w & 127) + {c}", f"{c}", f"t * 2 % 256 + {c}", f"t / 32 * 40 + {c}"))  # fmt: skip

    def element():
        kind = rng.choice(("int",) * 6 + ("float", "unsigned char", "double"))
        return f"(({kind}*)s)[{place()}]" if kind != "double" else f"((double*)s)[({place()}) & 255]"

    def statement(depth):
        kind = rng.randrange(12)
        value = rng.choice(("v", "w", "v * 3 + w", "t"))
        if kind < 4:
            return " ".join(f"{rng.choice(('v +=', 'w ^=', 'v = v * 3 +'))} (int){element()};" for _ in range(rng.randrange(1, 6)))
        if kind == 4:
            return f"s[{place()}] = {value};"
        if kind == 5:
            return "__syncthreads();" if depth == 0 or rng.random() < 0.2 else "__syncwarp();"
        if kind == 6:
            return f"f = f * 1.5f + (float){element()}; v += (int)f & 255;"
        if kind == 7 and depth < 2:
            guard = rng.choice(("v & 1", f"t < {rng.randrange(1, threads)}", f"t / 32 == {rng.randrange(3)}", "w > 0", "t % 3"))
            return f"if ({guard}) {{ {statement(depth + 1)} {statement(depth + 1)} }}"
        if kind == 8 and depth < 2:
            return f"for (int k = 0; k < n + ({rng.choice(('t & 1', 'v & 3', '0'))}); ++k) {{ {statement(depth + 1)} }}"
        if kind == 9:
            mine = "+ b * 1024" if rng.random() < 0.8 else ""
            return rng.choice((f"out[{place()} {mine}] = {value};", f"v += out[{place()} {mine}];", f"v -= in[{place()}];"))
        if kind == 10:
            return rng.choice((f"atomicAdd(&s[{place()}], {value});", f"atomicAdd(&gap[{place()}], 1);",
                               "v += __shfl_xor_sync(~0u, w, 4);" if threads % 32 == 0 and depth == 0 else "++v;"))  # fmt: skip
        return rng.choice((f"v += fresh[{place()}];", f"gap[t + b * 256] = fresh[{place()}];", "w = w * 5 + v;"))

    first = rng.choice(("for (int k = t; k < 640; k += blockDim.x) s[k] = k;", "s[t] = v;", "s[t / 16 * 17 + t % 16] = v;",
                        f"if (t < {threads // 2}) s[t] = v;"))  # fmt: skip
    body = [first, "__syncthreads();" if rng.random() < 0.9 else "", *(statement(0) for _ in range(rng.randrange(3, 9)))]
    if rng.random() < 0.2:
        body.append("v += s[t * 9]; w ^= s[t * 9 + 1];")   # beyond the end, in large blocks
    lines = [f'extern "C" __global__ void {name}(const int* in, int* out, int* gap, const int* fresh, int n) {{',
             "    __shared__ __align__(16) int s[640]; int t = threadIdx.x, b = blockIdx.x, v = in[t + b * 256], w = t * 7; float f = t;",
             *(f"    {line}" for line in body), "    out[4096 + b * 256 + t] = v ^ w;", "}"]  # fmt: skip
    return "\n".join(lines), (name, blocks, threads)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_kernels(gpu, run_on_its_own, tmp_path, seed):
    rng = random.Random(seed)
    made = [some_kernel(rng, f"k{n}") for n in range(KERNELS)]
    path = tmp_path / "kernels.cu"
    path.write_text("\n".join([SCRUB, *(source for source, _ in made)]))
    script = RUN.format(path=str(path), launches=[launch for _, launch in made])
    with_code, without = (json.loads(run_on_its_own(script, PMPP_SIM_JIT=jit, PMPP_SIM_QUIET="1")) for jit in "10")
    for one, other in zip(with_code, without, strict=True):
        assert one == other
    findings = with_code[KERNELS]
    kinds = {finding["kind"] for finding in findings}
    assert {"race", "uninitialized", "out-of-bounds"} <= kinds
    assert 8 < len({finding["kernel"] for finding in findings}) <= KERNELS


def test_who_comes_by_a_branch_is_looked_at(gpu):
    """Loads behind a label are not looked at with those before it, though all have one row of addresses: others come there, too."""
    source = """.version 8.0
    .target sm_75
    .address_size 64
    .visible .entry k(.param .u64 out) {
        .shared .align 4 .b8 s[1028]; .reg .b32 %r<6>; .reg .b64 %d<3>; .reg .pred %p, %q;
        mov.u32 %r0, %tid.x; mov.u32 %r1, s; shl.b32 %r2, %r0, 2; add.s32 %r2, %r1, %r2;
        st.shared.u32 [%r2], %r0; st.shared.u32 [s+1024], 0;   // all the same value
        bar.sync 0;
        mov.u32 %r3, 0; setp.ge.u32 %p, %r0, 64; setp.gt.u32 %q, %r0, 95;
        @%p bra L;
        ld.shared.u32 %r3, [%r2]; add.u32 %r3, %r3, 1;
    L:  ld.shared.u32 %r4, [%r2+4]; add.u32 %r3, %r3, %r4;
        @%q st.shared.u32 [%r2], %r3;
        ld.param.u64 %d0, [out]; mul.wide.u32 %d1, %r0, 4; add.u64 %d0, %d0, %d1; st.global.u32 [%d0], %r3;
        ret;
    }"""
    gpu.lib.pmpp_simt_findings.restype = ctypes.c_char_p
    gpu.lib.pmpp_simt_forget_findings()
    gpu.lib.pmpp_simt_check(b"all")
    try:
        gpu.load(source).launch("k", 1, 256, gpu.array(np.zeros(256, np.int32)))
        findings = json.loads(gpu.lib.pmpp_simt_findings())
    finally:
        gpu.lib.pmpp_simt_check(b"")
        gpu.lib.pmpp_simt_forget_findings()
    assert [f["kind"] for f in findings if not f.get("benign")] == ["race"]
