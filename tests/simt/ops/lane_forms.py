"""Every lane-wise form that is tested against the reference: its PTX, its operands, what it must compute."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import lane_reference as ref
from lane_reference import FORMATS, decode, encode, image, number

Check = Callable[[tuple[int, ...], int], bool]


@dataclass(frozen=True)
class Form:
    """One form. `operands` are the types of the results and then of the sources; `code` uses {0}, {1} ..."""

    name: str
    operands: tuple[str, ...]
    compute: Callable[..., int | tuple[int, ...]] | None = None
    accept: Check | None = None  # for approximations: whether the result is within what PTX states
    code: str = ""
    results: int = 1

    def ptx(self, names: list[str]) -> str:
        text = self.code or self.name + " " + ", ".join(f"{{{i}}}" for i in range(len(self.operands))) + ";"
        return text.format(*names)


FORMS: list[Form] = []
INTEGERS = ("u16", "s16", "u32", "s32", "u64", "s64")


def form(name: str, operands: str, compute=None, **more) -> None:
    FORMS.append(Form(name, tuple(operands.split()), compute, **more))


def doubled(kind: str) -> str:
    return f"{kind[0]}{2 * int(kind[1:])}"


# ---- integers --------------------------------------------------------------------------------------------------------


def on(kind: str, function: Callable[..., int], result: str = "") -> Callable[..., int]:
    """`function` on numbers of that type, its result as an image."""
    return lambda *args: image(result or kind, function(*(number(kind, a) for a in args)))


def halves(kind: str, function: Callable[..., int]) -> Callable[..., int]:
    """`function` on each 16-bit half."""
    element = on(kind, function)
    return lambda *args: element(*args) | element(*(a >> 16 for a in args)) << 16


def add_integers() -> None:
    for k in INTEGERS:
        n = int(k[1:])
        three, four = f"{k} {k} {k}", f"{k} {k} {k} {k}"
        form(f"add.{k}", three, on(k, lambda a, b: a + b))
        form(f"sub.{k}", three, on(k, lambda a, b: a - b))
        form(f"mul.lo.{k}", three, on(k, lambda a, b: a * b))
        form(f"mul.hi.{k}", three, on(k, lambda a, b, n=n: a * b >> n))
        form(f"mad.lo.{k}", four, on(k, lambda a, b, c: a * b + c))
        form(f"mad.hi.{k}", four, on(k, lambda a, b, c, n=n: (a * b >> n) + c))
        form(f"sad.{k}", four, on(k, lambda a, b, c: abs(a - b) + c))
        form(f"div.{k}", three, on(k, partial(ref.quotient, k)))
        form(f"rem.{k}", three, on(k, partial(ref.remainder, k)))
        form(f"min.{k}", three, on(k, min))
        form(f"max.{k}", three, on(k, max))
        form(f"shr.{k}", f"{k} {k} u32", lambda a, b, k=k, n=n: image(k, number(k, a) >> min(b, n)))
        for r in ("lt", "le", "gt", "ge"):
            form(f"setp.{r}.{k}", f"pred {k} {k}", on(k, partial(ref.relation, r), "u1"))
        if k[0] == "s":
            form(f"abs.{k}", f"{k} {k}", on(k, abs))
            form(f"neg.{k}", f"{k} {k}", on(k, lambda a: -a))
        else:
            for r in ("lo", "ls", "hi", "hs"):
                form(f"setp.{r}.{k}", f"pred {k} {k}", on(k, partial(ref.relation, r), "u1"))
        if n < 64:
            w = doubled(k)
            form(f"mul.wide.{k}", f"{w} {k} {k}", on(k, lambda a, b: a * b, w))
            form(f"mad.wide.{k}", f"{w} {k} {k} {w}", lambda a, b, c, k=k, w=w: image(w, number(k, a) * number(k, b) + c))
    for k in ("u32", "s32", "u64", "s64"):
        n = int(k[1:])
        form(f"bfind.{k}", f"u32 {k}", on(k, partial(ref.leading, k), "u32"))
        form(f"bfind.shiftamt.{k}", f"u32 {k}",
             on(k, lambda a, k=k, n=n: n - 1 - at if (at := ref.leading(k, a)) >= 0 else -1, "u32"))  # fmt: skip
        form(f"bfe.{k}", f"{k} {k} u8 u8", partial(ref.bit_field, k), code=f"bfe.{k} {{0}}, {{1}}, {{2}}, {{3}};")
        # There is one carry, that of sums: a difference carries where it does not borrow.
        for op, sign in (("add", 1), ("sub", -1)):
            form(f"{op}c.{k}", f"{k} {k} {k} {k}", lambda a, b, c, k=k, n=n, s=sign: image(k, 2 * c + (a + b >> n) if s > 0 else (a + b >> n) - 1),
                 code=f"add.cc.{k} {{0}}, {{1}}, {{2}}; {op}c.{k} {{0}}, {{3}}, {{3}};")  # fmt: skip
        form(f"addc.{k} after sub.cc", f"{k} {k} {k} {k}", lambda a, b, c, k=k: image(k, 2 * c + (a >= b)),
             code=f"sub.cc.{k} {{0}}, {{1}}, {{2}}; addc.{k} {{0}}, {{3}}, {{3}};")  # fmt: skip
        # Carries: the low result, and the carry as the sum of two zeros.
        for op, sign in (("add", 1), ("sub", -1)):
            form(f"{op}.cc.{k}", f"{k} {k} {k} {k}",
                 lambda a, b, k=k, n=n, s=sign: (image(k, a + s * b), image(k, s * ((a + s * b) >> n & 1))),
                 code=f"{op}.cc.{k} {{0}}, {{2}}, {{3}}; {op}c.{k} {{1}}, 0, 0;", results=2)  # fmt: skip
            form(f"{op}c.cc.{k}", f"{k} {k} {k} {k}",
                 lambda a, b, k=k, n=n, s=sign: (image(k, r := b + s * (a + (s * (a + s * b) >> n & 1 if s > 0 else a < b))), image(k, s * (r >> n & 1))),
                 code=f"{op}.cc.{k} {{0}}, {{2}}, {{3}}; {op}c.cc.{k} {{0}}, {{3}}, {{2}}; {op}c.{k} {{1}}, 0, 0;", results=2)  # fmt: skip
        for half in ("lo", "hi"):
            def part(a, b, k=k, n=n, hi=half == "hi"):
                return image(k, number(k, a) * number(k, b) >> (n if hi else 0))

            form(f"mad.{half}.cc.{k}", f"{k} {k} {k} {k} {k}",
                 lambda a, b, c, k=k, n=n, p=part: (image(k, p(a, b) + c), p(a, b) + c >> n),
                 code=f"mad.{half}.cc.{k} {{0}}, {{2}}, {{3}}, {{4}}; addc.{k} {{1}}, 0, 0;", results=2)  # fmt: skip
            form(f"madc.{half}.cc.{k}", f"{k} {k} {k} {k} {k}",
                 lambda a, b, c, k=k, n=n, p=part: (image(k, s := p(a, b) + c + (a + b >> n)), s >> n),
                 code=f"add.cc.{k} {{0}}, {{2}}, {{3}}; madc.{half}.cc.{k} {{0}}, {{2}}, {{3}}, {{4}}; addc.{k} {{1}}, 0, 0;", results=2)  # fmt: skip
            form(f"madc.{half}.{k}", f"{k} {k} {k} {k}",
                 lambda a, b, c, k=k, n=n, p=part: image(k, p(a, b) + c + (a + b >> n)),
                 code=f"add.cc.{k} {{0}}, {{1}}, {{2}}; madc.{half}.{k} {{0}}, {{1}}, {{2}}, {{3}};")  # fmt: skip
    for op, f in (("add", lambda a, b: a + b), ("sub", lambda a, b: a - b)):
        form(f"{op}.sat.s32", "s32 s32 s32", on("s32", lambda a, b, f=f: ref.clamp("s32", f(a, b))))
    form("mad.hi.sat.s32", "s32 s32 s32 s32", on("s32", lambda a, b, c: ref.clamp("s32", (a * b >> 32) + c)))
    for k in ("u32", "s32"):
        low = lambda a, k=k: number(k, a << 8) >> 8  # noqa: E731
        form(f"mul24.lo.{k}", f"{k} {k} {k}", lambda a, b, low=low: image("u32", low(a) * low(b)))
        form(f"mul24.hi.{k}", f"{k} {k} {k}", lambda a, b, low=low: image("u32", low(a) * low(b) >> 16))
        form(f"mad24.lo.{k}", f"{k} {k} {k} {k}", lambda a, b, c, low=low: image("u32", low(a) * low(b) + c))
        form(f"mad24.hi.{k}", f"{k} {k} {k} {k}", lambda a, b, c, low=low: image("u32", (low(a) * low(b) >> 16) + c))
        for mode in ("clamp", "wrap"):
            form(f"szext.{mode}.{k}", f"{k} {k} u32", partial(lambda k, c, a, b: ref.extend(k, a, b, c), k, mode == "clamp"))
        for other in ("u32", "s32"):
            c = "u32" if k == other == "u32" else "s32"
            form(f"dp4a.{k}.{other}", f"{c} {k} {other} {c}", partial(ref.dot, k, other))
            for half, shift in (("lo", 0), ("hi", 16)):
                form(f"dp2a.{half}.{k}.{other}", f"{c} {k} {other} {c}", partial(ref.dot, k, other, a_bits=16, shift=shift))
    form("mad24.hi.sat.s32", "s32 s32 s32 s32",
         lambda a, b, c: image("s32", ref.clamp("s32", ((number("s32", a << 8) >> 8) * (number("s32", b << 8) >> 8) >> 16) + number("s32", c))))  # fmt: skip
    for k in ("u16x2", "s16x2"):
        e = k[:3]
        form(f"add.{k}", "b32 b32 b32", halves(e, lambda a, b: a + b))
        form(f"min.{k}", "b32 b32 b32", halves(e, min))
        form(f"max.{k}", "b32 b32 b32", halves(e, max))
    form("min.relu.s16x2", "b32 b32 b32", halves("s16", lambda a, b: max(min(a, b), 0)))
    form("max.relu.s16x2", "b32 b32 b32", halves("s16", lambda a, b: max(a, b, 0)))
    form("min.relu.s32", "s32 s32 s32", on("s32", lambda a, b: max(min(a, b), 0)))
    form("max.relu.s32", "s32 s32 s32", on("s32", lambda a, b: max(a, b, 0)))


def add_bits() -> None:
    for n in (16, 32, 64):
        k, u = f"b{n}", f"u{n}"
        three = f"{k} {k} {k}"
        form(f"and.{k}", three, lambda a, b: a & b)
        form(f"or.{k}", three, lambda a, b: a | b)
        form(f"xor.{k}", three, lambda a, b: a ^ b)
        form(f"not.{k}", f"{k} {k}", lambda a, u=u: image(u, ~a))
        form(f"cnot.{k}", f"{k} {k}", lambda a: int(a == 0))
        form(f"shl.{k}", f"{k} {k} u32", lambda a, b, u=u: image(u, a << min(b, 64)))
        form(f"shr.{k}", f"{k} {k} u32", lambda a, b: a >> b)
        for t in (k, u, f"s{n}", *((f"f{n}",) if n > 16 else ())):
            form(f"mov.{t}", f"{t} {t}", lambda a: a)
            form(f"selp.{t}", f"{t} {t} {t} pred", lambda a, b, c: a if c else b)
            form(f"slct.{t}.s32", f"{t} {t} {t} s32", lambda a, b, c: a if number("s32", c) >= 0 else b)
            form(f"slct.{t}.f32", f"{t} {t} {t} f32", partial(choose_by_sign, False))
            form(f"slct.ftz.{t}.f32", f"{t} {t} {t} f32", partial(choose_by_sign, True))
        for t in (k, u, f"s{n}"):
            for r in ("eq", "ne"):
                form(f"setp.{r}.{t}", f"pred {t} {t}", partial(ref.relation, r))
        if n > 16:
            form(f"popc.{k}", f"u32 {k}", int.bit_count)
            form(f"clz.{k}", f"u32 {k}", lambda a, n=n: n - a.bit_length())
            form(f"brev.{k}", f"{k} {k}", lambda a, n=n: int(f"{a:0{n}b}"[::-1], 2))
            form(f"bfi.{k}", f"{k} {k} {k} u8 u8", partial(ref.insert_field, k))
    for mode in ("clamp", "wrap"):
        clip = (lambda n: min(n, 32)) if mode == "clamp" else (lambda n: n & 31)
        form(f"shf.l.{mode}.b32", "b32 b32 b32 u32", lambda a, b, c, f=clip: image("u32", (b << 32 | a) << f(c) >> 32))
        form(f"shf.r.{mode}.b32", "b32 b32 b32 u32", lambda a, b, c, f=clip: image("u32", (b << 32 | a) >> f(c)))
        form(f"bmsk.{mode}.b32", "b32 u8 u8", partial(lambda c, a, b: ref.bit_mask(a, b, c), mode == "clamp"))
    for table in (0x00, 0x96, 0xE8, 0xCA, 0x1D, 0xFE, 0x80):
        form(f"lop3.b32 {table:#x}", "b32 b32 b32 b32", partial(truth_table, table),
             code=f"lop3.b32 {{0}}, {{1}}, {{2}}, {{3}}, {table:#x};")  # fmt: skip
    for boolean, f in (("and", lambda t, q: t & q), ("or", lambda t, q: t | q)):
        form(f"lop3.{boolean}.b32", "b32 pred b32 b32 b32 pred",
             lambda a, b, c, q, f=f: (x := truth_table(0xE8, a, b, c), f(int(x != 0), q)),
             code=f"lop3.{boolean}.b32 {{0}}|{{1}}, {{2}}, {{3}}, {{4}}, 0xE8, {{5}};", results=2)  # fmt: skip
    for mode in ("", "f4e", "b4e", "rc8", "ecl", "ecr", "rc16"):
        form(f"prmt.b32.{mode}".rstrip("."), "b32 b32 b32 b32", partial(ref.permute, mode))
    form("fns.b32", "b32 b32 u5 s6", lambda a, b, c: ref.nth_set(a, b, number("s32", c)))
    form("and.pred", "pred pred pred", lambda a, b: a & b)
    form("or.pred", "pred pred pred", lambda a, b: a | b)
    form("xor.pred", "pred pred pred", lambda a, b: a ^ b)
    form("not.pred", "pred pred", lambda a: 1 - a)
    form("mov.pred", "pred pred", lambda a: a)
    form("and.pred !", "pred pred pred", lambda a, b: a & (1 - b), code="and.pred {0}, {1}, !{2};")
    form("pack.b32", "b32 b16 b16", lambda a, b: a | b << 16, code="mov.b32 {0}, {{{1}, {2}}};")
    form("pack.b64", "b64 b32 b32", lambda a, b: a | b << 32, code="mov.b64 {0}, {{{1}, {2}}};")
    form("pack.b64 of four", "b64 b16 b16 b16 b16", lambda a, b, c, d: a | b << 16 | c << 32 | d << 48,
         code="mov.b64 {0}, {{{1}, {2}, {3}, {4}}};")  # fmt: skip
    form("unpack.b32", "b16 b16 b32", lambda a: (a & 0xFFFF, a >> 16), code="mov.b32 {{{0}, {1}}}, {2};", results=2)
    form("unpack.b64", "b32 b32 b64", lambda a: (a & 0xFFFFFFFF, a >> 32), code="mov.b64 {{{0}, {1}}}, {2};", results=2)
    form("unpack.b64 _", "b32 b64", lambda a: a >> 32, code="mov.b64 {{_, {0}}}, {1};")
    form("unpack.b64 of four", "b16 b16 b16 b16 b64", lambda a: tuple(a >> 16 * i & 0xFFFF for i in range(4)),
         code="mov.b64 {{{0}, {1}, {2}, {3}}}, {4};", results=4)  # fmt: skip


def choose_by_sign(flush: bool, a: int, b: int, c: int) -> int:
    value = decode(ref.F32, c, flush)
    return b if isinstance(value, ref.Nan) or (not isinstance(value, ref.Zero) and ref.is_negative(value)) else a


def truth_table(table: int, a: int, b: int, c: int) -> int:
    return sum((table >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | (c >> i & 1)) & 1) << i for i in range(32))


def add_video() -> None:
    functions = {
        "vadd": lambda a, b: a + b, "vsub": lambda a, b: a - b, "vabsdiff": lambda a, b: abs(a - b), "vmin": min, "vmax": max,
        "vavrg": lambda a, b: (a + b + 1) // 2 if a + b >= 0 else (a + b) // 2,
    }  # fmt: skip
    for name, f in functions.items():
        for a in ("u32", "s32"):
            for sat in ("", ".sat"):
                if name != "vavrg":
                    form(f"{name}.{a}.{a}.{a}{sat}", f"{a} {a} {a}", partial(video, f, a, a, a, 32, bool(sat)))
                for count in (2, 4):
                    form(f"{name}{count}.{a}.{a}.{a}{sat}", "b32 b32 b32 b32", partial(video, f, a, a, a, 32 // count, bool(sat)))
            for count in (2, 4):
                form(f"{name}{count}.{a}.{a}.{a}.add", "b32 b32 b32 b32", partial(video_sum, f, a, a, 32 // count))
    form("vabsdiff.u32.s32.s32.add", "u32 s32 s32 u32", lambda a, b, c: image("u32", abs(number("s32", a) - number("s32", b)) + c))
    form("vadd.s32.s32.s32.max", "s32 s32 s32 s32", on("s32", lambda a, b, c: max(number("s32", a + b), c)))
    form("vadd.s32.s32.s32.min", "s32 s32 s32 s32", on("s32", lambda a, b, c: min(number("s32", a + b), c)))
    for r in ("eq", "ne", "lt", "le", "gt", "ge"):
        form(f"vset.s32.s32.{r}", "u32 s32 s32", on("s32", lambda a, b, r=r: int(ref.relation(r, a, b))))
        form(f"vset4.u32.u32.{r}", "u32 u32 u32 u32", partial(video, lambda a, b, r=r: int(ref.relation(r, a, b)), "u32", "u32", "u32", 8, False))
    for mode, clip in (("clamp", lambda n: min(n, 32)), ("wrap", lambda n: n & 31)):
        form(f"vshl.u32.u32.u32.{mode}", "u32 u32 u32", lambda a, b, f=clip: image("u32", a << f(b)))
        form(f"vshr.s32.s32.u32.{mode}", "s32 s32 u32", lambda a, b, f=clip: image("u32", number("s32", a) >> f(b)))


def video(f, d: str, a_kind: str, b_kind: str, n: int, saturate: bool, a: int, b: int, _: int = 0) -> int:
    result = 0
    for at in range(0, 32, n):
        x = f(number(f"{a_kind[0]}{n}", a >> at), number(f"{b_kind[0]}{n}", b >> at))
        if saturate:  # of 32 bits without a sign, NVIDIA's compiler makes code that clamps from below only
            x = max(x, 0) if (d[0], n) == ("u", 32) else ref.clamp(f"{d[0]}{n}", x)
        result |= image(f"u{n}", x) << at
    return result


def video_sum(f, a_kind: str, b_kind: str, n: int, a: int, b: int, c: int) -> int:
    return image("u32", c + sum(f(number(f"{a_kind[0]}{n}", a >> at), number(f"{b_kind[0]}{n}", b >> at)) for at in range(0, 32, n)))


# ---- floats ----------------------------------------------------------------------------------------------------------

ROUNDINGS = ("rn", "rz", "rm", "rp")
EXACT = {
    "add": (2, ref.add),
    "sub": (2, lambda a, b, mode: ref.add(a, ref.negate(b), mode)),
    "mul": (2, lambda a, b, mode: ref.multiply(a, b)),
    "fma": (3, ref.multiply_add),
    "div": (2, lambda a, b, mode: ref.divide(a, b)),
    "rcp": (1, lambda a, mode: ref.divide(ref.Fraction(1), a)),
    "sqrt": (1, lambda a, mode: ref.square_root(a)),
}


def rounded(op: str, kind: str, mode: str, flush: bool, more: dict, *args: int) -> int:
    """An operation of `EXACT`, rounded to the format."""
    f = FORMATS[kind]
    return encode(f, EXACT[op][1](*(decode(f, a, flush) for a in args), mode), mode, flush, **more)


def mixed(op: str, narrow: str, mode: str, more: dict, *args: int) -> int:
    """A single-precision operation whose operands before the last one are in half precision."""
    values = [decode(FORMATS[narrow], a) for a in args[:-1]] + [decode(ref.F32, args[-1])]
    return encode(ref.F32, EXACT[op][1](*values, mode), mode, **more)


def pairs(function: Callable[..., int], *args: int, n: int = 16) -> int:
    """`function` on each half of packed operands."""
    mask = (1 << n) - 1
    return function(*(a & mask for a in args)) | function(*(a >> n for a in args)) << n


def valued(kind: str, function, flush: bool, *args: int) -> int:
    """A function that does not round."""
    f = FORMATS[kind]
    return encode(f, function(*(decode(f, a, flush) for a in args)), "n", flush)


def extreme(kind: str, pick, flush: bool, keep_nan: bool, xor_sign: bool, *args: int) -> int:
    """Min and max with their modifiers, from left to right."""
    f = FORMATS[kind]
    result, *rest = (decode(f, a, flush) for a in args)
    for other in rest:
        if keep_nan and (isinstance(result, ref.Nan) or isinstance(other, ref.Nan)):
            return f.nan
        signs = [a >> (f.width - 1) & 1 for a in args]  # of NaN as well
        if xor_sign:
            result, other = (ref.negate(x) if not isinstance(x, ref.Nan) and ref.is_negative(x) else x for x in (result, other))
        result = pick(result, other)
        if xor_sign and signs[0] != signs[1]:
            result = ref.negate(result)
    return encode(f, result, "n", flush)


def add_floats() -> None:
    for kind in ("f32", "f64"):
        for op, (arity, _) in EXACT.items():
            for r in ROUNDINGS:
                for ftz in ("", ".ftz") if kind == "f32" else ("",):
                    for sat in ("", ".sat") if kind == "f32" and op in ("add", "sub", "mul", "fma") else ("",):
                        more = {"saturate": True} if sat else {}
                        form(f"{op}.{r}{ftz}{sat}.{kind}", " ".join([kind] * (arity + 1)),
                             partial(rounded, op, kind, r[1], bool(ftz), more))  # fmt: skip
        for op in ("add", "sub", "mul"):
            form(f"{op}.{kind}", f"{kind} {kind} {kind}", partial(rounded, op, kind, "n", False, {}))
        form(f"mad.rn.{kind}", f"{kind} {kind} {kind} {kind}", partial(rounded, "fma", kind, "n", False, {}))
        form(f"copysign.{kind}", f"{kind} {kind} {kind}", partial(with_sign, kind))
        for c in ("finite", "infinite", "number", "notanumber", "normal", "subnormal"):
            form(f"testp.{c}.{kind}", f"pred {kind}", partial(classify, kind, c))
    for kind in ("f16", "bf16"):
        for x2 in ("", "x2"):
            t = kind + x2
            lift = (lambda f: partial(pairs, f)) if x2 else (lambda f: f)
            for op in ("add", "sub", "mul", "fma"):
                arity = EXACT[op][0]
                for ftz in ("", ".ftz") if kind == "f16" else ("",):
                    for last in ("", ".sat", ".relu") if kind == "f16" or op == "fma" else ("",):
                        if (last == ".relu" and op != "fma") or (last == ".sat" and kind == "bf16"):
                            continue
                        more = {last[1:].replace("sat", "saturate"): True} if last else {}
                        for rn in ("", ".rn") if op != "fma" else (".rn",):
                            form(f"{op}{rn}{ftz}{last}.{t}", " ".join([t] * (arity + 1)),
                                 lift(partial(rounded, op, kind, "n", bool(ftz), more)))  # fmt: skip
            for r in ("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"):
                test = partial(compare, kind, r, False)
                if x2:
                    form(f"setp.{r}.{t}", f"pred pred {t} {t}", partial(both_halves, test),
                         code=f"setp.{r}.{t} {{0}}|{{1}}, {{2}}, {{3}};", results=2)  # fmt: skip
                else:
                    form(f"setp.{r}.{t}", f"pred {t} {t}", test)
                one = FORMATS[kind].bias << FORMATS[kind].fraction
                form(f"set.{r}.{t}.{t}", f"{t} {t} {t}", lift(lambda a, b, f=test, one=one: one if f(a, b) else 0))
    for t in ("f16", "f16x2", "bf16", "bf16x2", "f32", "f64"):
        kind = t.removesuffix("x2")
        lift = (lambda f: partial(pairs, f)) if t.endswith("x2") else (lambda f: f)
        for ftz in ("", ".ftz") if kind in ("f16", "f32") else ("",):
            flush = bool(ftz)
            form(f"neg{ftz}.{t}", f"{t} {t}", lift(partial(negated, kind, flush)))
            form(f"abs{ftz}.{t}", f"{t} {t}", lift(partial(absolute, kind, flush)))
            for op, pick in (("min", ref.smaller), ("max", ref.greater)):
                for nan in ("", ".NaN") if kind != "f64" else ("",):
                    for sign in ("", ".xorsign.abs") if kind != "f64" else ("",):
                        form(f"{op}{ftz}{nan}{sign}.{t}", f"{t} {t} {t}", lift(partial(extreme, kind, pick, flush, bool(nan), bool(sign))))
    for op in ("min", "max"):
        form(f"{op}.f32 of three", "f32 f32 f32 f32", partial(extreme, "f32", getattr(ref, {"min": "smaller", "max": "greater"}[op]), False, False, False),
             code=f"{op}.f32 {{0}}, {{1}}, {{2}}, {{3}};")  # fmt: skip
    for op in ("add", "mul", "fma"):
        arity = EXACT[op][0]
        form(f"{op}.rn.f32x2", " ".join(["b64"] * (arity + 1)), partial(pairs, partial(rounded, op, "f32", "n", False, {}), n=32))
    for narrow in ("f16", "bf16"):
        for r in ROUNDINGS:
            for sat in ("", ".sat"):
                more = {"saturate": True} if sat else {}
                form(f"add.{r}{sat}.f32.{narrow}", f"f32 {narrow} f32", partial(mixed, "add", narrow, r[1], more))
                form(f"sub.{r}{sat}.f32.{narrow}", f"f32 {narrow} f32", partial(mixed, "sub", narrow, r[1], more))
                form(f"fma.{r}{sat}.f32.{narrow}", f"f32 {narrow} {narrow} f32", partial(mixed, "fma", narrow, r[1], more))
    for kind in ("f32", "f64"):
        for r in ("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"):
            for ftz in ("", ".ftz") if kind == "f32" else ("",):
                test = partial(compare, kind, r, bool(ftz))
                form(f"setp.{r}{ftz}.{kind}", f"pred {kind} {kind}", test)
                form(f"setp.{r}{ftz}.{kind} of two", f"pred pred {kind} {kind}", lambda a, b, f=test: (f(a, b), 1 - f(a, b)),
                     code=f"setp.{r}{ftz}.{kind} {{0}}|{{1}}, {{2}}, {{3}};", results=2)  # fmt: skip
                for d, one in (("u32", 0xFFFFFFFF), ("s32", 0xFFFFFFFF), ("f32", 0x3F800000)):
                    form(f"set.{r}{ftz}.{d}.{kind}", f"{d} {kind} {kind}", lambda a, b, f=test, one=one: one if f(a, b) else 0)
    for boolean, f in (("and", lambda t, c: t & c), ("or", lambda t, c: t | c), ("xor", lambda t, c: t ^ c)):
        for kind in ("s32", "u16", "b64", "f32", "f64"):
            r = "ne" if kind == "b64" else "lt"
            t = (lambda a, b, kind=kind: compare(kind, "lt", False, a, b)) if kind[0] == "f" else (
                lambda a, b, kind=kind, r=r: int(ref.relation(r, number(kind, a), number(kind, b))))  # fmt: skip
            form(f"setp.{r}.{boolean}.{kind}", f"pred {kind} {kind} pred", lambda a, b, c, t=t, f=f: f(t(a, b), c))
            form(f"setp.{r}.{boolean}.{kind} of two", f"pred pred {kind} {kind} pred",
                 lambda a, b, c, t=t, f=f: (f(t(a, b), c), f(1 - t(a, b), c)),
                 code=f"setp.{r}.{boolean}.{kind} {{0}}|{{1}}, {{2}}, {{3}}, {{4}};", results=2)  # fmt: skip
            form(f"set.{r}.{boolean}.u32.{kind}", f"u32 {kind} {kind} pred", lambda a, b, c, t=t, f=f: 0xFFFFFFFF if f(t(a, b), c) else 0)
    form("setp.lt.and.s32 !", "pred s32 s32 pred", lambda a, b, c: int(number("s32", a) < number("s32", b)) & (1 - c),
         code="setp.lt.and.s32 {0}, {1}, {2}, !{3};")  # fmt: skip


def with_sign(kind: str, a: int, b: int) -> int:
    f = FORMATS[kind]
    top = 1 << (f.width - 1)
    return a & top | b & (top - 1)


def negated(kind: str, flush: bool, a: int) -> int:
    f = FORMATS[kind]
    if isinstance(decode(f, a), ref.Nan):
        return a | 1 << 51 if kind == "f64" else f.nan
    return encode(f, ref.negate(decode(f, a, flush)))


def absolute(kind: str, flush: bool, a: int) -> int:
    f = FORMATS[kind]
    if isinstance(decode(f, a), ref.Nan):
        return a | 1 << 51 if kind == "f64" else f.nan
    return encode(f, decode(f, a, flush)) & ~(1 << (f.width - 1))


def compare(kind: str, r: str, flush: bool, a: int, b: int) -> int:
    f = FORMATS[kind]
    return int(ref.relation(r, decode(f, a, flush), decode(f, b, flush)))


def both_halves(test, a: int, b: int) -> tuple[int, int]:
    return test(a & 0xFFFF, b & 0xFFFF), test(a >> 16, b >> 16)


def classify(kind: str, wanted: str, a: int) -> int:
    f = FORMATS[kind]
    value, flushed = decode(f, a), decode(f, a, True)
    subnormal = isinstance(flushed, ref.Zero) and not isinstance(value, ref.Zero)
    return int({
        "finite": not isinstance(value, (ref.Nan, ref.Infinity)),
        "infinite": isinstance(value, ref.Infinity),
        "number": not isinstance(value, ref.Nan),
        "notanumber": isinstance(value, ref.Nan),
        "normal": isinstance(flushed, ref.Fraction) or isinstance(value, ref.Zero),
        "subnormal": subnormal,
    }[wanted])  # fmt: skip


# ---- approximations --------------------------------------------------------------------------------------------------


def log2(x: float) -> float:
    return math.nan if x < 0 or x != x else -math.inf if x == 0 else math.log2(x)


def exp2(x: float) -> float:
    return math.inf if x >= 1024 else 0.0 if x < -1100 else 2.0**x


def trigonometric(f) -> Callable[[float], float]:
    return lambda x: math.nan if math.isinf(x) or x != x else f(x)


def reciprocal_root(x: float) -> float:
    return math.nan if x < 0 or x != x else math.copysign(math.inf, x) if x == 0 else 1 / math.sqrt(x)


def within(kind: str, function, flush: bool, tolerance, args: tuple[int, ...], got: int) -> bool:
    """Whether an approximation is as close to the exact value as PTX states; zeros, infinities and NaN must be exact."""
    f = FORMATS[kind]
    x = [ref.as_python_float(decode(f, a, flush)) for a in args]
    exact = function(*x)
    value = ref.as_python_float(decode(f, got))
    if exact != exact:
        return value != value
    bound = tolerance(exact, *x)
    if bound is None:
        return True
    nearest = encode(f, ref.Fraction(exact), "n", flush) if math.isfinite(exact) and exact else None
    if nearest is None or nearest << 1 == 0 or decode(f, nearest) == ref.Infinity(exact < 0):
        # zero, infinity, or what rounds to one of them
        if nearest is None and math.isinf(exact):
            return value == exact
        if exact == 0 and bound == 0:
            return value == 0 and math.copysign(1, value) == math.copysign(1, exact)
    if math.isinf(value):
        return abs(exact) + bound >= float((2 - 2.0**-f.fraction) * 2.0**f.bias)
    if flush and value == 0:
        return abs(exact) - bound < 2.0 ** (1 - f.bias)
    return abs(value - exact) <= bound


def ulp(kind: str, count: float):
    f = FORMATS[kind]

    def bound(exact: float, *_: float) -> float:
        if exact == 0 or math.isinf(exact):
            return 0.0
        return count * 2.0 ** (max(math.frexp(exact)[1] - 1, 1 - f.bias) - f.fraction) * (1 + 2**-20)

    return bound


def relative(kind: str, error: float):
    least = 2.0 ** (1 - FORMATS[kind].bias - FORMATS[kind].fraction)
    return lambda exact, *_: 0.0 if exact == 0 or math.isinf(exact) else max(abs(exact) * error, least)


def add_approximations() -> None:
    def approximate(name: str, operands: str, function, tolerance, kind: str = "f32", flush: bool = False, code: str = "") -> None:
        form(name, operands, accept=partial(within, kind, function, flush, tolerance), code=code)

    safe = lambda f: lambda *x: f(*x)  # noqa: E731
    quotient = safe(lambda a, b: ref.as_python_float(ref.divide(decode(ref.F64, double(a)), decode(ref.F64, double(b)))))
    for ftz in ("", ".ftz"):
        flush = bool(ftz)
        approximate(f"rcp.approx{ftz}.f32", "f32 f32", lambda a: quotient(1.0, a), ulp("f32", 1), flush=flush)
        approximate(f"div.full{ftz}.f32", "f32 f32 f32", quotient, ulp("f32", 2), flush=flush)
        # Above 2^126 the quotient is zero; a divisor below 2^-126 is not covered.
        approximate(f"div.approx{ftz}.f32", "f32 f32 f32", lambda a, b: quotient(a, b) if abs(b) <= 2.0**126 or b != b else quotient(a, math.copysign(math.inf, b)),
                    lambda e, a, b: ulp("f32", 2)(e), flush=flush)  # fmt: skip
        approximate(f"sqrt.approx{ftz}.f32", "f32 f32", lambda a: math.nan if a < 0 else math.sqrt(a), relative("f32", 2.0**-23), flush=flush)
        approximate(f"rsqrt.approx{ftz}.f32", "f32 f32", reciprocal_root, relative("f32", 2.0**-22.9), flush=flush)
        approximate(f"ex2.approx{ftz}.f32", "f32 f32", exp2, ulp("f32", 2), flush=flush)
        approximate(f"lg2.approx{ftz}.f32", "f32 f32", log2,
                    lambda e, a: 0.0 if math.isinf(e) else 2.0**-22 if 0.5 < a < 2 else abs(e) * 2.0**-22, flush=flush)  # fmt: skip
        for name, f in (("sin", math.sin), ("cos", math.cos)):
            approximate(f"{name}.approx{ftz}.f32", "f32 f32", trigonometric(f),
                        lambda e, a: (None if abs(a) > 100 * math.pi else 2.0**-14.7 if not 0 <= a <= 2 * math.pi else 2.0**-20.5),
                        flush=flush)  # fmt: skip
    approximate("tanh.approx.f32", "f32 f32", math.tanh, relative("f32", 2.0**-10.98))
    approximate("rsqrt.approx.f64", "f64 f64", reciprocal_root, relative("f64", 2.0**-22.9), kind="f64")
    for kind, error in (("f16", 2.0**-9.9), ("bf16", 2.0**-7)):
        ftz = ".ftz" if kind == "bf16" else ""
        approximate(f"ex2.approx{ftz}.{kind}", f"{kind} {kind}", exp2, relative(kind, error), kind=kind, flush=bool(ftz))
        approximate(f"tanh.approx.{kind}", f"{kind} {kind}", math.tanh, lambda e, a, kind=kind: 2.0**-10.987 if kind == "f16" else 2.0**-8, kind=kind)
    form("rcp.approx.ftz.f64", "f64 f64", partial(seed, lambda a: quotient(1.0, a)))
    form("rsqrt.approx.ftz.f64", "f64 f64", partial(seed, lambda a: reciprocal_root(a)))


def double(x: float) -> int:
    """The image of a Python float."""
    if x != x:
        return ref.F64.nan
    if math.isinf(x) or x == 0:
        return (0x7FF << 52 if x else 0) | (1 << 63 if math.copysign(1, x) < 0 else 0)
    return encode(ref.F64, ref.Fraction(x))


def seed(function, a: int) -> int:
    """Double-precision seeds: upper 32 bits in, upper 32 bits out, subnormals are zero."""
    result = function(ref.as_python_float(decode(ref.F64, a >> 32 << 32, True)))
    return 0x7FFFFFFF00000000 if result != result else encode(ref.F64, decode(ref.F64, double(result)), flush=True) >> 32 << 32


# ---- conversions -----------------------------------------------------------------------------------------------------


def convert_integer(d: str, a: str, saturate: bool, x: int) -> int:
    value = number(a, x)
    return image(d, ref.clamp(d, value) if saturate else value)


def add_conversions() -> None:
    everything = ("u8", "s8", *INTEGERS)
    register = lambda k: "b16" if k[1:] == "8" else k  # noqa: E731
    for d in everything:
        for a in everything:
            sign = "s32" if d[0] == "s" else "u32"
            # A result of eight bits lies, extended, in a wider register.
            extend = (lambda v, d=d: image("u16", number(d, v))) if d[1:] == "8" else (lambda v: v)
            if d != a:
                form(f"cvt.{d}.{a}", f"{register(d)} {register(a)}", lambda x, d=d, a=a, e=extend: e(convert_integer(d, a, False, x)))
            if not contains(d, a):
                form(f"cvt.sat.{d}.{a}", f"{register(d)} {register(a)}", lambda x, d=d, a=a, e=extend: e(convert_integer(d, a, True, x)))
            if d[1:] in ("8", "16") and a[1:] in ("8", "16", "32"):
                form(f"cvt.{d}.{a} wide", f"b32 {'b32' if a[1:] == '8' else register(a)}",
                     lambda x, d=d, a=a, s=sign: image(s, number(d, convert_integer(d, a, False, x))), code=f"cvt.{d}.{a} {{0}}, {{1}};")  # fmt: skip
    for k in everything:
        for f in ("f16", "bf16", "f32", "f64"):
            register = lambda k, f=f: "b8" if k[1:] == "8" and f == "bf16" else "b16" if k[1:] == "8" else k  # noqa: E731
            for r in ROUNDINGS:
                form(f"cvt.{r}.{f}.{k}", f"{f} {register(k)}",
                     lambda x, r=r, f=f, k=k: encode(FORMATS[f], ref.Fraction(number(k, x)) or ref.Zero(), r[1]))  # fmt: skip
                for ftz in ("", ".ftz") if f == "f32" else ("",):
                    form(f"cvt.{r}i{ftz}.{k}.{f}", f"{register(k)} {f}",
                         lambda x, r=r, f=f, k=k, z=bool(ftz), register=register: image("u16" if register(k) == "b16" else k, number(k, ref.to_integer(FORMATS[f], k, decode(FORMATS[f], x, z), r[1]))))  # fmt: skip
    kinds = ("f16", "bf16", "f32", "f64")
    for d in kinds:
        for a in kinds:
            narrows = FORMATS[d].fraction < FORMATS[a].fraction or FORMATS[d].exponent < FORMATS[a].exponent
            for ftz in ("", ".ftz") if "f32" in (d, a) else ("",):
                for sat in ("", ".sat") if "bf16" not in (d, a) else ("",):
                    for r in (*ROUNDINGS,) if narrows else ("",):
                        if d == a and not sat:
                            continue
                        form(f"cvt{'.' * bool(r)}{r}{ftz}{sat}.{d}.{a}", f"{d} {a}", partial(convert, d, a, r[1:] or "n", bool(ftz), {"saturate": True} if sat else {}))
        for r in ROUNDINGS:
            form(f"cvt.{r}i.{d}.{d}", f"{d} {d}", partial(to_integral, d, r[1], False))
    for r in ROUNDINGS:
        form(f"cvt.{r}i.ftz.f32.f32", "f32 f32", partial(to_integral, "f32", r[1], True))
    for d in ("f16", "bf16"):
        for r in ("rn", "rz"):
            for relu in ("", ".relu"):
                for finite in ("", ".satfinite"):
                    more = {k: True for k, on in (("relu", relu), ("finite", finite)) if on}
                    form(f"cvt.{r}{relu}{finite}.{d}x2.f32", "b32 f32 f32", partial(side_by_side, 16, partial(convert, d, "f32", r[1], False, more)))
                    if more:
                        form(f"cvt.{r}{relu}{finite}.{d}.f32", f"{d} f32", partial(convert, d, "f32", r[1], False, more))
    form("cvt.rna.tf32.f32", "b32 f32", partial(convert, "tf32", "f32", "a", False, {}))
    for r in ("rn", "rz"):
        form(f"cvt.{r}.tf32.f32", "b32 f32", partial(convert, "tf32", "f32", r[1], False, {}))
        form(f"cvt.{r}.relu.tf32.f32", "b32 f32", partial(convert, "tf32", "f32", r[1], False, {"relu": True}))
    for d in ("e4m3", "e5m2", "e2m3", "e3m2"):
        for relu in ("", ".relu"):
            more = {"finite": True, **({"relu": True} if relu else {})}
            form(f"cvt.rn.satfinite{relu}.{d}x2.f32", "b16 f32 f32", partial(side_by_side, 8, partial(convert, d, "f32", "n", False, more)))
            if d in ("e4m3", "e5m2"):
                form(f"cvt.rn.satfinite{relu}.{d}x2.f16x2", "b16 f16x2",
                 lambda a, d=d, m=more: side_by_side(8, partial(convert, d, "f16", "n", False, m), a >> 16, a & 0xFFFF))  # fmt: skip
            form(f"cvt.rn{relu}.f16x2.{d}x2", "b32 b16",
                 lambda a, d=d, m=bool(relu): side_by_side(16, partial(convert, "f16", d, "n", False, {"relu": m}), a >> 8, a & 0xFF))  # fmt: skip
    for d, a in (("u16", "s32"), ("s16", "s32")):
        form(f"cvt.pack.sat.{d}.{a}", "b32 s32 s32", lambda x, y, d=d: side_by_side(16, lambda v: image(d, ref.clamp(d, number("s32", v))), x, y))
    for d in ("u8", "s8"):
        form(f"cvt.pack.sat.{d}.s32.b32", "b32 s32 s32 b32",
             lambda x, y, z, d=d: image("u32", z << 16 | side_by_side(8, lambda v: image(d, ref.clamp(d, number("s32", v))), x, y)))  # fmt: skip


def contains(d: str, a: str) -> bool:
    """Whether every number of type `a` is one of type `d`."""
    n, m = int(d[1:]), int(a[1:])
    return (n >= m if d[0] == a[0] else n > m) and not (d[0] == "u" and a[0] == "s")


def convert(d: str, a: str, mode: str, ftz: bool, more: dict, x: int) -> int:
    if (d, a) == ("f32", "bf16") and not more and not ftz:
        return x << 16
    value = decode(FORMATS[a], x, ftz and a == "f32" and d != "f16")
    if isinstance(value, ref.Nan) and more.get("saturate"):
        return 0
    if isinstance(value, ref.Nan) and mode == "a":  # cut off
        return x >> 13 << 13
    if isinstance(value, ref.Nan) and "f64" in (d, a) and d != a:
        return moved_nan(FORMATS[d], FORMATS[a], ref.F32.nan if ftz and a == "f32" else x)
    if d == a == "f64":
        return encode(FORMATS[d], value, mode, **more)
    return encode(FORMATS[d], ref.Nan() if isinstance(value, ref.Nan) else value, mode, ftz and d == "f32", **more)


def moved_nan(to, form, x: int) -> int:
    """A NaN with its sign and the upper bits of its fraction, quiet."""
    sign, fraction = x >> (form.width - 1), x & (1 << form.fraction) - 1
    return sign << (to.width - 1) | to.infinity | 1 << (to.fraction - 1) | (fraction << to.fraction >> form.fraction)


def to_integral(kind: str, mode: str, flush: bool, x: int) -> int:
    f = FORMATS[kind]
    return encode(f, ref.integral(decode(f, x, flush), mode))


def side_by_side(n: int, function, a: int, b: int) -> int:
    return function(a) << n | function(b)


add_integers()
add_bits()
add_video()
add_floats()
add_approximations()
add_conversions()
