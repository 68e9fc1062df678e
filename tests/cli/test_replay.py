"""`pmpp replay` as a person runs it: what it says, what it refuses, and who names it."""

import json
import re
import subprocess
import sys
import zlib
from base64 import b64decode
from pathlib import Path

import pytest
from click.testing import CliRunner

from pmpp.cli import main
from pmpp.cli.program import compile_program
from pmpp.cli.replayed import exercise_root
from pmpp.testing.course import Exercise

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """__global__ void first(int* out) { out[threadIdx.x] = threadIdx.x; }
__global__ void second(int* out, int n) {
    __shared__ int s[64];
    s[threadIdx.x] = threadIdx.x;
    if (n) __syncthreads();
    out[threadIdx.x] = s[63 - threadIdx.x];
}
int main(int argc, char**) {
    int* out;
    cudaMalloc(&out, 64 * sizeof(int));
    first<<<2, 32>>>(out);
    for (int k = 0; k < 3; ++k) second<<<1, 64>>>(out, argc == 1 || k < 2);
    cudaDeviceSynchronize();
    cudaFree(out);
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    (folder / "two.cu").write_text(SOURCE)
    compile_program(folder / "two.cu", folder / "two")
    return folder / "two"


@pytest.fixture
def replay(tmp_path):
    """Return a function that runs the command and returns its exit code, what it said, and what is on the page."""

    def run(*arguments):
        page = tmp_path / "page.html"
        page.unlink(missing_ok=True)
        done = CliRunner().invoke(main, ["replay", *map(str, arguments), "--html", str(page)])
        if not page.exists():
            return done.exit_code, done.output, None
        data = json.loads(re.search(r'<script id="data" type="application/json">(.*)</script>', page.read_text())[1])
        data["steps"] = json.loads(zlib.decompress(b64decode(data["steps"]), -15))
        return done.exit_code, done.output, data

    return run


def test_the_first_kernel_where_nothing_is_wrong(program, replay):
    code, said, data = replay(program)
    assert code == 0
    assert re.search(r"page\.html: kernel first, block \(0, 0, 0\), \d+ steps$", said.strip())
    assert (data["kernel"], data["of"], data["launch"], data["findings"], data["said"]) == ("first", [0, 0, 0], 1, [], [])


def test_a_finding_chooses_kernel_block_and_launch(program, replay):
    code, _, data = replay(program, "race")
    assert (code, data["kernel"], data["launch"]) == (0, "second", 3)
    (finding,) = data["findings"]
    lines = {data["lines"][data["steps"][step]["l"]]["line"] for step in finding["steps"]}
    assert (finding["kind"], lines, data["open"]) == ("race", {4, 6}, finding["steps"][0])
    assert all(re.fullmatch(r"warp [01] (reads|writes|reads and writes) on line [46]", end) for end in finding["ends"])


def test_kernel_block_and_launch_can_be_chosen(program, replay):
    _, _, data = replay(program, "--kernel", "first", "--block", "1")
    assert (data["kernel"], data["of"]) == ("first", [1, 0, 0])
    _, _, data = replay(program, "--kernel", "second", "--launch", 2)
    assert (data["kernel"], data["launch"]) == ("second", 2)
    _, _, data = replay(program, "race", "--kernel", "first")
    assert [finding["steps"] for finding in data["findings"]] == [[]]
    assert "--kernel second --block 0,0,0" in data["findings"][0]["elsewhere"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kernel", "third"], "No kernel third was launched, but first, second."),
        (["--kernel", "second", "--launch", "4"], "There is no launch 4 of second."),
        (["--block", "7"], "There is no block (7, 0, 0) of first: its grid is 2 x 1 x 1 blocks."),
        (["--block", "a"], "'a': give one to three numbers, such as 2 or 2,0,1."),
        (["--block", "1,2,3,4"], "give one to three numbers"),
        (["--launch", "0"], "0 is not in the range"),
    ],
)
def test_what_is_not_there_is_said(program, replay, arguments, said):
    code, output, data = replay(program, *arguments)
    assert code in (1, 2)
    assert said in output.replace("\n", " ")
    assert data is None


def test_a_program_without_a_kernel_has_nothing_to_replay(tmp_path, replay):
    source = tmp_path / "none.cu"
    source.write_text("int main() { return 0; }\n")
    assert "No kernel was launched: there is nothing to replay." in replay(source)[1]


def test_the_page_must_be_writable(program):
    done = CliRunner().invoke(main, ["replay", str(program), "--html", "/nowhere/page.html"])
    assert (done.exit_code, "/nowhere/page.html cannot be written: No such file or directory." in done.output) == (1, True)


def test_an_exercise_takes_no_arguments(replay):
    code, said, _ = replay(ROOT / "exercises" / "ch10" / "lost_sums.cu", "5")
    assert code == 2 and "its test has the inputs" in said


def test_check_ends_with_the_command(program):
    done = CliRunner().invoke(main, ["check", str(program), "race"])
    assert done.output.splitlines()[-2:] == [
        "pmpp check: 1 finding",
        f"See it run: pmpp replay {program} race --kernel second --block 0,0,0",
    ]
    assert CliRunner().invoke(main, ["check", str(program)]).output.splitlines()[-1] == "pmpp check: no findings"


def test_a_failing_exercise_names_the_command_that_shows_it(tmp_path, replay):
    """A wrong file of a course: the test names the command, and the page opens where the first wrong element is stored."""
    chapter = tmp_path / "exercises" / "ch11"
    for part in ("stubs", "hints"):
        (chapter / part).mkdir(parents=True)
    original = Exercise(ROOT / "exercises" / "ch11", "kogge_stone")
    added = "sum += sums[threadIdx.x - stride]"
    wrong = original.solution.read_text().replace(added, f"{added} + (i == 40)")
    assert wrong != original.solution.read_text()
    (chapter / "kogge_stone.cu").write_text(wrong)
    for part in (original.stub, original.hints, original.test_file):
        (chapter / part.relative_to(original.folder)).write_text(part.read_text())
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    command = [sys.executable, "-m", "pytest", "-q", "exercises/ch11/kogge_stone.cu"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "See it run: pmpp replay exercises/ch11/kogge_stone.cu" in said.splitlines()
    code, output, data = replay(chapter / "kogge_stone.cu")
    assert code == 0 and exercise_root(Exercise(chapter, "kogge_stone")) == tmp_path
    assert re.search(r"Wrong with n = \d+: out\[40\] is -?\d+, expected -?\d+", output.replace("\n", " "))
    assert "The page opens where thread 40 of the block stores what is wrong." in data["said"]
    step = data["steps"][data["open"]]
    assert (step["w"], step["m"] >> 8 & 1) == (1, 1)
    assert "out[i]" in data["lines"][step["l"]]["text"]
