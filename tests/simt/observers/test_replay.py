"""Recordings of a block's run, against what NumPy says that every step must have seen."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from pmpp.cli.program import compile_program, run_observed

SOURCE = Path(__file__).with_name("replay.cu")
TEXT = SOURCE.read_text().splitlines()
LINE = {name: number for number, line in enumerate(TEXT, 1) for name in re.findall(r"// LINE\((\w+)\)", line)}
THREADS = 96
IN = np.arange(THREADS) ** 2 % 17


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("replay") / "replay"
    compile_program(SOURCE, path)
    return path


@pytest.fixture
def recorded(program):
    """Return a function that runs a kernel and returns the lines of the recording's file."""

    def record(kernel, launches=1, **settings):
        environment = {f"PMPP_SIM_{name}": str(value) for name, value in {"QUIET": 1, **settings}.items()}
        return run_observed([str(program), kernel, str(launches)], "PMPP_SIM_REPLAY", **environment).entries

    return record


def spread(numbers, mask):
    """By lane; None for lanes outside of the mask."""
    lanes = [lane for lane in range(32) if mask >> lane & 1]
    if isinstance(numbers, dict):
        numbers = [numbers["from"] + numbers["by"] * k for k in range(len(lanes))]
    assert len(numbers) == len(lanes)
    return dict(zip(lanes, numbers, strict=True))


def line(run, step):
    return run["lines"][step["l"]]["line"]


def at_line(run, name):
    return [step for step in run["steps"] if line(run, step) == LINE[name]]


def lanes_of(predicate, warp):
    return sum(1 << lane for lane in range(32) if predicate(32 * warp + lane))


def test_shared_memory_of_a_scan_after_every_barrier(recorded):
    launched, run = recorded("scan")
    assert launched == {"launched": "scan"}
    assert (run["kernel"], run["grid"], run["block"], run["of"], run["launch"]) == ("scan", [1, 1, 1], [96, 1, 1], [0, 0, 0], 1)
    expected, stride, rounds = IN.copy(), 1, []
    while stride < THREADS:
        rounds += [expected.copy(), expected.copy()]  # at the barrier before the reads, and at the one after them
        expected[stride:] = expected[stride:] + rounds[-1][:-stride]
        stride *= 2
    shared, writer = np.full(THREADS, -1), np.full(THREADS, -1)
    seen = []
    for step in run["steps"]:
        for word, value, lane in step.get("s", ()):
            shared[word], writer[word] = value, 32 * step["w"] + lane
        for number, arrived in step.get("d", ()):
            assert (number, arrived) == (0, [0xFFFF_FFFF] * 3)
            seen.append(shared.copy())
    assert np.array_equal(seen, rounds)
    assert np.array_equal(shared, expected)
    assert np.array_equal(writer, np.arange(THREADS))
    assert sum(len(step.get("b", ())) for step in run["steps"]) == 3 * len(rounds)


def test_who_adds_in_a_scan_and_from_where(recorded):
    _, run = recorded("scan")
    strides = dict.fromkeys(range(3), 1)
    for step in at_line(run, "add"):
        for kind, where, size, mask, at in step.get("t", ()):
            stride = strides[step["w"]]
            assert (kind, where, size, mask) == ("r", -1, 4, lanes_of(lambda t: t >= stride, step["w"]))  # noqa: B023
            assert spread(at, mask) == {lane: 4 * (32 * step["w"] + lane - stride) for lane in range(32) if mask >> lane & 1}
        if "s" in step or "t" in step:
            strides[step["w"]] *= 2
    for step in at_line(run, "back"):
        assert step["m"] == 0xFFFF_FFFF and len(step["s"]) == 32


def test_lanes_that_part_and_meet(recorded):
    _, run = recorded("parted", REPLAY_BLOCK="1,0,0")
    assert run["of"] == [1, 0, 0]
    for warp in range(3):
        third, others = lanes_of(lambda t: t % 3 == 0, warp), lanes_of(lambda t: t % 3, warp)
        assert {step["m"] for step in at_line(run, "third") if step["w"] == warp} == {third}
        assert {step["m"] for step in at_line(run, "others") if step["w"] == warp} == {others}
        # Those that are not active wait at a line, which is said when it changes: every lane is somewhere, and in one place.
        waiting, gone, places = [], 0, []
        for step in (step for step in run["steps"] if step["w"] == warp):
            waiting = step.get("p", waiting)
            assert sum([step["m"], gone, *(mask for mask, _, _ in waiting)]) == 0xFFFF_FFFF
            assert not any(step["m"] & mask for mask, _, _ in waiting)
            gone |= step.get("x", 0)
            places.append((line(run, step), {run["lines"][at]["line"]: mask for mask, at, _ in waiting}))
        first = next(place for place in places if place[0] in (LINE["third"], LINE["others"]))
        assert first in [(LINE["third"], {LINE["others"]: others}), (LINE["others"], {LINE["third"]: third})]
        turns = [step["m"] for step in at_line(run, "turns") if step["w"] == warp and "v" in step]
        assert {lanes_of(lambda t, k=k: t % 4 > k, warp) for k in range(3)} <= set(turns)
    inner = [place for place in run["lines"] if place["line"] == LINE["inner"]]
    assert [place["call"] for place in inner] == [LINE["others"]]


def test_values_are_those_that_the_lines_computed(recorded):
    _, run = recorded("parted")
    x = (IN * np.float32(1.5)).astype(np.float32)
    t = np.arange(THREADS)
    then = np.where(t % 3 == 0, np.sqrt(x), x + x / 2 * t).astype(np.float32)
    for name, expected in (("third", then), ("others", then)):
        got = {}
        for step in at_line(run, name):
            for site, mask, bits in step.get("v", ()):
                kind = run["values"][site]
                if kind["type"] == "f32" and kind.get("leaves"):
                    got |= {
                        32 * step["w"] + lane: struct.unpack("<f", struct.pack("<I", n))[0]
                        for lane, n in spread(bits, mask).items()
                    }
        assert sorted(got) == [k for k in range(THREADS) if (k % 3 == 0) == (name == "third")]
        assert np.allclose([got[k] for k in sorted(got)], expected[sorted(got)], rtol=1e-6)
    # Global memory: which bytes of which array.
    stored = [touch for step in run["steps"] for touch in step.get("t", ()) if touch[0] == "w"]
    assert [list(spread(at, mask).values()) for _, _, _, mask, at in stored] == [
        [4 * (32 * w + k) for k in range(32)] for w in range(3)
    ]
    assert [run["allocations"][touch[1]]["parameters"] for touch in stored] == [[1]] * 3


def test_atomics_leave_their_sum_in_shared_memory(recorded):
    _, run = recorded("count")
    bins = np.zeros(5, int)
    for step in at_line(run, "atomic"):
        for kind, where, _, mask, at in step.get("t", ()):
            if where == -1:
                assert kind == "a"
                for lane, byte in spread(at, mask).items():
                    assert byte == 4 * (IN[32 * step["w"] + lane] % 5)
                    bins[byte // 4] += 1
        written = {word: value for word, value, _ in step.get("s", ())}
        assert all(bins[word] == value for word, value in written.items())
    assert np.array_equal(bins, np.bincount(IN % 5, minlength=5))


def test_warps_that_shuffle_and_lanes_that_leave(recorded):
    _, run = recorded("lanes")
    stored = {}
    for step in at_line(run, "sums"):
        for site, mask, bits in step.get("v", ()):
            if run["values"][site].get("stores"):
                assert mask == 0xFFFF_FFFF
                stored[step["w"]] = set(spread(bits, mask).values())
    sums = (IN + (np.arange(THREADS) < 16)).reshape(3, 32).sum(1)
    assert stored == {warp: {int(sums[warp])} for warp in range(3)}
    for warp in range(3):
        gone = [step["x"] for step in run["steps"] if step["w"] == warp and "x" in step]
        assert gone[0] == lanes_of(lambda t: t % 2, warp) and sum(gone) == 0xFFFF_FFFF
        assert {step["m"] for step in at_line(run, "stay") if step["w"] == warp} == {lanes_of(lambda t: t % 2 == 0, warp)}


def test_a_fault_is_the_last_step(recorded):
    _, run = recorded("outside")
    assert "out of bounds" in run["fault"]["message"] or "past the end" in run["fault"]["message"]
    assert line(run, run["steps"][-1]) == LINE["outside"]


def test_every_instruction_is_counted_once(program, recorded):
    """The counters are another observer: they agree."""
    for kernel in ("scan", "parted", "count", "lanes"):
        counted = run_observed([str(program), kernel, "1"], "PMPP_SIM_COUNTERS", PMPP_SIM_QUIET="1").entries[0]
        run = recorded(kernel)[-1]
        if run["grid"] == [1, 1, 1]:
            assert sum(step["n"] for step in run["steps"]) == counted["counters"]["warp_instructions"], kernel
            assert sum(step["n"] * step["m"].bit_count() for step in run["steps"]) == counted["counters"]["thread_instructions"]


def test_which_launch_is_kept(recorded):
    assert [run["launch"] for run in recorded("scan", 3) if "steps" in run] == [1]
    assert [run["launch"] for run in recorded("scan", 3, REPLAY_LAUNCH=2) if "steps" in run] == [2]
    assert [run for run in recorded("scan", 3, REPLAY_KERNEL="count") if "steps" in run] == []
    # With checkers on, the launch with the first finding comes last.
    runs = [run for run in recorded("outside", 2, CHECK="all") if "steps" in run]
    assert [(run["launch"], run["found"]) for run in runs] == [(1, True)]


def test_no_more_steps_than_wanted_and_no_block_that_is_not_there(recorded):
    whole, cut = recorded("scan")[-1], recorded("scan", REPLAY_STEPS=10)[-1]
    assert cut["steps"] == whole["steps"][:10]
    assert cut["total"] == whole["total"] == len(whole["steps"])
    nobody = recorded("scan", REPLAY_BLOCK="1,0,0")[-1]
    assert (nobody["there_is"], nobody["steps"]) == (False, [])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_schedules_leave_the_same(recorded, seed):
    """The order of the warps changes, and what each of them does does not."""
    by_warp = lambda run: [[step for step in run["steps"] if step["w"] == warp and not step.get("b")] for warp in range(3)]  # noqa: E731
    natural, other = recorded("scan")[-1], recorded("scan", SEED=seed)[-1]
    assert other["seed"] == seed
    strip = lambda steps: [{k: v for k, v in step.items() if k not in "pd"} for step in steps]  # noqa: E731
    assert list(map(strip, by_warp(natural))) == list(map(strip, by_warp(other)))
