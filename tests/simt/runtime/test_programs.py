"""CUDA programs, compiled by nvcc, on both links of the software GPU: its own name, and in the place of libcudart.so.13."""

import json
import os
import re
import signal
import subprocess
import tomllib
from pathlib import Path

import pytest
from gpu import usual_build_only

from pmpp._toolkit import clean_environment, find_toolkit

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LIB = ROOT / "pmpp" / "_lib"
SANITIZED = "PMPP_TEST_SIMT" in os.environ
OWN = Path(os.environ.get("PMPP_TEST_SIMT") or LIB / "sim" / "libpmpp_simt.so")
TWIN = LIB / "run" / "libcudart.so.13"
PTX = ("-gencode", "arch=compute_75,code=compute_75")


def nvcc(*arguments, cwd):
    command = find_toolkit().command("-std=c++17", "-lineinfo", "-I", HERE, *arguments)
    done = subprocess.run(command, cwd=cwd, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def run(program, *arguments, twin=False, **environment):
    """Run a program, with the twin in the place of the runtime if it was linked against that."""
    env = {**os.environ, **environment}
    if twin:
        env["LD_LIBRARY_PATH"] = str(TWIN.parent)
    return subprocess.run([program, *arguments], env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="module")
def build(folder):
    """Compile one of the .cu files beside this one, once."""
    made = {}

    def compile_once(name, *flags):
        key = (name, *flags)
        if key not in made:
            made[key] = folder / f"{name}{len(made)}"
            nvcc(*PTX, "--no-compress", *flags, HERE / f"{name}.cu", *find_toolkit().link_flags(OWN), "-o", made[key], cwd=folder)
        return made[key]

    return compile_once


def succeeds(done):
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stdout + done.stderr
    return done.stderr


@pytest.mark.parametrize("name", ["memory", "streams", "launch", "faults", "fork", "capture"])
def test_program(build, name):
    succeeds(run(build(name)))


@pytest.mark.parametrize("name", ["memory", "streams", "faults", "capture"])
def test_program_with_per_thread_default_stream(build, name):
    # streams.cu leaves out what only the legacy default stream does.
    succeeds(run(build(name, "--default-stream=per-thread")))


def test_graphs(build, folder):
    succeeds(run(build("graph_changes"), folder / "graph.dot"))
    stderr = succeeds(run(build("graphs"), PMPP_SIM_BUDGET=str(1 << 30)))
    assert "stopped as endless after 65536 turns" in stderr


def test_nodes_of_a_graph_keep_their_devices(build):
    succeeds(run(build("graph_changes"), "devices", PMPP_SIM_DEVICES="2"))


def test_the_seed_chooses_among_nodes_that_may_be_next(build):
    orders = {seed: run(build("graph_changes"), "order", PMPP_SIM_SEED=str(seed)).stdout for seed in range(4)}
    assert orders[0] == "12345678\n"
    assert len(set(orders.values())) == 4
    assert all(sorted(order[:7]) == list("1234567") and order[7] == "8" for order in orders.values())


def test_a_launch_in_a_graph_is_observed_as_any_other(build, tmp_path):
    def entries(*checked, **environment):
        done = run(build("graph_changes"), "observed", *checked, PMPP_SIM_CHECK="race" if checked else "", **environment)
        assert done.stdout == "ok\n", done.stderr
        return [json.loads(line) for line in Path(*environment.values()).read_text().splitlines()]

    alone, in_graph = entries(PMPP_SIM_COUNTERS=str(tmp_path / "counters"))
    assert alone == in_graph
    assert alone["name"] == "racy"
    (race,) = entries("graph only", PMPP_SIM_FINDINGS=str(tmp_path / "findings"))
    assert (race["kind"], race["kernel"]) == ("race", "racy")


def test_unmodified_program_in_place_of_the_runtime(folder):
    toolkit = find_toolkit()
    nvcc(*PTX, HERE / "memory.cu", "-cudart", "none", "-cudadevrt", "none", f"-L{toolkit.lib}", "-l:libcudart.so.13",
         "-o", "shared", cwd=folder)  # fmt: skip
    succeeds(run(folder / "shared", twin=True))


@pytest.mark.parametrize("threads", ["1", "2"])
def test_host_and_kernels_share_words(build, threads):
    succeeds(run(build("mapped"), PMPP_SIM_THREADS=threads))


IMAGES = ("75", "80", "90", "90a", "100", "103a")
CHOSEN = {"t4": "75 75", "a100": "80 80", "l4": "80 80", "h200": "90a 90"}


@pytest.mark.parametrize("gpu", CHOSEN)
def test_the_image_is_chosen_as_a_driver_does(build, gpu):
    codes = [f"-gencode=arch=compute_{arch},code=compute_{arch}" for arch in IMAGES if arch != "75"]
    done = run(build("choice", *codes), PMPP_SIM_GPU=gpu)
    assert done.stdout == CHOSEN[gpu] + "\n", done.stderr


def test_no_image_fits(folder):
    codes = [f"-gencode=arch=compute_{arch},code=compute_{arch}" for arch in ("80", "90a")]
    nvcc(*codes, HERE / "choice.cu", *find_toolkit().link_flags(OWN), "-o", "too_new", cwd=folder)
    done = run(folder / "too_new", PMPP_SIM_GPU="t4")
    assert done.stdout == "cudaErrorNoKernelImageForDevice\n"
    assert "has PTX for compute_80, compute_90a only, which a device of compute capability 7.5 cannot run" in done.stderr


def test_separate_compilation(folder):
    # With -cudart none nvcc leaves out the device link, so it is a step of its own.
    both = ("-gencode", "arch=compute_75,code=[compute_75,sm_75]")
    for half in "ab":
        nvcc(*both, "-rdc=true", "--no-compress", "-c", HERE / f"separate_{half}.cu", "-o", f"{half}.o", cwd=folder)
    nvcc(*both, "-dlink", "a.o", "b.o", "-o", "link.o", cwd=folder)
    nvcc("a.o", "b.o", "link.o", *find_toolkit().link_flags(OWN), "-o", "separate", cwd=folder)
    succeeds(run(folder / "separate"))


@pytest.mark.parametrize("threads", ["1", "2"])
def test_several_devices(build, threads):
    stderr = succeeds(run(build("devices"), PMPP_SIM_DEVICES="3", PMPP_SIM_THREADS=threads))
    for sentence in (
        "is memory of device 1, and the kernel runs on device 0. With device 0 current, cudaDeviceEnablePeerAccess(1, 0) lets",
        "the object's allocation",
        "Memory of a pool is opened to another device with cudaMemPoolSetAccess",
        "kernel launch: the stream belongs to device 1, and device 0 is current; call cudaSetDevice(1) before the launch.",
        "cudaSetDevice: device 3; there are devices 0 to 2.",
    ):
        assert sentence in stderr


NONE = "0 cudaErrorNoDevice cudaErrorNoDevice"
SEEN = {
    ("", "1,2"): "1 cudaSuccess 00:0:0 cudaSuccess",  # that is about real devices
    ("3", ""): NONE,
    ("3", "2,0"): "2 cudaSuccess 02:2:1 00:0:1 cudaSuccess",
    ("3", "1,7,0"): "1 cudaSuccess 01:1:0 cudaSuccess",
    ("3", "1,1"): NONE,
    ("3", "GPU-706d7070-2d73-696d-742d-6770752d3031, 2"): "2 cudaSuccess 01:1:1 02:2:1 cudaSuccess",
    ("3", "GPU-706d"): NONE,  # ambiguous
}


@pytest.mark.parametrize(("devices", "visible"), SEEN)
def test_visible_devices(build, devices, visible):
    done = run(build("devices"), "list", PMPP_SIM_DEVICES=devices, CUDA_VISIBLE_DEVICES=visible)
    assert done.stdout == SEEN[devices, visible] + "\n", done.stderr


def test_devices_without_peer_access(build):
    done = run(build("devices"), "list", PMPP_SIM_DEVICES="2", PMPP_SIM_GPU="rtx4090")
    assert done.stdout == "2 cudaSuccess 00:0:0 01:1:0 cudaSuccess\n", done.stderr


def test_wrong_number_of_devices_is_said(build):
    done = run(build("devices"), "list", PMPP_SIM_DEVICES="17")
    assert done.stdout == "1 cudaSuccess 00:0:0 cudaSuccess\n"
    assert "PMPP_SIM_DEVICES=17 is not a number from 1 to 16; using 1." in done.stderr


def test_fault_names_kernel_line_and_allocation(build):
    stderr = succeeds(run(build("faults")))
    assert "faults.cu:4" in stderr
    assert "past the end of allocation 1" in stderr
    assert "freed" in stderr


def test_quiet(build):
    assert succeeds(run(build("faults"), PMPP_SIM_QUIET="1")) == ""


def test_failed_calls_explain_themselves(build):
    stderr = succeeds(run(build("memory")))
    first = re.search(r"cudaFree: (0x[0-9a-f]+) was freed", stderr)[1] if SANITIZED else "0x200000000000"
    for sentence in (
        "pmpp: cudaMemcpy: 1001 bytes do not fit: the destination is allocation 1 (1000 bytes), so only 1000 are left.",
        "Are the arguments in the order (destination, source, bytes, kind), and is the kind right?",
        f"pmpp: cudaFree: {first} was freed before.",
        "lies in allocation 1 (1000 bytes), which was freed.",
        "33 bytes at offset 0 do not fit into 'table', which has 32 bytes.",
    ):
        assert sentence in stderr


@usual_build_only("A sanitizer ends the program first.")
@pytest.mark.parametrize("case", ["device", "freed"])
def test_host_access_dies_with_an_explanation(build, case):
    done = run(build("host_access"), case)
    assert done.returncode == -signal.SIGSEGV
    assert done.stdout == ""
    assert "byte 12 of allocation 1 (400 bytes)" in done.stderr
    assert ("which was freed" if case == "freed" else "cudaMemcpyDeviceToHost") in done.stderr


@pytest.mark.parametrize(("key", "name", "sms"), [("t4", "Software GPU (T4)", 40), ("a100", "Software GPU (A100)", 108)])
def test_another_device_is_chosen_by_name(build, key, name, sms):
    done = run(build("device"), PMPP_SIM_GPU=key)
    assert done.stdout == f"{name}\n{sms}\n", done.stderr


def test_unknown_device_is_said(build):
    done = run(build("device"), PMPP_SIM_GPU="h900")
    assert done.stdout == "Software GPU (H200)\n132\n"
    assert "PMPP_SIM_GPU=h900 is not a known device; using h200. Known: a100, h200, l4, rtx4090, t4." in done.stderr


PROFILES = {path.stem: tomllib.loads(path.read_text()) for path in sorted((ROOT / "simt" / "model").glob("*.toml"))}


@pytest.mark.parametrize("key", PROFILES)
def test_properties_and_launch_checks_follow_the_profile(build, key):
    profile = PROFILES[key]
    device, sm = profile["device"], profile["sm"]
    done = run(build("profile"), PMPP_SIM_GPU=key, PMPP_SIM_QUIET="1")
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert said.pop("name") == f"Software GPU ({device['name']})"
    major, minor = device["capability"]
    expected = {
        "capability": 10 * major + minor, "clusters": int(major >= 9), "fp32_to_fp64": profile["per_cycle"]["fp32"] // profile["per_cycle"]["fp64"],
        **{name: device[name] for name in ("sms", "core_khz", "memory_khz", "bus_bits", "l2_bytes")},
        **{name: sm[name] for name in ("threads", "blocks", "shared_bytes", "shared_bytes_optin", "shared_bytes_reserved")},
    }  # fmt: skip
    # 64 threads a block: as many as threads, blocks and shared memory allow.
    expected |= {"fit_of_nothing": min(sm["blocks"], sm["threads"] // 64), "fit_of_half": 2, "fit_of_more_than_half": 1}
    accepted = {"shared_most", "shared_most_attribute", "cooperative_most", "block_most", "grid_most"} | ({"cluster_of_2"} if major >= 9 else set())
    refused = {
        "shared_more": "cudaErrorInvalidValue", "shared_more_attribute": "cudaErrorInvalidValue", "cooperative_more": "cudaErrorCooperativeLaunchTooLarge",
        "cluster_of_9": "cudaErrorInvalidClusterSize", "block_more": "cudaErrorInvalidValue", "block_deeper": "cudaErrorInvalidValue",
        "grid_more": "cudaErrorInvalidValue",
    } | ({} if major >= 9 else {"cluster_of_2": "cudaErrorInvalidClusterSize"})  # fmt: skip
    assert said == {name: str(value) for name, value in expected.items()} | dict.fromkeys(accepted, "cudaSuccess") | refused


def test_there_are_the_five_profiles():
    assert set(PROFILES) == {"h200", "a100", "l4", "t4", "rtx4090"}
