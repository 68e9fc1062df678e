"""Bounds on what the top rungs move through global memory, in whole sectors: counts do not move, so these are tight."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def traffic() -> dict[str, dict[str, float]]:
    """The counts of every case, by one thread: blocks then run in order, and what polls repeat is always the same."""
    environment = os.environ | {"PMPP_DEVICE": "sim", "PMPP_SIM_THREADS": "1", "PMPP_SIM_SEED": "0"}
    command = [sys.executable, str(Path(__file__).with_name("traffic.py"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("case", "least"), [("vector", 12), ("reduction", 4), ("scan", 8), ("bytes_histogram", 1)])
def test_no_byte_more_than_needed(traffic, case, least):
    assert least <= traffic[case]["bytes"] <= 1.02 * least


@pytest.mark.parametrize(("case", "most", "least"), [("radix_keys", 45, 36), ("radix_pairs", 85, 68)])
def test_radix_sort_in_four_passes(traffic, case, most, least):
    # Keys are read once to count; then each pass reads and writes them. Runs that begin or end within a sector are the rest,
    # and what a tile of 10240 keys asks the four tiles before it in each pass: 256 words each.
    assert least < traffic[case]["bytes"] <= most
    assert traffic[case]["load"] <= 1.01 * ((20 if case == "radix_keys" else 36) + 4 * 4 * 256 * 4 / 10240)


def test_convolution_moves_what_its_tile_implies(traffic):
    tile, halo = 32, 4
    rows = (tile + halo) / tile  # of the image, for each row of the result
    # A row of a tile with its halo is read by two requests: five sectors for 32 pixels that begin within one, one or two more.
    assert 4 + 4 * rows * rows < traffic["convolution"]["bytes"] <= 4 + rows * (5 + 2) * 32 / tile
    assert traffic["convolution"]["store"] == 4


@pytest.mark.parametrize("case", ["vector", "reduction", "scan"])
def test_sectors_are_full(traffic, case):
    assert traffic[case]["bytes"] <= 1.002 * traffic[case]["ideal"]


@pytest.mark.parametrize("case", ["reduction", "scan", "convolution"])
def test_no_bank_conflicts(traffic, case):
    assert traffic[case]["conflicts"] == 0
