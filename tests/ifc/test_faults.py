"""What ifcopenshell says, in words for the user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ifcopenshell
import pytest

from functions.ifc import faults


@pytest.fixture(autouse=True)
def nothing_opened() -> Iterator[None]:
    """No model is open, before and after."""
    faults.OPENED.clear()
    faults.EXPECTED.clear()
    ifcopenshell.get_log()
    yield
    faults.OPENED.clear()
    faults.EXPECTED.clear()
    ifcopenshell.get_log()


def test_errors_that_are_not_the_parsers_are_left_alone() -> None:
    assert faults.explain(ValueError("no such thing")) is None
    assert faults.explain(KeyError(3)) is None


def test_the_place_is_a_line_while_one_model_is_open_and_a_byte_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "model.ifc"
    path.write_text("a\nb\nccccc")
    error = RuntimeError("token X at offset 6 invalid valid token")
    places = []
    whole, excerpt = faults.Opened(path, path), faults.Opened(path, tmp_path / "other.ifc")
    for opened in ([], [whole], [whole, whole], [whole, excerpt]):
        faults.OPENED[:] = opened
        found = faults.explain(error)
        assert found is not None
        places.append(found.where)
    assert places == ["byte 6", "line 3", "byte 6", None]


def test_the_place_is_that_in_the_model_where_an_excerpt_was_parsed(tmp_path: Path) -> None:
    model, parsed = tmp_path / "model.ifc", tmp_path / "excerpt.ifc"
    model.write_text("DATA;\n#1=A(#22);\n#2=B();\n#22=A(\n?);\n")
    parsed.write_text("DATA;\n#22=A(\n?);\n")
    faults.OPENED[:] = [faults.Opened(parsed, model)]
    offset = parsed.read_text().index("?")
    found = faults.explain(RuntimeError(f"token ? at offset {offset} invalid valid token"))
    assert found is not None
    assert found.where == "line 5"


def test_what_is_missing_on_purpose_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("[error] Instance reference #5 used by #1 not found", "[warning] Something else")
    monkeypatch.setattr(ifcopenshell, "get_log", lambda: "\n".join(lines))
    faults.EXPECTED.append("Instance reference #")
    assert list(faults.logged()) == ["Something else"]


def test_making_an_instance_is_no_fault() -> None:
    ifcopenshell.file(schema="IFC4").create_entity("IfcWall", "2nJrDaLQfJ1QPhdJR0o97J")
    assert list(faults.logged()) == []


def test_the_log_is_told_by_kinds_and_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "[notice] [2026-11-21 22:30:23] Lazy loading not possible",
        *(
            f"[error] [2026-11-21 22:30:17] Instance reference #{number} used by #1 not found at offset 3"
            for number in range(1000)
        ),
        "[warning] [VAL016] [2026-11-21 22:30:29] Expected 9 attribute values, found 1 for instance #900",
        "[warning] [2026-11-21 22:30:20] Instance with non-unique GlobalId 2nJrDaLQfJ1QPhdJR0o97J",
        "[warning] [2026-11-21 22:30:20] Instance with non-unique GlobalId 3nJrDaLQfJ1QPhdJR0o97J",
    ]
    monkeypatch.setattr(ifcopenshell, "get_log", lambda: "\n".join(lines))
    assert list(faults.logged()) == [
        "Instance reference #0 used by #1 not found (1000 times alike)",
        "Expected 9 attribute values, found 1 for instance #900",
        "Instance with non-unique GlobalId 2nJrDaLQfJ1QPhdJR0o97J (2 times alike)",
    ]


def test_a_message_goes_on_in_the_next_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "nobody's",
        "[error] [2026-11-21 22:30:17] Failed to convert for:",
        "#12=IFCWALL('2nJrDaLQfJ1QPhdJR0o97J',$,'North')",
        "[notice] [2026-11-21 22:30:18] Done for:",
        "#14=IFCDOOR()",
        "[error] [2026-11-21 22:30:17] Failed to convert for:",
        "#13=IFCSLAB('3nJrDaLQfJ1QPhdJR0o97J',$,'Floor')",
        "[warning] [2026-11-21 22:30:17] Ignored for:",
    ]
    monkeypatch.setattr(ifcopenshell, "get_log", lambda: "\n".join(lines))
    assert list(faults.logged()) == [
        "Failed to convert for: #12=IFCWALL('2nJrDaLQfJ1QPhdJR0o97J',$,'North') (2 times alike)",
        "Ignored",
    ]


def test_many_kinds_are_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"[error] [2026-11-21 22:30:17] {'x' * number}\n" for number in range(1, 31))
    monkeypatch.setattr(ifcopenshell, "get_log", lambda: text)
    found = list(faults.logged())
    assert len(found) == 21
    assert found[-1].startswith("10 more kinds")
