"""What the lane-wise instructions of PTX compute, in Python integers and fractions.

Written from the PTX manual alone, for one lane at a time, without regard to speed: every float operation is done in
exact fractions and rounded once. Register images go in and come out as unsigned integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

# ---- integers --------------------------------------------------------------------------------------------------------


def bits(kind: str) -> int:
    """Size of the element that a type such as ``s32`` or ``u16x2`` names."""
    return int(kind.split("x")[0].lstrip("subf"))


def number(kind: str, image: int) -> int:
    """The integer that a register image stands for."""
    n = bits(kind)
    image &= (1 << n) - 1
    return image - (1 << n) if kind[0] == "s" and image >> (n - 1) else image


def image(kind: str, value: int) -> int:
    """The register image of an integer, modulo the type's range."""
    return value & ((1 << bits(kind)) - 1)


def clamp(kind: str, value: int) -> int:
    """The nearest integer in the type's range."""
    n = bits(kind)
    low, high = (-(1 << (n - 1)), (1 << (n - 1)) - 1) if kind[0] == "s" else (0, (1 << n) - 1)
    return min(max(value, low), high)


def quotient(kind: str, a: int, b: int) -> int:
    """Division towards zero; by zero it gives all ones."""
    if b == 0:
        return -1
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def remainder(kind: str, a: int, b: int) -> int:
    """What the division leaves; by zero, all bits are one."""
    return -1 if b == 0 else a - b * quotient(kind, a, b)


def leading(kind: str, value: int) -> int:
    """Position of the highest bit that differs from the sign, -1 if none."""
    return (~value if value < 0 else value).bit_length() - 1


def bit_field(kind: str, a: int, start: int, length: int) -> int:
    """bfe, bit by bit as the manual has it."""
    n = bits(kind)
    start, length = start & 255, length & 255
    sign = 0 if kind[0] == "u" or length == 0 else a >> min(start + length - 1, n - 1) & 1
    return sum((a >> (start + i) & 1 if i < length and start + i < n else sign) << i for i in range(n))


def insert_field(kind: str, a: int, b: int, start: int, length: int) -> int:
    """bfi, bit by bit as the manual has it."""
    n = bits(kind)
    start, length = start & 255, length & 255
    for i in range(length):
        if start + i < n:
            b = b & ~(1 << (start + i)) | (a >> i & 1) << (start + i)
    return b


def bit_mask(a: int, b: int, clamped: bool) -> int:
    """bmsk: `b` ones from bit `a` on."""
    if not clamped:
        a, b = a & 31, b & 31
    return sum(1 << i for i in range(32) if a <= i < a + b)


def extend(kind: str, a: int, n: int, clamped: bool) -> int:
    """szext: the low `n` bits as a number."""
    if clamped and n >= 32:
        return a
    n &= 31
    if n == 0:
        return 0
    value = a & ((1 << n) - 1)
    return (value - (1 << n) if kind == "s32" and value >> (n - 1) else value) & 0xFFFFFFFF


def nth_set(mask: int, base: int, offset: int) -> int:
    """fns: the n-th set bit from `base`, upwards or downwards."""
    if offset == 0:
        return base if mask >> base & 1 else 0xFFFFFFFF
    order = range(base, 32) if offset > 0 else range(base, -1, -1)
    found = [i for i in order if mask >> i & 1]
    return found[abs(offset) - 1] if abs(offset) <= len(found) else 0xFFFFFFFF


def permute(mode: str, a: int, b: int, c: int) -> int:
    """Prmt in all its modes, byte by byte."""
    source = list(a.to_bytes(4, "little") + b.to_bytes(4, "little"))
    if not mode:
        picked = []
        for i in range(4):
            nibble = c >> (4 * i) & 15
            byte = source[nibble & 7]
            picked.append((255 if byte & 128 else 0) if nibble & 8 else byte)
        return int.from_bytes(bytes(picked), "little")
    table = {
        "f4e": ["0123", "1234", "2345", "3456"],
        "b4e": ["0765", "1076", "2107", "3210"],
        "rc8": ["0000", "1111", "2222", "3333"],
        "ecl": ["0123", "1123", "2223", "3333"],
        "ecr": ["0000", "0111", "0122", "0123"],
        "rc16": ["0101", "2323", "0101", "2323"],
    }[mode][c & 3]
    return int.from_bytes(bytes(source[int(at)] for at in table), "little")


def dot(a_kind: str, b_kind: str, a: int, b: int, c: int, a_bits: int = 8, shift: int = 0) -> int:
    """dp4a, and dp2a with halves in `a` and bytes of `b` from bit `shift`."""
    total = c
    for i in range(32 // a_bits):
        total += number(f"{a_kind[0]}{a_bits}", a >> (a_bits * i)) * number(f"{b_kind[0]}8", b >> (shift + 8 * i))
    return total & 0xFFFFFFFF


# ---- floats ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Format:
    """A floating-point format: field widths, what NaN results look like, what its ends are."""

    name: str
    exponent: int
    fraction: int
    nan: int
    infinite: bool = True
    pad: int = 0

    @property
    def width(self) -> int:
        return 1 + self.exponent + self.fraction + self.pad

    @property
    def bias(self) -> int:
        return 2 ** (self.exponent - 1) - 1

    @property
    def largest(self) -> int:
        """Image of the largest finite number."""
        top = 1 << (self.exponent + self.fraction)
        top -= (1 << self.fraction) + 1 if self.infinite else 2 if self.nan else 1
        return top << self.pad

    @property
    def infinity(self) -> int:
        return ((1 << self.exponent) - 1) << (self.fraction + self.pad) if self.infinite else self.nan or self.largest


F16 = Format("f16", 5, 10, 0x7FFF)
BF16 = Format("bf16", 8, 7, 0x7FFF)
TF32 = Format("tf32", 8, 10, 0x7FFFE000, pad=13)
F32 = Format("f32", 8, 23, 0x7FFFFFFF)
F64 = Format("f64", 11, 52, 0xFFF8000000000000)
E4M3 = Format("e4m3", 4, 3, 0x7F, infinite=False)
E5M2 = Format("e5m2", 5, 2, 0x7F)
E2M3 = Format("e2m3", 2, 3, 0, infinite=False)
E3M2 = Format("e3m2", 3, 2, 0, infinite=False)
E2M1 = Format("e2m1", 2, 1, 0, infinite=False)
FORMATS = {f.name: f for f in (F16, BF16, TF32, F32, F64, E4M3, E5M2, E2M3, E3M2, E2M1)}


@dataclass(frozen=True)
class Nan:
    """A NaN operand; `image` is what double precision passes on."""

    image: int = 0


@dataclass(frozen=True)
class Infinity:
    negative: bool = False


@dataclass(frozen=True)
class Zero:
    negative: bool = False


Number = Nan | Infinity | Zero | Fraction


@cache
def power(exponent: int) -> Fraction:
    return Fraction(2**exponent) if exponent >= 0 else Fraction(1, 2**-exponent)


def decode(form: Format, image: int, flush: bool = False) -> Number:
    """What a register image stands for; with `flush`, subnormals are zero."""
    whole, image = image, image >> form.pad
    negative = bool(image >> (form.exponent + form.fraction) & 1)
    field = image >> form.fraction & ((1 << form.exponent) - 1)
    fraction = image & ((1 << form.fraction) - 1)
    if field == (1 << form.exponent) - 1:
        if form.infinite:
            if fraction == 0:
                return Infinity(negative)
            return Nan(whole | 1 << 51 if form is F64 else 0)
        if form.nan and fraction == (1 << form.fraction) - 1:
            return Nan()
    if field == 0:
        if fraction == 0 or flush:
            return Zero(negative)
        value = fraction * power(1 - form.bias - form.fraction)
    else:
        value = (fraction + (1 << form.fraction)) * power(field - form.bias - form.fraction)
    return -value if negative else value


def round_integer(value: Fraction, mode: str) -> int:
    """A fraction to an integer: ``n`` even, ``z``, ``m``, ``p``, or ``a`` for ties away from zero."""
    if mode == "n":
        return round(value)
    if mode == "z":
        return math.trunc(value)
    if mode == "a":
        return math.floor(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)
    return math.floor(value) if mode == "m" else math.ceil(value)


def magnitude_exponent(value: Fraction) -> int:
    """The exponent of the leading bit of a positive fraction."""
    e = value.numerator.bit_length() - value.denominator.bit_length()
    return e if value >= power(e) else e - 1


def encode(
    form: Format,
    value: Number,
    mode: str = "n",
    flush: bool = False,
    saturate: bool = False,
    finite: bool = False,
    relu: bool = False,
) -> int:
    """The register image of a number, rounded once."""
    sign_bit = 1 << (form.width - 1)
    one = form.bias << (form.fraction + form.pad)
    if isinstance(value, Nan):
        if saturate:
            return 0
        if not form.nan:
            return form.largest
        return value.image if form is F64 and value.image else form.nan
    negative = value.negative if isinstance(value, (Zero, Infinity)) else value < 0
    if negative and (saturate or relu):
        return 0
    sign = sign_bit if negative else 0
    if isinstance(value, Zero):
        return sign
    if isinstance(value, Infinity):
        return one if saturate else sign | (form.largest if finite else form.infinity)
    if saturate and value >= 1:
        return one
    least = 1 - form.bias - form.fraction
    unit = max(magnitude_exponent(abs(value)) - form.fraction, least)
    units = abs(round_integer(value / power(unit), mode))
    if units >> (form.fraction + 1):
        units, unit = units >> 1, unit + 1
    field = unit - least + 1 if units >> form.fraction else 0
    encoded = (field - 1 << form.fraction) + units if field else units
    if encoded << form.pad > form.largest:
        inward = mode == "z" or mode == ("p" if negative else "m")
        return sign | (form.largest if inward or finite else form.infinity)
    if flush and field == 0:
        encoded = 0
    return sign | encoded << form.pad


def is_negative(value: Number) -> bool:
    return value.negative if isinstance(value, (Zero, Infinity)) else value < 0


def add(a: Number, b: Number, mode: str = "n") -> Number:
    """Exact sum; the rounding mode decides the sign of an exact zero."""
    for x in (b, a):
        if isinstance(x, Nan):
            return x
    if isinstance(a, Infinity) or isinstance(b, Infinity):
        if isinstance(a, Infinity) and isinstance(b, Infinity) and a != b:
            return Nan()
        return a if isinstance(a, Infinity) else b
    if isinstance(a, Zero) and isinstance(b, Zero):
        return a if a == b else Zero(mode == "m")
    if isinstance(a, Zero):
        return b
    if isinstance(b, Zero):
        return a
    return a + b or Zero(mode == "m")


def negate(a: Number) -> Number:
    if isinstance(a, Nan):
        return a
    return type(a)(not a.negative) if isinstance(a, (Zero, Infinity)) else -a


def multiply(a: Number, b: Number) -> Number:
    for x in (b, a):
        if isinstance(x, Nan):
            return x
    sign = is_negative(a) != is_negative(b)
    if isinstance(a, Infinity) or isinstance(b, Infinity):
        return Nan() if isinstance(a, Zero) or isinstance(b, Zero) else Infinity(sign)
    if isinstance(a, Zero) or isinstance(b, Zero):
        return Zero(sign)
    return a * b


def multiply_add(a: Number, b: Number, c: Number, mode: str = "n") -> Number:
    """Exact product and sum; the last NaN operand is passed on, even where the product is invalid."""
    for x in (c, b, a):
        if isinstance(x, Nan):
            return x
    return add(multiply(a, b), c, mode)


def divide(a: Number, b: Number) -> Number:
    for x in (a, b):
        if isinstance(x, Nan):
            return x
    sign = is_negative(a) != is_negative(b)
    if isinstance(a, Infinity):
        return Nan() if isinstance(b, Infinity) else Infinity(sign)
    if isinstance(b, Infinity):
        return Zero(sign)
    if isinstance(b, Zero):
        return Nan() if isinstance(a, Zero) else Infinity(sign)
    return Zero(sign) if isinstance(a, Zero) else a / b


def square_root(a: Number) -> Number:
    """The root to 200 bits, its last bit standing for all that follow: enough for one rounding of any format."""
    if isinstance(a, (Nan, Zero)):
        return a
    if is_negative(a):
        return Nan()
    if isinstance(a, Infinity):
        return a
    shift = 400 - magnitude_exponent(a)
    shift += shift & 1
    scaled = a * power(shift)
    root = math.isqrt(math.floor(scaled))
    exact = root * root == scaled
    return (Fraction(root) if exact else Fraction(2 * root + 1, 2)) * power(-shift // 2)


def integral(a: Number, mode: str) -> Number:
    """To an integral value; zero keeps the sign."""
    if not isinstance(a, Fraction):
        return a
    return Fraction(round_integer(a, mode)) or Zero(a < 0)


def order(a: Number) -> tuple:
    """A key that sorts numbers, -0 before +0."""
    if isinstance(a, Infinity):
        return (-1 if a.negative else 1, 0, 0)
    if isinstance(a, Zero):
        return (0, 0, -1 if a.negative else 0)
    return (0, a, 0)


def smaller(a: Number, b: Number) -> Number:
    if isinstance(a, Nan) and not isinstance(b, Nan):
        return b
    return a if isinstance(a, Nan) or isinstance(b, Nan) or order(a) <= order(b) else b


def greater(a: Number, b: Number) -> Number:
    if isinstance(a, Nan) and not isinstance(b, Nan):
        return b
    return a if isinstance(a, Nan) or isinstance(b, Nan) or order(a) >= order(b) else b


def relation(name: str, a, b) -> bool:
    """Setp's comparison of integers or decoded floats."""
    if isinstance(a, Nan) or isinstance(b, Nan):
        return name == "nan" or (name[-1] == "u" and name not in ("num",))
    if isinstance(a, (Infinity, Zero, Fraction)):
        a, b = order(a)[:2], order(b)[:2]
    name = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}.get(name, name)
    if name in ("num", "nan"):
        return name == "num"
    name = name[:2]
    return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[name]


def to_integer(form: Format, kind: str, value: Number, mode: str) -> int:
    """A float to an integer: clamped, NaN as the manual's table says."""
    n = bits(kind)
    if isinstance(value, Nan):
        return 1 << (n - 1) if form is F64 or n == 64 else 0
    if isinstance(value, Zero):
        return 0
    if isinstance(value, Infinity):
        return image(kind, clamp(kind, -(1 << 70) if value.negative else 1 << 70))
    return image(kind, clamp(kind, round_integer(value, mode)))


def as_python_float(value: Number) -> float:
    """Nearest double, for comparing approximations."""
    if isinstance(value, Nan):
        return math.nan
    if isinstance(value, Infinity):
        return -math.inf if value.negative else math.inf
    if isinstance(value, Zero):
        return -0.0 if value.negative else 0.0
    return float(value)
