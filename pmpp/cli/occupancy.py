"""`pmpp occupancy`: how many threads of a kernel a GPU holds at a time, and what limits them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from pmpp import model
from pmpp._toolkit import ToolkitError
from pmpp.cli.program import demangled, gpu_option, ptx_of

BAR = 24
"""Characters of a full bar."""


@click.command("occupancy", epilog="Example: pmpp occupancy matmul.cu --gpu a100 --shared 16384")
@click.argument("source", metavar="FILE.cu", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@gpu_option
@click.option("--shared", metavar="BYTES", type=click.IntRange(min=0), default=0, help="Dynamic shared memory of a block.")
@click.option("--json", "as_json", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it to FILE.")
def command(source: Path, gpu: str, shared: int, as_json: Path | None) -> None:
    """Show the occupancy of each kernel of a .cu file over the sizes of a block, for a GPU that need not be there.

    Registers and shared memory are those that ptxas says for that GPU.
    """
    device = model.device(gpu)
    with ptx_of(source, device) as ptx:
        try:
            kernels = model.resources(ptx, device)
        except ToolkitError as failure:
            raise click.ClickException(str(failure)) from None
    names = demangled(list(kernels))
    report = [_curve(names[symbol], taken, device, shared) for symbol, taken in kernels.items()]
    if as_json:
        as_json.write_text(json.dumps({"gpu": gpu, "kernels": report}, indent=1) + "\n")
    _print(report, device, shared)


def _curve(name: str, taken: model.Resources, device: model.Device, shared: int) -> dict[str, Any]:
    curve = []
    for threads in (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024):
        held = model.occupancy(device, threads, taken.registers, taken.shared_bytes + shared)
        curve.append(
            {"threads": threads, "blocks": held.blocks, "occupancy": held.fraction, "limited_by": list(held.limited_by)}
        )  # fmt: skip
    return {
        "name": name,
        "registers": taken.registers,
        "shared_bytes": taken.shared_bytes,
        "spilled_bytes": taken.spilled_bytes,
        "curve": curve,
    }


def _print(report: list[dict[str, Any]], device: model.Device, shared: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not report:
        console.print("The file has no kernel.", style="yellow")
    for kernel in report:
        dynamic = f" and {shared:,} dynamic" if shared else ""
        console.print(Text(re.sub(r"\(.*", "", kernel["name"]), "bold"))
        console.print(
            f"on the {device.name}: {kernel['registers']} registers a thread, {kernel['shared_bytes']:,} bytes of shared memory"
            f"{dynamic} a block"
        )  # fmt: skip
        if kernel["spilled_bytes"]:
            console.print(f"{kernel['spilled_bytes']} bytes a thread are spilled to local memory.", style="yellow")
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        for header in ("threads", "blocks", "occupancy"):
            table.add_column(header, justify="right")
        table.add_column("")
        table.add_column("limited by")
        for point in kernel["curve"]:
            bar = "█" * round(BAR * point["occupancy"])
            table.add_row(
                str(point["threads"]), str(point["blocks"]), f"{point['occupancy']:.0%}", bar, ", ".join(point["limited_by"])
            )  # fmt: skip
        console.print(table)
        console.print()
