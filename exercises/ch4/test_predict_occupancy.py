"""Predict how many blocks fit on a multiprocessor."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem


def asked(threads, shared, rule):
    """Ask the device how many blocks of so many threads and bytes fit."""
    name = f"{threads} threads, {shared:,} bytes"
    inputs = {"threads": threads, "shared_bytes": shared}
    return Prediction(
        name=name,
        question=f"How many blocks of {threads} threads with {shared:,} bytes of shared memory are on one SM at the same time?",
        case=Case(name, inputs, {"blocks": np.zeros(1, np.int32)}, min_launches=0),
        answer=lambda outputs: int(outputs["blocks"][0]),
        rule=rule,
    )


problem = Problem(
    title="Predict occupancy",
    minutes=15,
    kind="predict",
    signature="int ask_occupancy(int threads, int shared_bytes, int* blocks)",
    read=("4", "4.7"),
    memory="host",
    predictions=[
        asked(256, 0, "How often do 256 threads go into the threads that an SM has room for?"),
        asked(
            32,
            0,
            "There are two limits here: the threads of an SM, and its places for blocks. The one that runs out first decides.",
        ),
        asked(1000, 0, "Room is given in whole warps: how many warps are 1000 threads, and how many threads is that?"),
        asked(
            33,
            0,
            "33 threads are two warps, of which one has a single thread. And there is a limit to the number of blocks, too.",
        ),
        asked(
            256,
            40_960,
            "Shared memory of the SM, divided by what a block takes of it: its own bytes and those that are "
            "reserved for every block. "
            "Threads are a limit as well; the one that runs out first decides.",
        ),
    ],
)
