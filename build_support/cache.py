"""The object cache: compiles in parallel, only what changed, and reports a failure without the command line.

An object is current if its compiler, its flags and the contents of its source and of every file of ours that it
includes are what they were. Headers of compilers and of other packages count through their versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from build_support.toolkit import clean_environment

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
ROOMS = ("simt", "cuda_src", "pmpp")
"""Folders whose files are ours; a header elsewhere below the root (.venv, build) belongs to a compiler or a package."""

Command = Sequence[str | Path]


def below_root(path: Path) -> str:
    """Return the path relative to the root."""
    return str(path.relative_to(ROOT))


class BuildError(Exception):
    """The build failed; the message is for the person who runs it."""


@dataclass(frozen=True)
class Object:
    """One source file or several that are compiled as one, how, and where the object lies."""

    name: str
    """The source's path below the root, or that of the folder of the sources."""
    sources: tuple[Path, ...]
    tool: str
    """The compiler's name, for the folder in which the objects lie."""
    identity: tuple[str, ...]
    """Whatever else than the sources decides about the object: flags, exact versions. No path that may move."""
    steps: Callable[[Path, Path], list[Command]]
    """From the object's and the depfile's path to the commands that make both; every path relative to the root."""

    @property
    def path(self) -> Path:
        """Where the object lies."""
        key = digest("\0".join(self.identity).encode())[:12]
        return BUILD / f"{self.tool}-{key}" / f"{self.name}.o"

    @property
    def _stamp(self) -> Path:
        return self.path.with_suffix(".json")

    def is_current(self) -> bool:
        """Whether the object was made from exactly these files."""
        try:
            seen = json.loads(self._stamp.read_text())
        except (OSError, ValueError):
            return False
        if not self.path.exists() or not seen.keys() >= self._named():
            return False
        return all(_file_digest(ROOT / name) == value for name, value in seen.items())

    def _named(self) -> set[str]:
        return {below_root(source) for source in self.sources}

    def compile(self) -> None:
        """Make the object in a folder of its own: an interrupted build leaves the old object as it was."""
        folder = self.path.with_suffix(f".{os.getpid()}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            for command in self.steps(folder / "o", folder / "host.dep"):
                run(command, what=self.name)
            names = self._named().union(*(_dependencies(depfile) for depfile in folder.glob("*.dep")))
            self._stamp.unlink(missing_ok=True)
            (folder / "o").replace(self.path)
            self._stamp.write_text(json.dumps({name: _file_digest(ROOT / name) for name in sorted(names)}))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def digest(data: bytes) -> str:
    """Return a hash of `data`, as text."""
    return hashlib.blake2b(data, digest_size=20).hexdigest()


@cache
def _file_digest(path: Path) -> str:
    try:
        return digest(path.read_bytes())
    except OSError:
        return "absent"


def _dependencies(depfile: Path) -> set[str]:
    """Return the files of our rooms that a make rule names, relative to the root."""
    _, _, right = depfile.read_text().replace("\\\n", " ").partition(": ")
    names = (name.replace("\\ ", " ") for name in re.findall(r"(?:\\ |\S)+", right))
    inside = {os.path.relpath(ROOT / name, ROOT) for name in names}
    return {name for name in inside if Path(name).parts[0] in ROOMS}


def run(command: Command, what: str) -> None:
    """Run a compiler in the root; a failure is a BuildError with the compiler's messages."""
    program = [str(word) for word in command]
    done = subprocess.run(
        program, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        raise BuildError(f"{what} does not build:\n{done.stdout.strip()}")
    if done.stdout.strip():
        print(done.stdout.strip(), flush=True)


def compile_all(objects: Sequence[Object]) -> None:
    """Compile what is not current, on all cores, and stop at the first failure."""
    work = [item for item in objects if not item.is_current()]
    # The longest first, so that no core waits for a straggler at the end: nvcc's, then by size.
    work.sort(key=lambda item: (item.tool == "nvcc", sum(path.stat().st_size for path in item.sources)), reverse=True)
    started = time.monotonic()

    def one(item: Object) -> None:
        begun = time.monotonic()
        item.compile()
        print(f"  {item.tool} {item.name} ({time.monotonic() - begun:.1f} s)", flush=True)

    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        finished, waiting = wait([pool.submit(one, item) for item in work], return_when=FIRST_EXCEPTION)
        for future in waiting:
            future.cancel()
    for future in finished:
        future.result()
    if work:
        print(f"compiled {len(work)} of {len(objects)} objects in {time.monotonic() - started:.1f} s", flush=True)


def _state(path: Path) -> str:
    stat = path.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"


def link(target: Path, command: Command, inputs: Sequence[Path]) -> None:
    """Link `inputs` to the shared library `target`, unless the same ones were linked the same way already."""
    key = digest("\0".join([*map(str, command), *map(_state, inputs)]).encode())
    kept = BUILD / "linked" / "-".join(target.parts[-2:])
    stamp = kept.with_name(kept.name + ".key")
    if not (kept.exists() and stamp.exists() and stamp.read_text() == key):
        kept.parent.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        run([*command[:1], "-o", kept, *inputs, *command[1:]], what=target.name)
        stamp.write_text(key)
    if not (target.exists() and _state(target).split()[-2:] == _state(kept).split()[-2:]):
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside it and then renamed: a process that has the old file loaded keeps it.
        beside = target.with_name(f".{os.getpid()}-{target.name}")
        shutil.copy2(kept, beside)
        beside.replace(target)
