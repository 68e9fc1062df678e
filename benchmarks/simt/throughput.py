"""How fast the software GPU executes: kernels of textbooks, beside the same algorithms in C++ and in Numba's simulator.

    python benchmarks/simt/throughput.py [--rounds 9] [--scale 1] [--counters] [--checkers] [--library path] [kernel ...]
    python benchmarks/simt/throughput.py --record      # keeps the ratios in baseline.json
    python benchmarks/simt/throughput.py --compare     # fails where they are worse than in baseline.json, beyond noise

Instructions are PTX instructions as nvcc wrote them times the lanes that execute them, counted in a run of their own.
Rounds are interleaved: one thread, two threads, and `g++ -O3 -march=native` on one; times are those of the fastest round,
measured on this machine's CPU: processor time for one thread, since other programs may run, and wall time for two.
Numba's simulator executes a scaled-down problem, once. Results are checked.
"""

import argparse
import ctypes
import json
import math
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests" / "simt"))
import gpu as simulator  # noqa: E402

BASELINE = HERE / "baseline.json"
NOISE = 0.10
"""By how much a ratio may be worse than the worst one that was recorded. Rounds of one machine differ by less."""


class Case:
    """A kernel: how to launch it, its C++ counterpart, and whether an output is right."""

    def __init__(self, name, launch, output, sequential, expected):
        self.name, self.launch, self.output, self.sequential, self.expected = name, launch, output, sequential, expected

    def check(self):
        """Compare the software GPU's and the counterpart's output with the expected one."""
        for who, result in (("the software GPU", self.output.get()), ("the C++ counterpart", self.sequential())):
            if not np.allclose(result, self.expected, rtol=2e-4, atol=1e-6):
                sys.exit(f"{self.name}: the result of {who} is wrong")


def host(array):
    """Return an array's address for ctypes."""
    return array.ctypes.data_as(ctypes.c_void_p)


def cases(gpu, library, cpp, scale):
    """Yield every case."""
    rng = np.random.default_rng(1)

    def sequential(name, out, *args):
        def call():
            getattr(cpp, name)(*(host(a) if isinstance(a, np.ndarray) else a for a in args))
            return out

        return call

    n = int(4 * scale * 2**20)
    a, b = rng.random(n, np.float32), rng.random(n, np.float32)
    da, db, dc, c = gpu.array(a), gpu.array(b), gpu.array(np.zeros(n, np.float32)), np.zeros(n, np.float32)
    yield Case(
        "vector_add",
        lambda: library.launch("vector_add", (n + 255) // 256, 256, da, db, dc, n),
        dc,
        sequential("vector_add", c, a, b, c, n),
        a + b,
    )

    m = int(512 * math.sqrt(scale)) // 16 * 16
    x, y, z = rng.random((m, m), np.float32), rng.random((m, m), np.float32), np.zeros((m, m), np.float32)
    dx, dy, dz = gpu.array(x), gpu.array(y), gpu.array(z)
    yield Case(
        "matmul",
        lambda: library.launch("matmul", (m // 16, m // 16), (16, 16), dx, dy, dz, m),
        dz,
        sequential("matmul", z, x, y, z, m),
        x @ y,
    )

    e = m // 64 * 64
    left, right, product = x[:e, :e].astype(np.float16), y[:e, :e].astype(np.float16), np.zeros((e, e), np.float32)
    dleft, dright, dproduct = gpu.array(left), gpu.array(right), gpu.array(product)
    halves = left.astype(np.float32), right.astype(np.float32)
    yield Case(
        "mma",
        lambda: library.launch("mma", (e // 64, e // 64), 128, dleft, dright, dproduct, e),
        dproduct,
        sequential("matmul", product, *halves, product, e),
        halves[0] @ halves[1],
    )

    k = int(16 * scale * 2**20) // 1024 * 1024
    values, sums = rng.random(k, np.float32), np.zeros(k // 1024, np.float32)
    dv, dp = gpu.array(values), gpu.array(sums)
    yield Case(
        "reduce",
        lambda: library.launch("reduce", k // 1024, 256, dv, dp, k),
        dp,
        sequential("reduce", sums, values, sums, k),
        values.reshape(-1, 1024).sum(1),
    )

    count = int(scale * 2**18)
    steps = np.zeros(count, np.int32)
    dsteps = gpu.array(steps)
    v, lengths = np.arange(1, count + 1, dtype=np.uint32), np.zeros(count, np.int32)
    while (v != 1).any():
        lengths += v != 1
        v = np.where(v == 1, 1, np.where(v & 1, 3 * v + 1, v >> 1))
    yield Case(
        "divergent",
        lambda: library.launch("divergent", (count + 255) // 256, 256, dsteps, count),
        dsteps,
        sequential("divergent", steps, steps, count),
        lengths,
    )

    bytes_, bins = rng.integers(0, 256, k, np.uint8), np.zeros(256, np.uint32)
    dbytes, dbins = gpu.array(bytes_), gpu.array(bins)

    def histogram():
        dbins.set(np.zeros(256, np.uint32))
        library.launch("histogram", 256, 256, dbytes, dbins, k)

    def sequential_histogram():
        bins[:] = 0
        cpp.histogram(host(bytes_), host(bins), k)
        return bins

    yield Case("histogram", histogram, dbins, sequential_histogram, np.bincount(bytes_, minlength=256))

    q = int(4 * scale * 2**20) // 2048 * 2048
    ints, out, totals = rng.integers(0, 100, q, np.int32), np.zeros(q, np.int32), np.zeros(q // 1024, np.int32)
    di, do, ds = gpu.array(ints), gpu.array(out), gpu.array(totals)
    yield Case(
        "kogge_stone",
        lambda: library.launch("kogge_stone", q // 1024, 1024, di, do, ds),
        do,
        sequential("kogge_stone", out, ints, out, totals, q),
        ints.reshape(-1, 1024).cumsum(1).ravel(),
    )

    keys, moved = rng.integers(0, 2**32, q, np.uint32), np.zeros(q, np.uint32)
    dk, dr = gpu.array(keys), gpu.array(moved)
    order = np.argsort(keys.reshape(-1, 2048) >> 8 & 15, axis=1, kind="stable")
    yield Case(
        "radix_pass",
        lambda: library.launch("radix_pass", q // 2048, 256, dk, dr, 8),
        dr,
        sequential("radix_pass", moved, keys, moved, 8, q),
        np.take_along_axis(keys.reshape(-1, 2048), order, 1).ravel(),
    )

    w = int(2048 * math.sqrt(scale)) // 16 * 16
    image, blurred = rng.random((w, w), np.float32), np.zeros((w, w), np.float32)
    padded, taps = np.pad(image, 2), np.array([1, 4, 6, 4, 1], np.float32)
    rows = sum(t * padded[r : r + w] for r, t in enumerate(taps))
    dimage, dresult = gpu.array(image), gpu.array(blurred)
    yield Case(
        "convolution",
        lambda: library.launch("convolution", (w // 16, w // 16), (16, 16), dimage, dresult, w, w),
        dresult,
        sequential("convolution", blurred, image, blurred, w, w),
        sum(t * rows[:, c : c + w] for c, t in enumerate(taps)),
    )


def counterparts():
    """Compile sequential.cpp for this machine."""
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder) / "sequential.so"
        subprocess.run([shutil.which("g++") or "c++", "-O3", "-march=native", "-shared", "-fPIC", "-o", made,
                        HERE / "sequential.cpp"], check=True)  # fmt: skip
        return ctypes.CDLL(os.fspath(made))


def seconds(call):
    """Return the time that passes during a call, and the processor time that it takes."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


def counted(gpu, launch):
    """Return how many warp and thread instructions a launch takes."""
    gpu.lib.pmpp_simt_counted.restype = ctypes.c_char_p
    gpu.lib.pmpp_simt_count(1)
    launch()
    gpu.lib.pmpp_simt_count(0)
    kernels = [kernel["counters"] for kernel in json.loads(gpu.lib.pmpp_simt_counted())["kernels"]]
    return {name: sum(kernel[name] for kernel in kernels) for name in ("warp_instructions", "thread_instructions")}


def measure(gpu, case, rounds, counters, checkers):
    """Return instructions and times. Ratios come with the spread that three thirds of the rounds show."""
    gpu.threads(1)
    instructions = counted(gpu, case.launch)
    case.check()
    gpu.lib.pmpp_simt_count(int(counters))
    gpu.lib.pmpp_simt_check(b"all" if checkers else b"")
    times = {"one": [], "two": [], "cpp": []}
    for _ in range(max(3, rounds)):
        gpu.threads(1)
        times["one"].append(seconds(case.launch))
        gpu.threads(2)
        times["two"].append(seconds(case.launch))
        times["cpp"].append(seconds(case.sequential))
    gpu.lib.pmpp_simt_count(0)
    gpu.lib.pmpp_simt_check(b"")
    case.check()
    wall = {who: [w for w, _ in each] for who, each in times.items()}
    processor = {who: [p for _, p in each] for who, each in times.items()}

    def ratio(above, below):
        thirds = [min(above[n::3]) / min(below[n::3]) for n in range(3)]
        return {"best": min(above) / min(below), "least": min(thirds), "most": max(thirds)}

    return {
        **instructions,
        "against_cpp": ratio(processor["one"], processor["cpp"]),
        "second_core": ratio(wall["one"], wall["two"]),
        "seconds": {"one": min(processor["one"]), "two": min(wall["two"]), "cpp": min(processor["cpp"])},
    }


def machine():
    """Describe the machine: what absolute times belong to."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    named = [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")]
    run = subprocess.run([shutil.which("g++") or "c++", "-dumpfullversion"], capture_output=True, text=True, check=True)
    return {
        "cpu": named[0] if named else platform.machine(),
        "cores": os.cpu_count(),
        "level": os.environ.get("PMPP_SIM_ISA") or "the best",
        "compiler": f"g++ {run.stdout.strip()}",
    }


def numba_rates(names):
    """Thread-instructions a second of Numba's simulator, by kernel; empty if Numba is not installed."""
    run = subprocess.run([sys.executable, HERE / "numba_twins.py", *names], capture_output=True, text=True,
                         env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"})  # fmt: skip
    if run.returncode:
        missing = "No module named 'numba'" in run.stderr
        print("Numba's simulator is left out:", "numba is not installed" if missing else "it failed\n" + run.stderr)
        return {}
    return json.loads(run.stdout)


def geometric_mean(values):
    """Return it."""
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))


def regressions(now, before):
    """Return a sentence for each kernel that got worse by more than noise, or that executes other instructions."""
    found = []
    for name, old in before["kernels"].items():
        new = now["kernels"].get(name)
        if new is None:
            continue
        for what in ("warp_instructions", "thread_instructions"):
            if new[what] != old[what]:
                found.append(f"{name}: {what} were {old[what]}, are {new[what]}")
        was, is_ = old["against_cpp"], new["against_cpp"]
        if is_["least"] > was["most"] * (1 + NOISE):
            found.append(f"{name}: took {was['best']:.2f} times as long as C++, takes {is_['best']:.2f}")
        was, is_ = old["second_core"], new["second_core"]
        if is_["most"] * (1 + NOISE) < was["least"]:
            found.append(f"{name}: a second core gave {was['best']:.2f}x, gives {is_['best']:.2f}x")
    return found


def main():
    """Measure, print, and record or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernels", nargs="*", help="names of kernels; all if none is given")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--scale", type=float, default=1, help="of the problem sizes")
    parser.add_argument("--counters", action="store_true", help="time the software GPU with its exact counters on")
    parser.add_argument("--checkers", action="store_true", help="time the software GPU with all its checkers on")
    parser.add_argument("--record", action="store_true", help=f"write {BASELINE.name}")
    parser.add_argument("--compare", action="store_true", help=f"fail on regressions against {BASELINE.name}")
    parser.add_argument("--library", default=ROOT / "pmpp" / "_lib" / "sim" / "libpmpp_simt.so")
    arguments = parser.parse_args()

    gpu = simulator.Gpu(arguments.library)
    library = gpu.load(simulator.compile_ptx((HERE / "kernels.cu").read_text(), "75", ()))
    result = {"machine": machine(), "scale": arguments.scale, "kernels": {}}
    print(", ".join(f"{key} {value}" for key, value in result["machine"].items()) + ", measured")
    print("kernel              ms  G instr./s  ns a warp instr.  second core    C++ ms  times C++")
    for case in cases(gpu, library, counterparts(), arguments.scale):
        if arguments.kernels and case.name not in arguments.kernels:
            continue
        m = result["kernels"][case.name] = measure(gpu, case, arguments.rounds, arguments.counters, arguments.checkers)
        one, cpp = m["seconds"]["one"], m["seconds"]["cpp"]
        rate, cost = m["thread_instructions"] / one / 1e9, one * 1e9 / m["warp_instructions"]
        print(
            f"{case.name:12} {one * 1e3:9.2f} {rate:11.2f} {cost:17.2f} {m['second_core']['best']:11.2f}x "
            f"{cpp * 1e3:9.2f} {one / cpp:10.2f}"
        )
    # One of its instructions is hundreds of another kernel's: means are those of the others.
    kernels = [m for name, m in result["kernels"].items() if name != "mma"] or list(result["kernels"].values())
    rate = geometric_mean(m["thread_instructions"] / m["seconds"]["one"] for m in kernels)
    against = [m["against_cpp"]["best"] for m in kernels]
    second = geometric_mean(m["second_core"]["best"] for m in kernels)
    print(
        f"geometric means: {rate / 1e9:.2f} G thread-instructions/s on one core, {second:.2f}x from a second core, "
        f"{geometric_mean(against):.2f} times the time of C++ (at worst {max(against):.2f})"
    )
    if rates := numba_rates(result["kernels"]):
        print("Numba's simulator, M thread-instructions/s:", ", ".join(f"{k} {v / 1e6:.3f}" for k, v in rates.items()))

    if arguments.record:
        BASELINE.write_text(json.dumps(result, indent=1) + "\n")
    if arguments.compare:
        before = json.loads(BASELINE.read_text())
        if before["scale"] != arguments.scale:
            sys.exit(f"the baseline was recorded with --scale {before['scale']}")
        if before["machine"] != result["machine"]:
            print("the baseline is another machine's:", before["machine"])
        found = regressions(result, before)
        print("\n".join(found) or "no regression")
        sys.exit(bool(found))


if __name__ == "__main__":
    main()
