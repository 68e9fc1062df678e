"""`pmpp lab`: runs one of the labs, with a bar; its last line is the result, its exit status says whether it holds."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from pmpp.labs import LABS

PICTURES = Path("lab_pictures")


class Name(click.Choice):
    """The name of a lab; the help says what each is about."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Tell what the labs are about."""
        return "Choose a lab:\n" + "\n".join(f"  {name:<10}{question}" for name, question in LABS.items())


@click.command("lab", epilog="Example: pmpp lab edges")
@click.argument("name", type=Name(list(LABS)))
@click.option(
    "--pictures", type=click.Path(file_okay=False, path_type=Path), default=PICTURES, show_default=True, help="Where they go."
)
def command(name: str, pictures: Path) -> None:
    """Run a lab: edges, descent, faces or digits.

    A lab computes on the device in use, writes pictures, prints figures with what they have to be, and times its main step
    beside other ways to do it. It ends with status 1 if a figure is missed. The pages that go with them are in docs/labs.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from pmpp.labs import report

    try:
        report.need_packages()
    except report.MissingPackagesError as failure:
        raise click.UsageError(str(failure)) from None
    module = import_module(f"pmpp.labs.{name}")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    # Lines go through the bar only where both are on the terminal; into a file they go as they are.
    with Progress(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as progress:
        task = progress.add_task(name, total=module.STEPS)

        def step(text: str, done: int) -> None:
            progress.update(task, description=f"{name}: {text}", advance=done)

        found = report.Report(name, pictures, say=click.echo, progress=step)
        module.run(found)
    click.echo(found.result())
    sys.exit(0 if found.met else 1)
