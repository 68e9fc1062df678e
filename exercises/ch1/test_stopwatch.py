"""Time a CPU and a device; only what no clock can show is refused."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="A stopwatch for a CPU and a device",
    minutes=30,
    signature="int stopwatch(const float* x, float* result, int n, int turns, int runs, double* times)",
    read=("1", "1"),
    memory="host",
    seconds=20,
)


def plausible(outputs):
    """Return what is impossible about times; most of the device's time goes into the kernel."""
    cpu, kernel, everything = outputs["times"]
    if not (0 < cpu < 60 and 0 < kernel < 60 and 0 < everything < 60):
        return f"times are {cpu:.3g}, {kernel:.3g} and {everything:.3g} s: one of them was not measured, or is not in seconds."
    if kernel >= everything:
        return "times[1] is more than times[2]: the kernel alone cannot take longer than together with the copies."
    if kernel < 0.1 * everything:
        return (
            f"times[1] is {everything / kernel:,.0f} times as short as times[2], but there is little to copy here: was the clock "
            "stopped before the kernel had ended?"
        )
    if cpu < 1e-4:
        return f"times[0] is {cpu:.2g} s: nobody works out so much in that time. Does the clock run while on_cpu() works?"
    return ""


def ratios(outputs):
    """Return what the learner wanted to know."""
    cpu, kernel, everything = outputs["times"]
    return f"device against CPU: {cpu / kernel:.3g} times as fast, {cpu / everything:.3g} times with the copies"


@problem.test("a long kernel")
def long_kernel(rng):
    """Make the kernel far longer than the copies, so that a clock that does not wait for it is found out."""
    x = rng.uniform(0.2, 0.8, 2048).astype(np.float32)
    turns = 4000
    answer = x.copy()
    for _ in range(turns):
        answer = answer * (np.float32(1) - answer) * np.float32(3.75)
    inputs = {"x": x, "n": x.size, "turns": turns, "runs": 5, "times": np.zeros(3)}
    looks = {"accept": plausible, "show": ratios}
    yield Case("2,048 numbers, 4,000 turns", inputs, {"result": answer}, **looks, min_launches=2, must_wait=True)
