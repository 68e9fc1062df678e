"""The `pmpp` command: one file a subcommand."""

import click

from pmpp.cli import (
    bench,
    check,
    check_course,
    doctor,
    grade,
    hint,
    lab,
    new,
    new_problem,
    occupancy,
    profile,
    replay,
    reset,
    run,
    solution,
    watch,
)
from pmpp.cli import list as list_
from pmpp.cli import next as next_
from pmpp.cli.learner import edition_option

EPILOG = """Example: pmpp watch ch7

Exit codes: 0 all is well, 1 something is not solved or was found to be wrong, 2 the command line is wrong, 3 pmpp or the
machine is at fault.

To complete names with the Tab key, in ~/.bashrc: eval "$(_PMPP_COMPLETE=bash_source pmpp)"; in ~/.zshrc with zsh_source; in
~/.config/fish/completions/pmpp.fish: _PMPP_COMPLETE=fish_source pmpp | source
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True, epilog=EPILOG)
@click.version_option(package_name="pmpp")
@edition_option
@click.pass_context
def main(ctx: click.Context) -> None:
    """Learn to program massively parallel processors, with a GPU and without one.

    Without a command: where you left off, and what is next.
    """
    if ctx.invoked_subcommand is None:
        next_.overview()


for module in (
    bench,
    check,
    check_course,
    doctor,
    grade,
    hint,
    lab,
    list_,
    new,
    new_problem,
    next_,
    occupancy,
    profile,
    replay,
    reset,
    run,
    solution,
    watch,
):
    main.add_command(module.command)
