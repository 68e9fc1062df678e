"""`pmpp profile`: run a program on the software GPU and count what its kernels do, line by line."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from pmpp import model
from pmpp._toolkit import ToolkitError
from pmpp.cli import profile_page
from pmpp.cli.program import command_of, gpu_option, nvcc_flags_option, run_observed
from pmpp.testing.findings import read_lines, shown_path, source_text

HOTTEST = 8
"""Lines that are shown of a kernel."""


@click.command("profile", context_settings={"ignore_unknown_options": True}, epilog="Example: pmpp profile matmul.cu 512")
@click.argument("target", metavar="FILE.cu|PROGRAM", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--json", "as_json", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the counts to FILE."
)
@click.option(
    "--html", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write a page for a browser to FILE."
)
@gpu_option
@nvcc_flags_option
def command(
    target: Path, arguments: tuple[str, ...], as_json: Path | None, html: Path | None, gpu: str, nvcc_flags: list[str]
) -> None:
    """Count what the kernels of a CUDA program do, in total and by source line: exact counts, see docs/counters.md.

    A .cu file is compiled first; an exercise, which has no main(), is run by its test. The program must be linked against
    the shared CUDA runtime (nvcc -cudart shared). The exit code is the program's.

    From the counts and from what ptxas says, a model computes how long each kernel would take on a GPU: docs/model.md.
    --html shows it all in a browser, and which sectors and banks the lanes of a warp touch at each line: docs/pages.md.
    """
    device = model.device(gpu)
    with command_of(target, arguments, nvcc_flags, gpu) as program, tempfile.TemporaryDirectory() as folder:
        requests = {"PMPP_SIM_SAMPLES": str(Path(folder, "requests"))} if html else {}
        observed = run_observed(program, "PMPP_SIM_COUNTERS", PMPP_SIM_PTX=folder, PMPP_SIM_GPU=gpu, **requests)
        kernels = observed.entries
        said = add_model(kernels, device, Path(folder))
        if html:
            _add_requests(kernels, read_lines(Path(folder, "requests")))
    if as_json:
        as_json.write_text(json.dumps({"gpu": described(device), "kernels": kernels}, indent=1) + "\n")
    _print(kernels, device, said)
    if html:
        profile_page.write(html, target, launches(kernels), described(device), said)
        click.echo(f"{html} shows it in a browser.", err=True)
    sys.exit(observed.status if observed.status >= 0 else 1)


def add_model(kernels: list[dict[str, Any]], gpu: model.Device, ptx: Path) -> str:
    """Add occupancy, modelled_time_us and bound_by to the kernels, and return why that was not possible, or nothing."""
    taken: dict[tuple[str, str], model.Resources] = {}
    for kernel in kernels:
        key = (kernel["module"], kernel["symbol"])
        try:
            if key not in taken:
                taken[key] = model.resources(ptx / key[0], gpu, key[1])[key[1]]
            time = model.modelled(kernel, gpu, taken[key])
        except (ToolkitError, ValueError) as failure:
            return str(failure)
        held = time.occupancy
        kernel.update(
            registers=taken[key].registers,
            shared_bytes=taken[key].shared_bytes,
            spilled_bytes=taken[key].spilled_bytes,
            occupancy=held.fraction,
            warps_per_sm=held.warps,
            blocks_per_sm=held.blocks,
            block_limits=dict(held.limits),
            limited_by=list(held.limited_by),
            modelled_time_us=time.time_us,
            bound_by=time.bound_by,
            bounds_us=dict(time.parts_us),
            advice=time.advice,
            modelled_flops=time.flops,
            roofline_share=time.roofline_share,
        )
    return ""


def _add_requests(kernels: list[dict[str, Any]], entries: list[dict[str, Any]]) -> None:
    """Give each launch the requests that were recorded of it; of a kernel's launches they come in the same order."""
    waiting: dict[str, list[Any]] = {}
    for entry in entries:
        waiting.setdefault(entry["symbol"], []).append(entry["requests"])
    for kernel in kernels:
        of_it = waiting.get(kernel["symbol"])
        kernel["requests"] = of_it.pop(0) if of_it else []


def described(gpu: model.Device) -> dict[str, Any]:
    """Return what the roofline of a GPU is drawn with."""
    return {
        "key": gpu.key,
        "name": gpu.name,
        "sms": gpu.sms,
        "warps_per_sm": gpu.threads // model.WARP,
        "peak_flops": gpu.peak_flops,
        "l2_bytes_per_second": gpu.l2_bytes_per_cycle * gpu.clock_hz,
        "dram_bytes_per_second": gpu.dram_bytes_per_second,
    }


def launches(kernels: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """Put launches that did the same together, wherever their memory lay."""
    groups: dict[str, tuple[dict[str, Any], int]] = {}
    for kernel in kernels:
        key = json.dumps({name: value for name, value in kernel.items() if name != "requests"})
        known, times = groups.get(key, (kernel, 0))
        groups[key] = (known, times + 1)
    return list(groups.values())


def _print(kernels: list[dict[str, Any]], gpu: model.Device, said: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, stderr=True)
    if not kernels:
        console.print("No kernel was launched.", style="yellow")
    if said:
        console.print(Text(f"No time is modelled: {said}", "yellow"))
    for kernel, times in launches(kernels):
        title = f"{kernel['name']}  grid {_size(kernel['grid'])}, block {_size(kernel['block'])}"
        console.print(Text(title + (f", {times} launches that did the same" if times > 1 else ""), "bold"))
        if "bound_by" in kernel:
            console.print(
                f"  modelled on the {gpu.name}: {kernel['modelled_time_us']:,.1f} us, bound by {kernel['bound_by']}; "
                f"occupancy {kernel['occupancy']:.0%}"
            )
            console.print(Text(f"  {kernel['advice']}", "italic"))
        shown = {name: value for name, value in kernel["counters"].items() if value}
        totals = Table.grid(padding=(0, 2))
        totals.add_column(no_wrap=True)
        totals.add_column(justify="right", no_wrap=True)
        for name, value in shown.items():
            totals.add_row("  " + name, f"{value:,}")
        console.print(totals)
        hottest = sorted(kernel["lines"], key=lambda line: -line["counters"]["warp_instructions"])[:HOTTEST]
        hottest.sort(key=lambda line: (line["file"], line["line"]))
        lines = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
        rows = [_row(line) for line in hottest]
        headers = ("line", "instructions", "sectors", "wavefronts", "conflicts", "dram bytes")
        widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
        for header, width in zip(headers, widths, strict=True):
            lines.add_column(header, justify="left" if header == "line" else "right", no_wrap=True, min_width=width)
        room = max(console.width - sum(widths) - len(widths) - 1, 20)
        lines.add_column("source", no_wrap=True, overflow="ellipsis", max_width=room)
        for row, line in zip(rows, hottest, strict=True):
            lines.add_row(*row, Text(source_text(line["file"], line["line"]).strip()))
        console.print(lines)
        console.print()


def _row(line: dict[str, Any]) -> list[str]:
    c = line["counters"]
    return [
        f"{Path(shown_path(line['file'])).name}:{line['line']}",
        f"{c['warp_instructions']:,}",
        f"{c['global_load_sectors'] + c['global_store_sectors']:,}",
        f"{c['shared_load_wavefronts'] + c['shared_store_wavefronts']:,}",
        f"{c['shared_bank_conflicts']:,}",
        f"{c['dram_read_bytes'] + c['dram_write_bytes']:,}",
    ]


def _size(numbers: list[int]) -> str:
    while len(numbers) > 1 and numbers[-1] == 1:
        numbers = numbers[:-1]
    return " x ".join(map(str, numbers))
