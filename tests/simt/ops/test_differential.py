"""Random instances of every lane-wise form against the reference, bit by bit."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from lane_device import PRESET, register
from lane_forms import FORMS, Form
from lane_operands import operand

THREADS = 128
INSTANCES = 200_000
BATCH = 240
"""Forms a kernel."""
NOT_KEPT = ("set.", "testp.", "vadd4.u32.u32.u32.add", "vsub4.u32.u32.u32.add")
"""Forms of which NVIDIA's assembler makes several instructions that ignore the guard: the old value is lost."""


def differs_on_a_gpu(form: Form, operands: tuple[int, ...], got: tuple[int, ...], guarded: bool) -> bool:
    """Whether a result is what an H200 gives where it is not what PTX says, or where PTX leaves it open."""
    if form.name.endswith("approx.ftz.f64"):  # seeds for iterations: the last of the upper 32 bits may be another
        return abs(got[0] - form.compute(*operands)) <= 1 << 32
    if form.name in ("neg.f32", "abs.f32") and guarded:
        return (operands[0] & 0x7FFFFFFF) > 0x7F800000
    return False


def mismatch(form: Form, operands: tuple[int, ...], got: tuple[int, ...]) -> str:
    """What is wrong with a result, else an empty string."""
    if form.accept:
        if form.accept(operands, got[0]):
            return ""
        wanted = "something within the error that PTX states"
    else:
        expected = form.compute(*operands)
        expected = expected if isinstance(expected, tuple) else (expected,)
        if expected == got:
            return ""
        wanted = ", ".join(map(hex, expected))
    return f"{form.name} of {', '.join(map(hex, operands))}: got {', '.join(map(hex, got))}, expected {wanted}"


def differences(
    device, forms: list[Form], seed: int, guarded: bool = False, threads: int = THREADS
) -> tuple[int, list[str], list[str]]:
    """Run `threads` instances of each form; return how many ran, what was wrong, and which forms the device has not."""
    ran, wrong, missing = 0, [], []
    for first in range(0, len(forms), BATCH):
        batch = forms[first : first + BATCH]
        draw = random.Random(f"{seed} {first}")
        operands = [[[operand(kind, draw) for _ in range(threads)] for kind in f.operands[f.results :]] for f in batch]
        active = [draw.random() < 0.6 for _ in range(threads)] if guarded else None
        for form, sources, results in zip(batch, operands, device.run(batch, operands, active), strict=True):
            if results is None:
                missing.append(form.name)
                continue
            for lane, (values, got) in enumerate(zip(zip(*sources, strict=True), results, strict=True)):
                ran += 1
                if active and not active[lane]:
                    kept = device.real and form.name.startswith(NOT_KEPT)
                    kept = kept or all(g == preset(kind) for g, kind in zip(got, form.operands, strict=False))
                    text = "" if kept else f"{form.name} wrote lane {lane}, which was not active: {got}"
                else:
                    text = mismatch(form, values, got)
                    if text and device.real and differs_on_a_gpu(form, values, got, guarded):
                        text = ""
                if text:
                    wrong.append(text)
    return ran, wrong, missing


def by_form(wrong: list[str], of_each: int = 3, most: int = 120) -> str:
    """How often each form differed, then the first instances of each."""
    forms: dict[str, list[str]] = {}
    for text in wrong:
        forms.setdefault(text.split(" of 0x")[0].split(" wrote ")[0], []).append(text)
    counts = ", ".join(f"{name} {len(texts)}" for name, texts in forms.items())
    return "\n".join([counts, *[text for texts in forms.values() for text in texts[:of_each]][:most]])


def preset(kind: str) -> int:
    """What a result of that type holds before."""
    kind = register(kind)
    return 0 if kind == "pred" else PRESET & ((1 << int(kind[1:])) - 1)


@pytest.mark.parametrize("guarded", [False, True], ids=["all lanes", "some lanes"])
def test_forms_agree_with_the_reference(device, guarded):
    ran, wrong, missing = differences(device, FORMS, seed=1, guarded=guarded)
    assert not wrong, f"{len(wrong)} of {ran} instances differ: {by_form(wrong)}"
    if device.real:  # an older GPU lacks the newest forms
        assert len(missing) < len(FORMS) // 4, missing
    else:
        assert not missing
        assert ran >= INSTANCES


@pytest.mark.parametrize("level", ["v2", "v3", "v4"])
def test_every_instruction_set_agrees(device, level):
    """Each level of the host's instructions has loops of its own; those that this processor lacks cannot be run."""
    if device.real:
        pytest.skip("A real GPU has no levels of host instructions.")
    flags = Path("/proc/cpuinfo").read_text().split()
    needed = {"v2": {"sse4_2"}, "v3": {"avx2", "fma", "bmi2"}, "v4": {"avx512f", "avx512bw", "avx512dq", "avx512vl"}}[level]
    if not needed <= set(flags):
        pytest.skip(f"This processor lacks {', '.join(sorted(needed - set(flags)))}.")
    script = "import test_differential as t, lane_device as d; r = t.differences(d.Device(), t.FORMS, 2, threads=40); print(r[0], *r[1][:40], *r[2], sep='\\n')"
    environment = {**os.environ, "PMPP_SIM_ISA": level, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    ran, *wrong = done.stdout.split("\n")[:-1]
    assert int(ran) == 40 * len(FORMS)
    assert not wrong, "\n".join(wrong)
