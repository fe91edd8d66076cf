"""IDS files of the usual form are read as the validator reads them, and what it refuses is never accepted."""

from __future__ import annotations

import copy
import random
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from benchmarks.specifications import write_ids
from functions.core.errors import InputError
from functions.ifc.ids import audit, file, grammar

ROOT = Path(__file__).resolve().parents[3]
HOUSE = ROOT / "examples" / "house.ids"
VALUES = (
    "", " ", "required", "optional", "IFC4", "IFC4 IFC2X3", "xs:string", "xs:double", "xs:int", "3", "-1",
    "1.5", "x", "IFCWALL", " a", "2026-02-30", "2026-02-28", "unbounded", "0", "http://a.b/c", "a\nb",
)  # fmt: skip
NAMES = (
    "name",
    "base",
    "value",
    "cardinality",
    "uri",
    "instructions",
    "minOccurs",
    "relation",
    "dataType",
    "id",
)
Parsed = tuple[Element, dict[Element, int], dict[str, str]]


def parse(path: Path) -> Parsed:
    return file.parse(path.read_bytes(), name="ids")


def flatten(value: Any) -> Any:
    """Return what a document holds, without what is remembered of models."""
    if isinstance(value, list | tuple):
        return [flatten(one) for one in value]
    if isinstance(value, dict):
        return {key: flatten(one) for key, one in value.items()}
    if hasattr(value, "__dict__"):
        return type(value).__name__, flatten({k: v for k, v in vars(value).items() if k[0] != "_"})
    return str(value) if isinstance(value, set) else value


def read(parsed: Parsed) -> Any:
    return flatten(audit.parse(grammar.read(parsed[0], parsed[2])))


def validate(parsed: Parsed) -> Any:
    """Return what the validator reads; None when it refuses the document."""
    try:
        decoded = file._validate(*parsed, "ids")
    except InputError:
        return None
    found = decoded["specifications"]["specification"]
    decoded["specifications"]["specification"] = found if isinstance(found, list) else [found]
    return flatten(audit.parse(decoded))


def test_the_files_of_the_corpus_need_no_validator(corpus: Path) -> None:
    files = sorted((corpus / "ids" / "testcases").rglob("*.ids"))[::4]
    assert files
    for path in [*files, HOUSE]:
        parsed = parse(path)
        assert read(parsed) == validate(parsed), path


def test_the_file_of_the_benchmark_needs_no_validator(tmp_path: Path) -> None:
    parsed = parse(write_ids(tmp_path / "many.ids"))
    assert read(parsed) == validate(parsed)


def damage(root: Element, rng: random.Random) -> None:
    """Change one thing."""
    elements = list(root.iter())
    parents = {child: parent for parent in elements for child in parent}
    one = rng.choice(elements[1:])
    parent = parents[one]
    match rng.randrange(8):
        case 0:
            parent.remove(one)
        case 1:
            parent.insert(rng.randrange(len(parent) + 1), copy.deepcopy(one))
        case 2:
            one.text = rng.choice(VALUES)
        case 3 | 4:
            one.set(rng.choice([*one.attrib, *NAMES]), rng.choice(VALUES))
        case 5:
            one.attrib.pop(rng.choice([*one.attrib, ""]), None)
        case 6:
            one.tag = rng.choice(elements).tag
        case _:
            one.tail = rng.choice(VALUES)


def test_what_is_accepted_is_valid_and_means_the_same() -> None:
    rng, counts = random.Random(1), Counter[bool]()  # noqa: S311 - the same damage every time
    for _ in range(300):
        root, lines, prefixes = parse(HOUSE)
        damage(root, rng)
        lines.update({element: lines.get(element, 1) for element in root.iter()})
        try:
            found = read((root, lines, prefixes))
        except grammar.Irregular:
            counts[False] += 1
            continue
        counts[True] += 1
        assert found == validate((root, lines, prefixes))
    assert min(counts[True], counts[False]) > 50


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<info>", "<info><!-- c --><other/>"),
        ("</specifications>", "text</specifications>"),
        ("base=", "id='a' base="),
    ],
)
def test_what_is_unusual_is_left_to_the_validator(old: str, new: str, tmp_path: Path) -> None:
    path = write_ids(tmp_path / "t.ids")
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(grammar.Irregular):
        read(parse(path))


def test_a_valid_file_of_unusual_form_is_read_all_the_same(tmp_path: Path) -> None:
    path = write_ids(tmp_path / "t.ids")
    usual = flatten(audit.parse(file.read_ids(path, name="ids").decoded))
    path.write_text(path.read_text().replace("base=", "id='a' base=", 1))
    assert flatten(audit.parse(file.read_ids(path, name="ids").decoded)) == usual
