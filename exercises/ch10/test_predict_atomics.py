"""Predict atomic operations and barriers."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem

N = 1000
DATA = np.random.default_rng(10).integers(-100, 101, N, dtype=np.int32)


def asked(what, way, counter, rule):
    """Ask for a counter of one of the ways."""
    inputs = {"data": DATA, "n": N, "way": way, "sum": np.zeros(1, np.int32)}
    case = Case(f"n = {N}, way {way}", inputs, {"sum": np.array([DATA.sum()], np.int32)})
    return Prediction(
        f"{what} in way {way}", f"How many {what} are there in way {way}, for n = {N}?", case, counter=counter, rule=rule
    )


problem = Problem(
    title="Predict atomic operations and barriers",
    minutes=15,
    kind="predict",
    signature="int sum_in_way(const int* data, int n, int way, int* sum)",
    read=("10", "10.7"),
    predictions=[
        asked(
            "atomic operations",
            0,
            "atomics",
            "A warp runs the operation once for all of its lanes. How many warps have a lane with an element?",
        ),
        asked(
            "additional turns",
            0,
            "atomic_serialization",
            "In each warp all lanes with an element want one address, and only the first of them does not wait. "
            "The last warp has fewer lanes with an element.",
        ),
        asked(
            "atomic operations",
            1,
            "atomics",
            "One lane of each warp goes to *sum; also in a warp whose elements all lie past the end, if there is one.",
        ),
        asked(
            "additional turns", 1, "atomic_serialization", "Turns are counted within a warp. How many of its lanes go to *sum?"
        ),
        asked("atomic operations", 2, "atomics", "One thread of each block goes to *sum. How many blocks are there?"),
        asked(
            "barriers",
            2,
            "barriers",
            "How many strides are there from 128 down to 1? At each of them all warps of all blocks come to the "
            "barrier, not only those that add.",
        ),
    ],
)
