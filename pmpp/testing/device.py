"""Which device the exercises run on, and what is compiled for it."""

from __future__ import annotations

from dataclasses import dataclass

from pmpp._runtime import device
from pmpp._runtime.device import DeviceError
from pmpp.testing.build import Target

__all__ = ["Choice", "DeviceError", "choose"]


@dataclass(frozen=True)
class Choice:
    """The device in use and how it is called in messages."""

    target: Target
    description: str


def choose() -> Choice:
    """Follow the library's choice of a device."""
    chosen = device.choose()
    if chosen.name == "cuda" and chosen.gpu is not None:
        return Choice(Target("cuda", "{}{}".format(*chosen.gpu.capability)), chosen.gpu.name)
    return Choice(Target("sim"), "the software GPU")
