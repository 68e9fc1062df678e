"""The one checker: builds a learner's file, runs the cases of its problem and gives a verdict.

pytest shows what comes out of `check`; whatever else looks at a learner's file calls it too, so that they never
disagree.
"""

from __future__ import annotations

import hashlib
import os
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from pmpp._runtime.device import choose
from pmpp._toolkit import ToolkitError
from pmpp.testing import faults, findings, limits, messages, predict, speedup
from pmpp.testing.build import CompileError, Target, build, instructions, probe_library
from pmpp.testing.compare import compare, matches
from pmpp.testing.course import CourseError, Exercise
from pmpp.testing.faults import Failure
from pmpp.testing.images import write_picture
from pmpp.testing.judge import first_wrong
from pmpp.testing.problem import Case, Prediction, Problem, Speedup, Test
from pmpp.testing.runner import Outcome, Written, call
from pmpp.testing.signature import Signature

#: Other schedules of the software GPU under which a wrong case runs again, to see whether the order of warps matters.
OTHER_SCHEDULES = (1, 2, 3)


#: What counts and checks, whatever device is in use.
SIM = Target("sim")
#: Kinds that say which elements are wrong and not why: a finding of the checkers says more.
VAGUE = frozenset({"wrong", "last tile", "tail", "period"})
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
        What is wrong, one of the words of diagnose.py, faults.py, limits.py, predict.py, judge.py and this file.
    symptom
        What is wrong with a stub, whose kind is "stub".
    replay
        The file whose run `pmpp replay` shows, where that explains what is wrong; else empty.
    headline
        One sentence.
    details
        Paragraphs for the learner; one that starts with a blank is shown as it stands.
    notes
        What is worth knowing of a file that is right.
    """

    exercise: Exercise
    state: str
    kind: str = ""
    headline: str = ""
    details: list[str] = field(default_factory=list)
    test: str = ""
    case: str = ""
    symptom: str = ""
    replay: str = ""
    notes: list[str] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    printed: str = ""
    seconds: float = 0.0

    @property
    def solved(self) -> bool:
        """Whether every case passed."""
        return self.state == "solved"


def check(
    exercise: Exercise,
    source: Path,
    target: Target,
    cache_dir: Path,
    *,
    root: Path,
    text: str | None = None,
    seed: int | None = None,
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
        Of the test data. None: drawn afresh for each text, and the same whenever the same text is checked.
    pictures
        Folder for the pictures that the cases ask for; None: write none.
    """
    began = time.monotonic()
    try:
        verdict = _prepared(exercise, source, target, cache_dir, root, text, seed, pictures)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        said = f"The test could not read or write{where}: {error.strerror}. Your file is as you saved it."
        verdict = Verdict(exercise, "broken", "disk", said)
    verdict.seconds = time.monotonic() - began
    return verdict


def _prepared(exercise: Exercise, source, target, cache_dir, root, text, seed, pictures) -> Verdict:
    """Compile, check, and say in a sentence what keeps a file from being checked."""
    shown = source.relative_to(root) if source.is_relative_to(root) else source
    try:
        text = source.read_text(encoding="utf-8", errors="replace") if text is None else text
        return Checker(exercise, source, text, seed, target, cache_dir, root, pictures).verdict()
    except FileNotFoundError as error:
        if error.filename != str(source):
            raise
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
    except OSError:
        raise
    except Exception as error:
        sentence = f"The test of this problem is broken, not your file: {_reason(error, exercise)}"
        return Verdict(exercise, "broken", "test", sentence)


def _reason(error: Exception, exercise: Exercise) -> str:
    """Say what went wrong in a test file, and on which of its lines."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == exercise.test_file]
    lines += [error.lineno] if isinstance(error, SyntaxError) else []
    at = f"{exercise.chapter}/{exercise.test_file.name}:{lines[-1]}: " if lines else ""
    said = str(error.msg if isinstance(error, SyntaxError) else error).split("\n")[0]
    return f"{at}{type(error).__name__}: {said}" if not isinstance(error, CourseError) else said


class _StoppedError(Exception):
    """A race that found a mistake."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.headline)
        self.failure = failure


class Checker:
    """One file, built, and what its checks share."""

    def __init__(
        self, exercise: Exercise, source: Path, text: str, seed: int | None, target: Target, cache_dir: Path, root, pictures
    ) -> None:
        self.exercise, self.problem = exercise, exercise.problem
        self.source, self.text, self.seed = source, text, seed
        self.target, self.cache_dir, self.root, self.pictures = target, cache_dir, root, pictures
        self.shown = self._shown(source)
        self.library = build(source, cache_dir, target, text=text)
        self.result = Verdict(exercise, "solved")

    def _shown(self, path: Path) -> Path:
        return path.relative_to(self.root) if path.is_relative_to(self.root) else path

    def _named(self, file: str) -> Path:
        """From a file of a line table to the path that the learner knows; the compiler saw a copy without a folder."""
        return self.shown if Path(file).name in (self.source.name, "") else self._shown(Path(file))

    def rng(self, number: int) -> np.random.Generator:
        """Give a test its own random numbers, so that its cases can be made again."""
        if self.seed is not None:
            return np.random.default_rng([number, self.seed])
        digest = hashlib.sha256(self.text.encode("utf-8", "replace")).digest()
        return np.random.default_rng([number, int.from_bytes(digest[:8], "little")])

    def cases(self, number: int, target: Target) -> list[Case]:
        """Make the cases of a test."""
        test = self.problem.tests[number]
        ask = (partial(device_attributes, target=target, cache_dir=self.cache_dir),) if test.asks_device else ()
        return list(test.cases(self.rng(number), *ask))

    def verdict(self) -> Verdict:
        """Run every test and return what came of it."""
        if self.problem.predictions:
            failed = self.predictions()
            return self.failed(Test("predictions", list), "", failed) if failed else self.result
        for number, test in enumerate(self.problem.tests):
            cases = self.cases(number, self.target)
            for schedule in range(test.schedules if self.target.device == "sim" else 1):
                pictures = self.pictures if schedule == 0 else None
                if wrong := _run(self.problem, cases, self.library, self.target, schedule, self.result, pictures, self.exercise):
                    return self.wrong(number, schedule, *wrong)
            if odd := self.observed(number):
                return self.failed(test, *odd)
        present = instructions(self.library, self.problem.instructions)
        for name, sentence in self.problem.instructions.items():
            if name not in present:
                failure = Failure("technique", sentence)
                return self.failed(Test("technique", list), f"no {name} in the compiled kernels", failure)
        if self.problem.speedup is not None and (odd := self.timed(self.problem.speedup)):
            return self.failed(Test("speedup", list), *odd)
        return self.result

    def wrong(self, number: int, schedule: int, case: Case, failure: Failure) -> Verdict:
        """Say why a case is wrong: do other schedules change it, do the checkers find anything, what does it look like."""
        on_sim = self.target.device == "sim"
        if failure.kind not in faults.FINAL and on_sim:
            _try_other_schedules(self.problem, case, self.library, self.target, schedule, failure)
        if on_sim and failure.observe:
            kind, said = self.findings([case], self.library)[0]
            if failure.kind == "race" and kind == "uninitialized":
                failure.kind, failure.details = kind, failure.details[:-1]  # what nobody wrote differs between runs too
            failure.details += said
            if kind and failure.kind in VAGUE:
                failure.kind = kind
        result = self.failed(self.problem.tests[number], case.name, failure)
        if failure.kind not in faults.FINAL:
            self.offer_replay()
        if self.pictures is not None and result.state == "wrong" and result.kind not in faults.FINAL:
            self.draw()
        return result

    def failed(self, test: Test, case: str, failure: Failure) -> Verdict:
        """Turn a failure into the verdict; of a file that is still the stub, say what to do in place of what is wrong."""
        result = self.result
        result.state, result.kind, result.headline, result.details = "wrong", failure.kind, failure.headline, failure.details
        result.test, result.case = test.name, case
        todos = self.exercise.todos()
        if self.text != self.exercise.stub.read_text(encoding="utf-8") or not todos or failure.kind in faults.BROKEN:
            return result
        lines = sum(todo.lines for todo in todos)
        count = "1 line" if lines == 1 else f"{lines} lines"
        result.state, result.kind, result.symptom = "to do", "stub", failure.kind
        result.headline = f"{self.shown}:{todos[0].line}: about {count}: {self.problem.title}"
        result.details = [f"{self.shown}:{todo.line}: {todo.text}" for todo in todos]
        if self.problem.kind in ("find the bug", "make it faster"):
            result.details += [f"What the test sees now ({test.name}, {case}):" if case else "What the test sees now:"]
            result.details += failure.details or [failure.headline]
        return result

    def offer_replay(self) -> None:
        """Name the file whose run can be looked at: it is that of the text which was checked, on the software GPU."""
        looked_for = self.problem.kind == "find the bug" or self.text != self.exercise.stub.read_text(encoding="utf-8")
        if not looked_for or self.target.device != "sim" or not self.source.is_file():
            return
        if self.source.read_text(encoding="utf-8", errors="replace") == self.text:
            self.result.replay = str(self.shown)

    def draw(self) -> None:
        """Write the pictures that a failure kept from being reached: what is wrong is often plain to see in them."""
        for number, test in enumerate(self.problem.tests):
            if not self.result.pictures and not test.asks_device:
                cases = [case for case in self.cases(number, self.target) if case.picture is not None]
                if cases:
                    _run(self.problem, cases, self.library, self.target, 0, self.result, self.pictures, self.exercise)

    def observed(self, number: int) -> tuple[str, Failure] | None:
        """Run the cases of a test again on the software GPU, with checkers and counters on; return what they object to."""
        on_sim = self.target.device == "sim"
        library = self.library if on_sim else build(self.source, self.cache_dir, SIM, text=self.text)
        cases = self.cases(number, SIM)
        (kind, said), outcome = self.findings(cases, library)
        if said:
            text = "the results are right, but the checkers object"
            self.offer_replay()
            return "", Failure(kind, text, [f"The results are right, but not by right: {kind}.", *said])
        if not on_sim and (wrong := first_wrong(self.problem, cases, outcome)):
            wrong[1].details.insert(0, "Right on the GPU, but not on the software GPU, which looks closer:")
            return wrong[0].name, wrong[1]
        odd = any(faults.cuda(written, case, outcome) for case, written in zip(cases, outcome.written, strict=False))
        if outcome.end != "finished" or odd:
            # The same calls ended well before: to take the counts that are missing for good ones would pass a wrong file.
            text = "The results are right, but the run that counts and checks did not come to its end"
            why = f"{outcome.end} {outcome.code} {outcome.stderr.strip()[-200:]}".strip()
            return "", Failure("start", text, [f"{text} ({why}): is the machine short of memory? Run it again."])
        for case, written in zip(cases, outcome.written, strict=False):
            if (case.limits or case.counts) and (failure := limits.judge(case, written.kernels, self._named, self.lines)):
                return case.name, failure
        return None

    @property
    def lines(self) -> list[str]:
        """The text that is checked."""
        return self.text.splitlines()

    def findings(self, cases: Sequence[Case], library: Path) -> tuple[tuple[str, list[str]], Outcome]:
        """Run cases with checkers on, counting where a case asks for it.

        Returns
        -------
        tuple
            The kind of the first finding, and paragraphs about the first few; how the run ended.
        """
        checkers = os.environ.get("PMPP_CHECKERS", "memory race uninitialized sync")
        problem, outcomes = self.problem, []
        count = any(case.limits or case.counts for case in cases)
        if not checkers.strip() and not count:
            return ("", []), Outcome("finished", 0, "done", 0, [], "", "")

        def run(observers: Mapping[str, str]) -> None:
            outcomes.append(
                call(
                    library,
                    problem.signature,
                    cases,
                    device="sim",
                    memory=problem.memory,
                    seconds=CHECKED * problem.seconds,
                    count=count,
                    observers=observers,
                )
            )

        found = findings.findings_of(run, checkers)
        harmful = [finding for finding in found if not finding.get("benign") and finding["kernel"]]
        paragraphs = []
        for finding in harmful[:3]:
            for place in (finding, finding.get("other") or {}):
                if Path(place.get("file", "")).name == self.source.name:
                    place["file"] = str(self.source)
            first, *excerpt = findings.described(finding)
            paragraphs += [first, *(f" {line}" for line in excerpt)]
        return (harmful[0]["kind"] if harmful else "", paragraphs), outcomes[0]

    def timed(self, wanted: Speedup) -> tuple[str, Failure] | None:
        """Measure how fast the function is; return what is wrong with what it computed at that size, or with its time."""
        device = self.target.device
        problem, folder = self.problem, self.exercise.folder

        def made(size: int) -> Case:
            # A race compares results; how the function comes by them was looked at before.
            return replace(wanted.case(self.rng(len(problem.tests)), size), min_launches=0, max_threads=0, must_wait=False)

        case = made(wanted.sizes[device == "cuda"])

        def measure(longer: int = 1) -> speedup.Measured:
            measured, outcome = speedup.measure(problem, folder, self.library, case, self.target, self.cache_dir, longer)
            if outcome.end == "time":
                long = f"In {speedup.TOO_LONG:g} s the function was not called often enough to time it, with {case.name}."
                raise _StoppedError(Failure("slow", long))
            if outcome.end == "race failed":
                raise _StoppedError(Failure("cuda error", f"Called again and again, it failed with {outcome.stderr.strip()}."))
            if wrong := first_wrong(problem, [case], outcome):
                raise _StoppedError(wrong[1])
            assert measured is not None
            return measured

        @cache
        def counted() -> speedup.Counted:
            library = self.library if device == "sim" else build(self.source, self.cache_dir, SIM, text=self.text)
            return speedup.count(problem, folder, library, made(wanted.sizes[0]), self.cache_dir)

        try:
            failure, measured, remark = speedup.judge(wanted, device, measure, counted, measure())
        except _StoppedError as stopped:
            return case.name, stopped.failure
        name = "the software GPU" if device == "sim" else device_name()
        notes = speedup.lines(wanted, measured, name, remark, counted() if device == "sim" else None)
        if failure is None:
            self.result.notes += notes
            return None
        failure.details += notes
        return case.name, failure

    def predictions(self) -> Failure | None:
        """Ask the learner for numbers, and the machine for the right ones; the kernel that is run is the stub's."""
        problem = self.problem
        case = predict.asked(problem.predictions)
        outcome = call(self.library, predict.SIGNATURE, [case], device=self.target.device, memory="host")
        if outcome.end != "finished":
            fault = faults.ended(outcome, outcome.written[0] if outcome.written else None, predict.SIGNATURE.name, problem)
            return Failure(fault.kind, fault.text)
        if overrun := outcome.written[0].overrun:
            return Failure("overrun", f"predict writes outside of {next(iter(overrun))}: there is no such answer.")
        failure, self.result.notes = predict.judge(problem.predictions, outcome.written[0], self.truth)
        return failure

    def truth(self, prediction: Prediction) -> int:
        """Run the stub's kernel and return what was to be predicted."""
        target = SIM if prediction.counter else self.target
        library = build(self.exercise.stub, self.cache_dir, target)
        outcome = call(
            library,
            self.problem.signature,
            [prediction.case],
            device=target.device,
            memory=self.problem.memory,
            count=bool(prediction.counter),
        )
        if wrong := first_wrong(self.problem, [prediction.case], outcome, values=False):
            raise CourseError(f"the kernel of the stub does not run: {wrong[1].headline}")
        written = outcome.written[0]
        if prediction.answer is not None:
            return int(prediction.answer(written.outputs))
        return limits.total(written.kernels)[prediction.counter]


def device_name() -> str:
    """Return the name of the GPU in use."""
    gpu = choose().gpu
    return gpu.name if gpu is not None else "GPU"


def device_attributes(attributes: Sequence[int], target: Target, cache_dir: Path) -> list[int]:
    """Ask the device for attributes (numbers of cudaDeviceAttr), in a process of its own as always."""
    signature = Signature.parse("int pmpp_probe_attributes(int* values, const int* attributes, int count)")
    inputs = {"attributes": np.array(attributes, np.int32), "count": len(attributes)}
    case = Case("attributes", inputs, {"values": np.zeros(len(attributes), np.int32)})
    outcome = call(probe_library(cache_dir, target), signature, [case], device=target.device, memory="host")
    if outcome.end != "finished" or outcome.written[0].returned:
        raise RuntimeError(f"the device does not answer: {outcome.end} {outcome.code} {outcome.stderr}")
    return outcome.written[0].outputs["values"].tolist()


def _run(problem: Problem, cases, library, target, schedule, verdict, pictures, exercise) -> tuple[Case, Failure] | None:
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
    wrong = first_wrong(problem, cases, outcome)
    for number, case in enumerate(cases):
        came_back = number < len(outcome.written) and (outcome.end == "finished" or number != outcome.case)
        if pictures is not None and case.picture is not None and came_back:
            verdict.pictures.append(_picture(case, outcome.written[number], pictures, exercise))
        if wrong and case is wrong[0]:
            break
        if case.show is not None and schedule == 0 and came_back:
            where = "the software GPU, one CPU core" if target.device == "sim" else f"the {device_name()}"
            verdict.notes.append(f"{case.show(outcome.written[number].outputs)}, measured on {where}")
    return wrong


def _try_other_schedules(problem: Problem, case: Case, library, target, schedule: int, failure: Failure) -> None:
    """Run a wrong case under other schedules: a result that changes is a race."""
    seen: list[dict[str, np.ndarray]] = []
    for seed in (schedule, *(s for s in OTHER_SCHEDULES if s != schedule)):
        outcome = call(
            library, problem.signature, [case], device="sim", memory=problem.memory, seconds=problem.seconds, seed=seed
        )
        if not outcome.written or outcome.end != "finished":
            return
        seen.append({name: value for name, value in outcome.written[0].outputs.items() if name in case.expect})
    # Within the tolerance: the order of atomic additions may change the last bits of a float, and is no race.
    if any(not matches(other[name], first, case.rtol, case.atol).all() for other in seen[1:] for name, first in seen[0].items()):
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
