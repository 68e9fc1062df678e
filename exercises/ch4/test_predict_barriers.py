"""Predict how often warps come to barriers."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem


def asked(blocks, threads, rounds, rule):
    """Ask for the barriers of one call."""
    data = np.arange(blocks * threads, dtype=np.float32).reshape(blocks, threads)
    answer = data.copy()
    for _ in range(rounds):
        answer[:, 1:] = (answer[:, :-1] + answer[:, 1:]) / 2
    name = f"{blocks} x {threads} threads, {rounds} rounds"
    inputs = {"data": data, "blocks": blocks, "threads": threads, "rounds": rounds}
    question = f"How often do warps come to a barrier, with {blocks} blocks of {threads} threads and {rounds} rounds?"
    return Prediction(name, question, Case(name, inputs, {"data": answer}), counter="barriers", rule=rule)


problem = Problem(
    title="Predict barriers",
    minutes=10,
    kind="predict",
    signature="int smooth_blocks(float* data, int blocks, int threads, int rounds)",
    read=("4", "4.3 and 4.4"),
    predictions=[
        asked(1, 32, 0, "Without a round, one barrier is left. A warp comes to it as one, not as 32 threads."),
        asked(1, 256, 10, "A warp passes one barrier after loading and two in each round. How many warps has the block?"),
        asked(4, 64, 10, "Every block has its own barriers. Multiply blocks, warps of a block, and barriers that a warp passes."),
        asked(
            3,
            100,
            2,
            "The warps of a block are its threads divided by 32, rounded up: the last warp is only partly filled, "
            "and it comes too.",
        ),
        asked(5, 1, 1, "A block with one thread has one warp, and that comes to every barrier."),
    ],
)
