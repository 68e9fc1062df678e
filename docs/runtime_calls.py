"""Writes the tables of the CUDA runtime's calls: docs/runtime_calls.md and simt/runtime/unsupported.def.

    python docs/runtime_calls.py                                  after a call was added or removed
    python docs/runtime_calls.py --names .../libcudart.so.13      take the interface's names from a new toolkit

The names of the interface are in simt/runtime/names.def, one a row. What the sources define is supported; every other
name is exported too, returns cudaErrorNotSupported and says so once.
"""

import argparse
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "simt" / "runtime"
NAMES = RUNTIME / "names.def"
UNSUPPORTED = RUNTIME / "unsupported.def"
PAGE = ROOT / "docs" / "runtime_calls.md"

SUFFIX = re.compile(r"_pt[ds][sz]$")


def read_names() -> list[str]:
    """Return every name of the interface."""
    return re.findall(r"^NAME\((\w+)\)$", NAMES.read_text(), re.MULTILINE)


def toolkit_names(library: Path) -> list[str]:
    """Return the names that a real runtime exports."""
    command = ["nm", "-D", "--defined-only", str(library)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(set(re.findall(r" T ((?:__)?cuda\w+)", output)))


def supported() -> dict[str, str]:
    """Return the names that the sources define, with the file that does."""
    found = {}
    for source in sorted(RUNTIME.glob("*.cpp")):
        text = source.read_text()
        for name in re.findall(r"^PMPP_EXPORT [^(\n]*?((?:__)?cuda\w+)\(", text, re.MULTILINE):
            found[name] = source.name
        for name in re.findall(r"^PMPP_STREAM_CALL\((\w+),", text, re.MULTILINE):
            found[name] = found[f"{name}_ptsz"] = source.name
        for name, suffix in re.findall(r"^PMPP_LAUNCH\((\w+), (\w*),", text, re.MULTILINE):
            found[name + suffix] = source.name
    return found


def device_calls() -> list[str]:
    """Return the functions that device code can call."""
    text = "".join((RUNTIME / name).read_text() for name in ("device_calls.cpp", "conditions.cpp"))
    names = re.findall(r'(?:PMPP_DEVICE(?:_STREAM)?\(|\{)"(?:__cudaCDP2|cuda)?(\w+)",', text)
    return sorted({f"cuda{name}" for name in names})


def names_table(names: list[str]) -> str:
    """Return the text of names.def."""
    head = "// Every name that the CUDA 13.0 runtime exports. Written by docs/runtime_calls.py --names.\n"
    return head + "".join(f"NAME({name})\n" for name in names)


def unsupported_table() -> str:
    """Return the text of unsupported.def."""
    head = "// The names of names.def that nothing implements. Written by docs/runtime_calls.py.\n"
    here = supported()
    return head + "".join(f"NAME({name})\n" for name in read_names() if name not in here)


def page() -> str:
    """Return the text of runtime_calls.md."""
    names, here = read_names(), supported()
    public = [name for name in names if not name.startswith("__") and not SUFFIX.search(name)]
    done = [name for name in public if name in here]
    lines = [
        "# Calls of the CUDA runtime on the software GPU",
        "",
        "Written by `python docs/runtime_calls.py`; a test says when it is stale.",
        "",
        f"Of the {len(public)} calls of the CUDA 13.0 runtime, {len(done)} are implemented. Every other one is exported too,",
        "returns `cudaErrorNotSupported` and says its name once on stderr. Both forms of a call (with and without",
        "`--default-stream per-thread`) are meant.",
        "",
        "How errors differ from a GPU's: a kernel that fails does not end the device's life. Until a call that synchronises",
        "has returned the failure, later work is skipped; after that the process goes on, and later launches work. A failed",
        "call says why in one sentence on stderr, unless `PMPP_SIM_QUIET=1`.",
        "",
    ]
    for source in sorted(set(here.values())):
        calls = [name for name in done if here[name] == source]
        if not calls:
            continue
        title = (RUNTIME / source).read_text().splitlines()[0].removeprefix("// ").split(".")[0].split(":")[0].strip()
        lines += [f"## {title[0].upper()}{title[1:]}", "", *(f"- `{name}`" for name in calls), ""]
    lines += [
        "## Calls of device code",
        "",
        "Kernels that launch kernels (`-rdc=true`) can call these. `cudaGraphLaunch` is not among them.",
        "",
        *(f"- `{name}`" for name in device_calls()),
        "",
    ]
    lines += ["## Not implemented", "", *(f"- `{name}`" for name in public if name not in here), ""]
    return "\n".join(lines)


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=Path, metavar="LIBCUDART", help="a real runtime to take the names from")
    library = parser.parse_args().names
    if library:
        NAMES.write_text(names_table(toolkit_names(library)))
    UNSUPPORTED.write_text(unsupported_table())
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
