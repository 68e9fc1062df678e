"""Fill the device with exactly as many blocks as it can hold."""

import numpy as np

from pmpp.testing import Case, Problem, strided

problem = Problem(
    title="A grid that fills the device",
    minutes=20,
    signature="int scale_with_full_grid(float* data, int n, float factor, int threads, int* blocks)",
    read=("4", "4.7 and 4.8"),
    owner=strided(),
)
# Numbers of cudaDeviceAttr: multiprocessors, and what one of them holds of threads and of blocks.
ATTRIBUTES = (16, 39, 106)


@problem.test("blocks of several sizes", asks_device=True)
def sizes(rng, attributes):
    """Compare with what threads, in whole warps, and blocks allow; the kernel has few registers and no shared memory."""
    multiprocessors, threads_of_sm, blocks_of_sm = attributes(ATTRIBUTES)
    for threads, n in ((256, 10_000), (32, 5000), (96, 1), (100, 333), (512, 0)):
        in_warps = -(-threads // 32) * 32
        per_sm = min(threads_of_sm // in_warps, blocks_of_sm)
        data = rng.standard_normal(n, dtype=np.float32)
        inputs = {"data": data, "n": n, "factor": 1.5, "threads": threads}
        answers = {
            "one SM": per_sm,
            "all SMs, if only the number of threads counted": multiprocessors * (threads_of_sm // threads),
        }
        suspects = {
            f"That is what fits on {what}.": np.array([blocks], np.int32)
            for what, blocks in answers.items()
            if blocks != per_sm * multiprocessors
        }
        expect = {"data": np.float32(1.5) * data, "blocks": np.array([per_sm * multiprocessors], np.int32)}
        yield Case(f"blocks of {threads} threads, n = {n:,}", inputs, expect, suspects=suspects)
