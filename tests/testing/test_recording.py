"""Names that lines assign, bits that become values, and steps that are joined: what a recording becomes before it is shown."""

import math

import pytest

from pmpp.testing.naming import Source, short_name
from pmpp.testing.recording import Recording, decoded, source, spread

SOURCE = Source(
    """__global__ void k(const float* __restrict__ in, unsigned long long* out, int n = 3) {
    __shared__ float tile[16][17], more[4]; /* int d = 1;
    int e = 2; */ extern __shared__ unsigned char raw[];
    for (int d = n / 2; d > 0; d /= 2) sum += in[d];  // int x = 1;
    if (t <= d && t != 3 || t >= n) tile[t][d + a[1]] += tile[t][2];
    const auto text = "int y = 1;"; ++count;
    atomicAdd(&bins[in[t] % 5], 1);
    *p = q.x = s->next = 4;
    unsigned int i = 1, j = 2;
    double sum; float x{0};
}""".splitlines()
)


@pytest.mark.parametrize(
    ("line", "places"),
    [
        (2, []),
        (3, []),
        (4, [("d", False, "s32"), ("sum", False, "f64")]),
        (5, [("tile[t][d + a[1]]", True, "f32")]),
        (6, [("text", False, ""), ("count", False, "")]),
        (7, [("bins[in[t] % 5]", True, "")]),
        (8, [("*p", True, ""), ("q.x", False, ""), ("s->next", True, "")]),
        (9, [("i", False, "u32"), ("j", False, "u32")]),
        (99, []),
    ],
)
def test_what_a_line_assigns(line, places):
    assert [(place.label, place.memory, place.type) for place in SOURCE.places(line)] == places


def test_parameters_and_shared_variables():
    assert SOURCE.parameters("k") == ["in", "out", "n"]
    assert SOURCE.parameters("space::k<int>") == ["in", "out", "n"]
    assert SOURCE.parameters("other") == []
    assert list(SOURCE.shared()) == [("tile", "f32"), ("more", "f32"), ("raw", "u8")]
    assert [short_name(name) for name in ("_ZZ4scanPKfE4sums", "_ZZN1a1kEiE1s_0", "dynamic")] == ["sums", "s", "dynamic"]


@pytest.mark.parametrize(
    ("bits", "kind", "value"),
    [
        (0x3F800000, "f32", 1.0),
        (0x3DCCCCCD, "f32", 0.1),
        (0x7F800000, "f32", "Infinity"),
        (0x7FC00000, "f32", "NaN"),
        (0xFFFFFFFF, "s32", -1),
        (0xFFFFFFFF, "u32", 4294967295),
        (0x3FF0000000000000, "f64", 1.0),
        (0xFFFFFFFFFFFFFFFF, "s64", -1),
        (0xFFFFFFFFFFFFFFFF, "u64", "18446744073709551615"),
        (0x123FF, "s8", -1),
        (0x3C00, "f16", 1.0),
    ],
)
def test_bits_become_values_that_json_has(bits, kind, value):
    found = decoded(bits, kind)
    assert type(found) is type(value)
    assert found == value or math.isclose(found, value, rel_tol=1e-7)


def test_lanes_that_are_evenly_spaced():
    assert spread({"from": 4, "by": -2}, 0b1011) == [4, 2, 0]
    assert spread([7, 8], 0b11) == [7, 8]


def recording(tmp_path, text, values, steps, **more):
    """Make a recording of a file by hand; all values are on line 1."""
    file = tmp_path / "x.cu"
    file.write_text(text)
    source.cache_clear()
    entry = {"kernel": "k", "of": [0, 0, 0], "block": [64, 1, 1], "grid": [1, 1, 1], "launch": 1, "seed": 0, "total": len(steps)}
    entry |= {"lines": [{"file": str(file), "line": n} for n in (1, 2)], "values": [{"line": 0, **value} for value in values]}
    entry |= {"shared": [], "shared_bytes": 0, "static_shared": 0, "allocations": [], "steps": steps, **more}
    return Recording(entry)


def test_the_value_of_a_variable_is_not_part_of_a_condition(tmp_path):
    """Of three integers on the line of a loop, the variable is the one that is assigned again and again."""
    values = [
        {"type": "s32", "decides": True, "leaves": True, "target": "%r1"},
        {"type": "u32", "leaves": True, "target": "%r2"},
        {"type": "s32", "decides": True, "target": "%r2", "leaves": True},
        {"type": "s64", "target": "%rd1", "leaves": True},
    ]
    steps = [{"w": 0, "l": 0, "m": 3, "n": 1, "v": [[site, 3, [site, site]]]} for site in range(4)]
    made = recording(tmp_path, "for (int d = 1; d < a % b; d *= 2) {\n", values, steps)
    assert made.variables == ["d"]
    assert [step.get("v") for step in made.steps if "v" in step] == [[[0, 3, [1, 1]]], [[0, 3, [2, 2]]]]


def test_two_variables_of_one_type_on_a_line_have_no_values(tmp_path):
    values = [{"type": "s32", "leaves": True, "target": "%r1"}, {"type": "s32", "leaves": True, "target": "%r2"}]
    assert recording(tmp_path, "int i = a, j = b;\n", values, []).variables == []
    assert recording(tmp_path, "int i = a; float j = b;\n", values, []).variables == ["i"]


def test_steps_in_which_nothing_is_seen_are_joined_to_the_next_of_their_lanes(tmp_path):
    steps = [
        {"w": 0, "l": 0, "m": 3, "n": 2},
        {"w": 0, "l": 1, "m": 3, "n": 1, "k": 1},
        {"w": 0, "l": 0, "m": 1, "n": 5},
        {"w": 1, "l": 0, "m": 3, "n": 1, "b": [[0, 3]]},
    ]
    made = recording(tmp_path, "\n\n", [], steps)
    assert [(step["w"], step["l"], step["m"], step["n"]) for step in made.steps] == [(0, 1, 3, 3), (0, 0, 1, 5), (1, 0, 3, 1)]


def test_the_steps_of_a_race_are_those_that_meet(tmp_path):
    """Of many executions of two lines, the pair in one phase that touches the same bytes."""
    read = lambda at: [["r", -1, 4, 1, [at]]]  # noqa: E731
    write = lambda at: [["w", -1, 4, 1, [at]]]  # noqa: E731
    steps = [
        {"w": 1, "l": 1, "m": 1, "n": 1, "t": write(8)},
        {"w": 0, "l": 0, "m": 1, "n": 1, "t": read(4), "d": [[0, [1, 1]]]},
        {"w": 0, "l": 0, "m": 1, "n": 1, "t": read(8), "k": 1},
        {"w": 0, "l": 0, "m": 1, "n": 1, "t": read(12), "k": 1},
        {"w": 1, "l": 1, "m": 1, "n": 1, "t": write(8)},
    ]
    made = recording(tmp_path, "\n\n", [], steps)
    place = lambda line, thread: {"file": "x.cu", "line": line, "block": [0, 0, 0], "thread": [thread, 0, 0]}  # noqa: E731
    finding = {"kind": "race", **place(1, 0), "other": place(2, 32)}
    assert made.steps_of(finding) == [2, 4]
    assert made.clash(finding, [2, 4]) == [2]
    assert made.steps_of({**finding, "block": [1, 0, 0]}) == [0]
    assert made.steps_of({"kind": "leak", "block": None}) == []
