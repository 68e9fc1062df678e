"""What the model says about every ladder, and what a clock says where there is a GPU, for the same problems.

python benchmarks/modelled.py FOLDER    on the software GPU: writes FOLDER/modelled.json, for the GPU that PMPP_SIM_GPU names;
                                        on a GPU: writes FOLDER/measured.json, which docs/modelled.py puts beside it
"""

import json
import os
import runpy
import sys
import tempfile
from pathlib import Path

import measure

import pmpp
from pmpp import model

SIZES = {"matmul": 1 << 18}
"""Elements, where it is not the number below: enough for many blocks, few enough to be counted in seconds."""
SIZE = 1 << 20


def modelled(case: measure.Case, gpu: model.Device, ptx: Path) -> dict[str, float]:
    """Return the modelled time of every rung, in microseconds: that of its launches, one after the other."""
    from pmpp.testing import counters

    times = {}
    for variant in case.rungs:
        with counters.count():
            case.call(variant=variant)
        total = 0.0
        for kernel in json.loads(counters.simulator().pmpp_simt_counted())["kernels"]:
            taken = model.resources(ptx / kernel["module"], gpu, kernel["symbol"])[kernel["symbol"]]
            total += model.modelled(kernel, gpu, taken).time_us
        times[variant] = round(total, 2)
    return times


def measured(case: measure.Case) -> dict[str, float]:
    """Return the median time of every rung on the GPU, in microseconds."""
    rows = measure.measure(case, measure.ROUNDS["cuda"], host=False).rows
    return {row.name: round(row.seconds * 1e6, 2) for row in rows if row.kind == "rung"}


def main(folder: Path) -> None:
    """Write what the device in use can say."""
    on_gpu = pmpp.device() == "cuda"
    gpu = model.device(os.environ.get("PMPP_SIM_GPU") or "h200")
    results = []
    with tempfile.TemporaryDirectory() as ptx:
        os.environ["PMPP_SIM_PTX"] = ptx
        for name, path in measure.files().items():
            for case in runpy.run_path(str(path))["cases"](SIZES.get(name, SIZE)):
                times = measured(case) if on_gpu else modelled(case, gpu, Path(ptx))
                results.append({"name": case.name, "problem": case.problem, "microseconds": times})
                print(case.name, case.problem, times, flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    about = {"gpu": measure.gpu_name() if on_gpu else gpu.name, "results": results}
    (folder / ("measured.json" if on_gpu else "modelled.json")).write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
