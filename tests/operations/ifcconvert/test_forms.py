"""Every model becomes a drawing, triples, XML, IFC and IFCZIP; a damaged one, or the reason why not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from functions.core import Files
from functions.core.errors import InputError, ModelError, TooLargeError
from functions.ifc.gate import open_model
from tests.ifc.formats.conversion import Conversion
from tests.ifc.formats.test_ttl import parse

MODELS = (
    "bim-whale/SimpleWall.ifc",
    "bim-whale/TallBuilding.ifc",
    "pcert/Building-Architecture.ifc",
    "pcert/Building-Landscaping.ifc",
    "openingdesign/ArchiCAD*.ifc",
    "openingdesign/Vectorworks*.ifc",
)


def reopen(path: Path) -> object:
    """Open a model as every operation does."""
    return open_model(path, Files(inputs={}, outputs=path.parent, scratch=path.parent))


CHECKS: dict[str, Callable[[Path], object]] = {
    "svg": ElementTree.parse,
    "ttl": parse,
    "xml": ElementTree.parse,
    "ifc": reopen,
    "ifczip": reopen,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "svg": {"auto_section": True, "auto_elevation": True, "door_arcs": True}
}


@pytest.mark.parametrize("kind", CHECKS)
def test_models_of_all_tools_are_converted(corpus: Path, tmp_path: Path, kind: str) -> None:
    for pattern in MODELS:
        model = next((corpus / "models").glob(pattern))
        convert = Conversion(tmp_path)
        CHECKS[kind](convert(model, f"out.{kind}", **OPTIONS.get(kind, {})))
        assert convert.result is not None
        assert convert.result.output == f"out.{kind}"
        assert convert.result.statistics


@pytest.mark.parametrize("kind", CHECKS)
def test_damaged_models_are_converted_or_refused_with_a_reason(
    corpus: Path, tmp_path: Path, kind: str
) -> None:
    verdicts = {item["file"]: item["expect"] for item in manifest(corpus)}
    seen = {"converted": 0, "refused": 0}
    for name, verdict in verdicts.items():
        folder = tmp_path / name
        folder.mkdir()
        try:
            output = Conversion(folder)(corpus / "bad" / name, f"out.{kind}")
        except (ModelError, TooLargeError, InputError) as error:
            assert str(error)
            seen["refused"] += 1
        else:
            assert verdict != "reject", name
            CHECKS[kind](output)
            seen["converted"] += 1
        shutil.rmtree(folder)
    assert min(seen.values()) > 10


def manifest(corpus: Path) -> list[dict[str, str]]:
    """The damaged models with what is expected of them."""
    items = json.loads((corpus / "bad" / "manifest.json").read_text(encoding="utf-8"))
    return [item for item in items if Path(item["file"]).suffix in {".ifc", ".ifczip"}]
