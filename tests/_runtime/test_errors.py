"""Statuses of the C interface become exceptions with CUDA's own names."""

import pytest

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
        (700, CudaError, r"f: cudaErrorIllegalAddress \(700\): "),
        (123456, CudaError, r"f: cudaErrorUnknown \(123456\)"),
    ],
)
def test_status(status, error, message):
    with pytest.raises(error, match=message):
        raise_on(status, "f", "x", ("a", "b"), "since")


def test_names_and_descriptions_need_no_driver():
    name, description = describe(1)
    assert name == "cudaErrorInvalidValue"
    assert "parameters" in description
