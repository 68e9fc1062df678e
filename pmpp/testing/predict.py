"""Compares what a learner predicts with what the machine says; tells how far off a number is and what decides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pmpp.testing.faults import Failure
from pmpp.testing.problem import Case, Prediction
from pmpp.testing.runner import Written
from pmpp.testing.signature import Signature

#: The function that a learner fills in.
SIGNATURE = Signature.parse("int predict(long long* answers)")
UNANSWERED = -1


def asked(predictions: Sequence[Prediction]) -> Case:
    """Return the call that fetches the answers."""
    return Case("the predictions", {}, {"answers": np.zeros(len(predictions), np.int64)}, min_launches=0)


def judge(
    predictions: Sequence[Prediction], given: Written, truth: Callable[[Prediction], int]
) -> tuple[Failure | None, list[str]]:
    """Compare the answers; return what is wrong with the first that is not right, and what the machine says."""
    answers, touched = given.outputs["answers"].tolist(), given.touched["answers"].tolist()
    missing = [n for n, answer in enumerate(answers) if answer == UNANSWERED or not touched[n]]
    if missing:
        first = predictions[missing[0]]
        said = "is still -1" if touched[missing[0]] else "was not given a value"
        headline = f"answers[{missing[0]}] {said}: {first.name}"
        return Failure("no answer", headline, [f"{headline}. {first.question}"]), []
    truths = [truth(prediction) for prediction in predictions]
    wrong = [n for n, (answer, true) in enumerate(zip(answers, truths, strict=True)) if answer != true]
    if not wrong:
        return None, [f"{prediction.name}: {true:,}, as predicted" for prediction, true in zip(predictions, truths, strict=True)]
    number = wrong[0]
    prediction, off = predictions[number], _off(answers[number], truths[number])
    details = [f"answers[{number}], {prediction.name}: {answers[number]:,} is {off}."]
    details += [prediction.question, prediction.rule]
    if len(predictions) > 1:
        details.append(f"{len(predictions) - len(wrong)} of {len(predictions)} predictions are right.")
    return Failure("prediction", f"answers[{number}], {prediction.name}: {off}", details), []


def _off(answer: int, true: int) -> str:
    """Say how far off an answer is, and not what is right."""
    if answer < 0:
        return "not possible, a count is 0 or more"
    side = "too large" if answer > true else "too small"
    if not answer or not true:
        return side
    factor = max(answer, true) / min(answer, true)
    return f"{side}, by a factor of {factor:.2g}" if factor >= 1.05 else f"{side}, but by less than 5 %"
