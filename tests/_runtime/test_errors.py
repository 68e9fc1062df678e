"""Statuses of the C interface become exceptions with CUDA's own names."""

import pytest

from pmpp._runtime import errors
from pmpp._runtime.errors import (
    SMALL_WORKSPACE,
    UNKNOWN_VARIANT,
    UNSUITABLE,
    UNSUPPORTED_DTYPE,
    CudaError,
    describe,
    raise_on,
)


def test_success_is_silent():
    raise_on(0, "f")


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (UNKNOWN_VARIANT, ValueError, "variant: got 'x'; f has auto, a, b"),
        (UNSUITABLE, ValueError, "variant: 'x' cannot do this input: since"),
        (UNSUPPORTED_DTYPE, ValueError, "variant: 'x' cannot do this input: since"),
        (SMALL_WORKSPACE, ValueError, "workspace: it is too small"),
        (2, MemoryError, "f: the device has not enough free memory"),
        (700, CudaError, r"f, variant 'x': cudaErrorIllegalAddress \(700\): "),
        (123456, CudaError, r"f, variant 'x': cudaErrorUnknown \(123456\)"),
    ],
)
def test_status(status, error, message):
    with pytest.raises(error, match=message):
        raise_on(status, "f", "x", ("a", "b"), "since")


def test_no_variant_is_named_where_none_was_asked_for():
    with pytest.raises(CudaError, match=r"^f: cudaErrorIllegalAddress \(700\)"):
        raise_on(700, "f")


def test_what_to_do_is_said(monkeypatch):
    assert "in which the same call was made before" in str(CudaError(906, "f"))
    monkeypatch.setattr(errors, "device", lambda: "cuda")
    message = str(CudaError(700, "f"))
    assert "the process cannot use the GPU any more: start it anew. PMPP_DEVICE=sim names the kernel's line" in message


def test_names_and_descriptions_need_no_driver():
    name, description = describe(1)
    assert name == "cudaErrorInvalidValue"
    assert "parameters" in description
