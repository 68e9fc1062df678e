"""Writes docs/performance.md from benchmarks/results/<gpu>/bench.json.

python docs/performance.py            after new results
python docs/performance.py --check    is the page what the results make of it?
"""

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from measure import digest  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
HEAD = """# Performance

What the rungs of each ladder reach, beside the libraries that they are measured against. `benchmarks/gpu.sh` measures on a
machine with a GPU and writes the results that this page is made from; `pmpp bench` shows the same on yours. A peer is what
NVIDIA or others ship: CUB, PyTorch, CuPy. Rounds are interleaved, the L2 cache is overwritten before each call, times are
taken by events on the GPU, and results are checked.
"""
WITHOUT_GPU = """
## What is known without a GPU

Bytes that move through global memory, bank conflicts and registers are counted or reported exactly, and tests hold the best
rungs to bounds: `tests/performance/`. `pmpp bench` prints the bytes for every rung.
"""


def tables(folder: Path) -> Iterator[str]:
    """Yield the lines of one GPU's results."""
    results = json.loads((folder / "bench.json").read_text())

    def seen(when: str, what: str) -> str:
        return ", ".join(sorted({result[when].get(what, "unknown") for result in results}))

    yield f"\n## {seen('before', 'gpu')}\n"
    clocks = sorted({", ".join(result["after"]["clocks"].split(", ")[:2]) for result in results})
    yield f"Driver {seen('before', 'driver')}; PyTorch {seen('before', 'torch')}, CuPy {seen('before', 'cupy')}."
    yield f"Clocks of the multiprocessors and of memory after each case: {'; '.join(clocks)}."
    if (compared := folder / "compared.txt").exists():
        yield f"\nWhat every variant gives there and on the software GPU: {compared.read_text().splitlines()[-1]}."
    for result in results:
        unit = "GB/s" if result["unit"] == "B" else "GFLOP/s"
        yield f"\n### {result['name']}, {result['problem']}\n"
        if result["digest"] != digest(result["kernels"]):
            yield f"Measured before `cuda_src/{result['kernels']}` was changed last.\n"
        yield f"| | ms | {unit} | share of the limit | against the rung before | against the best peer |"
        yield "|---|---|---|---|---|---|"
        peers = [row for row in result["rows"] if row["kind"] == "peer"]
        best = min(peers, key=lambda row: row["seconds"], default=None)
        before = None
        for row in result["rows"]:
            if row["kind"] not in ("rung", "peer"):
                continue
            speed = result["work"] / row["seconds"]
            step = f"{before / row['seconds']:.2f}x" if before and row["kind"] == "rung" else ""
            peer = statistics.median(b / a for a, b in zip(row["times"], best["times"], strict=True)) if best else None
            share = f"{speed / result['limit']:.1%}" if result["limit"] else ""
            against = f"{peer:.3f}x" if peer else ""
            yield f"| {row['name']} | {row['seconds'] * 1e3:.3f} | {speed / 1e9:,.1f} | {share} | {step} | {against} |"
            before = row["seconds"] if row["kind"] == "rung" else None


def page() -> str:
    """Return the page."""
    folders = sorted(path.parent for path in RESULTS.glob("*/bench.json"))
    lines = [line for folder in folders for line in tables(folder)] or ["\n**Not yet measured on a GPU.**"]
    return HEAD + "\n".join(lines) + "\n" + WITHOUT_GPU


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(None if PAGE.read_text() == page() else "docs/performance.md is not current: run python docs/performance.py")
    PAGE.write_text(page())
