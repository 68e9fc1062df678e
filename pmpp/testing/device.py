"""Which device the exercises run on, and what is compiled for it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pmpp.testing.build import Target


class DeviceError(Exception):
    """The device that was asked for cannot be used; the message is one sentence and the mend."""


@dataclass(frozen=True)
class Choice:
    """The device in use and how it is called in messages."""

    target: Target
    description: str


def choose() -> Choice:
    """Follow PMPP_DEVICE: "auto" (the default), "cuda" or "sim"."""
    asked = os.environ.get("PMPP_DEVICE", "auto")
    if asked not in ("auto", "cuda", "sim"):
        raise DeviceError(f"PMPP_DEVICE is {asked!r}; accepted are auto, cuda and sim.")
    if asked == "sim":
        return _software()
    gpu = _gpu()
    if gpu is not None:
        return gpu
    if asked == "cuda":
        raise DeviceError(
            "PMPP_DEVICE is cuda, but no NVIDIA GPU answers: pmpp doctor says why; unset it to use the software GPU."
        )
    return _software()


def _software() -> Choice:
    return Choice(Target("sim"), "the software GPU")


def _gpu() -> Choice | None:
    try:
        from cuda.core import Device

        device = Device(0)
        capability = device.compute_capability
        return Choice(Target("cuda", f"{capability.major}{capability.minor}"), device.name)
    except Exception:  # whatever cuda.core raises where there is no driver, it means that there is no GPU
        return None
