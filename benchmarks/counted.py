"""The counters of the software GPU beside those of a GPU under Nsight Compute, for the kernels of counted.cu.

python benchmarks/counted.py FOLDER           on a GPU with ncu: writes FOLDER/counted.json, and what ncu printed, FOLDER/ncu.txt
python benchmarks/counted.py FOLDER --again   reads FOLDER/ncu.txt of an earlier run instead of asking the GPU
python benchmarks/counted.py FOLDER --ours    only what the software GPU counts

Both run one program, of which the GPU takes the machine code that ptxas made and the software GPU the PTX that it was made from.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pmpp._runtime.device import Gpu, find_gpu
from pmpp._toolkit import clean_environment, find_toolkit

SOURCE = Path(__file__).with_name("counted.cu")
L1, SASS, OPCODE = "l1tex__", "smsp__sass_thread_inst_executed_op_", "sass__inst_executed_per_opcode"
COUNTERS = {
    "thread_instructions": ["smsp__thread_inst_executed.sum"],
    "warp_instructions": ["smsp__inst_executed.sum"],
    "divergent_branches": [
        "smsp__sass_branch_targets_threads_divergent.sum",
        "smsp__branch_targets_threads_divergent.sum",
    ],
    "global_load_requests": [f"{L1}t_requests_pipe_lsu_mem_global_op_ld.sum"],
    "global_load_sectors": [f"{L1}t_sectors_pipe_lsu_mem_global_op_ld.sum"],
    "l1_hit_sectors": [f"{L1}t_sectors_pipe_lsu_mem_global_op_ld_lookup_hit.sum"],
    "global_store_requests": [f"{L1}t_requests_pipe_lsu_mem_global_op_st.sum"],
    "global_store_sectors": [f"{L1}t_sectors_pipe_lsu_mem_global_op_st.sum"],
    "global_load_sectors_ideal + global_store_sectors_ideal": ["memory_l2_theoretical_sectors_global_ideal"],
    "shared_load_wavefronts": [f"{L1}data_pipe_lsu_wavefronts_mem_shared_op_ld.sum"],
    "shared_store_wavefronts": [f"{L1}data_pipe_lsu_wavefronts_mem_shared_op_st.sum"],
    # The first is worked out from the addresses of each instruction; the second counts waits for other users of the memory, too.
    "shared_bank_conflicts": [
        "memory_l1_wavefronts_shared - memory_l1_wavefronts_shared_ideal",
        f"{L1}data_bank_conflicts_pipe_lsu_mem_shared_op_ld.sum + {L1}data_bank_conflicts_pipe_lsu_mem_shared_op_st.sum",
    ],
    "atomics": [
        " + ".join(f"smsp__inst_executed_op_{op}.sum" for op in ("global_atom", "global_red", "shared_atom")),
        " + ".join(f"{OPCODE}[{op}]" for op in ("ATOM", "ATOMG", "ATOMS", "RED", "REDG")),
    ],
    "barriers": [f"{OPCODE}[BAR]"],
    "flop": [
        " + ".join(f"{'2 * ' * (op == 'fma')}{SASS}{kind}{op}_pred_on.sum" for kind in "fd" for op in ("add", "mul", "fma"))
    ],
    "dram_read_bytes": ["dram__bytes_read.sum"],
    "dram_write_bytes": ["dram__bytes_write.sum"],
}
"""For each counter, or sum of counters, what Nsight Compute says of it: sums of its metrics, some of them by opcode."""
SECTIONS = ("--section", "SourceCounters", "--section", "InstructionStats")
"""Where the metrics of source lines are, memory_... and sass__..., which ncu does not list."""
TERM = re.compile(r"(?:^|([+-]) )(?:(\d) \* )?([\w.]+(?:\[\w+\])?)")


def value(formula: str, found: dict[str, float]) -> float | None:
    """Return a sum of metrics, of counters too; None where one of them is missing. An opcode that never ran is 0."""
    total = 0.0
    for sign, factor, name in TERM.findall(formula):
        metric = name.split("[")[0]
        if metric not in found:
            return None
        total += (-1 if sign == "-" else 1) * int(factor or 1) * found.get(name, 0 if "[" in name else found[metric])
    return int(total) if total == int(total) else total


def metrics() -> set[str]:
    """Return all metrics of COUNTERS."""
    return {name.split("[")[0] for formulas in COUNTERS.values() for text in formulas for *_, name in TERM.findall(text)}


def said(command: list[str], seconds: float = 60, **options: object) -> str:
    """Return what a command prints; raise RuntimeError, with its own words, if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, **options)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{Path(command[0]).name} did not end within {seconds:.0f} seconds") from None
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        errors = [line for line in lines if "error" in line.lower()] or lines[-3:]
        raise RuntimeError(f"{Path(command[0]).name} failed with exit code {done.returncode}: {' '.join(errors)}")
    return done.stdout


def build(program: Path, capability: str) -> None:
    """Compile counted.cu to machine code of an architecture and to its PTX, against the shared runtime."""
    toolkit = find_toolkit()
    code = f"-gencode=arch=compute_{capability},code=[sm_{capability},compute_{capability}]"
    link = ["-cudart", "none", "-cudadevrt", "none", f"-L{toolkit.lib}", "-l:libcudart.so.13"]
    said(toolkit.command("-std=c++17", "-lineinfo", code, *link, "-o", program, SOURCE), env=clean_environment())


def ours(program: Path, folder: Path) -> list[dict]:
    """Return what the software GPU counts: each case with its kernel and its counters, in the order of launches."""
    profile = [sys.executable, "-c", "from pmpp.cli import main; main()", "profile", "--json", str(folder / "ours.json")]
    cases = said([*profile, str(program)], env={**os.environ, "PMPP_DEVICE": "sim"}).split()
    kernels = json.loads((folder / "ours.json").read_text())["kernels"]
    return [
        {"case": case, "kernel": kernel["name"], "found": kernel["counters"]} for case, kernel in zip(cases, kernels, strict=True)
    ]


def profiled(ncu: str, program: Path, report: Path, wanted: Sequence[str]) -> str:
    """Return the raw page of what was asked for, parts of metrics too."""
    libraries = os.pathsep.join(filter(None, [str(find_toolkit().lib), os.environ.get("LD_LIBRARY_PATH")]))
    run = [ncu, "--clock-control", "none", "-f", "-o", str(report), *wanted, str(program)]
    said(run, env={**os.environ, "LD_LIBRARY_PATH": libraries})
    page = [ncu, "--import", f"{report}.ncu-rep", "--csv", "--page", "raw", "--print-units", "base"]
    return said([*page, "--print-metric-instances", "details"])


def by_name(names: list[str]) -> list[str]:
    """Return what asks ncu for metrics."""
    return ["--metrics", ",".join(sorted(names))]


def ask(ncu: str, gpu: Gpu, program: Path, folder: Path) -> str:
    """Return what this is about, and ncu's raw pages: one of the metrics that it lists, one of those that it does not."""
    version = re.search(r"Version (\S+)", said([ncu, "--version"]))
    pages = [f"gpu: {gpu.name}", f"driver: {gpu.driver}", f"ncu: {version[1] if version else 'unknown'}"]
    try:
        listed = re.findall(r'^\s*"?(\w+__\w+)', said([ncu, "--query-metrics"]), re.MULTILINE)
    except RuntimeError as failure:
        pages.append(f"failed: {failure}")
        listed = [name.removesuffix(".sum") for name in metrics()]
    counted = [name for name in metrics() if name.endswith(".sum") and name.removesuffix(".sum") in listed]
    unlisted = [name for name in metrics() if not name.endswith(".sum")]
    without_sass = [name for name in counted if "sass" not in name]  # for those ncu changes the machine code
    results: list[str] = []
    for ways in ((by_name(counted), by_name(without_sass)), (by_name(unlisted), SECTIONS)):
        for wanted in ways:  # the first that goes well
            try:
                results.append(profiled(ncu, program, folder / str(len(results)), wanted))
                break
            except RuntimeError as failure:
                pages.append(f"failed: {failure}")
    if not results:
        raise RuntimeError("; ".join(pages))
    return "\n".join([*pages, *results]) + "\n"


def hardware(text: str) -> list[dict]:
    """Return what is in ncu's pages, one entry a launch: the kernel and its metrics, by opcode too where there are any."""
    launches: dict[int, dict] = {}
    header: list[str] = []
    for row in csv.reader(line for line in text.splitlines() if line.startswith('"')):
        if row[0] == "ID":
            header = row
        elif row[0].isdigit():
            entry = dict(zip(header, row, strict=False))
            launch = launches.setdefault(int(row[0]), {"kernel": entry["Kernel Name"].split("(")[0], "found": {}})
            for name in metrics() & set(entry):
                total, _, parts = entry[name].partition(" (")  # of opcodes: 12 (BAR: 4; EXIT: 8)
                for part, number in [("", total), *re.findall(r"(\w+): ([\d.,]+)", parts)]:
                    if re.fullmatch(r"[\d.,]+", number):  # or it is n/a
                        launch["found"][f"{name}[{part}]" if part else name] = float(number.replace(",", ""))
    return [launches[number] for number in sorted(launches)]


def compared(mine: list[dict], theirs: list[dict] | None) -> list[dict]:
    """Return a row for each kernel, counter and thing that Nsight Compute says of it; None for what it does not say."""
    if theirs is not None and [launch["kernel"] for launch in theirs] != [launch["kernel"] for launch in mine]:
        raise RuntimeError(f"ncu saw other launches than the software GPU: {[launch['kernel'] for launch in theirs]}")
    rows = []
    for number, launch in enumerate(mine):
        for counter, formulas in COUNTERS.items():
            row = {"kernel": launch["case"], "counter": counter, "ours": value(counter, launch["found"])}
            if theirs is None:
                rows.append(row)
            else:
                rows += [{**row, "hardware": value(text, theirs[number]["found"]), "metric": text} for text in formulas]
    return rows


def main(folder: Path, how: str) -> None:
    """Write counted.json, and before it what ncu printed."""
    page, gpu, ncu = folder / "ncu.txt", find_gpu(), shutil.which("ncu")
    if how == "" and ncu is None:
        raise RuntimeError("there is no ncu, the command of Nsight Compute, on PATH")
    if how == "" and gpu is None:
        raise RuntimeError("no NVIDIA driver answers")
    about: dict[str, object] = {"modelled": os.environ.get("PMPP_SIM_GPU") or "h200"}
    theirs = None
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch, "counted")
        build(program, "{}{}".format(*gpu.capability) if gpu else "90")
        mine = ours(program, Path(scratch))
        if how == "":
            text = ask(ncu, gpu, program, Path(scratch))
            folder.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
    if how != "--ours":
        text = page.read_text()
        about |= dict(re.findall(r"^(gpu|driver|ncu): (.*)$", text, re.MULTILINE))
        about["failed"] = re.findall(r"^failed: (.*)$", text, re.MULTILINE)
        theirs = hardware(text)
    results = compared(mine, theirs)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "counted.json").write_text(json.dumps({**about, "results": results}, indent=1) + "\n")
    if theirs is not None:
        said_too = [row for row in results if row["hardware"] is not None]
        same = sum(row["ours"] == row["hardware"] for row in said_too)
        print(*about["failed"], sep="\n")
        print(f"{same} of {len(said_too)} counts are the same; Nsight Compute does not say {len(results) - len(said_too)} more")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder, *how] if how in ([], ["--ours"], ["--again"]):
            try:
                main(Path(folder), *how or [""])
            except (RuntimeError, OSError) as failure:
                sys.exit(f"There is no counted.json: {failure}.")
        case _:
            sys.exit(__doc__)
