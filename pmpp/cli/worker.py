"""The process in which `pmpp watch` tests files: it stays warm between saves, and a test in it can be broken off.

Jobs come and answers go as tuples over a connection: (number, "check" | "costs", folder, name) and (number, what came of it).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import traceback
from dataclasses import fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pmpp.testing.course import Exercise


class Worker:
    """The other end of the process: give it jobs, break them off, close it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        # In a session of its own, so that Ctrl-C reaches it, and the compiler with it, through `cancel` alone.
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from pmpp.cli.worker import main; main()", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self.connection = Connection(ours.detach())
        self.number = 0
        self.kind = ""
        self.busy = False
        self.gone = False

    def start(self, kind: str, exercise: Exercise) -> None:
        """Give a job; one that is running is broken off."""
        self.cancel()
        self.number += 1
        self.kind = kind
        self.busy = True
        with contextlib.suppress(OSError):  # that it is gone is seen when the answer is read
            self.connection.send((self.number, kind, str(exercise.folder), exercise.name))

    def cancel(self) -> None:
        """Break off the job that is running; its compiler ends and removes its files."""
        if self.busy:
            self.busy = False
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGINT)

    def answer(self) -> Any:
        """Return what came of the job that was started last; None for one that was broken off."""
        try:
            number, answer = self.connection.recv()
        except (EOFError, OSError):
            self.busy = False
            self.gone = True
            raise EOFError from None
        if number != self.number or not self.busy:
            return None
        self.busy = False
        return answer

    def close(self) -> None:
        """Break off what is running, and wait until everything is tidied up."""
        self.cancel()
        self.connection.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def main() -> None:
    """Answer jobs until the other end is closed."""
    running = False

    def interrupt(*_: object) -> None:
        if running:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    connection = Connection(int(sys.argv[1]))
    from pmpp._toolkit import ToolkitError, find_host_compiler, find_toolkit
    from pmpp.cli.learner import Course

    course = Course()
    with contextlib.suppress(ToolkitError):  # the first job says it
        find_toolkit()
        find_host_compiler()
    jobs = {"check": _check, "costs": _costs}
    while True:
        try:
            number, kind, folder, name = connection.recv()
        except (EOFError, OSError):
            return
        answer: Any = None
        try:
            running = True
            answer = jobs[kind](course, Exercise(Path(folder), name))
            running = False
        except KeyboardInterrupt:
            running = False
        except Exception as error:
            running = False
            if os.environ.get("PMPP_DEBUG"):
                traceback.print_exc()
            answer = f"{type(error).__name__}: {error}"
        try:
            connection.send((number, answer))
        except OSError:
            return


def _check(course: Any, exercise: Exercise) -> dict[str, Any]:
    verdict = course.test(exercise, pictures=True)
    # The problem itself has functions in it, which cannot be sent.
    return {field.name: getattr(verdict, field.name) for field in fields(verdict) if field.name != "exercise"}


def _costs(course: Any, exercise: Exercise) -> tuple[Any, Any]:
    from pmpp.testing.costs import costs

    return tuple(costs(exercise, source, course.cache_dir) for source in (exercise.file, exercise.solution))  # type: ignore[return-value]
