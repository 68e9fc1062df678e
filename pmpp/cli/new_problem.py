"""`pmpp new-problem`: the skeleton of a problem, small and right, for an author to change into what is meant."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click

from pmpp.cli.grade import FOLDER, course_folder

KINDS = ("write", "find the bug", "predict", "make it faster")
_TOP = """\
// {title}.
//
// y[i] becomes 2 * x[i], for i from 0 to n - 1. x and y lie in device memory; n may be 0.
#include <cuda_runtime.h>

"""
_KERNEL = """\
__global__ void {name}_kernel(const float* x, float* y, int n) {{
{body}
}}

extern "C" int {name}(const float* x, float* y, int n) {{
    if (n == 0) return 0;
    {name}_kernel<<<(n + {per_block} - 1) / {per_block}, 256>>>(x, y, n);
    return cudaGetLastError();
}}
"""
_INDEX = "    const int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
_RIGHT = _INDEX + "    if (i < n) y[i] = 2 * x[i];"
_SLOW = "    for (int i = {start}; i < {stop}; i += {step}) {{\n        if (i < n) y[i] = 2 * x[i];\n    }}"
_END = "8 * (blockIdx.x + 1) * blockDim.x"
_MINE = "blockIdx.x * blockDim.x + threadIdx.x"
_SLOW_AS = {
    "stub": {"start": f"8 * ({_MINE})", "stop": f"8 * ({_MINE} + 1)", "step": "1"},
    "solution": {"start": "8 * blockIdx.x * blockDim.x + threadIdx.x", "stop": _END, "step": "blockDim.x"},
}  # fmt: skip
_PREDICT = """
{todo}extern "C" int predict(long long* answers) {{
    answers[0] = {answer};  // sectors that the kernel reads, for n = 1000
    return 0;
}}
"""
_TEST = '''\
"""{title}."""

import numpy as np

from pmpp.testing import Case, {imports}Problem

{before}problem = Problem(
    title="{title}",
    minutes={minutes},{kind}
    signature="int {name}(const float* x, float* y, int n)",
    read=({read}),{more}
)
'''
_CASES = '''

@problem.test("sizes around a block")
def sizes(rng):
    """Try a block, a little less, a little more, many, one, none."""
    for n in (256, 255, 257, 1, 10_000, 0):
        x = rng.standard_normal(n, dtype=np.float32)
        yield Case(f"n = {n:,}", {"x": x, "n": n}, {"y": 2 * x}, min_launches=n > 0)
'''
_LIMITED = '''

@problem.test("sectors that are read")
def sectors(rng):
    """Allow as many as the data have."""
    x = rng.standard_normal(8192, dtype=np.float32)
    yield Case("n = 8,192", {"x": x, "n": 8192}, {"y": 2 * x}, limits={"global_load_sectors": 1024})
'''
_PREDICTION = """\
X = np.arange(1000, dtype=np.float32)
CALL = Case("n = 1000", {"x": X, "n": 1000}, {"y": 2 * X})

"""
_PREDICTIONS = """
    predictions=[
        Prediction(
            "sectors",
            "How many sectors does the kernel read, for n = 1000?",
            CALL,
            counter="global_load_sectors",
            rule="How many floats are in a sector, and does each warp read whole sectors?",
        ),
    ],"""
_HINTS = """\
# Hints: {name}

## 1. The idea

Say in two sentences what to think of, and what to read.

## 2. The approach

Say what to do, step by step, without code.

## 3. Nearly the code

```cpp
{nearly}
```
"""
_MUTANTS = """\
# Wrong solutions, as edits of the reference solution, and the kind of finding by which the tests must reject them.

[{mutant}]
kind = "{kind}"
edits = [{{ replace = "{old}", by = "{new}" }}]
"""
_README = """\
# Chapter {number}: {title}

To read: chapter {number} of the book.

## What you need to start

## The problems

| file | what it is about | minutes |
|---|---|---|
"""


def skeleton(name: str, title: str, minutes: int, kind: str, read: str) -> dict[str, str]:
    """Return the files of a problem, by their paths in the chapter's folder."""
    per_block = 2048 if kind == "make it faster" else 256

    def code(body: str, above: str = "", below: str = "") -> str:
        return _TOP.format(title=title) + above + _KERNEL.format(name=name, body=body, per_block=per_block) + below

    why = "// Say here why it is done in this way.\n"
    if kind == "write":
        solution, nearly = code(_RIGHT, why), _INDEX.strip() + "\nif (/* inside? */) y[i] = /* ... */;"
        stub = code("    // TODO (about 2 lines): Find this thread's index and compute one element of y, if there is one for it.")
        mutant = ("missing_bound", "out of bounds", "if (i < n) y[i]", "y[i]")
    elif kind == "find the bug":
        solution, nearly = code(_RIGHT, why), "if (/* inside? */) y[i] = 2 * x[i];"
        observed = "    // TODO (about 1 line): Memory past the end of y changes. Mend it.\n"
        stub = code(_INDEX + observed + "    y[i] = 2 * x[i];")
        mutant = ("as_it_was", "out of bounds", "if (i < n) y[i]", "y[i]")
    elif kind == "predict":
        todo = "// TODO (about 1 line): Replace -1 by the number that you expect, all warps together.\n"
        stub = code(_RIGHT, "", _PREDICT.format(todo=todo, answer=-1))
        solution, nearly = (
            code(_RIGHT, "", _PREDICT.format(todo=why, answer="1000 / 8")),
            "answers[0] = 1000 / /* floats in a sector */;",
        )
        mutant = ("sectors_of_64_bytes", "prediction", "1000 / 8", "1000 / 16")
    else:
        solution, nearly = code(_SLOW.format(**_SLOW_AS["solution"]), why), "for (int i = /* ... */; /* ... */; i += blockDim.x)"
        todo = "    // TODO (about 1 line): Let neighbours in a warp read neighbours in memory.\n"
        stub = code(todo + _SLOW.format(**_SLOW_AS["stub"]))
        new, old = (_SLOW.format(**_SLOW_AS[which]).splitlines()[0].strip() for which in ("stub", "solution"))
        mutant = ("as_it_was", "counters", old, new)
    more = {"find the bug": '\n    symptom="out of bounds",', "predict": _PREDICTIONS}.get(kind, "")
    test = _TEST.format(
        name=name, title=title, minutes=minutes, read=read, more=more, kind="" if kind == "write" else f'\n    kind="{kind}",',
        imports="Prediction, " if kind == "predict" else "", before=_PREDICTION if kind == "predict" else "",
    )  # fmt: skip
    return {
        f"{name}.cu": stub,
        f"stubs/{name}.cu": stub,
        f"solutions/{name}.cu": solution,
        f"hints/{name}.md": _HINTS.format(name=name, nearly=nearly),
        f"mutants/{name}.toml": _MUTANTS.format(mutant=mutant[0], kind=mutant[1], old=mutant[2], new=mutant[3]),
        f"test_{name}.py": test + ("" if kind == "predict" else _CASES) + (_LIMITED if kind == "make it faster" else ""),
    }


def enter(registry: str, chapter: str, name: str) -> str:
    """Return chapters.toml with one more problem at the end of a chapter."""
    start = re.search(rf'^folder = "{re.escape(chapter)}"$', registry, re.MULTILINE)
    assert start is not None
    found = registry.find("[[chapter]]", start.end())
    end = len(registry) if found < 0 else found
    head, block, tail = registry[: start.end()], registry[start.end() : end], registry[end:]
    if listed := re.search(r"^exercises = \[([^\]]*)\]", block, re.MULTILINE):
        before = block[: listed.end(1)].rstrip().rstrip(",")
        space = "\n" if listed[1].endswith("\n") else ""
        between = ",\n    " if space else ", " if listed[1].strip() else ""
        block = f'{before}{between}"{name}"{"," + space if space else ""}{block[listed.end(1) :]}'
    else:
        block = f'{block.rstrip()}\nexercises = ["{name}"]\n' + ("\n" if tail else "")
    return head + block + tail


def list_in(readme: str, name: str, title: str, minutes: int) -> str:
    """Return a chapter's README with a row more in its table of problems."""
    rows = list(re.finditer(r"^\|.*\|$", readme, re.MULTILINE))
    if not rows:
        raise click.UsageError(
            "The chapter's README.md has no table of problems: it needs | file | what it is about | minutes |."
        )
    last = rows[-1]
    between = " | ".join([title, *["..."] * (last[0].count("|") - 4)])
    return f"{readme[: last.end()]}\n| `{name}.cu` | {between} | {minutes} |{readme[last.end() :]}"


@click.command("new-problem", epilog='Example: pmpp new-problem ch7 sharpen --title "Sharpen a photograph"')
@click.argument("chapter")
@click.argument("name")
@click.option("--title", help="One line for lists; by default the name.")
@click.option("--minutes", type=click.IntRange(1, 240), default=15, show_default=True, help="What it takes a learner.")
@click.option("--kind", type=click.Choice(KINDS), default="write", show_default=True, help="What a learner has to do.")
@click.option("--course", type=FOLDER, help="Folder with chapters.toml and exercises/; by default the one you are in.")
def command(chapter: str, name: str, title: str | None, minutes: int, kind: str, course: Path | None) -> None:
    """Write the skeleton of a problem.

    CHAPTER is a folder such as ch7; NAME is that of the problem and of the function that a learner writes. All files are
    there and work, on something simple: change them into your problem. Then pmpp check-course says what is left to do.
    """
    root = course_folder(course)
    registry = (root / "chapters.toml").read_text(encoding="utf-8")
    chapters = {entry["folder"]: entry for entry in tomllib.loads(registry)["chapter"]}
    if chapter not in chapters:
        raise click.UsageError(f"There is no chapter {chapter!r}; there are {', '.join(chapters)}.")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name):
        raise click.UsageError(f"{name!r} is no name of a problem: it has small letters, digits and _, such as sharpen.")
    title = (title or name.replace("_", " ").capitalize()).strip().rstrip(".")
    if '"' in title or "|" in title or "\\" in title or not title.isprintable():
        raise click.UsageError('A title has no ", | or \\ in it, and is one line.')
    home = root / "exercises" / chapter
    entry = chapters[chapter]
    numbers = [entry.get("edition5"), entry.get("edition4")]
    read = ", ".join("None" if number is None else f'"{number}"' for number in numbers)
    files = {home / path: text for path, text in skeleton(name, title, minutes, kind, read).items()}
    for path in files:
        if path.exists():
            raise click.UsageError(f"{path.relative_to(root)} exists: choose another name, or remove it.")
    readme = home / "README.md"
    number = next(str(n) for n in numbers if n is not None)
    text = readme.read_text(encoding="utf-8") if readme.exists() else _README.format(number=number, title=entry["title"])
    files[readme] = list_in(text, name, title, minutes)
    files[root / "chapters.toml"] = enter(registry, chapter, name)
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        click.echo(path.relative_to(root))
    click.echo("\nIt works, and computes y = 2 x: change it into what you mean.")
    click.echo(f"What is left to do: pmpp check-course {chapter}/{name}")
