"""Writes grades for a teacher's tools and for students: CSV, JUnit, Gradescope's results.json, a report each."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

from pmpp.testing.grading import Grade, outcomes


def write(folder: Path, grades: Sequence[Grade], points: Mapping[str, float], titles: Mapping[str, str], *, single: bool) -> None:
    """Write all files; the same grades give the same bytes.

    Parameters
    ----------
    points, titles
        Of each problem.
    single
        The one student's files lie in the folder itself, as Gradescope wants it.
    """
    by_student = outcomes(grades)
    _put(folder / "grades.csv", _grades(by_student, points))
    _put(folder / "verdicts.csv", _verdicts(grades, points))
    _put(folder / "junit.xml", _junit(by_student))
    for student, own in by_student.items():
        place = folder if single else folder / "students" / student
        _put(place / "results.json", _gradescope(own, points, titles))
        _put(place / "report.txt", "\n".join(report(own, points, titles)) + "\n")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _score(grade: Grade, points: Mapping[str, float]) -> float:
    return points[grade.problem] if grade.solved else 0


def _number(value: float) -> str:
    return f"{value:g}"


def _cell(text: str) -> str:
    """Return text that a spreadsheet shows and does not compute."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _grades(by_student: Mapping[str, Mapping[str, Grade]], points: Mapping[str, float]) -> str:
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["student", "points", "of", *points])
    for student, own in by_student.items():
        scores = [_score(own[problem], points) for problem in points]
        table.writerow([_cell(student), *map(_number, (sum(scores), sum(points.values()), *scores))])
    return out.getvalue()


def _verdicts(grades: Sequence[Grade], points: Mapping[str, float]) -> str:
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["student", "problem", "points", "of", "verdict", "kind", "says"])
    for grade in grades:
        score, of = _number(_score(grade, points)), _number(points[grade.problem])
        table.writerow([_cell(grade.student), grade.problem, score, of, grade.state, grade.kind, _cell(grade.headline)])
    return out.getvalue()


def _junit(by_student: Mapping[str, Mapping[str, Grade]]) -> str:
    root = ElementTree.Element("testsuites", name="pmpp grade")
    for student, own in by_student.items():
        errors = sum(grade.state == "broken" for grade in own.values())
        failures = sum(not grade.solved for grade in own.values()) - errors
        suite = ElementTree.SubElement(
            root, "testsuite", name=student, tests=str(len(own)), failures=str(failures), errors=str(errors)
        )
        for grade in own.values():
            case = ElementTree.SubElement(suite, "testcase", classname=student, name=grade.problem)
            if not grade.solved:
                tag = "error" if grade.state == "broken" else "failure"
                said = ElementTree.SubElement(case, tag, type=grade.kind, message=grade.headline)
                said.text = "\n".join(grade.report)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _gradescope(own: Mapping[str, Grade], points: Mapping[str, float], titles: Mapping[str, str]) -> str:
    tests = [
        {
            "name": f"{problem}: {titles[problem]}",
            "score": _score(grade, points),
            "max_score": points[problem],
            "status": "passed" if grade.solved else "failed",
            "output": "\n".join(grade.report or [grade.headline]),
            "output_format": "text",
        }
        for problem, grade in own.items()
    ]
    score = sum(_score(grade, points) for grade in own.values())
    return json.dumps({"score": score, "output_format": "text", "tests": tests}, indent=1) + "\n"


def report(own: Mapping[str, Grade], points: Mapping[str, float], titles: Mapping[str, str]) -> list[str]:
    """Return the lines that a student reads."""
    scores = [_score(grade, points) for grade in own.values()]
    lines = [f"{_number(sum(scores))} of {_number(sum(points.values()))} points", ""]
    for problem, grade in own.items():
        score = f"{_number(_score(grade, points))} of {_number(points[problem])}"
        lines.append(f"{problem}: {titles[problem]}: {score} points, {grade.state}")
        said = grade.report or ([grade.headline] if grade.headline else [])
        lines += [*(f"  {line}".rstrip() for line in said), ""]
    return lines[:-1]
