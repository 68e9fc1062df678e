"""What nvcc makes of programs with every feature parses, and the tree agrees with a second, line-wise reading of the text."""

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "sources"
FEATURES = (75, 80, 90)
LARGE = {"cub_device": ("--extended-lambda",), "thrust_algorithms": ("--extended-lambda",)}
EXTRA_FLAGS = {"lambdas": ("--extended-lambda",), "relocatable": ("-rdc=true",), **LARGE}
CASES = [
    *((path.stem, ("-lineinfo",), FEATURES) for path in sorted(SOURCES.glob("*.cu")) if path.stem not in LARGE),
    *((stem, ("-lineinfo",), (75,)) for stem in LARGE),
    *((stem, ("-G",), (80,)) for stem in ("calls", "variables", "cooperative", "inline_assembly", "diagnostics")),
    ("math_functions", ("-use_fast_math", "-lineinfo"), (75,)),
    *((stem, ("-rdc=true",), (90,)) for stem in ("calls", "variables")),
]

FUNCTION = re.compile(r"\s*(?:\.(?:visible|extern|weak)\s+)*\.(?:entry|func)\b")
LOC = re.compile(r"\s*\.loc\s+(\d+) (\d+) (\d+)(?:, function_name (\S+?))?(?:, inlined_at (\d+) (\d+) (\d+))?\s*$")
INSTRUCTION = re.compile(r"\s*(?:@!?[%\w]+\s+)?([a-z][a-z0-9_]*(?:\.[\w:]+)*)[\s;]")
REGISTER = re.compile(r"%[A-Za-z_$][\w$]*(?:\.[xyzw]\b)?")
LABEL = re.compile(r"(?:^|[;{}\s])([A-Za-z_$][\w$]*):(?!:)")


def without_comments(text):
    return re.sub(r"//[^\n]*", "", text)


def debug_strings(lines):
    """Return what each label of section .debug_str names."""
    found, label, inside = {}, None, False
    for line in lines:
        if ".section" in line:
            inside = ".debug_str" in line
        elif inside and (match := re.match(r"([$\w]+):", line)):
            label = match[1]
            found[label] = b""
        elif inside and label is not None and (match := re.match(r"\s*\.b8 (.*)", line)):
            found[label] += bytes(int(number) for number in match[1].split(","))
    return {name: content.split(b"\0")[0].decode() for name, content in found.items()}


def chains_by_line(lines):
    """Return for each line the call chain that the latest .loc above it gives."""
    names, latest, current, result = debug_strings(lines), {}, (), []
    for line in lines:
        if FUNCTION.match(line):
            latest, current = {}, ()
        elif match := LOC.match(line):
            here, site = tuple(map(int, match.group(1, 2, 3))), match.group(5, 6, 7)
            callers = ()
            if site[0] is not None:
                site = tuple(map(int, site))
                callers = latest.get(site, ((*site, ""),))
            current = ((*here, names.get(match[4], "")), *callers)
            latest[here] = current
        result.append(current)
    return result


def chain(tree, index):
    found = []
    while index >= 0:
        location = tree["locations"][index]
        found.append((location["file"], location["line"], location["column"], location["function"]))
        assert location["inlined_at"] < index
        index = location["inlined_at"]
    return tuple(found)


def operand_names(operand, registers):
    """Return the names of registers and special registers in an operand, in the order of the text."""
    if "special" in operand:
        return [operand["special"]]
    if "reg" in operand:
        return [registers[operand["reg"]][0]]
    for group in ("vector", "pair", "tuple"):
        if group in operand:
            return [name for item in operand[group] for name in operand_names(item, registers)]
    return operand_names(operand["address"], registers) if "address" in operand else []


def symbols(operand):
    if "symbol" in operand:
        yield operand
    for group in ("vector", "pair", "tuple"):
        for item in operand.get(group, ()):
            yield from symbols(item)
    if "address" in operand:
        yield from symbols(operand["address"])


def statement(lines, number):
    """Return the text from a line to its semicolon."""
    text = ""
    for line in lines[number - 1 :]:
        text += line + "\n"
        if ";" in line:
            break
    return text


def check(text, tree):
    assert "error" not in tree, tree
    lines = without_comments(text).split("\n")
    chains = chains_by_line(lines)
    tables = {"variable": tree["variables"], "function": tree["functions"]}
    seen = set()
    for function in tree["functions"]:
        registers, body = function["registers"], function["body"]
        own = {"local_variable": "variables", "parameter": "params", "result": "returns", "prototype": "prototypes"}
        tables.update((kind, function[key]) for kind, key in own.items())
        labels = dict(map(tuple, function["labels"]))
        assert len(labels) == len(function["labels"])
        for instruction in body:
            number = instruction["line"]
            line = lines[number - 1]
            seen.add(number)
            assert ".".join(instruction["parts"]) in line
            assert chain(tree, instruction["location"]) == chains[number - 1]
            names = [registers[instruction["guard"]][0]] if "guard" in instruction else []
            names += [name for operand in instruction["operands"] for name in operand_names(operand, registers)]
            if line.count(";") <= 1 and "{" not in line.split("\t")[0]:
                assert [name for name in names if name[0] == "%"] == REGISTER.findall(statement(lines, number))
            for operand in instruction["operands"]:
                for symbol in symbols(operand):
                    if symbol["kind"] == "label":
                        assert labels[symbol["symbol"]] == symbol["index"]
                    else:
                        assert tables[symbol["kind"]][symbol["index"]]["name"] == symbol["symbol"]
        check_labels(lines, function)
    check_all_seen(lines, seen)


def check_labels(lines, function):
    """Every label stands between the instructions that its index says."""
    if function["is_declaration"] or not function["body"]:
        return
    body = function["body"]
    end, depth = function["line"], 0
    while depth > 0 or end <= body[-1]["line"]:
        depth += lines[end - 1].count("{") - lines[end - 1].count("}")
        end += 1
    copies, where = {}, {}
    for number in range(function["line"], end):
        for name in LABEL.findall(lines[number - 1]):
            copies[name] = copies.get(name, 0) + 1
            where[name if copies[name] == 1 else f"{name}#{copies[name]}"] = number
    for name, index in function["labels"]:
        assert index == len(body) or body[index]["line"] >= where[name]
        assert index == 0 or body[index - 1]["line"] <= where[name]


def check_all_seen(lines, seen):
    """No line that looks like an instruction was left out."""
    inside_section = False
    for number, line in enumerate(lines, 1):
        if ".section" in line:
            inside_section = True
        elif inside_section:
            inside_section = line.strip() != "}"
        elif number not in seen and (match := INSTRUCTION.match(line)) and "." in match[1]:
            pytest.fail(f"line {number} is missing in the tree: {line}")


@pytest.mark.parametrize(("stem", "flags", "capabilities"), CASES, ids=lambda value: str(value))
def test_tree_agrees_with_the_text(stem, flags, capabilities, front_end, nvcc_output):
    targets = [f"-gencode=arch=compute_{c},code=compute_{c}" for c in capabilities]
    flags = [*flags, *EXTRA_FLAGS.get(stem, ()), *targets, "--no-compress", "--threads=2", "-fatbin"]
    path = nvcc_output(SOURCES / f"{stem}.cu", *dict.fromkeys(flags))
    found = set()
    for capability in capabilities:
        (text,) = front_end.fatbin(path, capability)["ptx"]
        tree = front_end.parse(text)
        check(text, tree)
        assert tree["target"] == f"sm_{capability}"
        found |= {function["name"] for function in tree["functions"] if function["is_entry"]}
    assert found


def test_used_bytes_stay_with_their_load(front_end, nvcc_output):
    path = nvcc_output(SOURCES / "vector_add.cu", "-arch=compute_75", "-ptx", suffix=".ptx")
    tree = front_end.parse(path.read_bytes())
    loads = [i for f in tree["functions"] for i in f["body"] if "used_bytes" in i]
    assert [(load["parts"], load["used_bytes"]) for load in loads] == [(["ld", "global", "v4", "f32"], 0xFFF)]


def test_every_function_has_registers_and_labels_of_its_own(front_end, nvcc_output):
    path = nvcc_output(SOURCES / "control_flow.cu", "-arch=compute_75", "-ptx", suffix=".ptx")
    text = path.read_text()
    header, body = text[: text.index(".visible")], text[text.index(".visible") :]
    copies = "".join(body.replace("_Z", f"_Z{i}x") for i in range(20))
    one, many = front_end.parse(text), front_end.parse(header + copies)
    assert len(many["functions"]) == 20 * len(one["functions"])
    for copy, original in zip(many["functions"], 20 * one["functions"], strict=True):
        assert copy["registers"] == original["registers"]
        assert copy["labels"] == original["labels"]
