"""The `pmpp` command: one file a subcommand."""

import click

from pmpp.cli import bench, check, doctor, grade, profile


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pmpp")
def main() -> None:
    """Learn to program massively parallel processors, with a GPU and without one."""


main.add_command(bench.command)
main.add_command(check.command)
main.add_command(doctor.command)
main.add_command(grade.command)
main.add_command(profile.command)
