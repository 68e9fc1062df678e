"""What Amdahl's law predicts from the times of parts, and what the whole program shows."""

import numpy as np

from pmpp.testing import Case, Problem

problem = Problem(
    title="Predicted against measured",
    minutes=30,
    signature="int two_parts(const float* steps, float* result, int n, int turns, int runs, double* facts)",
    read=("1", "1"),
    memory="host",
    seconds=20,
)


def plausible(outputs):
    """Return what is impossible about the facts."""
    fraction, factor, predicted, measured = outputs["facts"]
    if not 0 < fraction < 1:
        return f"facts[0] is {fraction:.3g}: a fraction of the time lies between 0 and 1."
    if fraction < 0.5:
        return f"facts[0] is {fraction:.3g}, but most of the time goes into the second part: is it the fraction of the other one?"
    if not factor > 0:
        return f"facts[1] is {factor:.3g}: a speedup is old time over new time, and more than 0."
    law = 1 / ((1 - fraction) + fraction / factor)
    if not abs(predicted - law) <= 1e-6 * law:
        return f"facts[2] is {predicted:.4g}, but from facts[0] and facts[1] Amdahl's law predicts {law:.4g}."
    if not 0.1 < measured / predicted < 10:
        far = "so far apart they cannot be. Is it old time over new time?"
        return f"facts[3] is {measured:.3g}, predicted were {predicted:.3g}: {far}"
    return ""


def compared(outputs):
    """Return what the learner wanted to know."""
    fraction, factor, predicted, measured = outputs["facts"]
    part = f"{100 * fraction:.3g} % of the program became {factor:.3g} times as fast"
    return f"{part}: predicted {predicted:.3g} times for the whole, found {measured:.3g}"


@problem.test("a long second part")
def long_second_part(rng):
    """Make the second part the longer one, on any machine."""
    steps = rng.uniform(0.1, 0.4, 4096).astype(np.float32)
    turns = 20
    answer, at = np.empty_like(steps), np.float32(0.5)
    for i, step in enumerate(steps):
        answer[i] = at = np.float32(0.5) * at + step
    for _ in range(turns):
        answer = answer * (np.float32(1) - answer) * np.float32(3.75)
    inputs = {"steps": steps, "n": steps.size, "turns": turns, "runs": 5, "facts": np.zeros(4)}
    yield Case("4,096 numbers, 20 turns", inputs, {"result": answer}, accept=plausible, show=compared, min_launches=6)
