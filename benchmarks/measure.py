"""Times of several calls beside each other: rounds interleaved, so that a slow moment of the machine meets them all."""

import statistics
import time
from collections.abc import Callable


def medians(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median of each call in seconds; a round makes every one of them once."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def table(title: str, seconds: dict[str, float], amount: int, unit: str = "GB/s") -> str:
    """Return a table of times, of bytes (or of work) that had to be done by those times, and of speedups over the first line."""
    first = next(iter(seconds.values()))
    lines = [title, f"{'':20}{'ms':>10}{unit:>10}{'against the first':>20}"]
    lines += [f"{name:20}{t * 1e3:10.3f}{amount / t / 1e9:10.2f}{first / t:19.2f}x" for name, t in seconds.items()]
    return "\n".join(lines)
