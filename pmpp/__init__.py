"""Massively parallel algorithms, chapter by chapter, on an NVIDIA GPU or on the software GPU.

>>> import numpy as np
>>> from pmpp.vector import vector_add
>>> vector_add(np.float32([1, 2]), np.float32([3, 4]))
array([4., 6.], dtype=float32)
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from pmpp._runtime.device import DeviceError, device, load

if TYPE_CHECKING:
    from pmpp._runtime.arrays import DeviceArray
    from pmpp._runtime.call import variants
    from pmpp._runtime.core import Stream

__all__ = ["DeviceArray", "Stream", "device", "variants"]

try:
    load()  # before any module that is linked against the library
except DeviceError as failure:  # a warning only: `pmpp doctor` must run, and what needs the library cannot be imported
    warnings.warn(f"pmpp: {failure}", stacklevel=2)

_HOMES = {"DeviceArray": "pmpp._runtime.arrays", "Stream": "pmpp._runtime.core", "variants": "pmpp._runtime.call"}


def __getattr__(name: str) -> Any:
    """Import what needs the kernel library when it is first used."""
    if name in _HOMES:
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value
    raise AttributeError(f"module 'pmpp' has no attribute {name!r}")
