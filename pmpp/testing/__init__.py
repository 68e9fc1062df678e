"""The exercises' half of pmpp: what a problem declares, and the checker behind ``pytest exercises``."""

from pmpp.testing.geometry import Launch, Owned, Owner, anybody, image, linear, strided
from pmpp.testing.problem import Case, Picture, Problem

__all__ = ["Case", "Launch", "Owned", "Owner", "Picture", "Problem", "anybody", "image", "linear", "strided"]
