"""Results as tables for a terminal of 80 columns, and as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from measure import Result, ratio


def _amount(value: float) -> str:
    return f"{value / 1e9:,.2f}" if value < 1e11 else f"{value / 1e9:,.0f}"


def table(result: Result) -> str:
    """Return a result as a table of at most 80 columns."""
    on_sim = result.device == "software GPU"
    per_second = "GB/s" if result.unit == "B" else "GFLOP/s"
    where = f"measured on the {result.device}" + (": times are this machine's, not a GPU's" if on_sim else "")
    last = "moved" if on_sim else "limit"
    lines = [f"{result.name}, {result.problem}", where, ""]
    slow = next((row for row in result.rows if row.kind == "sequential"), None)
    lines.append(f"{'':22}{'ms':>10}{per_second:>11}{last:>8}{'before':>10}" + f"{'sequential':>13}" * (slow is not None))
    before = None
    for row in result.rows:
        speed = result.work / row.seconds
        if on_sim:
            share = f"{row.moved / result.least:.2f}x" if row.moved is not None else ""
        else:
            share = f"{speed / result.limit:.0%}" if result.limit and row.kind in ("rung", "peer") else ""
        step = f"{before.seconds / row.seconds:.2f}x" if before and row.kind == "rung" else ""
        lines.append(
            f"{row.name[:22]:22}{row.seconds * 1e3:10.3f}{_amount(speed):>11}{share:>8}{step:>10}"
            + (f"{slow.seconds / row.seconds:12.2f}x" if slow else "")
        )
        before = row if row.kind == "rung" else None
    if on_sim:
        lines += ["", f"moved: bytes of global memory, counted in sectors, over the least: {result.least / 1e6:,.2f} MB"]
    else:
        known = f"{result.limit / 1e9:,.0f} {per_second} by the clocks of this GPU" if result.limit else "not known"
        lines += ["", f"limit: {known}"]
        lines += list(_against_best_peer(result))
    return "\n".join(lines)


def _against_best_peer(result: Result) -> Iterator[str]:
    peers = [row for row in result.rows if row.kind == "peer"]
    rungs = [row for row in result.rows if row.kind == "rung"]
    if peers and rungs:
        best, top = min(peers, key=lambda row: row.seconds), min(rungs, key=lambda row: row.seconds)
        middle, low, high = ratio(top, best)
        yield f"{top.name} is {middle:.3f} times as fast as {best.name} (95 %: {low:.3f} to {high:.3f})"


def plot(results: list[Result], path: Path) -> None:
    """Draw throughput over size, one picture a function, with the limit where one is known."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise RuntimeError("a picture needs matplotlib: python -m pip install matplotlib") from None
    names = list(dict.fromkeys(result.name for result in results))
    figure, axes = pyplot.subplots(len(names), squeeze=False, figsize=(8, 5 * len(names)), layout="constrained")
    for axis, name in zip(axes[:, 0], names, strict=True):
        of_name = [result for result in results if result.name == name]
        series: dict[str, list[tuple[float, float]]] = {}
        for result in of_name:
            for row in result.rows:
                series.setdefault(row.name, []).append((result.work, result.work / row.seconds / 1e9))
        kinds = {row.name: row.kind for result in of_name for row in result.rows}
        for contestant, points in series.items():
            style = "o-" if kinds[contestant] == "rung" else "s--"
            axis.plot(*zip(*sorted(points), strict=True), style, markersize=4, label=contestant)
        unit, limit = of_name[0].unit, of_name[0].limit
        if limit is not None:
            axis.axhline(limit / 1e9, color="black", linewidth=1, label="limit of this GPU")
        axis.set(xscale="log", yscale="log", xlabel="bytes that have to move" if unit == "B" else "floating-point operations")
        axis.set(ylabel="GB/s" if unit == "B" else "GFLOP/s", title=f"{name}, measured on the {of_name[0].device}")
        axis.legend(fontsize="small")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
