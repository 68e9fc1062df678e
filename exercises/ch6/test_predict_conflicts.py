"""Predict bank conflicts."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem


def asked(stride, rule):
    """Ask for the conflicts with one stride."""
    data = np.arange(1024, dtype=np.float32)
    return Prediction(
        name=f"stride {stride}",
        question=f"How many bank conflicts are there with stride {stride}?",
        case=Case(f"stride {stride}", {"in": data, "stride": stride}, {"out": data[np.arange(32) * stride]}),
        counter="shared_bank_conflicts",
        rule=rule,
    )


problem = Problem(
    title="Predict bank conflicts",
    minutes=10,
    kind="predict",
    signature="int gather(const float* in, float* out, int stride)",
    read=("6", "6.1"),
    predictions=[
        asked(1, "Lane t reads word t: is there a bank that two lanes want?"),
        asked(2, "Lanes t and t + 16 are 32 words apart, so they meet in a bank. A conflict is each turn beyond the first one."),
        asked(3, "Two lanes meet only if 3 times their distance is a multiple of 32. Is there such a distance below 32?"),
        asked(8, "Only every eighth bank is asked. How many lanes come to each, and how many of them have to wait?"),
        asked(32, "The stride is a multiple of 32, so all lanes come to bank 0. The first of them does not wait."),
        asked(33, "Word 33 t lies in bank t + 32 t mod 32. Which one is that?"),
        asked(0, "Lanes that want the same word of a bank get it together: a broadcast."),
    ],
)
