"""The exercises' half of pmpp: what a problem declares, and the checker behind ``pytest exercises``."""

from pmpp.testing.geometry import Launch, Owned, Owner, anybody, image, linear, strided, volume
from pmpp.testing.problem import Case, Picture, Prediction, Problem, Speedup

__all__ = [
    "Case", "Launch", "Owned", "Owner", "Picture", "Prediction", "Problem", "Speedup",
    "anybody", "image", "linear", "strided", "volume",
]  # fmt: skip
