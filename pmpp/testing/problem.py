"""What the test file of a problem declares: the function to write, and tests that yield cases.

problem = Problem(title="SAXPY", minutes=10, signature="int saxpy(...)", read=("2.4", "2.4"))

@problem.test("sizes around a block")
def sizes(rng):
    for n in (0, 1, 255, 256, 257):
        x = rng.standard_normal(n, dtype=np.float32)
        yield Case(f"n = {n}", inputs={"x": x, "n": n}, expect={"y": 2 * x})
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pmpp.testing.geometry import Owner, linear
from pmpp.testing.signature import Signature


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
    """

    title: str
    minutes: int
    signature: Signature
    read: tuple[str | None, str | None]
    memory: str = "device"
    owner: Owner = field(default_factory=linear)
    instructions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 5.0
    tests: list[Test] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the prototype."""
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
