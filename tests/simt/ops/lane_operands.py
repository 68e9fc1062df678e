"""Random operands that lean towards the values where arithmetic goes wrong."""

from __future__ import annotations

import random
from functools import cache

from lane_reference import FORMATS


@cache
def special(kind: str) -> tuple[int, ...]:
    """Images of zeros, ends, ones, infinities, NaNs with payloads, powers of two: whatever the type has."""
    if kind == "pred":
        return 0, 1
    if kind == "u8":  # positions and lengths of bit fields
        return 0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 128, 255
    if kind == "u5":
        return tuple(range(32))
    if kind == "s6":
        return tuple(x & 0xFFFFFFFF for x in (0, 1, -1, 2, -2, 5, 31, -31, 32))
    if kind in FORMATS:
        f = FORMATS[kind]
        unit, one, infinity = 1 << f.fraction, f.bias << f.fraction, f.infinity
        values = {
            0, 1, 2, unit - 1, unit, unit + 1, one - 1, one, one + 1, one + unit // 2, one + unit, one - unit,
            one + f.fraction * unit, one + (f.fraction + 1) * unit, one - f.fraction * unit, f.largest, f.largest - 1, infinity,
            infinity + 1, infinity + unit // 2, infinity + unit // 2 + 1, infinity + unit - 1,
        }  # fmt: skip
        return tuple(sorted(values | {x | 1 << (f.width - 1) for x in values}))
    n = int(kind[1:])
    ones = (1 << n) - 1
    values = {0, 1, 2, 3, ones, ones - 1, n - 1, n, n + 1, ones // 3, ones // 5}
    return tuple(sorted(values | {(1 << e) + d & ones for e in (n // 2, n - 1) for d in (-1, 0, 1)}))


def operand(kind: str, random: random.Random) -> int:
    """One image of the type."""
    if kind.endswith("x2"):
        return operand(kind[:-2], random) | operand(kind[:-2], random) << 16
    draw = random.random()
    if draw < 0.35 or kind in ("pred", "u5", "s6"):
        return random.choice(special(kind))
    if kind == "u8":
        return random.getrandbits(8) if draw < 0.5 else random.randint(0, 40)
    if kind in FORMATS:
        f = FORMATS[kind]
        if draw < 0.7:  # of moderate size, so that operands meet
            exponent = f.bias + random.randint(-4, f.fraction + 4)
            return random.getrandbits(1) << (f.width - 1) | exponent << f.fraction | random.getrandbits(f.fraction)
        return random.getrandbits(f.width)
    n = int(kind[1:])
    if draw < 0.5:
        return 1 << random.randrange(n)
    if draw < 0.6:
        return random.choice(special(kind)) + random.randint(-2, 2) & (1 << n) - 1
    return random.getrandbits(random.randint(1, n))
