"""The course proves itself, as `pmpp check-course` does: stubs fail with a sentence, solutions pass, mutants are found out."""

from pathlib import Path

import pytest

from pmpp.testing.build import Target
from pmpp.testing.course import find_exercises
from pmpp.testing.proof import prove, steps
from pmpp.testing.speedup import cores

ROOT = Path(__file__).resolve().parents[2]
STEPS = steps(find_exercises(ROOT / "exercises"))
RACES = [step for step in STEPS if step.mutant is not None and step.mutant.kind == "race"]


def _prove(request, test):
    """Prove the steps that were selected, on all cores."""
    selected = [item.callspec.params["step"] for item in request.session.items if getattr(item, "originalname", "") == test]
    cache = ROOT / ".pmpp" / "build"
    found = prove(selected, Target("sim"), cache, ROOT, jobs=cores(), done=lambda proof: None)
    return dict(zip(selected, found, strict=True))


@pytest.fixture(scope="module")
def proofs(request):
    return _prove(request, "test_course")


@pytest.fixture(scope="module")
def again(request):
    return _prove(request, "test_races_are_found_again")


def _name(step):
    return step.name.replace(", ", "-")


def test_there_are_problems():
    assert {step.exercise.chapter for step in STEPS} >= {"ch2", "ch7"}


@pytest.mark.parametrize("step", STEPS, ids=_name)
def test_course(step, proofs):
    assert proofs[step].complaints == []


@pytest.mark.parametrize("step", RACES, ids=_name)
def test_races_are_found_again(step, again, proofs):
    first, second = proofs[step].verdict, again[step].verdict
    assert (second.kind, second.headline, second.details) == (first.kind, first.headline, first.details)
