"""What the test file of a problem declares: the function to write, and tests that yield cases.

problem = Problem(title="SAXPY", minutes=10, signature="int saxpy(...)", read=("2.4", "2.4"))

@problem.test("sizes around a block")
def sizes(rng):
    for n in (0, 1, 255, 256, 257):
        x = rng.standard_normal(n, dtype=np.float32)
        yield Case(f"n = {n}", inputs={"x": x, "n": n}, expect={"y": 2 * x})

A problem is of one of four kinds: a kernel is to be written, a bug to be found, a count to be predicted, a kernel to be made
faster. CONTRIBUTING.md says how each is declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pmpp.testing.counters import COUNTERS
from pmpp.testing.geometry import Owner, linear
from pmpp.testing.signature import Signature

KINDS = ("write", "find the bug", "predict", "make it faster")


def _known(counters: Iterable[str]) -> None:
    for name in counters:
        if name not in COUNTERS:
            raise ValueError(f"unknown counter {name!r}: accepted are {', '.join(COUNTERS)}")


@dataclass(frozen=True)
class Picture:
    """A photograph and the learner's result, written side by side for the learner to look at."""

    name: str
    before: np.ndarray
    output: str


@dataclass
class Case:
    """One call of the learner's function, and what must come of it.

    Attributes
    ----------
    name
        What the learner reads: "n = 257", "33 x 17 image, radius 2".
    inputs
        Values of all parameters that are not pure outputs, by name. An output that is also given here starts
        with that value.
    expect
        Expected value of each output, by name; the shape and the element count of the output are taken from it.
    rtol, atol
        An element is right if its error is at most ``atol + rtol * abs(expected)``; integers must be equal.
    returns
        What a function that returns a status must return; a string is the name of a CUDA error.
    fail_malloc
        Refuse the n-th cudaMalloc of the learner's code, to see how it copes; outputs are then not compared.
    radius
        Radius of the neighbourhood that an output element is computed from: elements nearer than this to a tile's
        border need its halo.
    suspects
        Well-known wrong answers: a sentence for each, with the output that it would give.
    picture
        Written after the run.
    min_launches
        How many kernels the function must launch for this case.
    max_threads
        How many threads its first launch may have; 0: any number.
    must_wait
        The function must wait for its kernel before it returns.
    limits
        Counters of docs/counters.md, and how much the kernels of this call may count at most, all launches together.
    counts
        Counters by which a technique is recognised, and what they must be.
    accept
        For what cannot be known beforehand, such as times: from the outputs, by name, to a sentence about what cannot be right,
        or "". Such outputs have a first value among the inputs and none among the expected.
    show
        From the outputs to what was measured, in words for a learner whose file is right.
    """

    name: str
    inputs: Mapping[str, Any]
    expect: Mapping[str, np.ndarray]
    rtol: float = 1e-5
    atol: float = 1e-6
    returns: int | str = 0
    fail_malloc: int = 0
    radius: int = 0
    suspects: Mapping[str, np.ndarray] = field(default_factory=dict)
    picture: Picture | None = None
    min_launches: int = 1
    max_threads: int = 0
    must_wait: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    accept: Callable[[Mapping[str, np.ndarray]], str] | None = None
    show: Callable[[Mapping[str, np.ndarray]], str] | None = None

    def __post_init__(self) -> None:
        """Refuse counters that there are not."""
        _known((*self.limits, *self.counts))


@dataclass(frozen=True)
class Prediction:
    """A number that the learner works out before the machine says it; ``answers[i]`` of the learner's `predict` is the i-th.

    Attributes
    ----------
    name
        Of the number, in a word or two: "divergent branches".
    question
        What is asked, as a sentence.
    case
        The call of the stub's function that is looked at.
    counter
        The exact counter that is the answer, all launches of the call together. Otherwise `answer` tells.
    answer
        From the outputs of the call, by name, to the answer: for what the device knows, such as occupancy.
    rule
        What decides the number, as a sentence that lets the learner work it out again. It must not say the number.
    """

    name: str
    question: str
    case: Case
    counter: str = ""
    answer: Callable[[Mapping[str, np.ndarray]], int] | None = None
    rule: str = ""

    def __post_init__(self) -> None:
        """See to it that there is one answer."""
        _known([self.counter] if self.counter else [])
        if bool(self.counter) == (self.answer is not None):
            raise ValueError(f"prediction {self.name!r} needs either a counter or an answer")
        if not self.rule:
            raise ValueError(f"prediction {self.name!r} needs a rule: what does the learner read whose number is wrong?")


@dataclass(frozen=True)
class Speedup:
    """How fast the learner's function is beside others, with a clock read on the device in use.

    Attributes
    ----------
    baseline
        What it is compared with: the path of a .cu file in the chapter's folder, such as "stubs/scale.cu",
        "solutions/tree.cu" for the rung before, or "baselines/one_thread.cu". Its first ``extern "C"`` function takes the same
        parameters.
    case
        From random numbers and a size to the call that is timed; the result is compared, too.
    sizes
        On the software GPU, where a call should take a few milliseconds, and on a GPU, where it should take much longer than a
        launch, some microseconds.
    sequential
        The path of a .cpp file in the chapter's folder whose first ``extern "C"`` function does the same on one CPU core.
    at_least
        How many times as fast as the baseline it must be, by device, "sim" or "cuda"; one that is not named is only measured.
        Half of what the solution reaches is a wide enough margin. On the software GPU time decides only where fewer warp
        instructions are executed, 1.5 times at least: that more is coalesced or that there are fewer conflicts is for limits.
    copies
        Tell also how fast it is together with the copies of its arrays to the device and back.
    """

    baseline: str
    case: Callable[[np.random.Generator, int], Case]
    sizes: tuple[int, int]
    sequential: str = ""
    at_least: Mapping[str, float] = field(default_factory=dict)
    copies: bool = False

    def __post_init__(self) -> None:
        """Refuse devices that there are not."""
        if unknown := set(self.at_least) - {"sim", "cuda"}:
            raise ValueError(f"at_least names {', '.join(sorted(unknown))}: accepted are 'sim' and 'cuda'")


@dataclass(frozen=True)
class Test:
    """A named group of cases that one process runs.

    Attributes
    ----------
    schedules
        On the software GPU the cases run once for each of so many warp schedules; a result that depends on the order of
        the warps fails.
    asks_device
        The generator's second argument is a function that asks the device for attributes, numbers of cudaDeviceAttr.
    """

    __test__ = False  # not for pytest's own collection

    name: str
    cases: Callable[..., Iterable[Case]]
    schedules: int = 1
    asks_device: bool = False


@dataclass
class Problem:
    """A problem of the course; its name and its files follow from where its test file lies.

    Attributes
    ----------
    title
        One line for lists.
    minutes
        What it takes a learner who read the sections.
    kind
        "write", "find the bug", "predict" or "make it faster".
    symptom
        Of a bug that is to be found: the kind of the finding by which the untouched stub is rejected.
    predictions
        What is to be predicted, in the order of the answers. The stub's kernel is run, not the learner's, who writes
        ``extern "C" int predict(long long* answers)``.
    signature
        Prototype of the function that the tests call; its text is parsed.
    read
        Sections of the 5th and of the 4th edition; None where an edition has none.
    memory
        "device": pointers are device pointers and the runner allocates and copies. "host": the learner does.
    owner
        Which thread computes an output element.
    instructions
        PTX instructions that the learner's kernels must contain, such as "ld.shared", and what to say where one
        is missing.
    seconds
        Processor time that one test may take.
    speedup
        Measured when everything else is right.
    """

    title: str
    minutes: int
    signature: Signature
    read: tuple[str | None, str | None]
    memory: str = "device"
    owner: Owner = field(default_factory=linear)
    instructions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 5.0
    kind: str = "write"
    symptom: str = ""
    predictions: Sequence[Prediction] = ()
    speedup: Speedup | None = None
    tests: list[Test] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the prototype, and refuse what does not belong together."""
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}: accepted are {', '.join(KINDS)}")
        if bool(self.predictions) != (self.kind == "predict"):
            raise ValueError("predictions are what a problem of the kind 'predict' has, and no other")
        if bool(self.symptom) != (self.kind == "find the bug"):
            raise ValueError("a symptom is what a problem of the kind 'find the bug' has, and no other")
        if isinstance(self.signature, str):
            self.signature = Signature.parse(self.signature)
        if self.memory not in ("device", "host"):
            raise ValueError(f"memory is {self.memory!r}: accepted are 'device' and 'host'")

    def test(self, name: str, *, schedules: int = 1, asks_device: bool = False) -> Callable:
        """Register a generator of cases; it is called with a fresh ``numpy.random.Generator``."""

        def register(cases: Callable[..., Iterable[Case]]) -> Callable:
            self.tests.append(Test(name, cases, schedules, asks_device))
            return cases

        return register
