"""Broken PTX gives one sentence with the right line, never a crash and never a tree."""

import pytest

HEADER = ".version 9.0\n.target sm_75\n.address_size 64\n"


def kernel(statement):
    """The statement stands in line 6."""
    return f"{HEADER}.entry k(.param .u64 a) {{\n.reg .pred %p<4>; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f32 %f<9>;\n{statement}\n}}\n"


def module(text):
    """The text stands in line 4."""
    return HEADER + text


BROKEN = [
    ("", 1, "expected '.version', with which PTX begins, before the end of the text"),
    ("hello", 1, "expected '.version'"),
    (".version 9\n.target sm_75", 1, "expected a version such as '9.0' before '9'"),
    (".version 9.0\n", 2, "expected '.target'"),
    (".version 9.0\n.target tesla", 2, "target option 'tesla' is not supported"),
    (".version 9.0\n.target sm_75x", 2, "target option 'sm_75x' is not supported"),
    (".version 9.0\n.target sm_75, map_f64_to_f32", 2, "target option 'map_f64_to_f32'"),
    (".version 9.0\n.entry k() { ret; }", 2, "expected '.target' before '.entry'"),
    (".version 9.0\n.target sm_75\n.address_size 32", 3, "expected '.address_size 64', got 32"),
    (module(".frobnicate 5"), 4, "unknown directive '.frobnicate'"),
    (module(".visible .frobnicate 5"), 4, "'.visible' cannot stand before '.frobnicate'"),
    (module(".visible .weak .func f() { ret; }"), 4, "one of '.visible', '.extern', '.weak' and '.common' only"),
    (module(".reg .b32 %r;"), 4, "'.reg' is only allowed inside of a function"),
    (module("add.s32 %r1, %r2, %r3;"), 4, "expected a directive before 'add'"),
    (module(".global .u32 x"), 4, "expected ';' after the declaration before the end of the text"),
    (module(".global x;"), 4, "expected a type such as '.b32' before 'x'"),
    (module(".global .u32 .u64 x;"), 4, "expected one type before '.u64'"),
    (module(".global .q32 x;"), 4, "unknown word '.q32' in a declaration"),
    (module(".global .pred x;"), 4, "a predicate can only be declared as '.reg'"),
    (module(".global .align 3 .u32 x;"), 4, "power of two, got 3"),
    (module(".global .u32 x;\n.global .f32 x;"), 5, "'x' is defined twice"),
    (module(".global .u32 x;\n.shared .u32 x;"), 5, "'x' is declared in two state spaces"),
    (module(".global .u32 f;\n.func f() { ret; }"), 5, "'f' is declared as a variable too"),
    (module(".global .u32 x[2] = {1, 2, 3};"), 4, "more initial values than elements: 'x' has 2"),
    (module(".global .u32 x[2] = 1;"), 4, "expected '{' before the initial values before '1'"),
    (module(".global .u32 x = {1};"), 4, "expected one value before '{'"),
    (module(".global .u32 x = 1.5;"), 4, "a floating-point number cannot initialise a variable of type '.u32'"),
    (module(".global .b16 x = 1.5;"), 4, "of type '.b16'"),
    (module(".global .f32 x = 1;"), 4, "an integer cannot initialise a variable of type '.f32'"),
    (module(".global .u64 x = y;"), 4, "'y', whose address initialises 'x', is not declared"),
    (module(".global .b8 y;\n.global .b8 x = y;"), 5, "an address does not fit a variable of type '.b8'"),
    (module(".global .v2 .f32 x = {1.0};"), 4, "expected 2 values for a vector, got 1"),
    (module(".shared .u32 x = 3;"), 4, "only '.global' and '.const' variables can have initial values"),
    (module(".extern .global .u32 x = 3;"), 4, "an '.extern' variable cannot have an initial value"),
    (module(".global .u32 x = 1/0;"), 4, "divides by zero"),
    (module(".global .u32 x = (1;"), 4, "expected ')' after the expression before ';'"),
    (module(".global .u32 x[-1];"), 4, "must not be negative"),
    (module(".global .u32 x[2][];"), 4, "only the first dimension of an array may be empty"),
    (module(".global .u32 x[1099511627776][1099511627776];"), 4, "larger than 2^48 bytes"),
    (module(".global .u32 x[1.5];"), 4, "must be an integer"),
    (module(".const[2] .u32 x;"), 4, "numbered constant banks are not supported"),
    (module(".global .samplerref s = { filter_mode = linear };"), 4, "textures, samplers and surfaces are not supported"),
    (module(".alias a, b;"), 4, "alias 'a' is not declared as a function"),
    (module(".func a() { ret; }\n.func b() { ret; }\n.alias a, b;"), 6, "alias 'a' has a body of its own"),
    (module(".func a();\n.func b();\n.func c() { ret; }\n.alias b, c;\n.alias a, b;"), 8, "'b' is an alias itself"),
    (module(".file one"), 4, "expected the file's number before 'one'"),
    (module(".section .debug_info\n{ .b8 1"), 5, "the section that begins here has no '}'"),
    (module(".entry k(.param .u64 a) {\nret;"), 5, "the body of 'k', which begins in line 4, has no '}'"),
    (module(".entry (.param .u32 r) k() { ret; }"), 4, "an entry returns nothing"),
    (module(".entry k(.param .u64) { ret; }"), 4, "expected a name before ')'"),
    (module(".entry k(.global .u64 x) { ret; }"), 4, "expected '.param' or '.reg' before '.global'"),
    (module(".entry k() { ret; }\n.entry k() { ret; }"), 5, "'k' is defined twice"),
    (module(".func f(.param .b32 x);\n.func f() { ret; }"), 5, "'f' is declared with other parameters in line 4"),
    (module(".func f();\n.entry f() { ret; }"), 5, "'f' is declared both as '.func' and as '.entry'"),
    (module(".entry k() .maxntid x { ret; }"), 4, "expected an extent before 'x'"),
    (module(".entry k()\n.maxthreads 5 { ret; }"), 5, "unknown directive '.maxthreads' of a function"),
    (kernel("add.s32 %r1, %r2, %r3\nret;"), 7, "expected ';' before 'ret'"),
    (kernel("add.s32 %r1, %r2,;"), 6, "expected an operand before ';'"),
    (kernel("add.s32 %r1 %r2;"), 6, "expected ';' before '%r2'"),
    (kernel("add.s32 %r1, %r9, 1;"), 6, "register '%r9' is not declared"),
    (kernel("add.s32 %r1, %r01, 1;"), 6, "register '%r01' is not declared"),
    (kernel("mov.u32 %r1, %tib.x;"), 6, "register '%tib' is not declared"),
    (kernel("mov.u32 %r1, %tid.q;"), 6, "'%tid' has no component '.q'"),
    (kernel("mov.u32 %r1, %r2.b7;"), 6, "expected ';' or a byte or half selector before '.b7'"),
    (kernel("mov.u32 %r1, %envreg32;"), 6, "register '%envreg32' is not declared"),
    (kernel("bra L;"), 6, "'L' is not declared"),
    (kernel("{ L: ret; }\nbra L;"), 7, "'L' is not declared"),
    (kernel("L: ret;\nL: ret;"), 7, "'L' is declared twice in this scope"),
    (kernel(".reg .b32 %r2;"), 6, "'%r2' is declared twice in this scope"),
    (kernel(".reg .b32 %r<3>;"), 6, "registers '%r<...>' are declared twice in this scope"),
    (kernel(".reg .b32 %x<y>;"), 6, "expected the number of registers before 'y'"),
    (kernel(".reg .texref %x;"), 6, "a register cannot have type '.texref'"),
    (kernel("call f, (%r1);"), 6, "'f' is not declared"),
    (kernel("ld.global.u32 %r1, [x];"), 6, "'x' is not declared"),
    (kernel("ld.global.u32 %r1, a[1];"), 6, "an address is written '[a+bytes]'"),
    (kernel("ld.global.u32 %r1, [%rd1;"), 6, "expected ']' after the address before ';'"),
    (kernel("ld.global.u32 %r1, [%tid.x];"), 6, "expected a register, a variable or a number as the address, got '%tid'"),
    (kernel("ld.global.u32 %r1, [%rd1+%r2];"), 6, "expected a constant before '%r2'"),
    (kernel("ld.v2.f32 {%f1, %f2, [%rd1];"), 6, "expected ',' or '}' in the list of operands before ';'"),
    (kernel("@%p9 ret;"), 6, "predicate '%p9' is not declared"),
    (kernel("@%r1 ret;"), 6, "the guard '%r1' is not a predicate register"),
    (kernel("@!; ret;"), 6, "expected a predicate register before ';'"),
    (kernel("@@DWARF .byte 1"), 6, "'@@' directives"),
    (kernel("@%p1 { ret; }"), 6, "expected an instruction before '{'"),
    (kernel("setp.eq.s32 %p1|3, %r1, 0;"), 6, "expected a register or '_' on both sides of '|'"),
    (kernel(";"), 6, "expected an instruction, a label or a directive before ';'"),
    (kernel(".branchtargets L;"), 6, "expected a label before '.branchtargets'"),
    (kernel("B: .branchtargets k;\nret;"), 6, "'k' is not a label"),
    (kernel("B: .branchtargets L<3>; L0: L1: ret;"), 6, "'L2' is not declared"),
    (kernel("C: .calltargets L; L: ret;"), 6, "'L' is not a function"),
    (kernel("P: .callprototype (.param .b32 x) f (.param .b32 y);"), 6, "expected '_' in place of the function's name"),
    (kernel(".frobnicate;"), 6, "unknown directive '.frobnicate' in a function"),
    (kernel(".loc 1 two 3"), 6, "expected the line before 'two'"),
    (kernel(".loc 1 2 3, inlined_by 1 2 3"), 6, "expected 'function_name' or 'inlined_at' before 'inlined_by'"),
    (kernel(".pragma nounroll;"), 6, "expected a pragma in quotes before 'nounroll'"),
    (kernel('.pragma "used_bytes_mask 0xzz";'), 6, "expected a mask of 32 bits"),
    (kernel("mov.u32 %r1, 09;"), 6, "expected digits in this base, got '09'"),
    (kernel("mov.u32 %r1, 0x;"), 6, "expected digits in this base, got '0x'"),
    (kernel("mov.u32 %r1, 0b12;"), 6, "expected a number, got '0b12'"),
    (kernel("mov.u32 %r1, 12ab;"), 6, "expected a number, got '12ab'"),
    (kernel("mov.u32 %r1, 0xFFu;"), 6, "expected a number, got '0xFFu'"),
    (kernel("mov.u32 %r1, 99999999999999999999;"), 6, "expected an integer of at most 64 bits"),
    (kernel("mov.u32 %r1, 0x1ffffffffffffffff;"), 6, "expected an integer of at most 64 bits"),
    (kernel("mov.f32 %f1, 0f3f8000;"), 6, "expected 8 hexadecimal digits after '0f', got '0f3f8000'"),
    (kernel("mov.f32 %f1, 0f3f80000000;"), 6, "expected 8 hexadecimal digits after '0f'"),
    (kernel("mov.f64 %f1, 0d3f800000;"), 6, "expected 16 hexadecimal digits after '0d'"),
    (kernel("mov.f64 %f1, 1e999;"), 6, "expected a number that a double can hold"),
    (kernel("mov.u32 %r1, 1.5+1;"), 6, "mixes an integer and a floating-point number"),
    (kernel("mov.u32 %r1, 1.5 % 2.5;"), 6, "'%' takes integers"),
    (kernel("mov.u32 %r1, ~1.5;"), 6, "'~' takes an integer"),
    (kernel("mov.u32 %r1, (.u64)1.5;"), 6, "a cast to an integer takes an integer"),
    (kernel("mov.u32 %r1, 'a';"), 6, "expected PTX, got the character '''"),
    (kernel("mov.u32 %r1, \\;"), 6, "expected PTX, got the character '\\'"),
    (kernel("mov.u32 %r1, \x01;"), 6, "expected PTX, got the character '\\x01'"),
    (kernel("mov.u32 . %r1, 1;"), 6, "expected a word after '.'"),
    (kernel("#pragma once"), 6, "expected PTX, got the character '#'"),
    (kernel("/* forgotten\nret;"), 6, "the comment that begins with '/*' has no '*/'"),
    (kernel('.pragma "nounroll;\nret;'), 6, "the string has no closing '\"'"),
    (kernel("}"), 7, "expected a directive before '}'"),
    (kernel("ret;").replace("ret", "r\0t"), 6, "expected PTX, got the character '\\x00'"),
]


@pytest.mark.parametrize(("text", "line", "message"), BROKEN, ids=[message for _, _, message in BROKEN])
def test_line_and_sentence(text, line, message, front_end):
    answer = front_end.parse(text)
    assert message in answer["error"]
    assert answer["line"] == line
    assert answer["error"].startswith(f"line {line}: ")


LIMITS = [
    ("scopes", kernel("{" * 300 + "ret;" + "}" * 300), "scopes are nested deeper than 256"),
    ("parentheses", kernel("mov.u32 %r1, " + "(" * 100000 + "1;"), "nested deeper than 64"),
    ("signs", kernel("mov.u32 %r1, " + "-" * 100000 + "1;"), "nested deeper than 64"),
    ("conditions", kernel("mov.u32 %r1, " + "1?1:" * 100000 + "1;"), "nested deeper than 64"),
    ("vectors", kernel("mov.u32 %r1, " + "{" * 100000 + "1;"), "nested deeper than 4"),
    ("initialisers", module(".global .u32 x[1] = " + "{" * 100000), "nested deeper than 16"),
    ("operands", kernel("mov.u32 {" + "_," * 100000 + "_}, 1;"), "more than 4096 operands"),
    ("list", kernel("mov.u32 " + "_," * 100000 + "_;"), "more than 4096 operands"),
    ("parts", kernel("mov" + ".u32" * 100000 + " %r1, 1;"), "more than 32 parts"),
    ("parameters", module(".entry k(" + ".param .b32 x," * 5000), "more than 4096 parameters"),
    ("targets", kernel("B: .branchtargets L<9999999>;"), "must be at most"),
    ("several targets", kernel("B: .branchtargets L<1000000>, L<1000000>;"), "branch or call targets"),
    ("chains", kernel("\n".join(f".loc 1 {i} 0, inlined_at 1 {i - 1} 0" for i in range(1, 2000))), "'inlined_at' is nested deeper"),
]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS])
def test_limits_are_errors(text, message, front_end):
    assert message in front_end.parse(text)["error"]


def test_huge_declarations_cost_nothing(front_end):
    text = kernel(".reg .b32 %x<4294967295>; mov.u32 %x4294967294, 1; .local .b8 big[281474976710656];")
    tree = front_end.parse(text)
    assert tree["functions"][0]["registers"] == [["%x4294967294", "b32"]]


def test_every_prefix_of_a_module_is_refused(front_end):
    text = kernel('.loc 1 2 3\n@%p1 ld.global.v2.u32 {%r1, %r2}, [%rd1+4]; // end\n.pragma "nounroll"; bra L; L: ret;')
    good = len(text.rstrip())
    for size in range(good):
        answer = front_end.parse(text[:size])
        if "error" not in answer:
            assert text[:size].rstrip().endswith(("64", "75", "7"))
            assert answer["functions"] == []
    assert "error" not in front_end.parse(text[:good])


def test_text_may_end_in_zeros_as_it_does_in_fatbinaries(front_end):
    assert "error" not in front_end.parse(kernel("ret;").encode() + b"\0\0\0")


def test_text_beyond_the_limit_is_refused(front_end):
    answer = front_end.parse(b" " * ((64 << 20) + 1))
    assert answer == {"error": "the PTX has 67108865 bytes; at most 64 MiB are read", "line": 0}
