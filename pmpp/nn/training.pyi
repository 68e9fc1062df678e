"""Batches, losses and steps of gradient descent, on arrays on the device (chapter 19)."""

from typing import Any

from pmpp import DeviceArray

def take(rows: Any, indices: Any, *, out: Any = None, stream: Any = None) -> Any: ...
def softmax_cross_entropy(scores: Any, labels: Any, *, out: Any = None, stream: Any = None) -> tuple[Any, Any]: ...
def logistic_loss(scores: Any, labels: Any, *, out: Any = None, stream: Any = None) -> tuple[Any, Any]: ...
def sgd_step(
    parameters: DeviceArray,
    gradient: DeviceArray,
    velocity: DeviceArray,
    *,
    rate: float,
    momentum: float = 0.0,
    decay: float = 0.0,
    stream: Any = None,
) -> None: ...
def adam_step(
    parameters: DeviceArray,
    gradient: DeviceArray,
    mean: DeviceArray,
    square: DeviceArray,
    step: int,
    *,
    rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    decay: float = 0.0,
    stream: Any = None,
) -> None: ...
