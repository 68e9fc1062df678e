"""What all pages share: safe embedding, listings and lists by keyboard, numbers."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

import pmpp.pages as pages

NASTY = ["</script><script>throw 1</script>", "<!--<script>", "\"'\\\u2028&amp;", "größe/日本語 😀.cu", "\udcff", "__proto__"]
SCRIPT = """// A page of a test.
pmpp.sum = pmpp.number(1234567);
const said = pmpp.el("output", {});
const listing = pmpp.listing({
  lines: pmpp.data.lines, label: "source", columns: [{title: "twice", cell: (line) => String(2 * line.number)}],
  selectable: (line) => line.text !== "", onSelect: (line) => { said.textContent = line.text; },
});
document.getElementById("page").append(listing.element, said, pmpp.svg("svg", {viewBox: "0 0 1 1"}));
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Make a page of the script above from data."""
    for name in ("base.css", "base.js"):
        (tmp_path / name).write_bytes((pages.HERE / name).read_bytes())
    (tmp_path / "own.js").write_text(SCRIPT)
    (tmp_path / "own.css").write_text("/* nothing */\n")
    monkeypatch.setattr(pages, "HERE", tmp_path)

    def make(title, data):
        path = tmp_path / "a page #1?%41 ü.html"
        pages.write(path, title, "own", data)
        return path

    return make


def test_data_of_any_kind_arrive_as_they_are(made, opened):
    lines = [{"number": 3 * n + 1, "text": text} for n, text in enumerate(NASTY)]
    with opened(made("<b>\"größe\" & '\udcff'", {"lines": lines, **dict.fromkeys(NASTY, 1)})) as page:
        seen = json.loads(page.evaluate("JSON.stringify(pmpp.data)"))
        assert seen == {"lines": lines, **dict.fromkeys(NASTY, 1)}
        assert page.title() == page.inner_text("h1") == "<b>\"größe\" & '?'"
        shown = page.locator(".source-text").all_text_contents()
        assert shown == NASTY
        assert page.evaluate("pmpp.sum") == "1,234,567"


def test_what_json_does_not_have_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        pages.page("x", "base", {"x": float("inf")})


def test_a_listing_is_walked_by_keys(made, opened):
    lines = [{"number": n, "text": f"line {n}" if n != 2 else ""} for n in range(1, 30)]
    with opened(made("x", {"lines": lines})) as page:
        chosen = lambda: (page.inner_text("output"), page.evaluate("document.activeElement.dataset.line"))  # noqa: E731
        page.keyboard.press("Tab")
        for key, line in [("Enter", 1), ("ArrowDown", 3), ("ArrowUp", 1), ("ArrowUp", 1), ("PageDown", 12), ("End", 29), ("Home", 1)]:
            page.keyboard.press(key)
            assert chosen() == (f"line {line}", str(line)), key
        assert page.locator('[aria-selected="true"]').count() == 1
        page.keyboard.press("Tab")  # the whole list is one stop
        assert page.evaluate("document.activeElement === document.body")
        page.click("[data-line='7']")
        assert chosen() == ("line 7", "7")
        assert page.locator(".source-gap").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_it_fits_and_can_be_read(made, opened, sideways, faint, size, scheme):
    lines = [{"number": n, "text": "long " * n} for n in range(1, 60)]
    with opened(made("x" * 300, {"lines": lines}), size, scheme) as page:
        page.click("[data-line='2']")
        assert (sideways(page), faint(page)) == (0, [])


def test_looking_finds_what_is_wrong(made, opened, sideways, faint):
    """The checks above are able to fail."""
    path = made("x", {"lines": []})
    with opened(path) as page:
        page.evaluate("document.getElementById('page').innerHTML = '<p style=\"width:3000px;max-width:none;color:#999\">pale</p>'")
        assert sideways(page) > 1000
        assert [re.sub(r".*: ", "", text) for text in faint(page)] == ["pale"]
    for script in ("console.log('hello')", "setTimeout(() => { throw 1 })", "new Image().src = 'http://127.0.0.1:9/x.png'"):
        with pytest.raises(AssertionError), opened(path) as page:
            page.evaluate(f"() => {{ {script} }}")
            page.wait_for_timeout(100)


def test_the_docs_have_every_picture_that_the_script_takes():
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location("screenshots", root / "docs" / "screenshots.py")
    script = sys.modules["screenshots"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    taken = {f"{picture.name}.png" for picture in script.PICTURES}
    assert {path.name for path in (root / "docs" / "pages").iterdir()} == taken
    shown = (root / "docs" / "pages.md").read_text() + (root / "README.md").read_text()
    assert set(re.findall(r"\]\((?:docs/)?pages/([\w.]+)\)", shown)) == taken
    assert all((script.PROGRAMS / picture.command[1]).is_file() for picture in script.PICTURES)
