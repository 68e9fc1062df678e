"""Predict additions and barriers of two scans."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem

DATA = np.random.default_rng(11).integers(-9, 10, 256).astype(np.float32)


def asked(what, brent_kung, counter, rule):
    """Ask for a counter of one of the kernels."""
    who = "Brent-Kung" if brent_kung else "Kogge-Stone"
    case = Case(who, {"in": DATA, "brent_kung": int(brent_kung)}, {"out": np.cumsum(DATA)})
    return Prediction(f"{what} of {who}", f"How many {what} does {who} take for 256 elements?", case, counter=counter, rule=rule)


problem = Problem(
    title="Predict the work of two scans",
    minutes=20,
    kind="predict",
    signature="int scan_section(const float* in, float* out, int brent_kung)",
    read=("11", "11.2 to 11.4"),
    predictions=[
        asked(
            "additions",
            False,
            "flop",
            "In the step with stride s the threads from s on add: 256 - s of them. Add that up for s = 1, 2, 4 ... 128.",
        ),
        asked(
            "barriers",
            False,
            "barriers",
            "Each warp comes to two barriers in every step. How many steps does it take from stride 1 to 128, and "
            "how many warps are there?",
        ),
        asked(
            "additions",
            True,
            "flop",
            "Going up, a step joins pairs: 128 of them, then 64, and so on to 1. Going down, the step with stride "
            "s completes those "
            "sums that end s past the end of a pair, but not past the section: 256 / (2 s) - 1 of them.",
        ),
        asked(
            "barriers",
            True,
            "barriers",
            "A thread has two elements here, so there are fewer warps. Count the steps up, the steps down, and "
            "the barrier before the results are stored.",
        ),
    ],
)
