"""`pmpp run`: run a CUDA program on the software GPU, as if it had been started without pmpp."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import click

from pmpp.cli.program import command_of, gpu_option, nvcc_flags_option, on_software_gpu


class NotStarted(click.ClickException):
    """The program is there and cannot be started; shells have an exit code for that."""

    exit_code = 126


@click.command("run", context_settings={"allow_interspersed_args": False}, epilog="Example: pmpp run --gpu t4 ./matrixMul -wA=64")
@click.argument("target", metavar="FILE.cu|PROGRAM", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@gpu_option
@nvcc_flags_option
def command(target: Path, arguments: tuple[str, ...], gpu: str, nvcc_flags: list[str]) -> None:
    """Run a CUDA program on the software GPU, unchanged: one that was built with nvcc -cudart shared.

    A .cu file is compiled first; an exercise, which has no main(), is run by its test. Options of pmpp come before
    FILE.cu or PROGRAM; all that follows is the program's. So is the exit code, and a signal reaches it. If the program
    cannot run, the reason is said, nothing is started, and the exit code is 126.
    """
    try:
        environment = on_software_gpu(gpu)
        with command_of(target, arguments, nvcc_flags, gpu) as words:
            held = os.open(words[0], os.O_RDONLY)
        # This process becomes the program, so that nothing stands between it and whoever started it. One that was
        # compiled into a folder that is gone by now is started by its open file.
        file: str | int = words[0] if Path(words[0]).exists() else held
        if file == held:
            words[0] = str(target.with_suffix(""))
        for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(ignored_by_python, signal.SIG_DFL)
        os.execve(file, words, environment)
    except OSError as failure:
        raise NotStarted(f"{target} does not run: {failure.strerror}.") from None
    except click.UsageError:
        raise
    except click.ClickException as reason:
        raise NotStarted(reason.message) from None
