"""The cases of cases.txt: every row of the tables has one, and the device gives the bits that it says."""

import re
from functools import partial
from pathlib import Path

import pytest
from lane_forms import Form

HERE = Path(__file__).parent
TABLES = HERE.parents[2] / "simt" / "ops"


def read_cases() -> list[tuple[Form, list[tuple[tuple[int, ...], tuple[int, ...]]]]]:
    """The forms of the table with their (operands, expected results)."""
    cases = []
    for line in (HERE / "cases.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        head, _, rest = line.partition(":")
        values, _, code = rest.partition("|")
        name, *kinds = head.split()
        examples = []
        for example in values.split(";"):
            sources, results = (tuple(int(x, 16) for x in side.split()) for side in example.split("->"))
            assert len(sources) + len(results) == len(kinds), line
            examples.append((sources, results))
        cases.append((Form(name, tuple(kinds), code=code.strip(), results=len(examples[0][1])), examples))
    return cases


def rows() -> set[tuple[str, str]]:
    """The tables and names of all rows, the parts of a name divided by dots."""
    found = set()
    for table in TABLES.glob("*.def"):
        for name in re.findall(r"^SIMT_\w+\((\w+),", table.read_text(), re.MULTILINE):
            row = (table.stem, name.replace("_", "."))
            assert row not in found, f"{table.name} has two rows {name}"
            found.add(row)
    return found


def table_of(name: str) -> str:
    """The table that an instruction belongs to."""
    opcode, *parts = name.split(".")
    if opcode in ("setp", "set"):
        return "compare"
    if opcode[0] == "v":
        return "video"
    return "float" if {"f16", "f16x2", "bf16", "bf16x2", "f32", "f64"} & set(parts) else "integer"


def matches(row: tuple[str, str], name: str) -> bool:
    """Whether an instruction is one of the row's."""
    table, parts = row[0], row[1].split(".")
    opcode, *others = name.split(".")
    if table != table_of(name):
        return False
    if table == "compare":
        return parts[0] in others
    return opcode.rstrip("24" if table == "video" else "") == parts[0] and set(parts[1:]) <= set(others)


CASES = read_cases()


def test_every_row_has_a_case():
    # An instruction counts for the row that says most about it: prmt.b32.f4e is none of prmt's own.
    known = rows()
    best = {max((r for r in known if matches(r, form.name)), key=lambda r: len(r[1]), default=None) for form, _ in CASES}
    assert sorted(known - best) == []


@pytest.mark.parametrize("form, examples", CASES, ids=[form.name for form, _ in CASES])
def test_case(device, form, examples):
    operands = [list(column) for column in zip(*(sources for sources, _ in examples), strict=True)]
    results = device.run([form], [operands])[0]
    if results is None and device.real:
        pytest.skip(f"This GPU does not have {form.name}.")
    assert results is not None
    say = partial(map, hex)
    for (sources, expected), got in zip(examples, results, strict=True):
        assert got == expected, f"{form.name} of {', '.join(say(sources))}: got {', '.join(say(got))}, expected {', '.join(say(expected))}"
