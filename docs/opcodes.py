"""Writes docs/opcodes.md from the rows of simt/ops/*.def and the opcodes that simt/ir lowers by itself.

python docs/opcodes.py          writes the page
python docs/opcodes.py --check  says whether it is current
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "opcodes.md"

TABLES = {
    "integer": ("Integer arithmetic and bits", "SIMT_INTEGER", ("signature", "types", "semantics", "documentation")),
    "float": ("Floating point: rounded", "SIMT_FLOAT", ("arity", "types", "semantics", "exact", "documentation")),
    "float values": ("Floating point: never rounded", "SIMT_VALUE", ("arity", "types", "semantics", "documentation")),
    "float approximations": ("Floating point: approximate", "SIMT_APPROXIMATE", ("arity", "types", "semantics", "documentation")),
    "compare": ("Relations of setp and set", "SIMT_COMPARE", ("types", "semantics", "documentation")),
    "video": ("Video instructions", "SIMT_VIDEO", ("semantics", "documentation")),
}
"""Heading, macro and columns after the name, by table; the word before the blank is the file's name."""

HEAD = """\
# Instructions of the software GPU

Made from `simt/ops/*.def` and `simt/ir/lower.cpp` by `python docs/opcodes.py`; do not edit. The tables have one row an
instruction: what reads registers and writes registers of the same lane. The last section lists what touches memory, other
lanes or control flow. Any other form is an error when a program is loaded, which names it, its PTX line and its source line.

Every row takes the modifiers that PTX has for it: `.lo .hi .wide .sat .relu .cc` on integers; `.rn .rz .rm .rp .ftz .sat
.relu .NaN .xorsign.abs` on floats; a boolean and a second result on relations. Single and half precision give one NaN
(0x7fffffff, 0x7fff); double precision passes a NaN operand on, quietened, of several the last one (`div`, `min`
and `max` the first). A NaN that `cvt` brings from or to double precision keeps its sign and the upper bits of its fraction.

Without rows, because there is nothing to say in one line: `mov` (registers, and vectors packed and taken apart), `selp`,
`slct`, `testp`, `vshl` and `vshr`, the logic of predicates, and `cvt`, which converts between any two of u8 to u64, s8 to
s64, f16, bf16, tf32, f32, f64 and the eight-bit formats in every rounding, with `.sat`, `.satfinite`, `.relu` and `.ftz`.
"""


def arguments(text: str) -> list[str]:
    """The arguments of a macro call, which starts at its bracket."""
    found, depth, start, quoted = [], 0, 1, False
    for i, c in enumerate(text):
        if c == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if (c == "," and depth == 1) or depth == 0:
            found.append(text[start:i].strip())
            start = i + 1
        if depth == 0:
            return found
    raise ValueError(f"no closing bracket in {text[:60]}")


def rows(table: str) -> list[dict[str, str]]:
    """The rows of a table, by column."""
    _, macro, columns = TABLES[table]
    lines = (ROOT / "simt" / "ops" / f"{table.split()[0]}.def").read_text().splitlines()
    found = []
    for line in lines:
        if line.startswith(macro + "("):
            values = arguments(line[len(macro) :])
            found.append(dict(zip(("name", *columns), values, strict=True)))
    return found


OWNERS = {
    "memory": "Memory and addresses",
    "asynchronous": "Asynchronous copies and barriers in memory",
    "texture": "Textures and surfaces",
    "stack": "The stack",
    "synchronisation": "Barriers, fences, and lanes of a warp",
    "matrix": "Matrices",
    "control": "Control flow",
}
"""What simt/ir/lower.cpp calls the owners of opcodes, and what they are."""


def owners() -> dict[str, list[str]]:
    """The opcodes of every owner."""
    table = (ROOT / "simt" / "ir" / "lower.cpp").read_text().partition("owners = [] {")[2].partition("}();")[0]
    found = {}
    for names, owner in re.findall(r"for \(auto name : \{([^}]*)\}\)\s*map\[name\] = &FunctionLowering::(\w+);", table):
        found[owner] = re.findall(r'"(\w+)"', names)
    return found


def cell(text: str) -> str:
    """Text that a Markdown table can hold."""
    return text.replace("|", "\\|")


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for table, (heading, _, columns) in TABLES.items():
        typed = "types" in columns
        parts.append(
            f"\n## {heading}\n\n| instruction |{' types |' * typed} what it does | meaning |\n|---|{'---|' * typed}---|---|\n"
        )
        for row in rows(table):
            name = row["name"].replace("_", ".")
            types = f" {row['types'].strip(chr(34))} |" if typed else ""
            semantics = row["semantics"]
            if semantics.startswith("(") and arguments(semantics)[0] == semantics[1:-1]:
                semantics = semantics[1:-1]
            parts.append(f"| `{name}` |{types} {row['documentation'].strip(chr(34))} | `` {cell(semantics)} `` |\n")
    parts.append("\n## Everything else\n\n| what | opcodes |\n|---|---|\n")
    known = owners()
    parts += [f"| {what} | {' '.join(f'`{name}`' for name in known[owner])} |\n" for owner, what in OWNERS.items()]
    return "".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if PAGE.read_text() == page() else "docs/opcodes.md is stale: run python docs/opcodes.py")
    PAGE.write_text(page())
