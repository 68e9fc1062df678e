"""A recording of one block's run: its steps, with the names that the source gives to what they computed, and where findings are.

The software GPU writes it (simt/observers/replay.cpp). A step is a warp that executes a line: ``w`` the warp, ``l`` the line,
``m`` the active lanes, ``n`` instructions, and where there is any: ``v`` values by lane, ``t`` accesses, ``s`` words of shared
memory that were written, ``p`` lanes that wait elsewhere, ``b`` lanes that came to a barrier, ``d`` barriers that became
complete, ``x`` lanes that exited, ``k`` a branch or a comparison.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pmpp.testing.findings import Finding, source_lines, source_text
from pmpp.testing.naming import Place, Source, short_name

LANES = 32
LARGEST = 3_600_000
"""Characters that the steps of a page may take; the page is to stay under 5 MB."""

Step = dict[str, Any]


class Recording:
    """What the software GPU wrote of one block.

    Parameters
    ----------
    entry
        A line of its file.
    files
        Where source files lie that the compiler knew by another name.
    """

    def __init__(self, entry: dict[str, Any], files: dict[str, Path] | None = None) -> None:
        self.entry = entry
        self.files = files or {}
        self.kernel: str = entry["kernel"]
        self.block: list[int] = entry["of"]
        for line in entry["lines"]:
            line["file"] = self._named(line["file"])
        self.lines: list[dict[str, Any]] = entry["lines"]
        self.total: int = entry["total"]
        self.variables: list[str] = []
        self._of_site = self._name_values()
        self.steps = self._merged([self._chosen(step) for step in entry["steps"]])

    @property
    def complete(self) -> bool:
        """Whether it has all steps of the block."""
        return len(self.entry["steps"]) >= self.total

    def _named(self, file: str) -> str:
        return str(self.files.get(Path(file).name, file))

    # ---- names ----------------------------------------------------------------------------------------------------

    def _name_values(self) -> dict[int, tuple[int, str]]:
        """Decide for each value that the GPU kept which variable it is, and with which type it is to be read."""
        names: dict[str, int] = {}
        first: dict[int, int] = {}
        chosen: dict[int, tuple[int, str]] = {}
        sites = list(enumerate(self.entry["values"]))
        written = Counter(site.get("target", "") for _, site in sites)
        for number, line in enumerate(self.lines):
            places = source(line["file"]).places(line["line"])
            here = [(n, site) for n, site in sites if site["line"] == number]
            for memory in (False, True):
                among = [place for place in places if place.memory == memory and place.type != "bool"]
                for place in among:
                    # Two of one type on one line: which value is whose cannot be told.
                    if sum(_kind(other.type) == _kind(place.type) for other in among) > 1:
                        continue
                    fitting = [(n, at) for n, at in here if at.get("stores", False) == memory and _fits(place, at["type"])]
                    # What a condition on the line is made of is no variable: those are assigned at other places too.
                    fitting = [
                        (n, site) for n, site in fitting if not site.get("decides") or memory or written[site["target"]] > 1
                    ]
                    if any(site.get("leaves") for _, site in fitting):
                        fitting = [(n, site) for n, site in fitting if site.get("leaves")]
                    for n, site in fitting:
                        variable = names.setdefault(place.label, len(names))
                        first[variable] = min(first.get(variable, line["line"]), line["line"])
                        chosen[n] = (variable, _read_as(place.type, site["type"]))
        self.variables = list(names)
        self.order = sorted(first, key=lambda variable: first[variable])
        return chosen

    def _chosen(self, step: Step) -> Step:
        values = []
        for site, mask, bits in step.get("v", ()):
            if site in self._of_site:
                variable, kind = self._of_site[site]
                values.append([variable, mask, [decoded(n, kind) for n in spread(bits, mask)]])
        kept = {key: value for key, value in step.items() if key != "v"}
        return {**kept, "v": values} if values else kept

    @staticmethod
    def _merged(steps: list[Step]) -> list[Step]:
        """Join steps in which nothing can be seen, such as the arithmetic of an address, to the next of the same lanes."""
        merged: list[Step] = []
        pending: Step | None = None
        for step in steps:
            if pending is not None:
                if (pending["w"], pending["m"]) == (step["w"], step["m"]):
                    step = {**step, "n": step["n"] + pending["n"]}
                else:
                    merged.append(pending)
                pending = None
            if step.keys() <= {"w", "l", "m", "n"}:
                pending = step
                continue
            before = merged[-1] if merged else None
            same = before and (before["w"], before["l"], before["m"]) == (step["w"], step["l"], step["m"])
            if same and before and not before.keys() & {"k", "b", "p", "d", "x"} and not _again(before, step):
                merged[-1] = _joined(before, step)
            else:
                merged.append(step)
        return [*merged, pending] if pending else merged

    # ---- findings -------------------------------------------------------------------------------------------------

    def steps_of(self, finding: Finding) -> list[int]:
        """Return the steps of a finding's places, in the order of time; those that this block executed."""
        ends = [end for end in (finding, finding.get("other") or {}) if end.get("block") == self.block]
        found = [self._executions(end) for end in ends]
        if len(found) == 2 and all(found):
            phases = self._phases()
            pairs = [
                (phases[i] != phases[j], abs(i - j), i, j)
                for i in found[0]
                for j in found[1]
                if i != j and (finding["kind"] != "race" or self._conflict(i, ends[0], j, ends[1]))
            ]
            if pairs:
                return sorted(min(pairs)[2:])
        # A fault is the last thing that its thread did.
        last = finding["kind"] in ("out-of-bounds", "misaligned", "use-after-free", "barrier-divergence", "sync-mask")
        return sorted({steps[-1 if last else 0] for steps in found if steps})

    def last_store(self, thread: int) -> int | None:
        """Return the step in which a thread last wrote to global memory."""
        warp, lane = divmod(thread, LANES)
        for number in range(len(self.steps) - 1, -1, -1):
            step = self.steps[number]
            touched = self._touched(number, lane) if step["w"] == warp else []
            if any(kind != "r" and where >= 0 for kind, where, _, _ in touched):
                return number
        return None

    def end(self, number: int) -> str:
        """Return in a few words what a step does to memory: "warp 0 reads, line 8"."""
        step = self.steps[number]
        kinds = {kind for kind, *_ in step.get("t", ())}
        verb = "reads and writes" if kinds >= {"r", "w"} else "writes" if "w" in kinds else "reads" if "r" in kinds else "is"
        where = self.lines[step["l"]]["line"] if step["l"] >= 0 else "?"
        return f"warp {step['w']} {verb} on line {where}"

    def thread(self, place: Finding) -> int:
        """Return the number of a place's thread in its block."""
        x, y, z = place["thread"]
        width, height, _ = self.entry["block"]
        return x + width * (y + height * z)

    def _executions(self, place: Finding) -> list[int]:
        warp, lane = divmod(self.thread(place), LANES)
        file = Path(self._named(place["file"])).name
        at = {n for n, line in enumerate(self.lines) if line["line"] == place["line"] and Path(line["file"]).name == file}
        return [n for n, step in enumerate(self.steps) if step["w"] == warp and step["m"] >> lane & 1 and step["l"] in at]

    def _phases(self) -> list[int]:
        phases, now = [], 0
        for step in self.steps:
            phases.append(now)
            now += len(step.get("d", ()))
        return phases

    def clash(self, finding: Finding, steps: Sequence[int]) -> list[int]:
        """Return the words of shared memory that the two places of a finding both touch, in two steps."""
        if len(steps) != 2 or not finding.get("other"):
            return []
        threads = [self.thread(finding), self.thread(finding["other"])]
        words: set[int] = set()
        for pair in (threads, threads[::-1]):
            if [self.steps[n]["w"] for n in steps] != [thread // LANES for thread in pair]:
                continue
            a, b = (self._touched(n, thread % LANES) for n, thread in zip(steps, pair, strict=True))
            for first, where, size, at in a:
                for second, there, wide, to in b:
                    if where == there == -1 and (first, second) != ("r", "r"):
                        words |= set(range(max(at, to) // 4, -(-min(at + size, to + wide) // 4)))
        return sorted(words)

    def _conflict(self, i: int, one: Finding, j: int, other: Finding) -> bool:
        """Whether two threads touch the same bytes in two steps, at least one of them to write."""
        a, b = self._touched(i, self.thread(one) % LANES), self._touched(j, self.thread(other) % LANES)
        return any(
            where == there and at < to + wide and to < at + size and (first, second) != ("r", "r")
            for first, where, size, at in a
            for second, there, wide, to in b
        )

    def _touched(self, number: int, lane: int) -> list[tuple[str, int, int, int]]:
        found = []
        for kind, where, bytes_, mask, at in self.steps[number].get("t", ()):
            if mask >> lane & 1:
                found.append((kind, where, bytes_, spread(at, mask)[(mask & ((1 << lane) - 1)).bit_count()]))
        return found

    # ---- the page -------------------------------------------------------------------------------------------------

    def data(self) -> dict[str, Any]:
        """Return what the page needs: the steps are compressed, the first ones only if there are too many."""
        steps = self.steps
        packed = pack(steps)
        while len(packed) > LARGEST:
            steps = steps[: int(len(steps) * min(0.9, LARGEST / len(packed)))]
            packed = pack(steps)
        block = self.entry["block"]
        return {
            "kernel": self.kernel,
            "grid": self.entry["grid"],
            "block": block,
            "of": self.block,
            "launch": self.entry["launch"],
            "seed": self.entry["seed"],
            "threads": block[0] * block[1] * block[2],
            "lines": [{**line, "text": source_text(line["file"], line["line"])} for line in self.lines],
            "sources": self._sources(),
            "variables": self.variables,
            "order": self.order,
            "shared": self._shared(),
            "shared_bytes": self.entry["shared_bytes"],
            "allocations": self._allocations(),
            "steps": packed,
            "count": len(steps),
            "total": len(self.steps) if self.complete else max(self.total, len(self.steps) + 1),
        }

    def _sources(self) -> list[dict[str, Any]]:
        """Return the parts of the files that are shown: from a bit before the first executed line to the last one."""
        parts = []
        for file in dict.fromkeys(line["file"] for line in self.lines):
            numbers = [line["line"] for line in self.lines if line["file"] == file]
            text = source(file).lines
            first, last = max(1, min(numbers) - 1), min(len(text), max(numbers) + 1)
            shown = range(first, last + 1) if text else sorted(set(numbers))
            lines = [{"number": n, "text": text[n - 1] if n <= len(text) else ""} for n in shown]
            parts.append({"file": file, "name": Path(file).name, "lines": lines})
        return parts

    def _shared(self) -> list[dict[str, Any]]:
        """Return the variables in shared memory: name, first byte, bytes, and the type of the elements."""
        types = dict(pair for part in {line["file"] for line in self.lines} for pair in source(part).shared())
        placed = sorted((v["offset"], short_name(v["name"])) for v in self.entry["shared"])
        fixed, whole = self.entry["static_shared"], self.entry["shared_bytes"]
        spots = [(offset, name) for offset, name in placed if offset < fixed]
        if whole > fixed:
            spots.append((fixed, next((name for offset, name in placed if offset >= fixed), "dynamic")))
        ends = [*(offset for offset, _ in spots[1:]), whole][: len(spots)]
        return [
            {"name": name, "offset": offset, "bytes": end - offset, "type": types.get(name, "")}
            for (offset, name), end in zip(spots, ends, strict=True)
            if end > offset
        ]

    def _allocations(self) -> list[dict[str, Any]]:
        names = next((found for line in self.lines if (found := source(line["file"]).parameters(self.kernel))), [])
        shown = []
        for number, allocation in enumerate(self.entry["allocations"]):
            known = [names[k] for k in allocation["parameters"] if k < len(names)]
            name = " or ".join(known) or short_name(allocation["label"]) or f"allocation {number + 1}"
            kind = source(self.lines[0]["file"]).type_of(known[0]) if known and self.lines else ""
            shown.append({"name": name, "bytes": allocation["bytes"], "type": kind})
        return shown


@cache
def source(file: str) -> Source:
    """Return a source file; empty if it is not there or may not be read."""
    return Source(source_lines(file))


def spread(numbers: Any, mask: int) -> list[int]:
    """Return the numbers of the lanes of a mask, which are written shorter where they are evenly spaced."""
    if isinstance(numbers, dict):
        first, by = numbers["from"], numbers["by"]
        return [(first + by * k) & 0xFFFF_FFFF_FFFF_FFFF for k in range(mask.bit_count())]
    return numbers


def decoded(bits: int, kind: str) -> int | float | str:
    """Return the value that bits stand for, as JSON has it: what is not finite and what is too long for JavaScript is text."""
    size = int(kind[1:] or 32) if kind[1:].isdigit() else 32
    bits &= (1 << size) - 1
    if kind in ("f32", "f64"):
        value = struct.unpack("<f" if kind == "f32" else "<d", bits.to_bytes(size // 8, "little"))[0]
        if value != value or value in (float("inf"), float("-inf")):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        return value if kind == "f64" else float(f"{value:.9g}")
    if kind == "f16":
        value = struct.unpack("<e", bits.to_bytes(2, "little"))[0]
        return value if value - value == 0 else str(value)
    if kind[0] == "s" and bits >> (size - 1):
        bits -= 1 << size
    return bits if -(2**53) < bits < 2**53 else str(bits)


def pack(steps: Sequence[Step]) -> str:
    """Compress steps into text that a page can hold."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = json.dumps(steps, separators=(",", ":"), allow_nan=False).encode()
    return base64.b64encode(deflate.compress(text) + deflate.flush()).decode()


def _kind(kind: str) -> str:
    return kind[:1].replace("u", "s") + kind[1:]


def _fits(place: Place, kind: str) -> bool:
    """Whether a value of the machine code can be the variable: its type says so, or says nothing."""
    if not place.type:
        return True
    size = place.type[1:]
    if place.type[0] == "f":
        return kind in (place.type, "b" + size)
    # Narrow integers are computed with wider ones.
    return kind[0] != "f" and (kind[1:] == size or (int(size) < 32 and kind[1:] in ("16", "32")))


def _read_as(declared: str, kind: str) -> str:
    if declared and declared[1:] == kind[1:]:
        return declared
    if kind in ("b8", "b16", "b32", "b64", "u32") and not declared:
        return f"s{kind[1:]}"
    return kind.replace("b", "s", 1) if kind.startswith("b") and kind != "bf16" else kind


def _again(before: Step, step: Step) -> bool:
    """Whether the line was executed once more: it writes again what it has written."""
    written = {variable for variable, _, _ in before.get("v", ())}
    return any(variable in written for variable, _, _ in step.get("v", ()))


def _joined(before: Step, step: Step) -> Step:
    joined = {**before, **step, "n": before["n"] + step["n"]}
    for key in ("v", "t", "s"):
        if key in before or key in step:
            joined[key] = [*before.get(key, ()), *step.get(key, ())]
    return joined
