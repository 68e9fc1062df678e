"""Writes what docs/counters.md says about the software GPU's counters beside those of Nsight Compute.

python docs/counters.py          after new results
python docs/counters.py --check  is the page what the results make of it?
"""

import json
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("counters.md")
RESULTS = PAGE.parents[1] / "benchmarks" / "results"
HEAD, END = "<!-- python docs/counters.py writes what follows -->\n", "<!-- end -->\n"


def times(row: dict) -> str:
    """Return how many times the GPU's count the software GPU's is."""
    if not row["hardware"]:
        return "-"
    rounded = f"{row['ours'] / row['hardware']:.3g}"
    return "almost 1" if rounded == "1" else rounded


def tables(written: dict) -> list[str]:
    """Return the lines of one GPU: a table of the counters, and one of the kernels of which a number differs."""
    lines = [f"### {written['gpu']}", ""]
    lines += [f"Driver {written['driver']}, ncu {written['ncu']}. *Ratio*: the software GPU's count by that of the GPU."]
    lines += [f"Not all could be asked: {failure}." for failure in written["failed"]]
    lines += ["", "| counter | Nsight Compute | kernels | the same | ratio of the others |", "|---|---|---|---|---|"]
    differ: dict[str, list[str]] = {}
    marks: dict[str, list[str]] = {}
    for counter, metric in dict.fromkeys((row["counter"], row["metric"]) for row in written["results"]):
        mark = "'" * len(marks.setdefault(counter, []))  # a counter that is compared twice
        marks[counter].append(metric)
        of_it = [row for row in written["results"] if (row["counter"], row["metric"]) == (counter, metric)]
        said = [row for row in of_it if row["hardware"] is not None]
        others = [row for row in said if row["ours"] != row["hardware"]]
        ratios = sorted(row["ours"] / row["hardware"] for row in others if row["hardware"])
        span = [f"{ratios[0]:.3g} to {ratios[-1]:.3g}"] if ratios else []
        span += ["the GPU counts 0"] if len(ratios) < len(others) else []
        same = f"{len(said) - len(others)}" if said else "not measured"
        lines.append(f"| `{counter}`{mark} | `{metric}` | {len(said)} of {len(of_it)} | {same} | {'; '.join(span)} |")
        for row in others:
            text = f"`{counter}`{mark} {row['ours']:,} : {row['hardware']:,} ({times(row)})"
            differ.setdefault(row["kernel"], []).append(text)
    lines += ["", "| kernel | software GPU : GPU (ratio) |", "|---|---|"]
    lines += [f"| `{kernel}` | {'<br>'.join(found)} |" for kernel, found in differ.items()]
    return [*lines, ""]


def section(results: Path) -> str:
    """Return what is known of all GPUs on which counters were compared."""
    found = [json.loads(path.read_text()) for path in sorted(results.glob("*/counted.json"))]
    lines = [line for written in found if written.get("gpu") for line in tables(written)]
    return "\n".join(lines or ["Not yet compared with hardware.", ""])


def page(results: Path = RESULTS) -> str:
    """Return the page as it should be."""
    before, rest = PAGE.read_text().split(HEAD)
    return before + HEAD + "\n" + section(results) + END + rest.split(END)[1]


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(None if PAGE.read_text() == page() else "docs/counters.md is not current: run python docs/counters.py")
    PAGE.write_text(page())
