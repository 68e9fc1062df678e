"""Kinds of problems beside writing a kernel, and exact counts: what is missed is told with its number, its line and its rule."""

import re

import pytest

from pmpp.testing import Case, Prediction, Problem
from pmpp.testing.check import check
from pmpp.testing.counters import COUNTERS
from pmpp.testing.course import Exercise
from pmpp.testing.limits import WORDS
from pmpp.testing.report import block, summary
from pmpp.testing.runner import Outcome, call

DECLARE = '''
"""Halves every element."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem

N = 1024
data = np.arange(N, dtype=np.float32)


def halved(**rest):
    return Case("1,024 elements", {{"x": data, "n": N}}, {{"y": data / 2, "blocks": np.array([4], np.int32)}}, **rest)


problem = Problem(
    title="Halve", minutes=5, signature="int halve(const float* x, float* y, int* blocks, int n)", read=("6", "6.1"), {problem}
)


@problem.test("counts")
def counts(rng):
    yield halved({case})
'''
KERNEL = """// Halves.
#include <cuda_runtime.h>

__global__ void halve_kernel(const float* x, float* y, int* blocks, int n) {
    // TODO (about 1 line): Let neighbours read neighbours.
    const int i = INDEX;
    if (i < n) y[i] = x[i] / 2;
    if (i == 0) *blocks = gridDim.x;
}

extern "C" int halve(const float* x, float* y, int* blocks, int n) {
    halve_kernel<<<4, 256>>>(x, y, blocks, n);
    return cudaGetLastError();
}
"""
SLOW = KERNEL.replace("INDEX", "threadIdx.x * 4 + blockIdx.x")
FAST = KERNEL.replace("INDEX", "blockIdx.x * 256 + threadIdx.x")
WRONG = KERNEL.replace("INDEX", "blockIdx.x * 256")
FASTER = 'kind="make it faster"'
PREDICTIONS = """kind="predict", predictions=[
    Prediction("sectors loaded", "How many sectors are loaded?", halved(), counter="global_load_sectors",
               rule="A sector has 32 bytes. How far apart are the floats that a warp reads at once?"),
    Prediction("blocks", "How many blocks run?", halved(), answer=lambda outputs: outputs["blocks"][0],
               rule="It stands before the comma of <<<, >>>."),
]"""
ANSWERS = '\nextern "C" int predict(long long* answers) {\n    answers[0] = %s;\n    answers[1] = %s;\n    return 0;\n}\n'


@pytest.fixture
def shown(tmp_path, sim, cache, monkeypatch):
    """Check a file of a made-up problem; return the verdict and what a learner reads."""
    monkeypatch.chdir(tmp_path)

    def checked(text, stub, *, problem, case=""):
        exercise = Exercise(tmp_path / "ch6", "halve")
        for name, content in {
            "stubs/halve.cu": stub,
            "halve.cu": text,
            "hints/halve.md": "",
            "test_halve.py": DECLARE.format(problem=problem, case=case),
        }.items():
            (exercise.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (exercise.folder / name).write_text(content)
        verdict = check(exercise, exercise.file, sim, cache, root=tmp_path)
        lines = [line for line, _ in block(verdict, tmp_path)]
        lines += [line for line, _ in summary([verdict], solutions=False, device="the software GPU", root=tmp_path)]
        assert max(map(len, lines)) <= 80
        return verdict, "\n".join(lines)

    return checked


LIMIT = 'limits={"global_load_sectors": 128}'


def test_missed_limit_names_the_counter_the_factor_and_the_line(shown):
    verdict, text = shown(SLOW + "// mine\n", SLOW, problem=FASTER, case=LIMIT)
    assert (verdict.state, verdict.kind) == ("wrong", "counters")
    assert "512 sectors" in text
    assert "where 128 are enough: 4 times as many" in " ".join(text.split())
    assert "ch6/halve.cu:7 is the line that counts most, all of them:" in text
    assert "7 |     if (i < n) y[i] = x[i] / 2;" in text


def test_met_limit_is_solved(shown):
    assert shown(FAST, SLOW, problem=FASTER, case=LIMIT)[0].solved
    assert shown(FAST, SLOW, problem=FASTER, case='limits={"global_load_sectors": 127}')[0].kind == "counters"


def test_a_counted_run_that_did_not_end_meets_no_limit(shown, monkeypatch):
    def cut_short(*args, **rest):
        return Outcome("time", 0, "calling", 0, [], "", "") if rest.get("observers") else call(*args, **rest)

    monkeypatch.setattr("pmpp.testing.check.call", cut_short)
    assert shown(FAST, SLOW, problem=FASTER, case=LIMIT)[0].kind == "start"


def test_technique_is_recognised_by_its_counts(shown):
    assert shown(FAST, SLOW, problem=FASTER, case='counts={"barriers": 0, "flop": 1024}')[0].solved
    verdict, text = shown(FAST, SLOW, problem=FASTER, case='counts={"barriers": 32}')
    assert verdict.kind == "technique"
    assert "0 warps that come to a barrier (barriers), where it takes 32" in " ".join(text.split())


def test_untouched_slow_kernel_is_to_do_and_shows_what_is_seen(shown):
    verdict, text = shown(SLOW, SLOW, problem=FASTER, case=LIMIT)
    assert (verdict.state, verdict.kind, verdict.symptom) == ("to do", "stub", "counters")
    assert "ch6/halve.cu:5: Let neighbours read neighbours." in text
    assert "What the test sees now (counts, 1,024 elements):" in text
    assert "4 times as many" in " ".join(text.split())


def test_untouched_bug_is_to_do_and_shows_its_symptom(shown):
    verdict, text = shown(WRONG, WRONG, problem='kind="find the bug", symptom="race"')
    assert (verdict.state, verdict.kind) == ("to do", "stub")
    assert "What the test sees now" in text
    assert "elements are wrong" in text


def test_a_bug_that_only_the_checkers_see_is_shown_on_the_learners_line(shown):
    racy = FAST.replace("if (i == 0)", "if (i == 300 && y[500] < -1) *blocks = 5;\n    if (i == 0)")
    verdict, text = shown(racy, FAST, problem='kind="find the bug", symptom="race"')
    assert verdict.kind == "race"
    assert "The results are right, but not by right: race." in text
    assert re.search(r"ch6/halve.cu:[78]: error: race", text)
    assert "if (i == 300 && y[500] < -1) *blocks = 5;" in text


@pytest.mark.parametrize(
    ("answers", "kind", "says"),
    [
        ((512, 4), "", "sectors loaded: 512, as predicted"),
        ((-1, 4), "no answer", "answers[0] is still -1: sectors loaded. How many"),
        ((512, 5), "prediction", "answers[1], blocks: 5 is too large, by a factor of 1.2."),
        ((128, 5), "prediction", "sectors loaded: 128 is too small, by a factor of 4."),
        ((510, 4), "prediction", "510 is too small, but by less than 5 %."),
        ((0, 4), "prediction", "0 is too small."),
        ((-7, 4), "prediction", "-7 is not possible"),
    ],
)
def test_predictions(shown, answers, kind, says):
    stub = SLOW + ANSWERS % (-1, -1)
    # The kernel of the stub is counted, whatever the learner makes of his own.
    verdict, text = shown(FAST + ANSWERS % answers, stub, problem=PREDICTIONS)
    assert (verdict.state, verdict.kind) == ("wrong" if kind else "solved", kind)
    flat = " ".join(text.split())
    assert says in flat
    if kind == "prediction":
        assert ("How far apart" in flat) == (answers[0] != 512)
        assert "512" not in flat.replace(str(answers[0]), "")


def test_untouched_predictions_are_to_do(shown):
    stub = SLOW + ANSWERS % (-1, -1)
    verdict, _ = shown(stub, stub, problem=PREDICTIONS)
    assert (verdict.state, verdict.symptom) == ("to do", "no answer")


def test_bad_conduct_in_predict_is_one_sentence(shown):
    stub = SLOW + ANSWERS % (-1, -1)
    assert "predict writes outside of answers" in shown(stub.replace("[1]", "[2]"), stub, problem=PREDICTIONS)[1]
    assert "predict crashed" in shown(stub.replace("return 0;\n}\n", "return *(int*)0;\n}\n"), stub, problem=PREDICTIONS)[1]
    assert "no function predict" in shown(SLOW, stub, problem=PREDICTIONS)[1]


def test_mistakes_in_a_declaration_are_refused():
    prototype = {"title": "t", "minutes": 1, "signature": "int f(int n)", "read": ("1", "1")}
    case = Case("c", {}, {})
    for kind in ({"kind": "guess"}, {"kind": "predict"}, {"kind": "find the bug"}, {"symptom": "race"}):
        with pytest.raises(ValueError, match="kind"):
            Problem(**prototype, **kind)
    with pytest.raises(ValueError, match=re.escape("unknown counter 'sectors': accepted are thread_instructions")):
        Case("c", {}, {}, limits={"sectors": 3})
    with pytest.raises(ValueError, match="either a counter or an answer"):
        Prediction("p", "?", case, rule="r")
    with pytest.raises(ValueError, match="needs a rule"):
        Prediction("p", "?", case, counter="flop")


def test_every_counter_has_words(shown):
    assert set(WORDS) == set(COUNTERS)
    asked = ", ".join(f'"{name}": 10**9' for name in COUNTERS)
    assert shown(FAST, SLOW, problem=FASTER, case=f"limits={{{asked}}}")[0].solved


def test_counts_that_are_missing_are_not_taken_for_good_ones(shown, monkeypatch):
    def short_of_memory(*args, count=False, **rest):
        return Outcome("signal", 9, "calling", 0, [], "", "") if count else call(*args, **rest)

    monkeypatch.setattr("pmpp.testing.check.call", short_of_memory)
    verdict, said = shown(SLOW, FAST, problem=FASTER, case=LIMIT)
    assert (verdict.state, verdict.kind) == ("wrong", "start")
    assert "Run it again" in said
