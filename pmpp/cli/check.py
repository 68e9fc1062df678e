"""`pmpp check`: run a program on the software GPU with all checkers, and say on which lines it goes wrong."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from pathlib import Path

import click

from pmpp.cli.program import command_of, nvcc_flags_option, run_observed
from pmpp.cli.replay import command_for
from pmpp.testing.findings import CHECKERS, described, located


@click.command("check", context_settings={"ignore_unknown_options": True}, epilog="Example: pmpp check reduce.cu 1000")
@click.argument("target", metavar="FILE.cu|PROGRAM", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--json", "as_json", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write the findings to FILE."
)
@click.option("--without", multiple=True, type=click.Choice(CHECKERS), help="Leave a checker out; may be repeated.")
@nvcc_flags_option
def command(
    target: Path, arguments: tuple[str, ...], as_json: Path | None, without: tuple[str, ...], nvcc_flags: list[str]
) -> None:
    """Run a CUDA program with checkers for memory, races, uninitialised values, synchronisation and API use.

    A .cu file is compiled first; an exercise, which has no main(), is run by its test. The program must be linked against
    the shared CUDA runtime (nvcc -cudart shared). The exit code is 1 if there were findings or the program failed.
    """
    wanted = [name for name in CHECKERS if name not in without]
    with command_of(target, arguments, nvcc_flags) as program:
        observed = run_observed(program, "PMPP_SIM_FINDINGS", PMPP_SIM_CHECK=" ".join(wanted), PMPP_SIM_QUIET="1")
        findings = located(observed.entries)
    if as_json:
        as_json.write_text(json.dumps(findings, indent=2) + "\n")
    for finding in findings:
        click.echo("\n".join(described(finding)), err=True)
    counted = [finding for finding in findings if not finding.get("benign")]
    if observed.status < 0:
        click.echo(f"{target.name} was ended by {signal.Signals(-observed.status).name}.", err=True)
    elif observed.status > 0:
        click.echo(f"{target.name} ended with exit code {observed.status}.", err=True)
    amount = f"{len(counted)} finding{'s' if len(counted) != 1 else ''}" if counted else "no findings"
    click.echo(f"pmpp check: {amount}", err=True)
    if first := next((finding for finding in counted if finding.get("block")), None):
        flags = ("--nvcc-flags", shlex.join(nvcc_flags)) if nvcc_flags else ()
        click.echo(f"See it run: {command_for(target, first, (*arguments, *flags))}", err=True)
    sys.exit(1 if counted or observed.status else 0)
