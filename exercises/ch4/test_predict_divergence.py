"""Predict how many branches are divergent."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem


def asked(name, n, work, rule):
    """Ask for the divergent branches of one call."""
    work = np.ascontiguousarray(work, np.int32)[:n]
    expected = np.arange(n, dtype=np.int32)
    for turn in range(work.max()):
        expected = np.where(turn < work, (5 * expected.astype(np.int64) + turn).astype(np.int32), expected)
    return Prediction(
        name=name,
        question=f"How many branches are divergent with {name}?",
        case=Case(name, {"work": work, "n": n, "blocks": 2, "threads": 128}, {"out": expected}),
        counter="divergent_branches",
        rule=rule,
    )


THREADS = np.arange(256)
problem = Problem(
    title="Predict divergent branches",
    minutes=15,
    kind="predict",
    signature="int run_turns(const int* work, int* out, int n, int blocks, int threads)",
    read=("4", "4.5"),
    predictions=[
        asked(
            "n = 256, 5 turns each",
            256,
            THREADS * 0 + 5,
            "A branch at which all threads of a warp do the same is not divergent, taken or not.",
        ),
        asked(
            "n = 250, 5 turns each",
            250,
            THREADS * 0 + 5,
            "Which warps have threads on both sides of n? Only there the check of the bound is divergent.",
        ),
        asked("n = 224, 5 turns each", 224, THREADS * 0 + 5, "Divide n by 32: does any warp have threads on both sides of it?"),
        asked(
            "i / 32 turns",
            256,
            THREADS // 32,
            "Threads of different warps may do different things for nothing. Is there a warp whose threads differ?",
        ),
        asked(
            "i % 4 turns",
            256,
            THREADS % 4,
            "In each warp: the branch is divergent each time when some of the threads that are still there leave "
            "and others stay. "
            "How often is that, and how many warps are there?",
        ),
        asked(
            "1 turn each, thread 77 makes 9",
            256,
            np.where(THREADS == 77, 9, 1),
            "A thread that goes on alone has nobody to differ from. How often do threads of its warp part?",
        ),
    ],
)
