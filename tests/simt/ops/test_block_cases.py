"""The cases of block_cases.txt, and every atomic: instructions that touch memory, other lanes, control flow, special registers."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from lane_device import PRESET, LoadError

HERE = Path(__file__).parent
SIMT = HERE.parents[2] / "simt"
SCRATCH = 512
"""Numbers of 64 bits that a kernel finds at %in."""


@dataclass
class Case:
    """One kernel and what its threads leave."""

    title: str
    threads: int = 32
    blocks: int = 1
    cluster: int = 1
    alone: int = 0
    parts: dict[str, str] = field(default_factory=dict)

    def ptx(self, target: str) -> str:
        cluster = f".reqnctapercluster {self.cluster}" if self.cluster > 1 else ""
        return f"""
.version 9.0
.target {target}
.address_size 64
{self.parts.get("module", "")}
.visible .entry lanes(.param .u64 source, .param .u64 result) {".explicitcluster" if cluster else ""} {cluster}
{{
.reg .pred %p<16>; .reg .b16 %h<32>; .reg .b32 %r<64>; .reg .b64 %rd<64>; .reg .f32 %f<64>; .reg .f64 %d<16>;
.reg .b32 %t, %g; .reg .b64 %in, %out, %y;
.shared .align 16 .b8 buffer[4096];
mov.u32 %t, %tid.x;
mov.u32 %r1, %ctaid.x;
mov.u32 %r2, %ntid.x;
mad.lo.u32 %g, %r1, %r2, %t;
ld.param.u64 %in, [source];
ld.param.u64 %out, [result];
cvta.to.global.u64 %in, %in;
cvta.to.global.u64 %out, %out;
mul.wide.u32 %y, %g, 8;
add.u64 %out, %out, %y;
{self.parts["body"]}
st.global.u64 [%out], %y;
ret;
}}
"""

    def expected(self) -> np.ndarray:
        g = np.arange(self.threads * self.blocks, dtype=np.uint64)
        known = {name: getattr(np, name) for name in ("where", "array", "arange", "sum", "uint64")}
        names = {**known, "g": g, "t": g % self.threads, "lane": g % self.threads % 32, "PRESET": np.uint64(PRESET)}
        return np.asarray(eval(self.parts["expect"], {"__builtins__": {}}, names)).astype(np.uint64)


def read_cases() -> list[Case]:
    """The cases of the file."""
    cases, part = [], ""
    for line in (HERE / "block_cases.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("== "):
            sizes = dict(re.findall(r"(threads|blocks|cluster|alone)=(\d+)", line))
            cases.append(Case(re.sub(r" \w+=\d+", "", line[3:]), **{name: int(value) for name, value in sizes.items()}))
        elif line.startswith("@expect "):
            cases[-1].parts["expect"] = line[8:]
        elif line in ("@module", "@body"):
            part = line[1:]
        else:
            cases[-1].parts[part] = cases[-1].parts.get(part, "") + line + "\n"
    return cases


CASES = read_cases()


def instructions(text: str) -> set[str]:
    """The opcodes with their modifiers in PTX text; comments and directives left out."""
    found = set()
    for statement in re.split(r"[;{}]|^\s*\w+:\s", text, flags=re.MULTILINE):
        match = re.match(r"\s*(?:@!?%\w+\s+)?([a-z]\w*(?:\.[\w:]+)*)(?:\s|$)", statement)
        if match:
            found.add(match[1])
    return found


def run_alone(case: Case) -> np.ndarray:
    """Run a case in a process of its own."""
    script = (
        "import sys, test_block_cases as t, lane_device as d; case = next(c for c in t.CASES if c.title == sys.argv[1]);"
        "print(*t.run(d.Device(), case).tolist())"
    )
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run([sys.executable, "-c", script, case.title], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return np.array(done.stdout.split(), np.uint64)


def run(device, case: Case) -> np.ndarray:
    result = np.full(case.threads * case.blocks, PRESET, np.uint64)
    try:
        device.launch(case.ptx(device.target), len(result), case.threads, np.zeros(SCRATCH, np.uint64), result)
    except LoadError:
        if device.real:
            pytest.skip("This GPU does not have it.")
        raise
    return result


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_case(device, case):
    got, expected = run_alone(case) if device.real and case.alone else run(device, case), case.expected()
    assert expected.shape == got.shape
    wrong = np.flatnonzero(got != expected)
    assert not wrong.size, (
        f"thread {wrong[0]} of {wrong.size} wrong ones: got {got[wrong[0]]:#x}, expected {expected[wrong[0]]:#x}"
    )


def test_st_async_is_illegal_without_a_cluster(device):
    if device.real:
        pytest.skip("A real GPU does not survive this.")
    (case,) = (case for case in CASES if case.title.startswith("st.async"))
    with pytest.raises(RuntimeError, match="an illegal instruction was encountered"):
        run(device, replace(case, cluster=1))
    assert "st.async in a kernel that was launched without clusters" in device.last_message()
    device._api.cudaGetLastError()


def lowered_opcodes() -> set[str]:
    """The opcodes that the lowering has owners for."""
    table = (SIMT / "ir" / "lower.cpp").read_text().partition("owners = [] {")[2].partition("}();")[0]
    return set(re.findall(r'"(\w+)"', table))


def test_every_opcode_has_a_case():
    covered = {name.split(".")[0] for case in CASES for name in instructions("".join(case.parts.values()))}
    assert len(lowered_opcodes()) > 40
    assert sorted(lowered_opcodes() - covered - NEEDS_MORE) == []


NEEDS_MORE = {"discard", "setmaxnreg", "tex", "tld4", "suld", "sust", "sured"}
"""What a kernel alone cannot show: `discard` destroys data, `setmaxnreg` wants warp groups, the others an object (test_textures.py,
test_mipmaps.py, test_surfaces.py)."""


def test_every_special_register_has_a_case():
    known = set(re.findall(r'"(%[a-z]\w*(?:\.[xyz])?)"', (SIMT / "ir" / "lower.cpp").read_text())) - {"%envreg"}
    assert len(known) > 40
    text = "\n".join(case.parts["body"] for case in CASES)
    assert sorted(name for name in known if not re.search(rf"{re.escape(name)}\b(?!\.)", text)) == []
