"""Speedups: what is timed and told, and the three ways in which it is decided. No time is compared with a bound."""

import numpy as np
import pytest

from pmpp import model
from pmpp.testing import Case, Problem, Speedup, confine
from pmpp.testing.build import build
from pmpp.testing.check import check
from pmpp.testing.course import Exercise
from pmpp.testing.report import block, summary
from pmpp.testing.runner import Race, call
from pmpp.testing.signature import Signature
from pmpp.testing.speedup import Counted, Measured, Ratio, cores, judge, ratio

DECLARE = '''
"""Doubles in place."""

import numpy as np

from pmpp import model
from pmpp.testing import Case, Problem, Speedup, confine


def timed(rng, n):
    x = rng.standard_normal(n, dtype=np.float32)
    return Case(f"n = {{n:,}}", {{"x": x, "n": n}}, {{"x": 2 * x}})


problem = Problem(
    title="Double",
    minutes=5,
    signature="int twice(float* x, int n)",
    read=("1", "1"),
    kind="make it faster",
    speedup=Speedup("stubs/twice.cu", timed, (4096, 1 << 26), sequential="baselines/twice.cpp", copies=True{wanted}),
)


@problem.test("small")
def small(rng):
    yield timed(rng, 100)
'''
LAUNCH = '\nextern "C" int twice(float* x, int n) {\n    twice_kernel<<<%s>>>(x, n);\n    return cudaGetLastError();\n}\n'
ONE_THREAD = """// Doubles.
__global__ void twice_kernel(float* x, int n) {
    // TODO (about 1 line): A thread an element.
    for (int i = 0; i < n; ++i) x[i] *= 2;
}
""" + LAUNCH % "1, 1"
PARALLEL = """__global__ void twice_kernel(float* x, int n) {
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i < n) x[i] *= 2;
}
""" + LAUNCH % "(n + 255) / 256, 256"
SEQUENTIAL = 'extern "C" int twice_on_cpu(float* x, int n) {\n    for (int i = 0; i < n; ++i) x[i] *= 2;\n    return 0;\n}\n'


@pytest.fixture
def timed(tmp_path, sim, cache):
    """Check a file of a made-up problem; return the verdict and what a learner reads."""

    def checked(text, wanted=""):
        exercise = Exercise(tmp_path / "ch1", "twice")
        for name, content in {
            "stubs/twice.cu": ONE_THREAD,
            "twice.cu": text,
            "baselines/twice.cpp": SEQUENTIAL,
            "hints/twice.md": "",
            "test_twice.py": DECLARE.format(wanted=wanted),
        }.items():
            (exercise.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (exercise.folder / name).write_text(content)
        verdict = check(exercise, exercise.file, sim, cache, root=tmp_path)
        lines = [line for line, _ in block(verdict, tmp_path)]
        lines += [line for line, _ in summary([verdict], solutions=False, device="the software GPU", root=tmp_path)]
        assert max(map(len, lines)) <= 80
        return verdict, " ".join(" ".join(lines).split())

    return checked


def test_what_was_measured_is_told(timed):
    verdict, text = timed(PARALLEL)
    assert verdict.solved
    number = cores()
    assert f"as fast as the stub, measured on the software GPU, {number} CPU core{'s' if number > 1 else ''}" in text
    assert f"times as fast as the stub, modelled on the {model.device('h200').name}, n = 4,096" in text
    assert "as fast as sequential C++ on one CPU core (g++ -O3)" in text
    assert "as fast as it with the copies to the device and back" in text


def test_time_decides_where_fewer_instructions_are_executed(timed):
    verdict, text = timed(PARALLEL, ', at_least={"sim": 1e9}')
    assert (verdict.state, verdict.kind) == ("wrong", "slow")
    assert "The result is right, but slow:" in text
    assert "at least 1,000,000,000 times is asked for" in text
    assert timed(PARALLEL, ', at_least={"sim": 1e-9}')[0].solved
    assert timed(PARALLEL, ', at_least={"cuda": 1e9}')[0].solved


def test_time_decides_nothing_where_as_many_instructions_are_executed(timed):
    verdict, text = timed(ONE_THREAD + "// mine\n", ', at_least={"sim": 1e9}')
    assert verdict.solved
    assert "not judged by time: it executes no fewer warp instructions" in text


def test_what_is_wrong_at_the_timed_size_only_is_found(timed):
    verdict, text = timed(PARALLEL.replace("i < n)", "i < n && i < 2000)"))
    assert (verdict.state, verdict.test, verdict.case) == ("wrong", "speedup", "n = 4,096")
    assert "x[2000] was never written" in text or "x[2000] is" in text
    assert "No kernel was launched" not in text


def test_an_error_in_the_race_is_one_sentence(timed):
    verdict, _ = timed(PARALLEL.replace("return cudaGetLastError", "if (n > 4000) return 2;\n    return cudaGetLastError"))
    assert (verdict.kind, "cudaErrorMemoryAllocation" in verdict.headline) == ("cuda error", True)


def test_the_clock_of_the_device(tmp_path, sim, cache):
    source = tmp_path / "twice.cu"
    source.write_text(PARALLEL)
    x = np.ones(1000, np.float32)
    signature = Signature.parse("int twice(float* x, int n)")
    library = build(source, cache, sim)
    race = Race([(str(library), "twice")], (3, 3), 0.0, 1, flushed=1 << 20, events=True)
    outcome = call(library, signature, [Case("", {"x": x, "n": 1000}, {"x": 2 * x})], device="sim", memory="device", race=race)
    assert outcome.rounds.shape == (3, 3)
    assert (outcome.rounds > 0).all()
    assert (outcome.written[0].outputs["x"] == 2).all()


def test_a_submission_is_timed_too(timed, tmp_path, monkeypatch):
    monkeypatch.setattr(confine, "strict", str(tmp_path / "ch1"))
    verdict, text = timed(PARALLEL, ', at_least={"sim": 1e-9}')
    assert verdict.solved, text


@pytest.mark.parametrize("memory", ["device", "host"])
def test_work_that_is_done_once_is_not_done(tmp_path, sim, cache, memory):
    source = tmp_path / "copied.cu"
    body = "static int calls = 0;\n    return calls++ ? 0 : cudaMemcpy(y, x, n * sizeof(float), cudaMemcpyDefault);"
    source.write_text(f'#include <cuda_runtime.h>\nextern "C" int copied(const float* x, float* y, int n) {{\n    {body}\n}}\n')
    x = np.ones(1000, np.float32)
    signature = Signature.parse("int copied(const float* x, float* y, int n)")
    library = build(source, cache, sim)
    race = Race([], (3, 3), 0.0, 1, flushed=0, events=False)
    outcome = call(library, signature, [Case("", {"x": x, "n": 1000}, {"y": x})], device="sim", memory=memory, race=race)
    assert (outcome.end, outcome.written[0].touched["y"].any()) == ("finished", False)


def test_ratio_is_of_the_same_rounds():
    ours = np.array([1.0, 2, 1, 4, 1, 1, 1])
    assert ratio(ours, 3 * ours) == Ratio(3, 3, 3)
    noisy = ratio(np.ones(25), np.arange(25.0))
    assert (noisy.median, noisy.low, noisy.high) == (12, 7, 18)


SPEEDUP = Speedup("baselines/one.cu", lambda rng, n: None, (1, 1), at_least={"sim": 3, "cuda": 20})


def _judged(device, ratios, counts):
    """Judge measurements that come one after the other; return the failure's kind, the remark, and how many were taken."""
    taken = [Measured(Ratio(*r), None, None) for r in ratios]
    left = iter(taken[1:])
    failure, measured, remark = judge(SPEEDUP, device, lambda longer: next(left), lambda: Counted(*counts), taken[0])
    return failure.kind if failure else "", remark, 1 + taken.index(measured)


FAST, SLOW, UNSURE = (9, 8, 99), (1.2, 1, 1.4), (3.1, 2, 5)


@pytest.mark.parametrize(
    ("ratios", "counts", "kind", "remark", "tries"),
    [
        ([FAST], (10, 20), "", "at least 3 times was asked for", 1),
        ([SLOW], (10, 20), "slow", "", 1),
        ([UNSURE, FAST], (10, 20), "", "at least 3 times", 2),
        ([UNSURE, UNSURE, SLOW], (10, 20), "slow", "", 3),
        ([UNSURE] * 3, (10, 20), "", "too noisy to tell by time; it executes 2 times fewer warp instructions", 1),
        ([SLOW], (10, 14), "", "not judged by time: it executes 1.4 times fewer", 1),
    ],
)
def test_outcomes_on_the_software_gpu(ratios, counts, kind, remark, tries):
    got = _judged("sim", ratios, counts)
    assert (got[0], remark in got[1], got[2]) == (kind, True, tries)


def test_outcomes_on_a_gpu():
    assert _judged("cuda", [(30, 25, 31)], (10, 10))[0] == ""
    assert _judged("cuda", [(9, 8, 19)], (10, 1000))[0] == "slow"
    unsure = [(20, 10, 30)] * 3
    assert _judged("cuda", unsure, (10, 16))[0] == ""
    assert _judged("cuda", unsure, (10, 10))[0] == "slow"


def test_unknown_devices_are_refused():
    with pytest.raises(ValueError, match="at_least names tpu: accepted are 'sim' and 'cuda'"):
        Speedup("b", lambda rng, n: None, (1, 1), at_least={"tpu": 2})
    assert Problem("t", 1, "int f(int n)", ("1", "1"), speedup=SPEEDUP).speedup is SPEEDUP
