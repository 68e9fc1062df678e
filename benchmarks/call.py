"""What a call costs beside its kernel: the frame that checks arguments, against the launch of a kernel that does nothing.

    python benchmarks/call.py [calls]

Medians of single calls on this machine's CPU. The frame is a call of vector_add on empty device arrays, which launches
nothing; without ``out=`` the result is allocated too. On a GPU the launch does not wait for the kernel.
"""

import statistics
import sys
import time
from collections.abc import Callable

import pmpp
from pmpp._runtime import core
from pmpp.vector import vector_add


def microseconds(call: Callable[[], object], calls: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    core.synchronize()
    return statistics.median(times) / 1e3


def main(calls: int = 10000) -> None:
    """Print the times."""
    x, stream = pmpp.DeviceArray((0,), "float32"), pmpp.Stream()
    contestants = {
        "null kernel": core.null_kernel,
        "frame, out= given": lambda: vector_add(x, x, out=x),
        "frame, out= and stream= given": lambda: vector_add(x, x, out=x, stream=stream),
        "frame with a new result": lambda: vector_add(x, x),
    }
    print(f"device {pmpp.device()}, median of {calls} calls, measured")
    for name, call in contestants.items():
        print(f"{name:32}{microseconds(call, calls):8.2f} us")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
