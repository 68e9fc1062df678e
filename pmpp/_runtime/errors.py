"""Statuses of the C interface become exceptions. The only place that knows what a status means."""

from __future__ import annotations

import ctypes
from functools import cache

from pmpp._runtime.device import LIBRARIES, device

UNKNOWN_VARIANT, UNSUPPORTED_DTYPE, UNSUITABLE, SMALL_WORKSPACE = -1, -2, -3, -4
_OUT_OF_MEMORY = 2
_LOST = {700, 702, 710, 714, 715, 716, 717, 718, 719}
"""After these CUDA refuses every further call of the process."""
_REMEDIES = {
    35: "Update the NVIDIA driver; pmpp doctor says to which version.",
    46: "Another process has the GPU to itself: end it, or choose another GPU with CUDA_VISIBLE_DEVICES.",
    209: "The kernels were built for other GPUs: rebuild pmpp on this machine.",
    **dict.fromkeys(range(900, 909), "In a capture give out= and a pmpp.Stream in which the same call was made before."),
}


def remedy(code: int) -> str:
    """Return what to do about a cudaError_t; empty where nothing is known beyond its description."""
    if code in _LOST and device() == "cuda":
        return (
            "A kernel of this call, or one queued before it, did this, and the process cannot use the GPU any more: start it "
            "anew. PMPP_DEVICE=sim names the kernel's line, and so does compute-sanitizer."
        )
    return _REMEDIES.get(code, "")


class CudaError(RuntimeError):
    """A call of the device failed.

    Attributes
    ----------
    code : int
        The cudaError_t.
    name : str
        Its name, such as ``cudaErrorIllegalAddress``.
    """

    def __init__(self, code: int, what: str) -> None:
        self.code = code
        self.name, description = describe(code)
        parts = [sentence() or description, remedy(code)]
        super().__init__(f"{what}: {self.name} ({code}): {' '.join(part for part in parts if part)}")


def describe(code: int) -> tuple[str, str]:
    """Return the name and the description of a cudaError_t, as cuda.bindings has them, on both devices."""
    from cuda.bindings import runtime

    try:
        member = runtime.cudaError_t(code)
    except ValueError:
        return "cudaErrorUnknown", f"no CUDA error has the number {code}"
    return member.name, " ".join((member.__doc__ or "").split())


@cache
def _kernels() -> ctypes.CDLL:
    return ctypes.CDLL(str(LIBRARIES / device() / "libpmpp_kernels.so"))


@cache
def _simulator() -> ctypes.CDLL:
    library = ctypes.CDLL(str(LIBRARIES / "sim" / "libpmpp_simt.so"))
    library.pmpp_simt_last_message.restype = ctypes.c_char_p
    return library


def sentence() -> str:
    """Return what the software GPU has to say about the last failure; empty on a GPU."""
    return _simulator().pmpp_simt_last_message().decode(errors="replace") if device() == "sim" else ""


def raise_on(status: int, function: str, variant: str = "auto", accepted: tuple[str, ...] = (), unsuitable: str = "") -> None:
    """Raise the exception that belongs to a status; do nothing for 0.

    Parameters
    ----------
    status
        What the C interface returned.
    function
        The public function, for the message.
    variant, accepted
        The variant that was asked for, and those that there are.
    unsuitable
        What to say when the variant cannot do this input.
    """
    if status == 0:
        return
    if status == UNKNOWN_VARIANT:
        raise ValueError(f"variant: got {variant!r}; {function} has {', '.join(('auto', *accepted))}")
    if status in (UNSUITABLE, UNSUPPORTED_DTYPE):
        raise ValueError(f"variant: {variant!r} cannot do this input{': ' if unsuitable else ''}{unsuitable}")
    if status == SMALL_WORKSPACE:
        raise ValueError("workspace: it is too small; ask the function for its size, or leave it out")
    failure: Exception = CudaError(status, function if variant == "auto" else f"{function}, variant {variant!r}")
    if status == _OUT_OF_MEMORY:
        failure = MemoryError(f"{function}: the device has not enough free memory; free some arrays or use smaller ones")
    # CUDA keeps a failure as the thread's last error, and the next launch would take it for its own.
    _kernels().pmpp_last_error()
    raise failure
