"""Which device the process runs on, and the kernel library that belongs to it. One device per process."""

from __future__ import annotations

import ctypes
import os
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIBRARIES = Path(__file__).resolve().parents[1] / "_lib"
OLDEST_DRIVER = 580
"""The first driver that runs what CUDA 13 makes."""
OLDEST_CAPABILITY = (7, 5)
"""The lowest compute capability that CUDA 13 compiles for."""


class DeviceError(RuntimeError):
    """The device that was asked for cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU that answers."""

    name: str
    capability: tuple[int, int]
    driver: str

    @property
    def problem(self) -> str:
        """Why pmpp cannot use it; empty if it can."""
        if int(self.driver.split(".")[0]) < OLDEST_DRIVER:
            return f"its driver is {self.driver}; CUDA 13 needs {OLDEST_DRIVER} or newer: update the NVIDIA driver"
        if self.capability < OLDEST_CAPABILITY:
            return "its compute capability is {}.{}; CUDA 13 needs 7.5 or newer".format(*self.capability)
        return ""


@dataclass(frozen=True)
class Choice:
    """The device in use."""

    name: str
    """``"cuda"`` or ``"sim"``."""
    reason: str
    gpu: Gpu | None = None


@cache
def find_gpu() -> Gpu | None:
    """Return the first NVIDIA GPU, usable or not; None if no driver answers."""
    try:
        # Asked before cuda.core is imported, which takes longer than all the rest of pmpp.
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    if driver.cuInit(0) != 0:
        return None
    from cuda.core import Device, system

    try:
        device = Device(0)
        capability = device.compute_capability
        version = system.get_kernel_mode_driver_version()
        return Gpu(device.name, (capability.major, capability.minor), ".".join(f"{part:02}" for part in version))
    except Exception as failure:  # cuda.core has many kinds; a GPU that cannot even be asked is no GPU that we can use
        warnings.warn(f"pmpp: an NVIDIA driver is there, but asking it failed: {failure}", stacklevel=2)
        return None


@cache
def choose() -> Choice:
    """Follow PMPP_DEVICE: ``auto`` (the default), ``cuda`` or ``sim``.

    Raises
    ------
    DeviceError
        If PMPP_DEVICE names no device, or names the GPU and there is none that can be used.
    """
    asked = os.environ.get("PMPP_DEVICE", "auto")
    if asked not in ("auto", "cuda", "sim"):
        raise DeviceError(f"PMPP_DEVICE is {asked!r}; accepted are auto, cuda and sim.")
    if asked == "sim":
        return Choice("sim", "PMPP_DEVICE=sim")
    gpu = find_gpu()
    if asked == "cuda":
        if gpu is None:
            raise DeviceError("PMPP_DEVICE is cuda, but no NVIDIA driver answers. Unset it to use the software GPU.")
        if gpu.problem:
            raise DeviceError(f"PMPP_DEVICE is cuda, but {gpu.name} cannot be used: {gpu.problem}.")
        return Choice("cuda", "PMPP_DEVICE=cuda", gpu)
    if gpu is None:
        return Choice("sim", "no NVIDIA driver answers")
    if gpu.problem:
        return Choice("sim", f"{gpu.name} cannot be used: {gpu.problem}", gpu)
    return Choice("cuda", "an NVIDIA GPU answers", gpu)


def load() -> None:
    """Load the kernel library of the chosen device, before any module that is linked against its soname.

    Raises
    ------
    DeviceError
        If the library was not built, or PMPP_DEVICE cannot be followed.
    """
    choice = choose()
    if choice.name == "sim" and choice.gpu is not None and choice.gpu.problem and os.environ.get("PMPP_DEVICE", "auto") == "auto":
        warnings.warn(f"pmpp uses the software GPU: {choice.reason}.", stacklevel=3)
    path = LIBRARIES / choice.name / "libpmpp_kernels.so"
    try:
        ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    except OSError as failure:
        raise DeviceError(f"{path} does not load ({failure}). Run: pmpp doctor") from None


def device() -> str:
    """Return the name of the device in use: ``"cuda"``, an NVIDIA GPU, or ``"sim"``, the software GPU."""
    return choose().name
