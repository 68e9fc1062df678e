"""Takes the pictures of docs/pages.md: makes pages with pmpp, opens them in Chromium, and keeps a part of what is seen.

python docs/screenshots.py [NAME]...    all of them, or those that are named

It needs what tests/pages needs: Debian's Chromium and playwright. Pictures are not compared with a page, because fonts differ
between machines: look at them.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PROGRAMS = ROOT / "tests" / "pages" / "programs"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
COLOURS = 96
"""Of a picture; text on one ground needs no more, and a file has a third of the size."""


@dataclass(frozen=True)
class Picture:
    """A picture of a part of a page."""

    name: str
    """Of the file in docs/pages, without .png."""
    command: tuple[str, ...]
    """What comes after ``pmpp``; programs are those of tests/pages/programs."""
    prepare: Callable[[Any], None]
    """Does to the page, one of playwright, what its user would do."""
    part: str
    """A CSS selector; ``""`` is the window."""
    size: tuple[int, int] = (1280, 1700)
    scheme: str = "light"


def line(kernel: str, text: str) -> Callable[[Any], None]:
    """Choose a kernel and, of its lines that can be chosen, the first that has a text."""

    def choose(page: Any) -> None:
        page.locator("[data-kernel]", has_text=kernel).click()
        page.locator(".source-line[role='option']", has_text=text).first.click()
        page.mouse.move(0, 0)

    return choose


def keys(*names: str) -> Callable[[Any], None]:
    """Press keys."""

    def press(page: Any) -> None:
        for name in names:
            page.keyboard.press(name)

    return press


TRANSPOSE = ("profile", "transpose.cu")
DETAILS = "[aria-label='the line']"
PICTURES = (
    Picture("profile", ("profile", "matmul.cu"), line("matmul_tiled", "sum += x["), "html", size=(1280, 1560)),
    Picture("source", TRANSPOSE, line("transpose_direct", "out["), ".beside"),
    Picture("uncoalesced", TRANSPOSE, line("transpose_direct", "out["), DETAILS),
    Picture("coalesced", TRANSPOSE, line("transpose_tiled", "out["), DETAILS),
    Picture("bank_conflict", TRANSPOSE, line("transpose_tiled", "= tile["), DETAILS),
    Picture("padded", TRANSPOSE, line("transpose_padded", "= tile["), DETAILS),
    Picture("race", ("replay", "reduction.cu"), keys(), "html", size=(1280, 1500)),
    Picture("kogge_stone", ("replay", "kogge_stone.cu"), keys(*"nnnnnn", "ArrowRight", "ArrowRight"), "html", size=(1280, 1300)),
)


def make(folder: Path, command: tuple[str, ...]) -> Path:
    """Return the page that a command makes."""
    path = folder / ("-".join(command).replace("/", "_") + ".html")
    if not path.exists():
        run = [sys.executable, "-c", "from pmpp.cli import main; main()", *command, "--html", str(path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PMPP_SIM_THREADS": "1"}
        subprocess.run(run, cwd=PROGRAMS, env=environment, check=False)
    return path


def reduced(path: Path) -> None:
    """Write a picture again with few colours."""
    from PIL import Image

    with Image.open(path) as image:
        few = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def main(names: list[str]) -> None:
    """Take the pictures."""
    from playwright.sync_api import sync_playwright

    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    known = [picture.name for picture in PICTURES]
    if unknown := set(names) - set(known):
        sys.exit(f"There is no picture {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for picture in wanted:
            width, height = picture.size
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=picture.scheme, reduced_motion="reduce"
            )  # fmt: skip
            page.goto(make(Path(folder), picture.command).as_uri())
            picture.prepare(page)
            path = DOCS / "pages" / f"{picture.name}.png"
            (page.locator(picture.part) if picture.part else page).screenshot(path=path)
            reduced(path)
            page.close()
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
