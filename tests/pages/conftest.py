"""Pages in a real browser: Debian's Chromium, driven headless, which no page may ask for anything but itself."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
"""Of a window, in CSS pixels."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
HELP = "the pages are not tested: {}. Install both: apt-get install chromium; python -m pip install -e '.[dev,test]'"

Opened = Callable[..., AbstractContextManager]


def cannot(why: str) -> None:
    """Skip loudly where somebody works, and fail where it is CI, which has to install what it needs."""
    if os.environ.get("CI"):
        pytest.fail(HELP.format(why))
    pytest.skip(HELP.format(why))


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """One Chromium for all tests of a session, with a profile that is thrown away."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        cannot("there is no chromium on PATH")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        cannot("playwright is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def opened(browser) -> Opened:
    """``with opened(path, size="phone", scheme="dark") as page``: a page in a window of its own.

    At the end it must have written nothing to the console, raised nothing, and asked for no file but its own.
    """

    @contextmanager
    def open_page(path: Path, size: str = "desktop", scheme: str = "light") -> Iterator:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce",
            has_touch=size == "phone", is_mobile=size == "phone",
        )  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(5000)
        trouble: list[str] = []
        page.on("console", lambda message: trouble.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        try:
            page.goto(path.resolve().as_uri())
            yield page
            assert trouble == []
            assert [url for url in asked if not url.startswith("data:")] == [path.resolve().as_uri()]
        finally:
            context.close()

    return open_page


@pytest.fixture(scope="session")
def sideways() -> Callable[..., int]:
    """By how many pixels the body of a page is wider than the window; what is wider must move inside its own box."""
    return lambda page: page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture(scope="session")
def faint() -> Callable[..., list[str]]:
    """The visible texts of a page with less contrast than WCAG AA asks for: 4.5 to 1, and 3 to 1 for large text."""
    return lambda page: page.evaluate(CONTRAST)


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => {
    const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), element = walk.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest("script, noscript, option, .hidden")) continue;
    const style = getComputedStyle(element), svg = element.closest("svg");
    // Text in a picture lies on the shape that it names as its ground.
    const ground = svg && element.dataset.ground ? parse(getComputedStyle(svg.querySelector(element.dataset.ground)).fill) : behind(element);
    const ink = over(parse(svg ? style.fill : style.color), ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (!(ratio >= (large ? 3 : 4.5))) found.push(`${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return found;
}"""
