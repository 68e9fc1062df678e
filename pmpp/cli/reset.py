"""`pmpp reset`: begin a problem again; the old file stays under another name."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import click

from pmpp.cli.learner import PROBLEM, Course, edition_option


@click.command("reset", epilog="Example: pmpp reset ch7/tiled")
@click.argument("problem", required=False, type=PROBLEM)
@edition_option
def command(problem: str | None) -> None:
    """Put the stub of PROBLEM, or of the problem you are at, in the place of your file.

    Your file is kept beside it under another name, which is printed. The exit code is 1 if the disk refuses; then nothing has
    changed.
    """
    course = Course()
    exercise = course.find(problem)
    file = course.shown(exercise.file)
    if exercise.untouched():
        click.echo(f"{file} is the stub already; nothing was changed.")
        return
    try:
        kept = replace(exercise.file, exercise.stub)
    except OSError as error:
        raise click.ClickException(f"{file} was not reset, and is as it was: {error.strerror}.") from None
    if kept is None:
        click.echo(f"{file} was missing, and is the stub now.")
    else:
        click.echo(f"{file} is the stub again. What you wrote is kept in {course.shown(kept)}.")


def replace(file: Path, stub: Path) -> Path | None:
    """Replace a file by its stub; return where the old one is kept.

    The stub is written in full before anything is moved, so that a full disk loses nothing.
    """
    descriptor, new = tempfile.mkstemp(dir=file.parent, prefix=f".{file.stem}-", suffix=".cu")
    try:
        with os.fdopen(descriptor, "wb") as copy:
            copy.write(stub.read_bytes())
        shutil.copymode(stub, new)
        kept = _keep(file) if file.exists() else None
        Path(new).replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            Path(new).unlink()
        raise
    return kept


def _keep(file: Path) -> Path:
    """Give a file a second name that is free: basic.1.cu, basic.2.cu, ..."""
    number = 1
    while True:
        kept = file.with_suffix(f".{number}.cu")
        try:
            os.link(file, kept)
        except FileExistsError:
            number += 1
        except OSError:  # a file system without hard links
            if kept.exists():
                number += 1
                continue
            shutil.copy2(file, kept)
            return kept
        else:
            return kept
