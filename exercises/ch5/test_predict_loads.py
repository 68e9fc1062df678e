"""Predict what tiles save."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem

N = 64
NUMBERS = np.random.default_rng(5).integers(-4, 5, (2, N, N)).astype(np.float32)


def asked(name, tiled, counter, rule):
    """Ask for a counter of one of the kernels."""
    a, b = NUMBERS
    case = Case(f"n = {N}, {'with' if tiled else 'without'} tiles", {"a": a, "b": b, "n": N, "tiled": int(tiled)}, {"c": a @ b})
    name += " with tiles" if tiled else " without tiles"
    return Prediction(name, f"How many {name}, for n = {N}?", case, counter=counter, rule=rule)


problem = Problem(
    title="Predict the loads of a product, with and without tiles",
    minutes=20,
    kind="predict",
    signature="int square_product(const float* a, const float* b, float* c, int n, int tiled)",
    read=("5", "5.4"),
    predictions=[
        asked(
            "floating-point operations",
            False,
            "flop",
            "Each of n * n elements is a sum of n products; a product that is added is two operations.",
        ),
        asked(
            "load requests",
            False,
            "global_load_requests",
            "A warp runs each load once for its 32 threads. How many warps compute n * n elements, and how many "
            "loads does each of them run in n turns?",
        ),
        asked(
            "sectors",
            False,
            "global_load_sectors",
            "All lanes of a warp read the same element of A: one sector. Of B they read 32 floats in a row. Add "
            "both, for every turn of every warp.",
        ),
        asked(
            "load requests",
            True,
            "global_load_requests",
            "For each pair of tiles a warp runs two loads. How many tiles of 32 does it take to go along n?",
        ),
        asked(
            "sectors",
            True,
            "global_load_sectors",
            "Both loads of a warp now read 32 floats in a row. How many sectors of 8 floats is that?",
        ),
        asked("barriers", True, "barriers", "Two barriers for each pair of tiles, and each warp comes to each of them once."),
    ],
)
