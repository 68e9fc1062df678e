"""`pmpp watch`: tests a problem at every save, and shows what came of it until a key says otherwise."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from pmpp.cli.learner import PROBLEM, UNSOLVED, Course, edition_option
from pmpp.cli.worker import Worker
from pmpp.testing.course import Exercise

SETTLED = 0.15
"""Seconds that a file may be away while an editor puts the new one in its place."""
STEP, GATHER = 20, 200
"""Milliseconds without a change after which a save counts as complete, and how long changes are gathered at most."""
WAKING, ENDING = (signal.SIGWINCH, signal.SIGCONT), (signal.SIGINT, signal.SIGTERM)
LINES = 8
"""Lines of the source that `r` shows."""
ROOM = 20
"""Columns that source text needs beside its counts."""


@click.command("watch", epilog="Example: pmpp watch ch7")
@click.argument("problem", required=False, type=PROBLEM)
@edition_option
def command(problem: str | None) -> None:
    """Test a problem at every save: PROBLEM, the next one of a chapter, or the one you are at.

    Shows the verdict, what is wrong first, where the picture is, and, once it is solved, the counts beside those of the
    reference solution. Keys: h a hint, n the next problem, l the list, r a replay that counts what each line costs, q quit.
    Nothing but n moves on. The exit code is 0 if the problem shown last is solved, 1 if not, 130 after Ctrl-C.
    """
    course = Course()
    exercise = course.find(problem)
    chapter = problem is not None and "/" not in problem and course.find_chapter(problem)
    loop = Loop(course, exercise, chapter.exercises if chapter else course.exercises)
    try:
        loop.run()
    except KeyboardInterrupt:
        loop.say(f"Stopped; your files are as you saved them. To go on: pmpp watch {course.name(loop.exercise)}")
        sys.exit(130)
    loop.say(f"To go on: pmpp watch {course.name(loop.exercise)}")
    sys.exit(0 if course.state(loop.exercise) == "solved" else UNSOLVED)


class Loop:
    """What is watched, what is shown, and what is being waited for."""

    def __init__(self, course: Course, exercise: Exercise, scope: list[Exercise]) -> None:
        self.course, self.exercise, self.scope = course, exercise, scope
        self.verdict: Any = None
        self.trouble = ""  #: a sentence in the place of a verdict
        self.costs: Any = None
        self.view = "verdict"
        self.hints: list[Any] = []  #: the steps in the order in which they are shown
        self.steps = 0  #: how many there are
        self.note = ""
        self.saved: Exercise | None = None  #: another problem that was saved meanwhile
        self.tested: tuple[int, ...] = ()
        self.missing_since = 0.0
        self.keys = sys.stdin.isatty() and sys.stdout.isatty()
        self.worker = Worker()

    # What happens

    def run(self) -> None:
        """Test, wait and show until the key q."""
        stop = threading.Event()
        reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._changes: list[Path] = []
        threading.Thread(target=self._watch, args=(stop,), daemon=True).start()
        before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        # All of them only wake the loop: an exception out of a handler can be lost in what happens to run at the time.
        handlers = {number: signal.signal(number, lambda *_: None) for number in (*WAKING, *ENDING)}
        try:
            with _single_keys(self.keys) as again, selectors.DefaultSelector() as selector:
                selector.register(reading, selectors.EVENT_READ)
                if self.keys:
                    selector.register(sys.stdin, selectors.EVENT_READ)
                self.begin(self.exercise)
                while True:
                    worker = self.worker.connection
                    if not self.worker.gone:
                        selector.register(worker, selectors.EVENT_READ)
                    ready = {key.fileobj for key, _ in selector.select(SETTLED if self.missing_since else None)}
                    if not self.worker.gone:
                        selector.unregister(worker)
                    if reading in ready:
                        self.woken(os.read(reading, 512), again)
                    if worker in ready:
                        self.answered()
                    if sys.stdin in ready and not self.pressed(os.read(sys.stdin.fileno(), 64)):
                        return
                    if self.missing_since and time.monotonic() - self.missing_since > SETTLED:
                        self.missing_since = 0.0
                        self.test()
        finally:
            stop.set()
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)
            self.worker.close()

    def begin(self, exercise: Exercise) -> None:
        """Turn to a problem."""
        self.exercise, self.saved, self.note, self.hints = exercise, None, "", []
        self.test()

    def test(self) -> None:
        """Have the file tested."""
        self.tested = _fingerprint(self.exercise.file)
        self.verdict = self.costs = None
        self.trouble, self.view, self.hints = "", "verdict", []
        if self.worker.gone:
            self.worker.close()
            self.worker = Worker()
        if self.saved is None:
            self.note = ""
        self.worker.start("check", self.exercise)
        self.paint()

    def woken(self, what: bytes, again: Any) -> None:
        """A file changed (0), or a signal came (its number)."""
        if any(number in what for number in ENDING):
            raise KeyboardInterrupt
        if signal.SIGCONT in what:
            again()
        if signal.SIGWINCH in what or signal.SIGCONT in what:
            self.paint()
        if 0 in what:
            while self._changes:
                self.changed(self._changes.pop(0))

    def changed(self, path: Path) -> None:
        """A file was saved, moved or deleted."""
        file = self.exercise.file
        if path == file:
            if not file.exists():
                self.missing_since = time.monotonic()
            elif _fingerprint(file) != self.tested:
                self.missing_since = 0.0
                self.test()
        elif path.suffix != ".cu":
            if path.parent == file.parent:
                self.test()
        elif path.exists():
            other = next((e for e in self.course.exercises if e.file == path), None)
            shown = self.course.shown(path)
            self.saved = other or self.saved
            self.note = f"{shown} was saved; n goes there." if other else f"{shown} was saved, which is no problem's file."
            if not other and path.parent == file.parent:
                self.note += f" What is tested is {self.course.shown(file)}."
            self.paint()

    def answered(self) -> None:
        """Something came from the process that tests."""
        from pmpp.testing.check import Verdict

        try:
            answer = self.worker.answer()
        except EOFError:
            self.trouble = "The process that tests has ended; is there enough memory? The next save tests again."
            self.paint()
            return
        if answer is None:
            return
        if self.worker.kind == "costs":
            self.costs = (None, None) if isinstance(answer, str) else answer
        elif isinstance(answer, str):
            self.trouble = f"The test of this problem is broken, not your file: {answer}"
        else:
            self.verdict = Verdict(self.exercise, **answer)
            if self.tested != _fingerprint(self.exercise.file) and self.exercise.file.exists():
                self.test()  # saved again meanwhile
                return
            if self.verdict.solved or self.verdict.kind in ("counters", "technique"):
                self.worker.start("costs", self.exercise)
        self.paint()

    def pressed(self, keys: bytes) -> bool:
        """Do what keys say; return whether to go on."""
        if not keys:
            return False  # the terminal is gone
        if keys.startswith(b"\x1b"):
            return True  # an arrow or a function key
        for key in keys.decode(errors="ignore").lower():
            if key == "q":
                return False
            if key == "h":
                self.hint()
            elif key == "n":
                self.next()
            elif key == "l":
                self.view = "verdict" if self.view == "list" else "list"
                self.paint()
            elif key == "r":
                self.view = "verdict" if self.view == "lines" else "lines"
                if self.view == "lines" and self.costs is None and not self.worker.busy:
                    self.worker.start("costs", self.exercise)
                self.paint()
        return True

    def next(self) -> None:
        """Move on: to the problem that was saved meanwhile, or to the next unsolved one."""
        scope = self.scope if self.exercise in self.scope else self.course.exercises
        place = scope.index(self.exercise)
        progress = self.course.progress
        later = [e for e in (*scope[place + 1 :], *scope[:place]) if self.course.state(e, progress) != "solved"]
        if self.saved is not None:
            self.begin(self.saved)
        elif later:
            self.begin(later[0])
        else:
            self.note = "There is no other unsolved problem here. q ends; pmpp list shows the course."
            self.paint()

    def hint(self) -> None:
        """Show one more step of the hints, first the one that fits."""
        from pmpp.cli.hint import read_hints
        from pmpp.testing.hints import fitting

        try:
            steps = read_hints(self.course, self.exercise)
        except click.ClickException as error:
            self.note = error.message
            self.paint()
            return
        self.steps = len(steps)
        if self.view == "hint" and len(self.hints) == len(steps):
            self.note = "There are no more hints; h begins again."
            self.hints = []
            self.view = "verdict"
        elif not self.hints:
            verdict = self.verdict
            said = " ".join((verdict.headline, *verdict.details)) if verdict else ""
            self.hints = [fitting(steps, verdict.kind if verdict else "stub", said)]
            self.view = "hint"
        else:
            if self.view == "hint":
                self.hints.append(next(step for step in steps if step not in self.hints))
            self.view = "hint"
        self.paint()
        self.note = ""

    def _watch(self, stop: threading.Event) -> None:
        """Wait for changes, in a thread of its own."""
        from watchfiles import watch

        def wanted(_: object, path: str) -> bool:
            name = Path(path).name
            return name.endswith((".cu", ".cuh", ".h")) and not name.startswith((".", "#"))

        try:
            for changes in watch(self.course.home, watch_filter=wanted, step=STEP, debounce=GATHER, stop_event=stop):
                self._changes += dict.fromkeys(Path(path) for _, path in changes)
                os.write(self._writing, b"\0")
        except (OSError, RuntimeError) as error:
            self.note = f"Saves are not seen any more: {error}. q ends."
            with contextlib.suppress(OSError):
                os.write(self._writing, bytes([signal.SIGWINCH]))

    # What is shown

    def say(self, text: str) -> None:
        """Print a last sentence."""
        from pmpp.cli.screen import console, say

        say(console(), text)

    def paint(self) -> None:
        """Show everything anew, in the width that the terminal has now."""
        from pmpp.cli.screen import console

        made = console()
        with made.capture() as painted:  # in one piece, so that nothing flickers
            self._paint(made)
        if self.keys:
            made.clear()
        made.file.write(painted.get())
        made.file.flush()

    def _paint(self, made: Any) -> None:
        from pmpp.cli import list as list_
        from pmpp.cli.screen import say

        course = self.course
        chapter = course.chapter_of(self.exercise)
        if self.view == "list":
            list_.show_problems(course, chapter, made)
        else:
            progress = course.progress
            solved = sum(course.state(e, progress) == "solved" for e in chapter.exercises)
            say(made, f"{chapter.label(course.edition)}, {chapter.title}: {solved} of {len(chapter.exercises)} solved", "bold")
            self._paint_verdict(made)
        if self.note:
            say(made, self.note, "cyan")
        if self.keys:
            made.rule(style="dim", characters="-")
            say(made, "h hint  n next  l list  r replay  q quit", "cyan")

    def _paint_verdict(self, made: Any) -> None:
        from pmpp.cli.hint import show
        from pmpp.cli.screen import say
        from pmpp.cli.screen import show as show_lines
        from pmpp.testing import report

        course, verdict = self.course, self.verdict
        file = course.shown(self.exercise.file)
        if self.trouble:
            say(made, self.trouble, "red")
        elif verdict is None:
            say(made, f"{file}: testing ...")
        else:
            style = {"solved": "green", "to do": "yellow"}.get(verdict.state, "red")
            if verdict.kind == "no file":
                for line in course.absence(self.exercise):
                    say(made, line, "red")
            else:
                say(made, f"{file}: {verdict.state} ({verdict.seconds:.1f} s)", style)
                show_lines(made, report.block(verdict, course.root))
                for note in getattr(verdict, "notes", ()):
                    say(made, note)
        if self.view == "hint":
            made.print()
            show(course, self.exercise, self.steps, self.hints[-1], made)
        elif self.view == "lines":
            self._paint_lines(made)
        elif verdict is not None and verdict.solved:
            self._paint_costs(made)
            say(made, f"pmpp solution {course.name(self.exercise)} shows the reference solution; n moves on.", "cyan")
        elif self.costs is not None or (self.worker.busy and self.worker.kind == "costs"):
            self._paint_costs(made)

    def _paint_costs(self, made: Any) -> None:
        from pmpp.cli.screen import say
        from pmpp.cli.solution import show_costs, shown

        if self.costs is None:
            say(made, "Counting ...")
        else:
            names = shown(list(self.costs))
            yours, theirs = ({name: found.counters[name] for name in names} if found else None for found in self.costs)
            show_costs(made, yours, theirs)

    def _paint_lines(self, made: Any) -> None:
        from rich.table import Table
        from rich.text import Text

        from pmpp.cli.screen import say
        from pmpp.testing.findings import source_text

        mine = self.costs[0] if self.costs else None
        if self.costs is None:
            say(made, "Counting ...")
            return
        if mine is None or not mine.lines:
            say(made, "Nothing was counted: not all runs ended well, or no kernel ran.")
            return
        say(made, "Run again and counted, all tests together: the lines that cost most", "bold")
        hottest = sorted(filter(None, mine.lines), key=lambda line: -mine.lines[line]["warp_instructions"])[:LINES]
        headers = ("line", "instructions", "sectors", "conflicts")
        rows = []
        for line in sorted(hottest):
            counts = mine.lines[line]
            sectors = counts["global_load_sectors"] + counts["global_store_sectors"]
            rows.append([f"{n:,}" for n in (line, counts["warp_instructions"], sectors, counts["shared_bank_conflicts"])])
        widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
        lines = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
        for header, width in zip(headers, widths, strict=True):
            lines.add_column(header, justify="right", no_wrap=True, min_width=width)
        room = made.width - sum(widths) - 2 * len(widths)
        if room >= ROOM:
            lines.add_column("source", no_wrap=True, overflow="ellipsis", max_width=room)
        for line, row in zip(sorted(hottest), rows, strict=True):
            source = Text(source_text(str(self.exercise.file), line).strip())
            lines.add_row(*row, *([source] if room >= ROOM else []))
        made.print(lines)


def _fingerprint(file: Path) -> tuple[int, ...]:
    """Return what changes whenever a file is saved."""
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ino, status.st_size


@contextlib.contextmanager
def _single_keys(wanted: bool) -> Iterator[Any]:
    """Have the terminal hand over each key at once and not echo it; put it back afterwards."""
    if not wanted:
        yield lambda: None
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield lambda: tty.setcbreak(sys.stdin)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
