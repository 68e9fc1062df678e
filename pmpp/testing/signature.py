"""The C function that a learner writes: its prototype, read from one string."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

#: C scalar types that a problem may use, with their NumPy twins.
SCALARS: dict[str, np.dtype] = {
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float64),
    "int": np.dtype(np.int32),
    "unsigned": np.dtype(np.uint32),
    "unsigned int": np.dtype(np.uint32),
    "unsigned char": np.dtype(np.uint8),
    "size_t": np.dtype(np.uint64),
    "long long": np.dtype(np.int64),
    "uint8_t": np.dtype(np.uint8),
    "int32_t": np.dtype(np.int32),
    "uint32_t": np.dtype(np.uint32),
    "int64_t": np.dtype(np.int64),
    "uint64_t": np.dtype(np.uint64),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter: a scalar, an array that is read, an array that is written, or the stream."""

    name: str
    dtype: np.dtype | None
    kind: str  #: "scalar", "input", "output", "stream"


@dataclass(frozen=True)
class Signature:
    """A C prototype: ``int name(const float* a, float* out, int n)``.

    A pointer to const is an input; any other pointer is an output (an array that is read and written is an output for
    which the case gives a first value). ``cudaStream_t`` is filled in by the runner.
    """

    text: str
    name: str
    returns: str  #: "void" or "int"
    parameters: tuple[Parameter, ...]

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read a prototype; a type that is not known is a ValueError that names it."""
        flat = " ".join(text.split())
        match = re.fullmatch(r'(?:extern "C" )?(void|int|cudaError_t) (\w+)\((.*)\);?', flat)
        if not match:
            raise ValueError(f"not a C prototype that returns void, int or cudaError_t: {flat!r}")
        returns, name, body = match.groups()
        parameters = tuple(_parameter(part.strip()) for part in body.split(",") if part.strip())
        return cls(flat, name, "void" if returns == "void" else "int", parameters)

    def outputs(self) -> list[Parameter]:
        """Return the parameters that the function writes."""
        return [p for p in self.parameters if p.kind == "output"]


def _parameter(text: str) -> Parameter:
    match = re.fullmatch(r"(const )?([\w ]+?)\s*(\*?)\s*(\w+)", text)
    if not match:
        raise ValueError(f"cannot read the parameter {text!r}: expected 'type name' or 'const type* name'")
    const, ctype, star, name = match.groups()
    if ctype == "cudaStream_t" and not star:
        return Parameter(name, None, "stream")
    if ctype not in SCALARS:
        raise ValueError(f"unknown type {ctype!r} of the parameter {name!r}: accepted are {', '.join(SCALARS)}")
    kind = "scalar" if not star else "input" if const else "output"
    return Parameter(name, SCALARS[ctype], kind)
