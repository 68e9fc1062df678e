"""Writes what docs/model.md says about the model's error: modelled times beside measured ones.

python docs/modelled.py          writes it
python docs/modelled.py --check  says whether it is current
"""

import json
import math
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("model.md")
RESULTS = PAGE.parents[1] / "benchmarks" / "results"
HEAD, END = "<!-- python docs/modelled.py writes what follows -->\n", "<!-- end -->\n"


def read(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Return the times of a file by case and rung; none if there is no such file."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text())["results"]
    return {(result["name"], result["problem"]): result["microseconds"] for result in found}


def section(results: Path) -> str:
    """Return a table a GPU of which times were modelled."""
    lines = []
    for folder in sorted(path.parent for path in results.glob("*/modelled.json")):
        modelled, measured = read(folder / "modelled.json"), read(folder / "measured.json")
        gpu = json.loads((folder / "modelled.json").read_text())["gpu"]
        if not measured:
            lines += [f"**{gpu}**: not yet validated. These times were modelled before anything was measured.", ""]
            lines += ["| problem | modelled, in microseconds |", "|---|---|"]
            for (name, problem), times in modelled.items():
                lines.append(f"| {name}, {problem} | {', '.join(f'`{rung}` {us:,.1f}' for rung, us in times.items())} |")
        else:
            ratios = []
            table = ["| problem | version | modelled | measured |", "|---|---|---|---|"]
            for (name, problem), times in modelled.items():
                for rung, us in times.items():
                    clock = measured.get((name, problem), {}).get(rung)
                    if clock is not None:
                        ratios.append(abs(math.log(us / clock)))
                        table.append(f"| {name}, {problem} | `{rung}` | {us:,.1f} us | {clock:,.1f} us |")
            off = math.exp(sum(ratios) / len(ratios)) if ratios else math.nan
            lines += [f"**{gpu}**: off by a factor of {off:.2f} in the geometric mean of {len(ratios)} kernels.", "", *table]
        lines.append("")
    return "\n".join(lines or ["Not yet validated.", ""])


def page(results: Path = RESULTS) -> str:
    """Return the page as it should be."""
    before, rest = PAGE.read_text().split(HEAD)
    return before + HEAD + "\n" + section(results) + END + rest.split(END)[1]


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == page() else "docs/model.md is out of date: run python docs/modelled.py")
    PAGE.write_text(page())
