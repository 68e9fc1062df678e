"""What is wrong with what a run left behind: the first case that failed, its first wrong element, and why."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import numpy as np

from pmpp.testing import faults
from pmpp.testing.compare import Mismatch, compare
from pmpp.testing.diagnose import Context, Finding, diagnose
from pmpp.testing.faults import Failure
from pmpp.testing.geometry import where
from pmpp.testing.problem import Case, Problem
from pmpp.testing.runner import Outcome, Written


def first_wrong(
    problem: Problem, cases: Sequence[Case], outcome: Outcome, *, values: bool = True
) -> tuple[Case, Failure] | None:
    """Return the first case of a run that failed, and why."""
    for number, case in enumerate(cases):
        written = outcome.written[number] if number < len(outcome.written) else None
        if outcome.end != "finished" and number == outcome.case:
            fault = faults.ended(outcome, written, problem.signature.name, problem)
            crashed = outcome.end == "signal" and outcome.code != signal.SIGSYS
            return case, Failure(fault.kind, fault.text, observe=crashed)
        if written is None:  # the process says that it came to its end, and has not been here
            return case, Failure("exit", f"{problem.signature.name} ended the process before this case.", observe=False)
        if failure := _judge(problem, case, written, outcome, values):
            return case, failure
    return None


def _judge(problem: Problem, case: Case, written: Written, outcome: Outcome, values: bool) -> Failure | None:
    """Return what is wrong with what one call left behind."""
    fault = faults.cuda(written, case, outcome)
    if fault is not None:
        return Failure(fault.kind, fault.text)
    for name, index in written.changed.items():
        return Failure("input changed", f"The input {name} was changed, first at index {index}: write to the output only.")
    for name, distance in written.overrun.items():
        side = f"{-distance} bytes before its start" if distance < 0 else f"{distance} bytes past its end"
        return Failure("overrun", f"The code wrote outside of {name}, {side}: look at the check of the bounds.")
    if not case.fail_malloc:
        for parameter in problem.signature.outputs():
            if parameter.name not in case.expect or not values:
                continue  # scratch space, or a run that is only to be counted
            mismatch = compare(parameter.name, written.outputs[parameter.name], case.expect[parameter.name], case.rtol, case.atol)
            if mismatch is not None:
                return _wrong(problem, case, written, mismatch)
        if case.accept is not None and values and (sentence := case.accept(written.outputs)):
            return Failure("implausible", sentence)
    fault = faults.conduct(written, case, problem)
    return Failure(fault.kind, fault.text) if fault is not None else None


def _wrong(problem: Problem, case: Case, written: Written, mismatch: Mismatch) -> Failure:
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
    value = f"is {_number(got)}"
    if not context.touched[index]:
        value = f"is still {_number(got)}" if mismatch.name in case.inputs else "was never written"
    at = f"{mismatch.name}[{', '.join(map(str, index))}]"
    headline = f"{at} {value}, expected {_number(expected, got)}"
    details = [f"{headline}; {mismatch.count:,} of {mismatch.wrong.size:,} elements are wrong."]
    if written.launch is not None:
        owned = problem.owner.find(index, mismatch.wrong.shape, written.launch)
        places = where(index, mismatch.wrong.shape, context.tile, case.radius)
        sentence = f"It belongs to {owned}" if owned.exists else f"It would belong to {owned}, but the grid has no such block"
        sentence += f" in {written.launch}."
        if places:
            sentence += f" It lies {'; '.join(places)}." if not places[0].startswith("the ") else f" It is {'; '.join(places)}."
        details.append(sentence)
    finding: Finding | None = diagnose(context)
    if finding is not None:
        details.append(finding.text)
    return Failure(finding.kind if finding else "wrong", headline, details)


def _number(value, beside=None) -> str:
    """Show a number with as many digits as it takes to tell it from the one beside it."""
    if np.asarray(value).dtype.kind != "f":
        return str(value)
    for digits in (4, 6, 9, 17):
        text = f"{float(value):.{digits}g}"
        if beside is None or text != f"{float(beside):.{digits}g}":
            break
    return text
