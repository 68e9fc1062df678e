"""DLPack: how arrays on a GPU are handed to other libraries."""

from typing import Any

import numpy as np

CPU: int
CUDA: int

def type_code(dtype: np.dtype) -> int: ...
def capsule(
    pointer: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    dtype: np.dtype,
    device: tuple[int, int],
    owner: Any,
    versioned: bool,
) -> Any: ...
