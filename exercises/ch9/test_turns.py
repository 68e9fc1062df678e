"""Predict: atomic operations, and the turns that they wait."""

import numpy as np

from pmpp.testing import Case, Prediction, Problem, anybody

N = 4096
SEVENS = np.full(N, 7, np.uint8)
RAMP = (np.arange(N) % 256).astype(np.uint8)
PAIRS = (np.arange(N) // 2 % 256).astype(np.uint8)


def _case(data, way):
    inputs = {"data": data, "n": N, "way": way, "bins": np.zeros(256, np.uint32)}
    return Case(f"way {way}", inputs, {"bins": np.bincount(data, minlength=256).astype(np.uint32)})


WARPS = "A warp issues one operation for all of its lanes. How many warps are there, and how often does each go round the loop?"
TURNS = "For each operation: how many lanes want the address that most of them want? One of them need not wait. Then add up."

problem = Problem(
    title="Predict: how long do atomics wait?",
    minutes=20,
    signature="int histograms(const unsigned char* data, int n, int way, unsigned* bins)",
    read=("9", "9.3 to 9.6"),
    owner=anybody(),
    kind="predict",
    predictions=[
        Prediction(
            "operations, one bin",
            "way 0, 4,096 elements, all of them 7: how many atomic operations do the warps issue?",
            _case(SEVENS, 0),
            counter="atomics",
            rule=WARPS,
        ),
        Prediction(
            "waiting, one bin",
            "way 0, all elements are 7: how many turns of waiting are there, all operations together?",
            _case(SEVENS, 0),
            counter="atomic_serialization",
            rule=TURNS,
        ),
        Prediction(
            "waiting, a ramp",
            "way 0, element i is i modulo 256: how many turns of waiting are there?",
            _case(RAMP, 0),
            counter="atomic_serialization",
            rule=TURNS,
        ),
        Prediction(
            "waiting, a slow ramp",
            "way 0, element i is i / 2 modulo 256: how many turns of waiting are there?",
            _case(PAIRS, 0),
            counter="atomic_serialization",
            rule=TURNS,
        ),
        Prediction(
            "operations, private copies",
            "way 1, all elements are 7: how many atomic operations do the warps issue, on shared and global memory together?",
            _case(SEVENS, 1),
            counter="atomics",
            rule="Counting takes as many as before. Then each block adds up its copy: how many blocks, and how many warps each?",
        ),
        Prediction(
            "operations, runs first",
            "way 2, all elements are 7: how many atomic operations do the warps issue?",
            _case(SEVENS, 2),
            counter="atomics",
            rule="How many runs does a thread meet? A warp issues one operation for all lanes whose run ends at the same place.",
        ),
    ],
)
