"""What a learner reads: the header, one block a problem that is not solved, one line a problem at the end.

Everything fits 80 columns. Lines come with pytest's markup (a dict of its names), so that they read the same without.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from pmpp.testing import hints
from pmpp.testing.check import Verdict
from pmpp.testing.course import Exercise, numbers

WIDTH = 78  #: columns that are used; `pmpp` narrows it to those of the terminal
Line = tuple[str, dict[str, bool]]

_MARKUP = {
    "solved": {"green": True},
    "to do": {"yellow": True},
    "error": {"red": True},
    "wrong": {"red": True},
    "broken": {"red": True, "bold": True},
}


def wrap(text: str, indent: str = "", hang: str | None = None) -> list[str]:
    """Wrap a paragraph; paths and code are never broken."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hang is None else hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def header(exercises: Sequence[Exercise], *, solutions: bool, device: str, known: int, root: Path) -> list[str]:
    """Return the lines before the first test: what is tested, on what, how far the learner is.

    Parameters
    ----------
    known
        How many of the files passed when they were last tested and have not changed since.
    """
    folders = ", ".join(dict.fromkeys(str(_short(e.folder, root)) for e in exercises))
    if len({e.folder for e in exercises}) == 1 and (chapter := numbers(exercises[0])):
        folders += f" ({chapter})"
    if solutions:
        return wrap(f"pmpp: testing the reference solutions of {folders}, on {device}", hang="      ")
    lines = wrap(f"pmpp: testing your files in {folders}, on {device}", hang="      ")
    untouched = sum(e.untouched() for e in exercises)
    count = len(exercises)
    state = f"{known} of {count} {'problem' if count == 1 else 'problems'} solved so far"
    if untouched:
        stubs = "all" if untouched == count and count > 1 else str(untouched)
        one, many = "still the stub, which is meant to fail", "still stubs, which are meant to fail"
        state += f"; {stubs} {one if untouched == 1 else many}"
    return lines + wrap(state, "      ")


def block(verdict: Verdict, root: Path) -> list[Line]:
    """Return what is said about a problem that is not solved."""
    exercise = verdict.exercise
    lines: list[Line] = []
    plain: dict[str, bool] = {}

    def say(text: str, markup: dict[str, bool] = plain, indent: str = "") -> None:
        lines.extend((line, markup) for line in wrap(text, indent))

    if verdict.state == "wrong":
        say(f"{exercise.problem.signature.name}, {verdict.test}: {verdict.case}", {"bold": True})
        if not verdict.details:
            say(verdict.headline, {"red": True})
    elif verdict.state == "to do":
        say(f"{exercise.problem.title} (about {exercise.problem.minutes} minutes)", {"bold": True})
        if not verdict.details:
            say(verdict.headline)
    elif verdict.state == "broken":
        say(verdict.headline, {"red": True})
    for number, paragraph in enumerate(verdict.details):
        if paragraph.startswith(" "):
            lines.extend((line, plain) for line in _literal(paragraph[1:]))
        else:
            say(paragraph, {"red": True} if number == 0 and verdict.state == "wrong" else plain)
    if verdict.printed.strip():
        lines.append(("Your code printed:", plain))
        shown = verdict.printed.rstrip().splitlines()
        lines.extend((f"  {line[: WIDTH - 2]}", plain) for line in shown[:10])
        if len(shown) > 10:
            lines.append((f"  and {len(shown) - 10} more lines", plain))
    for picture in verdict.pictures:
        say(f"Picture: {_short(picture, root)}")
    if verdict.replay:
        say(f"See it run: pmpp replay {verdict.replay}", {"cyan": True})
    if verdict.state in ("wrong", "to do"):
        say(_reading(verdict, root), {"cyan": True})
    return lines


def _literal(text: str) -> list[str]:
    """Keep source lines and carets as they are; wrap sentences."""
    if text.startswith("    ") or len(text) <= WIDTH:
        return [text[:WIDTH]]
    return wrap(text, hang="  ")


def _reading(verdict: Verdict, root: Path) -> str:
    exercise = verdict.exercise
    places = zip(exercise.problem.read, ("5th", "4th"), strict=True)
    where = [f"{_kind(text)} {text} ({edition} edition)" for text, edition in places if text]
    step = _step(verdict)
    return f"Read {', '.join(where)}. Hints: {_short(exercise.hints, root)}{f', step {step} above all' if step else ''}"


def _step(verdict: Verdict) -> int:
    """Return the number of the step of the hints that helps first; 0 where nothing is wrong yet or no hints are there."""
    try:
        steps = hints.read(verdict.exercise.hints) if verdict.state == "wrong" else []
    except (OSError, UnicodeDecodeError):
        return 0
    return hints.fitting(steps, verdict.kind, " ".join([verdict.headline, *verdict.details])).number if steps else 0


def _kind(place: str) -> str:
    return "chapter" if "." not in place else "section" if " " not in place else "sections"


def summary(verdicts: Iterable[Verdict], *, solutions: bool, device: str, root: Path) -> list[Line]:
    """Return one line a problem, what is left to do in it, and the count."""
    verdicts = list(verdicts)
    lines: list[Line] = []
    wide = max((len(v.exercise.name) for v in verdicts), default=0)
    several = len({v.exercise.chapter for v in verdicts}) > 1
    for verdict in verdicts:
        name = f"{verdict.exercise.chapter} " if several else ""
        name += verdict.exercise.name.ljust(wide)
        start = f"{verdict.state:<7} {name}"
        lines.append((_cut(f"{start}  {_left(verdict, root)}".rstrip()), _MARKUP[verdict.state]))
        lines.extend((line, {}) for note in verdict.notes for line in wrap(note, "        ", "          "))
    solved = sum(v.solved for v in verdicts)
    which = "reference solutions pass" if solutions else "problems solved"
    count = f"{solved} of {len(verdicts)} {which}, on {device}."
    unfinished = next((v for v in verdicts if not v.solved), None)
    if unfinished is not None and not solutions:
        count += f" Next: {_short(unfinished.exercise.file, root)}"
    lines.extend((line, {"bold": True}) for line in wrap(count))
    pictures = dict.fromkeys(str(_short(path.parent, root)) for v in verdicts for path in v.pictures)
    lines.extend((f"Pictures: {folder}/", {}) for folder in pictures)
    return lines


def _left(verdict: Verdict, root: Path) -> str:
    if verdict.solved:
        return ""
    headline = verdict.headline
    if verdict.state in ("to do", "error"):
        # The list already names the problem: the line number is enough.
        return headline.removeprefix(str(_short(verdict.exercise.folder, root)) + "/")
    return f"{headline} ({verdict.kind})" if verdict.state == "wrong" and verdict.details else headline


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 3].rsplit(" ", 1)[0] + " .."


def _short(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
