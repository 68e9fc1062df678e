"""Pages to look at in a browser: one HTML file each, without network, from data, a script and a style."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

__all__ = ["page", "write"]

HERE = Path(__file__).parent
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
"""What the browser lets a page do: nothing but run what is inside it."""


def page(title: str, name: str, data: Any) -> str:
    """Return a self-contained HTML page.

    Parameters
    ----------
    title : str
        Of the window and of the page's heading. Any characters.
    name : str
        The files ``NAME.js`` and ``NAME.css`` of this folder make the page; ``base.js`` and ``base.css`` come before them.
    data : Any
        What can be written as JSON, without NaN and infinity: the script finds it in ``pmpp.data``.

    Raises
    ------
    ValueError
        If a number is NaN or infinite, which JSON does not have.

    Examples
    --------
    >>> page("A <title>", "profile", {"kernels": []}).splitlines()[:2]
    ['<!DOCTYPE html>', '<html lang="en">']
    """
    # Without "<" no data can end the element that holds them, whatever files and names they came from.
    written = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    shown = html.escape(title.encode("utf-8", "replace").decode())
    style, script = ((_text(f"base.{kind}") + _text(f"{name}.{kind}")) for kind in ("css", "js"))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{shown}</title>
<style>
{style}</style>
</head>
<body>
<header id="top"><h1>{shown}</h1></header>
<main id="page"></main>
<noscript>This page needs JavaScript; it loads nothing from elsewhere.</noscript>
<script id="data" type="application/json">{written}</script>
<script>
{script}</script>
</body>
</html>
"""


def write(path: Path, title: str, name: str, data: Any) -> None:
    """Write a page to a file; the parameters are those of `page`."""
    path.write_text(page(title, name, data), encoding="utf-8")


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
