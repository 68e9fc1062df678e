"""Predict: the sectors that a pass of radix sort writes."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem, anybody

N = 4096
i = np.arange(N)
PLACES = (
    i,
    i % 2 * (N // 2) + i // 2,
    i % 16 * (N // 16) + i // 16,
    i % 32 * (N // 32) + i // 32,
    i % 256 // 16 * (N // 16) + i // 256 * 16 + i % 16,
)
RULE = "Write down the places of the 32 lanes of one warp. How many runs of neighbours are they, and how many bytes has each run?"


def _prediction(way, name, keys):
    out = np.empty(N, np.uint32)
    out[PLACES[way]] = i
    case = Case(f"way {way}", {"n": N, "way": way}, {"out": out})
    question = f"way {way}, {keys}: how many sectors are written, all warps together?"
    return Prediction(name, question, case, counter="global_store_sectors", rule=RULE)


problem = Problem(
    title="Predict: how many sectors does a pass write?",
    minutes=20,
    signature="int scatter(int n, int way, unsigned* out)",
    read=("14", "13.4 and 13.5"),
    owner=anybody(),
    kind="predict",
    predictions=[
        _prediction(0, "in order", "keys that are in order already"),
        _prediction(1, "one bit", "one bit a pass"),
        _prediction(2, "four bits", "four bits a pass"),
        _prediction(3, "five bits", "five bits a pass"),
        _prediction(4, "four bits, sorted first", "four bits a pass, each block has sorted its keys"),
    ],
)
