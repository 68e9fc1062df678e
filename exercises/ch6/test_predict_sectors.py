"""Predict how many sectors loads touch."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem


def read(first, stride):
    """Read with a stride."""
    data = np.arange(first + 256 * max(stride, 1), dtype=np.float32)
    inputs = {"in": data, "first": first, "stride": stride}
    return Case(f"stride {stride}, from element {first} on", inputs, {"out": data[first + np.arange(256) * stride]})


def asked(first, stride, rule):
    """Ask for the sectors of one such call."""
    return Prediction(
        name=f"stride {stride} from {first}",
        question=f"How many sectors are loaded with stride {stride}, from element {first} on?",
        case=read(first, stride),
        counter="global_load_sectors",
        rule=rule,
    )


problem = Problem(
    title="Predict the sectors of strided loads",
    minutes=15,
    kind="predict",
    signature="int read_strided(const float* in, float* out, int first, int stride)",
    read=("6", "6.1"),
    predictions=[
        asked(
            0,
            1,
            "A warp reads 32 floats in a row. How many sectors of 8 floats is that, and how many warps are there in the block?",
        ),
        asked(
            1,
            1,
            "A warp's 32 floats begin one float after the begin of a sector, so they end in the sector after the last full one.",
        ),
        asked(
            0,
            2,
            "From its first to its last element a warp spans twice as many sectors as with stride 1; a sector "
            "counts when any of it is used.",
        ),
        asked(0, 8, "A sector holds 8 floats: with stride 8, no two threads of a warp share one."),
        asked(0, 32, "A warp touches at most one sector for each of its threads, however far apart they are."),
        asked(0, 0, "A sector counts once for a load of a warp, however many of its threads want it."),
    ],
)
