"""The one checker: builds a learner's file, runs the cases of its problem and gives a verdict.

pytest shows what comes out of `check`; whatever else looks at a learner's file calls it too, so that they never
disagree.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from pmpp._toolkit import ToolkitError
from pmpp.testing import faults, findings, messages
from pmpp.testing.build import CompileError, Target, build, instructions, probe_library
from pmpp.testing.compare import Mismatch, compare, matches
from pmpp.testing.course import Exercise
from pmpp.testing.diagnose import Context, Finding, diagnose
from pmpp.testing.geometry import where
from pmpp.testing.images import write_picture
from pmpp.testing.problem import Case, Problem
from pmpp.testing.runner import Outcome, Written, call
from pmpp.testing.signature import Signature

#: Other schedules of the software GPU under which a wrong case runs again, to see whether the order of warps matters.
OTHER_SCHEDULES = (1, 2, 3)


#: Kinds that say which elements are wrong and not why: a finding of the checkers says more.
VAGUE = frozenset({"wrong", "last tile", "tail", "period"})
#: What a disk says that is full or must not be written to.
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES})
#: A run with checkers may take so many times as long as one without.
CHECKED = 10


@dataclass
class Verdict:
    """What came of checking one file.

    Attributes
    ----------
    state
        "solved", "to do" (the file is still the stub), "error" (it does not compile), "wrong", or "broken" (pmpp or
        the machine is at fault, not the learner).
    kind
        What is wrong, one of the words of diagnose.py, faults.py and this file.
    headline
        One sentence.
    details
        Paragraphs for the learner; one that starts with a blank is shown as it stands.
    """

    exercise: Exercise
    state: str
    kind: str = ""
    headline: str = ""
    details: list[str] = field(default_factory=list)
    test: str = ""
    case: str = ""
    pictures: list[Path] = field(default_factory=list)
    printed: str = ""
    seconds: float = 0.0

    @property
    def solved(self) -> bool:
        """Whether every case passed."""
        return self.state == "solved"


@dataclass
class _Failure:
    kind: str
    headline: str
    details: list[str] = field(default_factory=list)


def check(
    exercise: Exercise,
    source: Path,
    target: Target,
    cache_dir: Path,
    *,
    root: Path,
    text: str | None = None,
    seed: int = 0,
    pictures: Path | None = None,
) -> Verdict:
    """Check one file against the tests of its problem.

    Parameters
    ----------
    source
        The learner's file, or the reference solution.
    root
        Paths in messages are relative to this.
    text
        Check this text instead of the file's.
    seed
        Of the test data.
    pictures
        Folder for the pictures that the cases ask for; None: write none.
    """
    began = time.monotonic()
    try:
        verdict = _check(exercise, source, target, cache_dir, root, text, seed, pictures)
    except OSError as error:
        if error.errno not in DISK:
            raise
        where = f" {error.filename}" if error.filename else ""
        said = f"The test could not read or write{where}: {error.strerror}. Your file is as you saved it."
        verdict = Verdict(exercise, "broken", "disk", said)
    verdict.seconds = time.monotonic() - began
    return verdict


def _check(exercise, source, target, cache_dir, root, text, seed, pictures) -> Verdict:
    shown = source.relative_to(root) if source.is_relative_to(root) else source
    try:
        problem = exercise.problem
        library = build(source, cache_dir, target, text=text)
    except FileNotFoundError:
        stub = exercise.stub.relative_to(root) if exercise.stub.is_relative_to(root) else exercise.stub
        return Verdict(exercise, "to do", "no file", f"{shown} is missing: cp {stub} {shown}")
    except CompileError as error:
        lines = messages.show(error.messages, root)
        return Verdict(exercise, "error", "compile", lines[0], [f" {line}" for line in lines])
    except ToolkitError as error:
        return Verdict(exercise, "broken", "toolkit", str(error))
    except ModuleNotFoundError as error:
        return Verdict(
            exercise, "broken", "module", f"The tests need {error.name}: python -m pip install -e '.[dev]' installs it."
        )
    rng = np.random.default_rng(seed)
    verdict = Verdict(exercise, "solved")
    for test in problem.tests:
        ask = (partial(device_attributes, target=target, cache_dir=cache_dir),) if test.asks_device else ()
        cases = list(test.cases(rng, *ask))
        for schedule in range(test.schedules if target.device == "sim" else 1):
            failed = _run(
                problem, cases, library, target, schedule, verdict, pictures if schedule == 0 else None, exercise
            )
            if failed is None:
                continue
            case, failure = failed
            if failure.kind not in faults.FINAL and target.device == "sim":
                _try_other_schedules(problem, case, library, target, schedule, failure)
            verdict.state = "wrong"
            verdict.kind, verdict.headline, verdict.details = failure.kind, failure.headline, failure.details
            verdict.test, verdict.case = test.name, case.name
            kind, said = _findings(problem, [case], library, target)
            if verdict.kind == "race" and kind == "uninitialized":
                verdict.kind, verdict.details = kind, verdict.details[:-1]  # what nobody wrote differs between runs too
            verdict.details += said
            if kind and verdict.kind in VAGUE:
                verdict.kind = kind
            if text is None and source == exercise.file:
                verdict = _as_stub(verdict, shown)
            if pictures is not None and verdict.state == "wrong" and verdict.kind not in faults.FINAL:
                _draw(problem, rng, library, target, verdict, pictures, exercise)
            return verdict
        kind, said = _findings(problem, cases, library, target)
        if said:
            verdict.state, verdict.kind, verdict.headline = "wrong", kind, "the results are right, but the checkers object"
            verdict.details, verdict.test = [f"The results are right, but not by right: {kind}.", *said], test.name
            return verdict
    present = instructions(library, problem.instructions)
    for name, sentence in problem.instructions.items():
        if name not in present:
            verdict.state, verdict.kind, verdict.headline = "wrong", "technique", sentence
            verdict.test, verdict.case = "technique", f"no {name} in the compiled kernels"
            return verdict
    return verdict


def _findings(problem: Problem, cases: Sequence[Case], library, target) -> tuple[str, list[str]]:
    """Run cases with checkers on; return the kind of the first finding, and paragraphs about the first few."""
    checkers = os.environ.get("PMPP_CHECKERS", "memory race uninitialized sync")
    if target.device != "sim" or not checkers.strip():
        return "", []
    found = findings.findings_of(
        lambda: call(
            library, problem.signature, cases, device="sim", memory=problem.memory, seconds=CHECKED * problem.seconds
        ),
        checkers,
    )
    harmful = [finding for finding in found if not finding.get("benign") and finding["kernel"]]
    paragraphs = []
    for finding in harmful[:3]:
        first, *excerpt = findings.described(finding)
        paragraphs += [first, *(f" {line}" for line in excerpt)]
    return (harmful[0]["kind"], paragraphs) if harmful else ("", [])


def device_attributes(attributes: Sequence[int], target: Target, cache_dir: Path) -> list[int]:
    """Ask the device for attributes (numbers of cudaDeviceAttr), in a process of its own as always."""
    signature = Signature.parse("int pmpp_probe_attributes(int* values, const int* attributes, int count)")
    inputs = {"attributes": np.array(attributes, np.int32), "count": len(attributes)}
    case = Case("attributes", inputs, {"values": np.zeros(len(attributes), np.int32)})
    outcome = call(probe_library(cache_dir, target), signature, [case], device=target.device, memory="host")
    if outcome.end != "finished" or outcome.written[0].returned:
        raise RuntimeError(f"the device does not answer: {outcome.end} {outcome.code} {outcome.stderr}")
    return outcome.written[0].outputs["values"].tolist()


def _as_stub(verdict: Verdict, shown: Path) -> Verdict:
    """Where the learner's file is still the stub, say what to do instead of what is wrong."""
    todos = verdict.exercise.todos()
    if not verdict.exercise.untouched() or not todos or verdict.kind in faults.BROKEN:
        return verdict
    lines = sum(todo.lines for todo in todos)
    verdict.state, verdict.kind = "to do", "stub"
    count = "1 line" if lines == 1 else f"{lines} lines"
    verdict.headline = f"{shown}:{todos[0].line}: about {count}: {verdict.exercise.problem.title}"
    verdict.details = [f"{shown}:{todo.line}: {todo.text}" for todo in todos]
    return verdict


def _run(
    problem: Problem, cases, library, target, schedule, verdict, pictures, exercise
) -> tuple[Case, _Failure] | None:
    """Run all cases in one process; return the first that fails."""
    outcome = call(
        library,
        problem.signature,
        cases,
        device=target.device,
        memory=problem.memory,
        seconds=problem.seconds,
        seed=schedule,
    )
    verdict.printed = verdict.printed or outcome.stdout
    for number, case in enumerate(cases):
        written = outcome.written[number] if number < len(outcome.written) else None
        ended_here = outcome.end != "finished" and number == outcome.case
        if written is None and not ended_here:
            break
        fault = faults.ended(outcome, written, problem) if ended_here else None
        failure = _Failure(fault.kind, fault.text) if fault is not None else None
        if failure is None and written is not None:
            failure = _judge(problem, case, written, outcome)
        if pictures is not None and case.picture is not None and written is not None and not ended_here:
            verdict.pictures.append(_picture(case, written, pictures, exercise))
        if failure is not None:
            return case, failure
    return None


def _draw(problem: Problem, rng, library, target, verdict: Verdict, pictures: Path, exercise: Exercise) -> None:
    """Write the pictures that a failure kept from being reached: what is wrong is often plain to see in them."""
    for test in problem.tests:
        if not verdict.pictures and not test.asks_device:
            cases = [case for case in test.cases(rng) if case.picture is not None]
            if cases:
                _run(problem, cases, library, target, 0, verdict, pictures, exercise)


def _judge(problem: Problem, case: Case, written: Written, outcome: Outcome) -> _Failure | None:
    """Return what is wrong with what one call left behind."""
    fault = faults.cuda(written, case, outcome)
    if fault is not None:
        return _Failure(fault.kind, fault.text)
    for name, index in written.changed.items():
        return _Failure(
            "input changed", f"The input {name} was changed, first at index {index}: write to the output only."
        )
    for name, distance in written.overrun.items():
        side = f"{-distance} bytes before its start" if distance < 0 else f"{distance} bytes past its end"
        return _Failure("overrun", f"The code wrote outside of {name}, {side}: look at the check of the bounds.")
    if not case.fail_malloc:
        for parameter in problem.signature.outputs():
            if parameter.name not in case.expect:
                continue  # scratch space
            mismatch = compare(
                parameter.name, written.outputs[parameter.name], case.expect[parameter.name], case.rtol, case.atol
            )
            if mismatch is not None:
                return _wrong(problem, case, written, mismatch)
    fault = faults.conduct(written, case, problem)
    return _Failure(fault.kind, fault.text) if fault is not None else None


def _wrong(problem: Problem, case: Case, written: Written, mismatch: Mismatch) -> _Failure:
    """Describe a wrong output: the first wrong element, its owner, where it lies, the pattern."""
    context = Context(
        mismatch=mismatch,
        touched=written.touched[mismatch.name],
        launch=written.launch,
        launches=written.launches,
        owner=problem.owner,
        inputs=case.inputs,
        suspects=case.suspects,
        radius=case.radius,
        rtol=case.rtol,
        atol=case.atol,
        needs_launch=case.min_launches > 0,
    )
    index = mismatch.first
    got, expected = mismatch.got[index], mismatch.expected[index]
    # Copies of an output that was never touched hold a NaN nobody computed: say so rather than "nan".
    value = "was never written" if not context.touched[index] else f"is {_number(got)}"
    at = f"{mismatch.name}[{', '.join(map(str, index))}]"
    headline = f"{at} {value}, expected {_number(expected, got)}"
    details = [f"{headline}; {mismatch.count:,} of {mismatch.wrong.size:,} elements are wrong."]
    if written.launch is not None:
        owned = problem.owner.find(index, mismatch.wrong.shape, written.launch)
        places = where(index, mismatch.wrong.shape, context.tile, case.radius)
        sentence = (
            f"It belongs to {owned}" if owned.exists else f"It would belong to {owned}, but the grid has no such block"
        )
        sentence += f" in {written.launch}."
        if places:
            sentence += (
                f" It lies {'; '.join(places)}." if not places[0].startswith("the ") else f" It is {'; '.join(places)}."
            )
        details.append(sentence)
    finding: Finding | None = diagnose(context)
    if finding is not None:
        details.append(finding.text)
    return _Failure(finding.kind if finding else "wrong", headline, details)


def _number(value, beside=None) -> str:
    """Show a number with as many digits as it takes to tell it from the one beside it."""
    if np.asarray(value).dtype.kind != "f":
        return str(value)
    for digits in (4, 6, 9, 17):
        text = f"{float(value):.{digits}g}"
        if beside is None or text != f"{float(beside):.{digits}g}":
            break
    return text


def _try_other_schedules(problem: Problem, case: Case, library, target, schedule: int, failure: _Failure) -> None:
    """Run a wrong case under other schedules: a result that changes is a race."""
    seen: list[dict[str, np.ndarray]] = []
    for seed in (schedule, *(s for s in OTHER_SCHEDULES if s != schedule)):
        outcome = call(
            library, problem.signature, [case], device="sim", memory=problem.memory, seconds=problem.seconds, seed=seed
        )
        if not outcome.written or outcome.end != "finished":
            return
        seen.append(outcome.written[0].outputs)
    # Within the tolerance: the order of atomic additions may change the last bits of a float, and is no race.
    if any(
        not matches(other[name], first, case.rtol, case.atol).all() for other in seen[1:] for name, first in seen[0].items()
    ):
        failure.kind = "race"
        failure.details.append(
            "The result changes with the order in which the warps run: somebody reads what another thread has not "
            "written yet, or overwrites what another has not read yet. Inside of a block, is a __syncthreads() "
            "missing? Blocks cannot wait for one another at all."
        )


def _picture(case: Case, written: Written, folder: Path, exercise: Exercise) -> Path:
    assert case.picture is not None
    result = written.outputs[case.picture.output]
    expected = np.asarray(case.expect[case.picture.output])
    mismatch = compare(case.picture.output, result, expected, case.rtol, case.atol)
    path = folder / f"{exercise.name}_{case.picture.name}.png"
    write_picture(path, case.picture.before, result, None if mismatch is None else mismatch.wrong)
    return path
