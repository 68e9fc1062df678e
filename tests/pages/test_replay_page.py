"""The page of `pmpp replay` in a browser: what it shows at a step is what the software GPU did, in any order of steps."""

import json
import re
import zlib
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pmpp.cli import main
from pmpp.cli.program import compile_program, run_observed

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "tests" / "simt" / "observers" / "replay.cu"
RACES = Path(__file__).parent / "programs" / "races.cu"
LINE = {n: k for k, text in enumerate(RUNS.read_text().splitlines(), 1) for n in re.findall(r"// LINE\((\w+)\)", text)}
THREADS = 96
IN = np.arange(THREADS) ** 2 % 17
LIMIT = 5_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("replay")
    for source in (RUNS, RACES):
        compile_program(source, made / source.stem)
    return made


@pytest.fixture(scope="module")
def made(folder):
    """Return a function that makes a page and returns its path and what the command said."""
    known = {}

    def make(target, *arguments):
        key = (target, *arguments)
        if key not in known:
            path = folder / f"{len(known)}.html"
            done = CliRunner().invoke(main, ["replay", str(target), *arguments, "--html", str(path)])
            assert done.exit_code == 0, done.output
            known[key] = path, done.stderr
        return known[key]

    return make


@pytest.fixture(scope="module")
def scan(made, folder):
    return made(folder / "replay", "scan", "1")[0]


def data_of(path):
    """What a page holds, with its steps."""
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*)</script>', path.read_text())[1])
    data["steps"] = json.loads(zlib.decompress(b64decode(data["steps"]), -15))
    return data


def ready(page):
    page.wait_for_selector("body[data-ready]")
    return page


def board(page):
    """The words of shared memory, as they are written on the page."""
    return page.locator(".board .word").all_text_contents()


def step(page):
    return int(page.locator("#slider").input_value()) - 1


def test_shared_memory_at_every_barrier_is_numpys(scan, opened):
    expected, stride = [], 1
    sums = IN.copy()
    while stride < THREADS:
        expected += [sums.copy(), sums.copy()]
        sums[stride:] = sums[stride:] + expected[-1][:-stride]
        stride *= 2
    with opened(scan) as page:
        ready(page)
        for round_ in expected:
            page.keyboard.press("n")
            assert board(page) == [str(n) for n in round_]
        page.keyboard.press("End")
        assert board(page) == [str(n) for n in np.cumsum(IN)]
        for round_ in reversed(expected):
            page.keyboard.press("p")
            assert board(page) == [str(n) for n in round_]
        page.keyboard.press("Home")
        assert (step(page), board(page)) == (0, ["·"] * THREADS)


class Interpreter:
    """The state at a step of a recording, from the first step on: slow, and with nothing of the page's code."""

    def __init__(self, run, upto):
        warps = -(-run["block"][0] // 32)
        self.line = [None] * (32 * warps)
        self.waiting, self.gone, self.parked = set(), set(), {}
        self.shared, self.writer = {}, {}
        for one in upto:
            own = [32 * one["w"] + lane for lane in range(32)]
            of = lambda mask: {thread for thread in own if mask >> (thread % 32) & 1}  # noqa: B023, E731
            self.active = of(one["m"])
            if "p" in one:
                self.parked[one["w"]] = set().union(*(of(mask) for mask, _, state in one["p"] if state != 2))
                for mask, line, state in one["p"]:
                    for thread in of(mask) if line >= 0 and state != 2 else ():
                        self.line[thread] = run["lines"][line]["line"]
            for thread in self.active:
                self.line[thread] = run["lines"][one["l"]]["line"]
            for word, value, lane in one.get("s", ()):
                self.shared[word], self.writer[word] = value, 32 * one["w"] + lane
            for _, mask in one.get("b", ()):
                self.waiting |= of(mask)
            for _, arrived in one.get("d", ()):
                self.waiting -= {32 * w + lane for w, mask in enumerate(arrived) for lane in range(32) if mask >> lane & 1}
            self.gone |= of(one.get("x", 0))

    def how(self, thread):
        if thread in self.gone and thread not in self.active:
            return "exited"
        if self.line[thread] is None:
            return "unstarted"
        if thread in self.active:
            return "active"
        if thread in self.waiting:
            return "barrier"
        return "parked" if thread in self.parked.get(thread // 32, ()) else "idle"


@pytest.mark.parametrize("kernel", ["scan", "parted", "lanes"])
def test_any_step_is_what_the_interpreter_did(made, folder, opened, kernel):
    """The recording is made once more, and followed from its first step: the page must come to the same from anywhere."""
    path, _ = made(folder / "replay", kernel, "1")
    run = run_observed([str(folder / "replay"), kernel, "1"], "PMPP_SIM_REPLAY", PMPP_SIM_QUIET="1").entries[-1]
    data = data_of(path)
    # What is joined for the page: how many instructions were executed by its end tells which steps of the recording it is.
    ends = np.cumsum([one["n"] for one in run["steps"]])
    wanted = np.cumsum([one["n"] for one in data["steps"]])
    assert ends[-1] == wanted[-1]
    rng = np.random.default_rng(1)
    with opened(path) as page:
        ready(page)
        for number in [*rng.integers(0, len(wanted), 25), len(wanted) - 1, 0, 1]:
            page.evaluate(f"pmpp.replay.go({number})")
            upto = run["steps"][: int(np.searchsorted(ends, wanted[number])) + 1]
            truth = Interpreter(run, upto)
            lanes = page.evaluate(
                "[...document.querySelectorAll('.warps .lane')].map((lane) => lane.className.split(' ').at(-1))"
            )
            active = truth.active
            assert {thread for thread, kind in enumerate(lanes) if kind == "active"} == active, number
            assert lanes == [truth.how(thread) for thread in range(THREADS)], number
            lines = page.evaluate("[...pmpp.replay.state().line].map((id) => id < 0 ? null : pmpp.data.lines[id].line)")
            assert lines == truth.line, number
            words = page.evaluate("[...pmpp.replay.state().word]")
            writers = page.evaluate("[...pmpp.replay.state().writer]")
            assert {w: words[w] for w in truth.shared} == truth.shared, number
            assert {w: writer for w, writer in enumerate(writers) if writer != -1} == truth.writer, number


def test_values_of_a_variable_by_lane(made, folder, opened):
    path, _ = made(folder / "replay", "parted", "1")
    x = (IN * np.float32(1.5)).astype(np.float32)
    t = np.arange(THREADS)
    with opened(path) as page:
        ready(page).keyboard.press("End")
        page.click("[data-warp='1']")
        values = lambda name: page.locator(f"[data-variable='{name}'] td").all_text_contents()  # noqa: E731
        assert values("t") == [str(n) for n in range(32, 64)]
        then = np.where(t % 3 == 0, np.sqrt(x), x + x / 2 * t).astype(np.float32) * 1.25 ** (t % 4)
        assert np.allclose([float(n) for n in values("x")], then[32:64], rtol=1e-3)
        page.evaluate("pmpp.replay.go(0)")
        assert values("x") == [""] * 32


def test_who_wrote_a_word_and_when_by_keys(scan, opened):
    with opened(scan) as page:
        ready(page).keyboard.press("End")
        page.focus(".board .word")
        for key in ("PageDown", "ArrowRight", "ArrowRight"):
            page.keyboard.press(key)
        said = page.inner_text(".word-said")
        assert re.fullmatch(
            rf"sums\[34\] \(bank 2\) = {np.cumsum(IN)[34]}, written by thread 34 \(warp 1, lane 2\) on line {LINE['back']}, step \d+\.",
            said,
        )
        number = int(re.search(r"step (\d+)", said)[1]) - 1
        page.evaluate(f"pmpp.replay.go({number})")
        assert "fresh" in page.locator(".board .word").nth(34).get_attribute("class")


def test_the_slider_and_the_keys_move_through_the_steps(scan, opened):
    last = len(data_of(scan)["steps"]) - 1
    with opened(scan) as page:
        ready(page)
        for key, at in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", last), ("ArrowRight", last), ("Home", 0)]:
            page.keyboard.press(key)
            assert step(page) == at, key
        page.focus("#slider")
        page.keyboard.press("ArrowRight")
        assert step(page) == 1
        page.keyboard.press("Space")
        while step(page) < 3:  # within the time that a test may take
            page.wait_for_timeout(50)
        page.keyboard.press("Space")
        assert page.get_by_label("Play", exact=True).count() == 1
        # A line of the source leads to its next execution.
        page.click(f"[data-line='{LINE['back']}']")
        assert f"executes line {LINE['back']}" in page.inner_text(".now")
        assert page.locator(".now-line .line-number").all_text_contents() == [str(LINE["back"])]


def test_a_race_shows_a_schedule_whose_answer_is_wrong(made, folder, opened):
    path, said = made(folder / "races", "lucky")
    wrong = r"With this schedule \(seed \d+\) the answer is wrong: The program ended with exit code 1\. \d+ of \d+ schedules"
    assert re.search(wrong, said)
    data = data_of(path)
    assert data["seed"] > 0
    (finding,) = data["findings"]
    first, second = finding["steps"]
    with opened(path) as page:
        ready(page)
        assert step(page) == first
        assert page.locator(".findings .jump").count() == 2
        page.keyboard.press("f")
        assert step(page) == second
        # The word that both touch is marked, and one of them is of another warp.
        marked = page.locator(".board .clash").all()
        assert len(marked) == 1 and int(marked[0].get_attribute("data-word")) in finding["words"]
    kinds = [{kind for kind, *_ in data["steps"][k].get("t", ())} for k in (first, second)]
    assert "r" in kinds[0] | kinds[1] and "w" in kinds[0] | kinds[1]
    assert data["steps"][first]["w"] != data["steps"][second]["w"]


def test_a_race_without_a_verdict_shows_that_answers_differ(made, folder):
    path, said = made(folder / "races", "tree")
    assert "The answer depends on the schedule." in said and "at most one is right" in said
    data = data_of(path)
    shared = {}
    for one in data["steps"]:
        shared |= {word: value for word, value, _ in one.get("s", ())}
    printed = re.search(r"the program prints '(\d+)'", said)[1]
    assert str(shared[0]) == printed
    assert data["open"] == data["findings"][0]["steps"][0]


@pytest.mark.parametrize("exercise", ["ch7/solutions/basic.cu", "ch10/solutions/shared.cu", "ch11/solutions/kogge_stone.cu"])
def test_a_block_of_256_threads_stays_small(made, opened, exercise):
    path, said = made(ROOT / "exercises" / exercise)
    data = data_of(path)
    assert data["threads"] == 256 and data["count"] == data["total"] > 100
    assert path.stat().st_size < LIMIT
    assert "as with all cases of its test" in said
    with opened(path) as page:
        ready(page)


def test_too_many_steps_are_cut_and_said(made, folder, opened, monkeypatch):
    monkeypatch.setattr("pmpp.testing.recording.LARGEST", 3000)
    path, said = made(folder / "replay", "scan", "2")
    data = data_of(path)
    assert 5 < data["count"] < data["total"]
    assert f"The first {data['count']} of {data['total']} steps are here." in said
    with opened(path) as page:
        ready(page).keyboard.press("End")
        assert step(page) == data["count"] - 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_it_fits_and_can_be_read(made, folder, opened, sideways, faint, size, scheme):
    with opened(made(folder / "races", "tree")[0], size, scheme) as page:
        ready(page)
        for key in ("End", "p", "ArrowLeft"):
            page.keyboard.press(key)
            assert (sideways(page), faint(page)) == (0, []), key
