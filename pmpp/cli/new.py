"""`pmpp new`: a copy of the exercises, for somebody who installed pmpp without its sources, or for a class."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import click

from pmpp._handout import copy
from pmpp.cli.learner import SOURCES

PYTEST = """# The root of the exercises: pytest runs from here with pmpp's plug-in.
[tool.pytest.ini_options]
testpaths = ["exercises"]
addopts = ["-p", "pmpp.testing.plugin", "--import-mode=importlib", "-p", "no:hypothesispytest"]
"""


def origin() -> Path:
    """Return the folder that has the exercises: the clone, or what the wheel carries."""
    for folder in (SOURCES, Path(__file__).resolve().parents[1] / "_course"):
        if (folder / "chapters.toml").is_file() and (folder / "exercises").is_dir():
            return folder
    raise click.ClickException("This installation has no exercises. Run: python -m pip install --force-reinstall pmpp")


@click.command("new", epilog="Example: pmpp new my-exercises")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--no-solutions", is_flag=True, help="Leave out reference solutions and wrong solutions, as for a class.")
def command(folder: Path, no_solutions: bool) -> None:
    """Copy the exercises into FOLDER, all as stubs, with their tests, hints and solutions.

    FOLDER must not be there yet, or be empty. The exit code is 1 if it cannot be written; then nothing is left behind.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} is there already and not empty; nothing was written. Give another name.")
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=".pmpp-new-"))
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be made: {error.strerror}.") from None
    try:
        written = copy(origin(), scratch, solutions=not no_solutions)
        (scratch / "pyproject.toml").write_text(PYTEST, encoding="utf-8")
        scratch.chmod(0o777 & ~_mask())
        scratch.replace(folder.absolute())
    except OSError as error:
        raise click.ClickException(f"{folder} was not made, and nothing is left of it: {error.strerror}.") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    count = sum(path.parent.name == "stubs" for path in written)
    click.echo(f"{count} problems in {folder}{', without solutions' if no_solutions else ''}. To begin: cd {folder} && pmpp")
    click.echo('They need a compiler and pytest: python -m pip install "pmpp[dev]"; pmpp doctor says what is missing.')


def _mask() -> int:
    """Return which rights new folders do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
