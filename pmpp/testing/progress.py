"""Remembers which files passed, by their content, so that a header can say how far a learner is before anything runs.

A cache that may be deleted at any time, not a state: a file that changed since counts as not solved.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from pmpp.testing.course import Exercise


class Progress:
    """The files that passed on one device."""

    def __init__(self, cache_dir: Path, device: str) -> None:
        self._path = cache_dir / "solved.json"
        self._device = device
        self._solved: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            self._solved = {str(k): str(v) for k, v in json.loads(self._path.read_text()).items()}

    def solved(self, exercise: Exercise) -> bool:
        """Tell whether the learner's file, as it is now, passed the tests, as they are now."""
        return self._solved.get(_key(exercise)) == self._digest(exercise)

    def note(self, exercise: Exercise, solved: bool) -> None:
        """Remember a verdict."""
        if solved:
            self._solved[_key(exercise)] = self._digest(exercise)
        else:
            self._solved.pop(_key(exercise), None)

    def save(self) -> None:
        """Write what is remembered; a disk that is full costs nothing but the memory."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(self._solved, indent=1, sort_keys=True))
            new.replace(self._path)

    def _digest(self, exercise: Exercise) -> str:
        digest = hashlib.sha256(self._device.encode())
        for path in (exercise.file, exercise.test_file):
            with contextlib.suppress(OSError):
                digest.update(path.read_bytes())
            digest.update(b"\0")
        return digest.hexdigest()[:24]


def _key(exercise: Exercise) -> str:
    return f"{exercise.chapter}/{exercise.name}"
