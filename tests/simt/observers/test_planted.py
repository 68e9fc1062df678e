"""Programs with planted bugs: each is found, with its kind and on its line; their twins are silent."""

import re
from pathlib import Path

import pytest

from pmpp.cli.program import compile_program, run_observed
from pmpp.testing.findings import located

PLANTED = Path(__file__).with_name("planted")
SOURCES = ("async", "copies", "host", "memory", "races", "streams", "sync", "uninitialized")
CASES = [
    (source, name)
    for source in SOURCES
    for name in re.findall(r"^CASE\((\w+)\)", (PLANTED / f"{source}.cu").read_text(), re.MULTILINE)
]


def planted(source):
    """Return the bugs of a file: case -> {(kind, line)}."""
    bugs = {}
    for number, line in enumerate((PLANTED / f"{source}.cu").read_text().splitlines(), 1):
        for name, kind in re.findall(r"BUG\((\w+), ([\w-]+)\)", line):
            bugs.setdefault(name, set()).add((kind, number))
    return bugs


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    for source in SOURCES:
        compile_program(PLANTED / f"{source}.cu", folder / source)
    return folder


@pytest.mark.parametrize(("source", "name"), CASES)
def test_case(programs, source, name):
    observed = run_observed([str(programs / source), name], "PMPP_SIM_FINDINGS", PMPP_SIM_CHECK="all", PMPP_SIM_QUIET="1")
    findings = [finding for finding in located(observed.entries) if not finding.get("benign")]
    expected = planted(source).get(name, set())
    assert bool(expected) != name.endswith("_ok")
    assert {(finding["kind"], finding["line"]) for finding in findings} == expected, findings
    assert all(Path(finding["file"]).name == f"{source}.cu" for finding in findings)


def test_there_are_enough():
    assert sum(not name.endswith("_ok") for _, name in CASES) >= 60


@pytest.mark.parametrize("isa", ["v2", "v3"])
def test_races_at_every_vector_level(programs, isa):
    for name in ("tree", "tree_ok", "warp_sum", "last_block", "last_block_ok"):
        observed = run_observed([str(programs / "races"), name], "PMPP_SIM_FINDINGS", PMPP_SIM_CHECK="race", PMPP_SIM_ISA=isa)
        assert {(entry["kind"], entry["line"]) for entry in observed.entries} == planted("races").get(name, set())


@pytest.mark.parametrize(
    "name", ["tree", "zeroed_by_one", "scan", "stencil", "last_block_ok", "lock_ok", "half_mask", "transpose"]
)
def test_the_verdict_does_not_depend_on_the_schedule(programs, name):
    expected = planted("races").get(name, set())
    for seed in range(1, 51):
        observed = run_observed(
            [str(programs / "races"), name], "PMPP_SIM_FINDINGS", PMPP_SIM_CHECK="race", PMPP_SIM_SEED=str(seed)
        )
        assert {(entry["kind"], entry["line"]) for entry in observed.entries if not entry.get("benign")} == expected, seed


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("host", "second_half"),
        ("host", "pinned_copy"),
        ("streams", "cleared"),
        ("streams", "host_function"),
        ("streams", "one_buffer"),
    ],
)
def test_nor_does_what_streams_and_the_host_do(programs, source, name):
    expected = planted(source)[name]
    for seed in range(6):
        threads = str(1 + seed % 2)
        observed = run_observed(
            [str(programs / source), name],
            "PMPP_SIM_FINDINGS",
            PMPP_SIM_CHECK="api race",
            PMPP_SIM_SEED=str(seed),
            PMPP_SIM_THREADS=threads,
        )
        assert {(entry["kind"], entry["line"]) for entry in located(observed.entries)} == expected, seed
