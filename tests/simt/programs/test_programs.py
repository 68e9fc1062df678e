"""Small programs that check their own results: right as they are, and refused by name with each feature switched off.

With PMPP_DEVICE=cuda they run on an NVIDIA GPU, which has to agree that they are right.
"""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from pmpp._toolkit import clean_environment, find_toolkit
from pmpp.cli.executable import RUNTIME

REAL = os.environ.get("PMPP_DEVICE") == "cuda"
HERE = Path(__file__).parent
TABLE = HERE.parents[2] / "simt" / "ir" / "features.def"
FEATURES = re.findall(r'^FEATURE\("([\w-]+)"', TABLE.read_text(), re.MULTILINE)
PROGRAMS = {
    name: path
    for path in sorted(HERE.glob("*.cu"))
    for name in re.findall(r"^PROGRAM\((\w+)\)", path.read_text(), re.MULTILINE)
}
PRINTED = {"seminar": "".join(f"speaker {t} of 3: {t / 4:.2f}, {'abc'[t]}, 10000000000\n" for t in range(3))}
NAMED = re.compile(r"PMPP_SIM_WITHOUT(?:=| switches )([\w-]+)")
CALL_OR_CODE = re.compile(r"^pmpp: (?:cuda\w+(?:\(another\))? is switched off|[\w.:]+ at PTX line \d+ .*: the software GPU does not know it)", re.MULTILINE)
only_the_software_gpu = pytest.mark.skipif(REAL, reason="A GPU has no features to switch off.")


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """Return a function that compiles units apart and links them, as others do."""
    folder, toolkit = tmp_path_factory.mktemp("linked"), find_toolkit()
    (folder / "libcudart.so").symlink_to(toolkit.lib / "libcudart.so.13")  # the wheels have no such name

    @cache
    def link(arch, *sources):
        target = ("-gencode", f"arch=compute_{arch},code=compute_{arch}", "-o", sources[0].stem)
        kind = "static" if REAL else "shared"
        command = toolkit.command("-std=c++17", "-lineinfo", "-rdc=true", "-cudart", kind, "-L.", f"-L{toolkit.lib}", *target, *sources)
        done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return folder / sources[0].stem

    return link


@pytest.fixture(scope="module")
def run(program, linked):
    """Return a function that runs a program with features switched off, in an environment of its own."""

    def started(name, *without, **environment):
        source = PROGRAMS[name]
        arch, units, other = re.search(r"^// pmpp: arch=(\d+)( with=(\S*))?$", source.read_text(), re.MULTILINE).groups()
        built = linked(arch, source, *([HERE / other] if other else [])) if units else program(source, arch)
        # A small budget, so that a program that hangs is found soon.
        setting = {"PMPP_SIM_WITHOUT": ",".join(without), "PMPP_SIM_BUDGET": "200000000", "PMPP_SIM_DEVICES": "2"}
        if REAL:  # a kernel that is loaded at its first launch would wait for one that runs, which may wait for it
            setting = {"CUDA_MODULE_LOADING": "EAGER"}
        else:
            setting["LD_LIBRARY_PATH"] = str(RUNTIME)
        env = {**os.environ, **setting, **environment}
        return subprocess.run([built, name], env=env, capture_output=True, text=True, timeout=120, check=False)

    return started


def is_right(name, done):
    if done.returncode != 0:
        return False
    assert done.stdout == PRINTED.get(name, "") + "right\n"
    return True


def refused_for(done):
    """Return the feature for want of which a program was refused: it ended by itself, and the call or opcode was named."""
    what = done.stdout + done.stderr
    assert done.returncode == 3, what
    assert "right" not in done.stdout, what
    assert CALL_OR_CODE.search(done.stderr), what
    return NAMED.search(done.stderr)[1]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_right(run, name):
    done = run(name)
    if REAL and PROGRAMS[name].stem == "devices" and "cudaErrorInvalidDevice" in done.stdout:
        pytest.skip("It needs two GPUs.")
    assert is_right(name, done), done.stdout + done.stderr


@cache
def _needs(run, name):
    # With everything off a program is refused for want of one feature, with all but that one for want of the next, until
    # it is right. What is off then it does not need, and a few runs have shown for each of those what one run would have.
    off, needed = list(FEATURES), []
    while not is_right(name, done := run(name, *off)):
        needed.append(refused_for(done))
        off.remove(needed[-1])
    return needed


@only_the_software_gpu
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_checkers_find_nothing(run, name, tmp_path):
    report = tmp_path / "findings"
    done = run(name, PMPP_SIM_CHECK="all", PMPP_SIM_FINDINGS=str(report))
    assert is_right(name, done), done.stdout + done.stderr
    found = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    assert not [finding for finding in found if not finding.get("benign")]


@only_the_software_gpu
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_refused_by_name_or_right_without_each_feature(run, name):
    for feature in _needs(run, name):
        done = run(name, feature)
        assert is_right(name, done) or refused_for(done) == feature, done.stdout + done.stderr


@only_the_software_gpu
def test_every_feature_is_one_that_some_program_needs(run):
    assert set(FEATURES) == {feature for name in PROGRAMS for feature in _needs(run, name)}


def test_there_are_many():
    assert len(PROGRAMS) >= 60


@only_the_software_gpu
def test_a_feature_that_is_not_known_is_an_error_that_lists_all(run):
    done = run("bank", "shuffles", "shuffels")
    assert done.returncode == 3
    assert "PMPP_SIM_WITHOUT names shuffels, which is no feature. Accepted, several with commas:" in done.stderr
    assert all(f" {feature}" in done.stderr for feature in FEATURES)
