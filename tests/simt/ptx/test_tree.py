"""Every directive, declaration, operand and literal of PTX, and what the tree says of it."""

import struct

import pytest

HEADER = ".version 9.0\n.target sm_90a\n.address_size 64\n"
REGISTERS = (
    ".reg .pred %p<4>; .reg .b16 %h<4>; .reg .b32 %r<100>; .reg .b64 %rd<20>; .reg .f32 %f<20>; .reg .f64 %d<4>; .reg .b128 %q<2>;"
)


def bits32(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def bits64(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


@pytest.fixture
def module(front_end):
    def parse(text):
        tree = front_end.parse(HEADER + text)
        assert "error" not in tree, tree
        return tree

    return parse


@pytest.fixture
def body(module):
    """Return a function: the kernel that has these statements."""

    def parse(statements, before=""):
        tree = module(f"{before}\n.entry k(.param .u64 a, .param .u32 n) {{ {REGISTERS}\n{statements}\n}}")
        kernel = tree["functions"][-1]
        kernel["module"] = tree
        return kernel

    return parse


@pytest.fixture
def operands(body):
    """Return a function: the operands of one instruction, registers by name."""

    def named(operand, registers):
        if "reg" in operand:
            operand["reg"] = registers[operand["reg"]][0]
        for value in operand.values():
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):
                    named(inner, registers)
        return operand

    def parse(statement, before=""):
        kernel = body(statement, before)
        return [named(operand, kernel["registers"]) for operand in kernel["body"][0]["operands"]]

    return parse


INTEGERS = [
    ("0", 0), ("7", 7), ("-1", 2**64 - 1), ("0x1F", 31), ("0X1f", 31), ("017", 15), ("0b101", 5), ("0B11", 3), ("00", 0),
    ("5U", 5), ("0xffffffffffffffff", 2**64 - 1), ("18446744073709551615", 2**64 - 1), ("0x10U", 16), ("0777U", 511), ("0b1U", 1),
    ("9223372036854775808", 2**63), ("-9223372036854775808", 2**63), ("WARP_SZ", 32), ("WARP_SZ*2-1", 63), ("+3", 3), ("- -3", 3),
    ("~0", 2**64 - 1), ("!5", 0), ("!0", 1), ("(1+2)*3", 9), ("1+2*3", 7), ("10-4-3", 3), ("7/2", 3), ("-7/2", 2**64 - 3),
    ("-7/2U", (2**64 - 7) // 2), ("7 % 4", 3), ("-8 % 3", (2**64 - 8) % 3), ("1<<4", 16), ("1<<65", 2), ("-5>>1", 2**64 - 3),
    ("0xfffffffffffffff0>>1", 2**63 - 8), ("6&3|8^1", 11), ("1<2", 1), ("-1>0U", 1), ("-1>0", 0), ("3>=3", 1), ("3!=3", 0),
    ("2==2&&0", 0), ("0||5", 1), ("1?2:3", 2), ("0?2:1?4:5", 4), ("(.u64)-1>0", 1), ("(.s64)5", 5), ("1.5<2.5", 1),
]  # fmt: skip


@pytest.mark.parametrize(("literal", "value"), INTEGERS)
def test_integers(literal, value, operands):
    assert operands(f"mov.b64 %rd1, {literal};")[1] == {"imm": value, "kind": "integer"}


REALS = [
    ("0f3f800000", "f32", bits32(1)), ("0F3F800000", "f32", bits32(1)), ("0f7fC00000", "f32", 0x7FC00000),
    ("-(0f3f800000)", "f32", bits32(-1)), ("0d3ff0000000000000", "f64", bits64(1)), ("0D7FF8000000000001", "f64", 0x7FF8000000000001),
    ("1.5", "f64", bits64(1.5)), ("-1.5", "f64", bits64(-1.5)), ("5.", "f64", bits64(5)), (".5", "f64", bits64(0.5)),
    (".25e1", "f64", bits64(2.5)), ("1e3", "f64", bits64(1000)), ("1.0E-3", "f64", bits64(0.001)), ("2e+2", "f64", bits64(200)),
    ("0.0", "f64", 0), ("-0.0", "f64", 2**63), ("1.5+2.5*3.0", "f64", bits64(9)), ("7.0/2.0", "f64", bits64(3.5)),
    ("1?2.5:3.5", "f64", bits64(2.5)), ("0.1", "f64", bits64(0.1)), ("4.9406564584124654e-324", "f64", 1),
]  # fmt: skip


@pytest.mark.parametrize(("literal", "kind", "bits"), REALS)
def test_reals(literal, kind, bits, operands):
    assert operands(f"mov.f64 %d1, {literal};")[1] == {"imm": bits, "kind": kind}


def reg(name, **more):
    return {"reg": name, **more}


def address(base, offset=0):
    return {"address": base, "offset": offset}


def integer(value):
    return {"imm": value % 2**64, "kind": "integer"}


SINK = {"sink": True}
PARAMETER = {"symbol": "a", "kind": "parameter", "index": 0}
OPERANDS = [
    ("add.s32 %r1, %r2, -4;", [reg("%r1"), reg("%r2"), integer(-4)]),
    ("mov.u32 %r1, %tid.x;", [reg("%r1"), {"special": "%tid.x"}]),
    ("mov.v4.u32 {%r1,%r2,%r3,_}, %ntid;", [{"vector": [reg("%r1"), reg("%r2"), reg("%r3"), SINK]}, {"special": "%ntid"}]),
    ("mov.u64 %rd1, %clock64;", [reg("%rd1"), {"special": "%clock64"}]),
    ("mov.u32 %r1, %envreg31;", [reg("%r1"), {"special": "%envreg31"}]),
    ("mov.u64 %rd1, %pm7_64;", [reg("%rd1"), {"special": "%pm7_64"}]),
    ("ld.global.u32 %r1, [%rd1];", [reg("%r1"), address(reg("%rd1"))]),
    ("ld.global.u32 %r1, [%rd1+-8];", [reg("%r1"), address(reg("%rd1"), -8)]),
    ("ld.global.u32 %r1, [%rd1-8];", [reg("%r1"), address(reg("%rd1"), -8)]),
    ("ld.global.u32 %r1, [%rd1+4*(2+1)];", [reg("%r1"), address(reg("%rd1"), 12)]),
    ("ld.local.u32 %r1, [16];", [reg("%r1"), address(integer(16))]),
    ("ld.param.u32 %r1, [a+4];", [reg("%r1"), address(PARAMETER, 4)]),
    ("mov.u64 %rd1, a;", [reg("%rd1"), PARAMETER]),
    ("mov.u64 %rd1, a+4;", [reg("%rd1"), PARAMETER | {"offset": 4}]),
    ("ld.v2.f32 {%f1, %f2}, [%rd1];", [{"vector": [reg("%f1"), reg("%f2")]}, address(reg("%rd1"))]),
    ("mov.b64 {%r1, _}, %rd1;", [{"vector": [reg("%r1"), SINK]}, reg("%rd1")]),
    ("mov.b128 %q0, {%rd1, %rd2};", [reg("%q0"), {"vector": [reg("%rd1"), reg("%rd2")]}]),
    ("setp.lt.and.s32 %p1|%p2, %r1, 3, !%p3;", [{"pair": [reg("%p1"), reg("%p2")]}, reg("%r1"), integer(3), reg("%p3", negated=True)]),
    ("elect.sync _|%p1, -1;", [{"pair": [SINK, reg("%p1")]}, integer(-1)]),
    ("shfl.sync.idx.b32 %r1|_, %r2, 0, 31, -1;", [{"pair": [reg("%r1"), SINK]}, reg("%r2"), integer(0), integer(31), integer(-1)]),
    ("mbarrier.arrive.shared::cta.b64 _, [%r1], 2;", [SINK, address(reg("%r1")), integer(2)]),
    ("cp.async.ca.shared.global [%r1], [%rd1+16], 16, %r2;", [address(reg("%r1")), address(reg("%rd1"), 16), integer(16), reg("%r2")]),
    ("tex.2d.v4.f32.f32 {%f1,%f2,%f3,%f4}, [%rd1, {%f5,%f6}];",
     [{"vector": [reg(f"%f{i}") for i in (1, 2, 3, 4)]}, {"tuple": [reg("%rd1"), {"vector": [reg("%f5"), reg("%f6")]}]}]),
    ("tex.2d.v4.f32.s32 {%f1,_,_,_}, [a, %rd2, {%r5,%r6}];",
     [{"vector": [reg("%f1"), SINK, SINK, SINK]}, {"tuple": [PARAMETER, reg("%rd2"), {"vector": [reg("%r5"), reg("%r6")]}]}]),
    ("sust.b.2d.v2.b32.trap [%rd1, {%r1,%r2}], {%r3,%r4};",
     [{"tuple": [reg("%rd1"), {"vector": [reg("%r1"), reg("%r2")]}]}, {"vector": [reg("%r3"), reg("%r4")]}]),
    ("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r1,%r2}, [%r3+32];", [{"vector": [reg("%r1"), reg("%r2")]}, address(reg("%r3"), 32)]),
    ("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%d0,%d1}, {%d2}, {%d3}, {%d0,%d1};",
     [{"vector": [reg("%d0"), reg("%d1")]}, {"vector": [reg("%d2")]}, {"vector": [reg("%d3")]}, {"vector": [reg("%d0"), reg("%d1")]}]),
    ("vadd.s32.u32.s32.sat %r1, %r2.b3, -%r3.h1;", [reg("%r1"), reg("%r2", part="b3"), reg("%r3", minus=True, part="h1")]),
    ("cp.async.wait_all;", []),
    ("barrier.cluster.arrive.relaxed.aligned;", []),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), OPERANDS, ids=[statement for statement, _ in OPERANDS])
def test_operands(statement, expected, operands):
    assert operands(statement) == expected


def test_opcode_is_split_at_its_dots(body):
    statement = "@!%p1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1], %r2, [%r3];"
    (instruction,) = body(statement)["body"]
    assert instruction["parts"] == [
        "cp", "async", "bulk", "shared::cluster", "global", "mbarrier::complete_tx::bytes"
    ]  # fmt: skip
    assert instruction["guard_negated"]
    assert body("@%p3 ret;")["registers"][0] == ["%p3", "pred"]


@pytest.mark.parametrize("comment", ["// nothing", "/* nothing */", "/* two\nlines ; */", "/**/", "/***/", "// } /*"])
def test_comments_are_blanks(comment, body):
    assert [i["parts"] for i in body(f"mov.u32 {comment}\n%r1, 1;{comment}\nret;")["body"]] == [["mov", "u32"], ["ret"]]


# ---- scopes and names -----------------------------------------------------------------------------------------------


def test_inner_registers_shadow_outer_ones(body):
    kernel = body(
        "mov.u32 %r1, 0; { .reg .b32 %r1; mov.u32 %r1, 1; { .reg .f32 %r<2>; mov.f32 %r1, 2.0; } mov.u32 %r1, 3; }"
        "{ .reg .pred %r1; @%r1 ret; } mov.u32 %r1, 4;"
    )
    first = [i["operands"][0]["reg"] if i["operands"] else i["guard"] for i in kernel["body"]]
    assert first == [0, 1, 2, 1, 3, 0]
    assert [kind for _, kind in kernel["registers"]] == ["b32", "b32", "f32", "pred"]


def test_ranges_that_end_in_digits_do_not_mix(body):
    kernel = body(".reg .b32 %x1<10>; .reg .f32 %x<9>; mov.u32 %x10, 0; mov.u32 %x19, 0; mov.f32 %x1, 1.0; mov.f32 %x8, 1.0;")
    assert kernel["registers"] == [["%x10", "b32"], ["%x19", "b32"], ["%x1", "f32"], ["%x8", "f32"]]


def test_registers_may_look_like_anything(body):
    kernel = body(".reg .u32 ret, add, $x, _y, %tid; add.u32 add, ret, $x; mov.u32 _y, %tid;")
    assert [name for name, _ in kernel["registers"]] == ["ret", "add", "$x", "_y", "%tid"]


def test_registers_of_vector_type(operands):
    before = ".reg .v4 .f32 V; .reg .v2 .f32 W<3>; "
    assert operands(before + "mov.f32 V.y, V.a;") == [reg("V.y"), reg("V.w")]
    assert operands(before + "ld.v2.f32 W2, [%rd1];")[0] == {"vector": [reg("W2.0"), reg("W2.1")]}


def test_labels_belong_to_their_scope(body):
    kernel = body("L: { bra L; L: mov.u32 %r1, 1; bra L; { bra L; } } bra L; bra end; end:")
    branches = [(i["operands"][0]["symbol"], i["operands"][0]["index"]) for i in kernel["body"] if i["parts"] == ["bra"]]
    assert kernel["labels"] == [["L", 0], ["L#2", 1], ["end", 6]]
    assert branches == [("L#2", 1), ("L#2", 1), ("L#2", 1), ("L", 0), ("end", 6)]


def test_variables_of_a_body_are_renamed_where_the_name_comes_again(body):
    kernel = body(
        ".local .align 8 .b8 depot[24]; .shared .align 4 .f32 tile[16][17];"
        "{ .param .b32 p; st.param.b32 [p], 1; } { .param .align 8 .b8 p[16]; st.param.b32 [p+4], 1; }"
    )
    shapes = [(v["name"], v["space"], v["type"], v["count"], v["align"]) for v in kernel["variables"]]
    assert shapes == [
        ("depot", "local", "b8", 24, 8), ("tile", "shared", "f32", 272, 4), ("p", "param", "b32", 1, 4), ("p#2", "param", "b8", 16, 8)
    ]  # fmt: skip
    targets = [i["operands"][0]["address"] for i in kernel["body"]]
    assert [(t["symbol"], t["kind"], t["index"]) for t in targets] == [("p", "local_variable", 2), ("p#2", "local_variable", 3)]


def test_variables_of_the_module_inside_a_body(body):
    kernel = body(".global .u32 x = 5; ld.global.u32 %r1, [x];", before=".global .f32 x;")
    assert [(v["name"], v["type"]) for v in kernel["module"]["variables"]] == [("x", "f32"), ("x#2", "u32")]
    assert kernel["body"][0]["operands"][1]["address"] == {"symbol": "x#2", "kind": "variable", "index": 1}


def test_indirect_calls_and_branches(body):
    before = ".func (.param .b32 r) f(.param .b32 x) { ret; } .func g() { ret; } .global .u64 table[2] = {f, g};"
    kernel = body(
        "P: .callprototype (.param .b32 _) _ (.param .b32 _, .param .align 8 .b8 _[16]) .noreturn;"
        "C: .calltargets f, g; B: .branchtargets L0, M, L1; R: .branchtargets L<2>;"
        "call (%r1), %rd1, (%r2, a), P; call %rd1, C; call g; call.uni (_), f, (5); brx.idx %r1, B; brx.idx.uni %r1, R; L0: M: L1: ret;",
        before,
    )
    assert kernel["branch_targets"] == [["L0", "M", "L1"], ["L0", "L1"]]
    assert kernel["call_targets"] == [["f", "g"]]
    (prototype,) = kernel["prototypes"]
    assert (prototype["name"], prototype["noreturn"], len(prototype["params"])) == ("P", True, 2)
    calls = [i["operands"] for i in kernel["body"]]
    assert calls[0][0] == {"tuple": [{"reg": 0}]}
    assert calls[0][2]["tuple"][1]["kind"] == "parameter"
    assert calls[0][3] == {"symbol": "P", "kind": "prototype", "index": 0}
    assert calls[1][1] == {"symbol": "C", "kind": "call_targets", "index": 0}
    assert calls[2] == [{"symbol": "g", "kind": "function", "index": 1}]
    assert calls[3][0] == {"tuple": [SINK]}
    assert calls[3][2] == {"tuple": [integer(5)]}
    assert calls[5][1] == {"symbol": "R", "kind": "branch_targets", "index": 1}


# ---- functions ------------------------------------------------------------------------------------------------------


def test_directives_of_a_kernel(module):
    tree = module(
        ".visible .entry k(.param .u64 .ptr .global .align 16 p, .param .align 8 .b8 s[24], .param .u64 .ptr q, .param .f32 x)\n"
        ".maxntid 256, 2\n.reqntid 64\n.minnctapersm 4\n.maxnreg 40\n.reqnctapercluster 2, 2, 1\n.explicitcluster\n.maxclusterrank 8\n"
        '.blocksareclusters\n.pragma "nounroll";\n{ ret; }'
    )
    (kernel,) = tree["functions"]
    assert kernel["is_entry"]
    assert kernel["linkage"] == "visible"
    assert kernel["max_threads"] == [256, 2, 1]
    assert kernel["required_threads"] == [64, 1, 1]
    assert kernel["required_cluster"] == [2, 2, 1]
    assert (kernel["min_blocks"], kernel["max_registers"], kernel["max_cluster_rank"]) == (4, 40, 8)
    assert kernel["explicit_cluster"]
    assert kernel["blocks_are_clusters"]
    shapes = [(p["name"], p["count"], p["align"], p["is_pointer"], p["pointee"], p["pointee_align"]) for p in kernel["params"]]
    assert shapes == [
        ("p", 1, 8, True, "global", 16), ("s", 24, 8, False, "none", 0), ("q", 1, 8, True, "none", 0), ("x", 1, 4, False, "none", 0)
    ]  # fmt: skip


def test_declarations_and_definitions_are_one_function(module):
    tree = module(
        ".func (.param .b32 r) f (.param .b32 x);\n.extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);\n"
        ".weak .func g() .noreturn;\n.visible .func h;\n"
        ".func (.param .b32 r) f (.param .b32 y) { call (r), f, (y); ret; }\n.weak .func g() { trap; }\n.func (.reg .u32 %o) i(.reg .u32 %i) { mov.u32 %o, %i; ret; }"
    )
    shapes = [(f["name"], f["is_declaration"], f["linkage"], f["noreturn"]) for f in tree["functions"]]
    assert shapes == [
        ("f", False, "none", False), ("vprintf", True, "extern", False), ("g", False, "weak", True), ("h", True, "visible", False),
        ("i", False, "none", False),
    ]  # fmt: skip
    assert tree["functions"][0]["params"][0]["name"] == "y"
    call = tree["functions"][0]["body"][0]["operands"]
    assert [call[0]["tuple"][0]["kind"], call[1]["index"], call[2]["tuple"][0]["kind"]] == ["result", 0, "parameter"]
    assert tree["functions"][4]["registers"] == [["%o", "u32"], ["%i", "u32"]]


def test_aliases(module):
    tree = module(".visible .func a(.param .b32 x); .func b(.param .b32 x) { ret; } .alias a, b; .entry k() { call a, (5); ret; }")
    assert tree["aliases"] == [["a", "b"]]


def test_array_parameter_without_a_size(module):
    (function,) = module(".func f(.param .align 4 .b8 x[]) { ret; }")["functions"]
    assert (function["params"][0]["count"], function["params"][0]["is_array"]) == (0, True)


# ---- variables ------------------------------------------------------------------------------------------------------


def values(variable):
    return [value["bits"] for value in variable["init"]]


VARIABLES = [
    (".global .align 8 .b8 x[16] = {1, 2, 255};", [1, 2, 255]),
    (".const .f32 x = 0f3f800000;", [bits32(1)]),
    (".const .f32 x = 1.5;", [bits32(1.5)]),
    (".global .f32 x = 0.1;", [bits32(0.1)]),
    (".global .f32 x = 0d3ff0000000000000;", [bits32(1)]),
    (".global .b32 x = -1.5;", [bits32(-1.5)]),
    (".global .f64 x[2] = {1.5, 0dbff0000000000000};", [bits64(1.5), bits64(-1)]),
    (".global .b64 x = 1.5;", [bits64(1.5)]),
    (".global .u32 x[2][3] = {{1, 2, 3}, {4}};", [1, 2, 3, 4]),
    (".global .v2 .f32 x[2] = {{1.0, 2.0}, {3.0, 4.0}};", [bits32(f) for f in (1.0, 2.0, 3.0, 4.0)]),
    (".global .v4 .u32 x = {1, 2, 3, 4};", [1, 2, 3, 4]),
    (".global .s64 x = -5;", [2**64 - 5]),
    (".weak .const .u16 x = 3*(2+1);", [9]),
]


@pytest.mark.parametrize(("declaration", "bits"), VARIABLES, ids=[text for text, _ in VARIABLES])
def test_initial_values(declaration, bits, module):
    (variable,) = module(declaration)["variables"]
    assert values(variable) == bits


def test_initial_addresses(module):
    tree = module(
        ".global .b8 y[8]; .func f() { ret; }"
        ".global .u64 x[5] = {y, y+2, generic(y)+3, f, 7}; .global .b8 m[4] = {0xff(y), 0xff00(y), 0xff0000(generic(y)), 0xff(generic(y)+4)};"
    )
    addresses, masked = tree["variables"][1:]
    assert addresses["init"] == [
        {"bits": 0, "symbol": "y", "generic": False, "mask": 2**64 - 1},
        {"bits": 2, "symbol": "y", "generic": False, "mask": 2**64 - 1},
        {"bits": 3, "symbol": "y", "generic": True, "mask": 2**64 - 1},
        {"bits": 0, "symbol": "f", "generic": False, "mask": 2**64 - 1},
        {"bits": 7},
    ]
    assert [(v["mask"], v["generic"], v["bits"]) for v in masked["init"]] == [
        (0xFF, False, 0), (0xFF00, False, 0), (0xFF0000, True, 0), (0xFF, True, 4)
    ]  # fmt: skip


def test_shapes_of_variables(module):
    tree = module(
        ".extern .shared .align 16 .b8 dynamic[]; .global .attribute(.managed) .align 4 .u32 m = 3; .shared .f64 s[4];"
        ".global .u32 a, b = 2, c[3]; .common .global .u32 z; .global .u8 open[] = {1, 2, 3}; .global .u8 rows[][2] = {{1, 2}, {3, 4}, {5}};"
        ".const .align 1 .u32 packed; .extern .global .f32 later; .visible .global .f32 later = 1.0; .extern .global .f32 later;"
        ".global .texref t; .global .v4 .f32 v;"
    )
    shapes = {v["name"]: (v["space"], v["linkage"], v["align"], v["count"], v["vector"], v["managed"]) for v in tree["variables"]}
    assert shapes == {
        "dynamic": ("shared", "extern", 16, 0, 1, False),
        "m": ("global", "none", 4, 1, 1, True),
        "s": ("shared", "none", 8, 4, 1, False),
        "a": ("global", "none", 4, 1, 1, False),
        "b": ("global", "none", 4, 1, 1, False),
        "c": ("global", "none", 4, 3, 1, False),
        "z": ("global", "common", 4, 1, 1, False),
        "open": ("global", "none", 1, 3, 1, False),
        "rows": ("global", "none", 1, 6, 1, False),
        "packed": ("const", "none", 1, 1, 1, False),
        "later": ("global", "visible", 4, 1, 1, False),
        "t": ("global", "none", 8, 1, 1, False),
        "v": ("global", "none", 16, 1, 4, False),
    }


# ---- debug information ----------------------------------------------------------------------------------------------


def test_locations_keep_the_whole_chain(module):
    tree = module(
        '.file 1 "a.cu"\n.file 2 "dir/b.h", 123456, 789\n.file 3 "b\\303\\274\\8.cu"\n.entry k() {\n.loc 1 10 3\nret;\n'
        ".loc 1 30 5, function_name $L__name0, inlined_at 1 10 3\n.loc 2 7 1, function_name $L__name0+4, inlined_at 1 30 5\nret;\n"
        ".loc 2 8 0, function_name .debug_str+4, inlined_at 9 9 9\nret;\n.loc 1 10 3\nret;\n}\n"
        ".section .debug_str\n{\n$L__name0:\n.b8 111,110,101,0\n.b8 116,119\n.b8 111,0\n}\n.section .debug_abbrev { .b8 1, 2 .b32 .debug_str+4 .b64 $x-$y }"
    )
    assert tree["files"] == [[1, "a.cu"], [2, "dir/b.h"], [3, "b\xc3\xbc\\8.cu"]]
    chains = []
    for instruction in tree["functions"][0]["body"]:
        index, found = instruction["location"], []
        while index >= 0:
            place = tree["locations"][index]
            found.append((place["file"], place["line"], place["column"], place["function"]))
            index = place["inlined_at"]
        chains.append(found)
    assert chains == [
        [(1, 10, 3, "")],
        [(2, 7, 1, "two"), (1, 30, 5, "one"), (1, 10, 3, "")],
        [(2, 8, 0, "two"), (9, 9, 9, "")],
        [(1, 10, 3, "")],
    ]


@pytest.mark.parametrize(("text", "mask"), [("4095", 0xFFF), ("0xfff", 0xFFF), ("15", 0xF)])
def test_used_bytes_mask(text, mask, body):
    load = "ld.global.v4.u32 {%r1,%r2,%r3,%r4}, [%rd1];"
    kernel = body(f'.pragma "nounroll", "used_bytes_mask {text}"; {load} {load}')
    assert [instruction.get("used_bytes") for instruction in kernel["body"]] == [mask, None]


@pytest.mark.parametrize("target", ["sm_75", "sm_90a", "sm_100f, debug", "sm_80, texmode_independent"])
def test_target_and_version(target, front_end):
    tree = front_end.parse(f".version 8.7\n.target {target}\n")
    assert (tree["version"], tree["target"], tree["address_size"]) == (87, target.split(",")[0], 64)
