"""`pmpp bench`: every rung of a ladder beside its peers, as a table, as JSON and as a picture."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import click

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
"""They belong to the repository, as the exercises do."""


def helper(name: str) -> Any:
    """Import what lies beside the benchmarks; they import it too."""
    if not FOLDER.is_dir():
        raise click.UsageError(
            "The benchmarks belong to the repository: run this with pmpp installed from a clone (pip install -e .)."
        )
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return importlib.import_module(name)


def algorithms() -> dict[str, Path]:
    """Return the files of benchmarks by the name of their module."""
    return helper("measure").files()


def load(path: Path) -> ModuleType:
    """Import a benchmark."""
    spec = importlib.util.spec_from_file_location(f"pmpp_benchmark_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chosen(names: tuple[str, ...]) -> list[Path]:
    """Return the files that the names on the command line mean; all for none."""
    known = algorithms()
    found = []
    for name in names or known:
        fitting = [key for key in known if key == name or key.endswith(f"/{name}")]
        if not fitting:
            raise click.UsageError(f"There is no benchmark of {name!r}; there are {', '.join(known)}.")
        found.append(known[fitting[0]])
    return found


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress, progress.add_task("", total=total)


@click.command("bench", epilog="Example: pmpp bench matmul --plot matmul.png")
@click.argument("names", metavar="[ALGORITHM]...", nargs=-1)
@click.option("--size", type=click.IntRange(min=1), help="Elements; by default what suits the device.")
@click.option("--rounds", type=click.IntRange(min=1), help="How often each is timed; 5 on the software GPU, 30 on a GPU.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write all times to this file.")
@click.option("--plot", "plot_path", type=click.Path(dir_okay=False, path_type=Path), help="Draw throughput over size: a PNG.")
def command(names: tuple[str, ...], size: int | None, rounds: int | None, json_path: Path | None, plot_path: Path | None) -> None:
    """Time the ladders of the library beside NumPy, SciPy, CuPy, PyTorch and CUB.

    ALGORITHM is vector, convolution, reduction, scan, sort/radix ...; all by default. Each rung gets a line: its time, its
    throughput, its share of what the device can do, and how many times faster it is than the rung before it and than the
    same in one thread of this machine's CPU. On the software GPU the times are those of the software GPU on this machine;
    what a GPU would care about are the bytes moved, which are counted exactly.
    """
    import pmpp

    paths, device = chosen(names), pmpp.device()
    measure, report = helper("measure"), helper("report")
    results: list[Any] = []
    with _bar(len(paths)) as (progress, task):
        for path in paths:
            module = load(path)
            largest = size or module.SIZES[device]
            sizes = [largest] if plot_path is None else [n for k in range(4, -1, -1) if (n := largest >> 2 * k)]
            for n in sizes:
                moved = measure.moved(path, n) if device == "sim" else {}
                for case in module.cases(n):

                    def say(text: str, title: str = f"{case.name}, {case.problem}") -> None:
                        progress.update(task, description=f"{title}: {text}")

                    result = measure.measure(case, rounds or measure.ROUNDS[device], say, moved)
                    results.append(result)
                    if n == largest:
                        click.echo(f"{report.table(result)}\n")
            progress.advance(task)
    if json_path is not None:
        json_path.write_text(json.dumps([result.json() for result in results], indent=1) + "\n")
    if plot_path is not None:
        try:
            report.plot(results, plot_path)
        except RuntimeError as failure:
            raise click.UsageError(f"--plot: {failure}") from None
