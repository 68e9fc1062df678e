"""A program in a real terminal: keys go in, and what a screen would show comes out."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parents[2]


class Terminal:
    """`pmpp` with some arguments, in a terminal of so many columns."""

    def __init__(
        self, arguments: tuple[str, ...], folder: Path, *, columns: int = 80, rows: int = 30, colour: bool = True
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PMPP_EDITION")}
        env |= {"PYTHONPATH": str(ROOT), "PMPP_DEVICE": "sim", "TERM": "xterm-256color"}
        if not colour:
            env["NO_COLOR"] = "1"
        code = "from pmpp.cli import main; main(prog_name='pmpp')"
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes = termios.tcgetattr(theirs)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            for number in range(3):
                os.dup2(theirs, number)
            os.closerange(3, 256)
            os.chdir(folder)
            os.execve(sys.executable, [sys.executable, "-c", code, *arguments], env)
        self.fd, self.theirs = ours, theirs
        self.code: int | None = None

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            os.kill(self.pid, 15)
            self.end()
        os.close(self.fd)
        os.close(self.theirs)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.fd, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float) -> bool:
        """Take in what is printed; tell whether anything was."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        self.stream.feed(os.read(self.fd, 65536))
        return True

    def text(self) -> str:
        """What the screen shows, without times."""
        lines = [line.rstrip() for line in self.screen.display]
        return re.sub(r"\(\d+\.\d s\)", "(# s)", "\n".join(lines).rstrip())

    def until(self, condition, seconds: float = 90) -> bool:
        """Wait until the screen shows a text, or what a function wants to see."""
        wanted = condition if callable(condition) else lambda text: condition in " ".join(text.split())
        end = time.monotonic() + seconds
        while not wanted(self.text()):
            if time.monotonic() > end:
                return False
            self.read(0.05)
        return True

    def shows(self, text: str) -> bool:
        """Wait until a text is on a screen that is complete, down to the line of keys."""
        return self.until(lambda screen: text in " ".join(screen.split()) and screen.endswith("q quit"))

    def settle(self) -> None:
        """Wait until nothing is being tested and nothing is printed any more."""
        while self.read(2.0) or not self.text() or "testing ..." in self.text() or "Counting ..." in self.text():
            pass

    def end(self, seconds: float = 30) -> int:
        """Wait until the program ends; return its exit code."""
        end = time.monotonic() + seconds
        while self.code is None and time.monotonic() < end:
            self.read(0.05)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.code = os.waitstatus_to_exitcode(status)
        while self.read(0.2):
            pass
        assert self.code is not None, f"it did not end:\n{self.text()}"
        return self.code

    def colours(self) -> set[str]:
        """The colours on the screen."""
        return {cell.fg for row in self.screen.buffer.values() for cell in row.values()} - {"default"}
