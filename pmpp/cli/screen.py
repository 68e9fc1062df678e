"""How the learner's commands print: with rich, as wide as the terminal but not wider than pytest's report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pmpp.testing import report

if TYPE_CHECKING:
    from rich.console import Console

    from pmpp.testing.report import Line

WIDEST = 80


def console() -> Console:
    """Return the console, and have reports wrapped to its width."""
    from rich.console import Console

    made = Console(highlight=False, emoji=False, markup=False)
    made.width = min(made.width, WIDEST)
    report.WIDTH = made.width - 2 if made.width == WIDEST else made.width
    return made


def show(made: Console, lines: Iterable[Line]) -> None:
    """Print a report's lines, with pytest's names of colours."""
    for text, markup in lines:
        made.print(text, style=" ".join(markup) or None, soft_wrap=True)


def say(made: Console, text: str, style: str = "", hang: str = "") -> None:
    """Print a sentence, wrapped, indented as it is; paths stay whole."""
    indent = " " * (len(text) - len(text.lstrip()))
    show(made, [(line, {style: True} if style else {}) for line in report.wrap(text.lstrip(), indent, indent + hang)])
