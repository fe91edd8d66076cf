"""Attributes of many instances at once, out of the text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from functions.ifc.geometry.attributes import DAMAGED, GONE, TOKEN, Attributes, parse
from functions.ifc.geometry.texts import Texts
from functions.ifc.step.rows import MISSING

LINES = """\
#1=IFCCARTESIANPOINT((1.,-2.5E1));
#2=IFCCARTESIANPOINT((3.,4.));
#3= IFCPOLYLINE( (#1, #2 ,#1) );
#4=IFCTRIMMEDCURVE(#19,(IFCPARAMETERVALUE(0.5)),(#2),.T.,.PARAMETER.);
#5=IFCPOLYLINE((#1,#19));
#6=IFCPOLYLINE(#1);
#7=IFCSHAPEREPRESENTATION($,'it''s #1; (','Curve2D',(#3));
#9=IFCLOCALPLACEMENT($,#77);
#10=IFCLOCALPLACEMENT($);
#8=IFCNOSUCHTHING((#1));
"""


@pytest.fixture
def attributes(tmp_path: Path) -> Attributes:
    path = tmp_path / "model.ifc"
    path.write_text("DATA;\n" + LINES + "ENDSEC;\n", encoding="ascii")
    return Attributes(Texts(path, LINES.count("\n")), "IFC4")


def test_lists_numbers_and_references(attributes: Attributes) -> None:
    rows = attributes.texts.index.rows([3, 5, 6, 8, 99])
    with attributes.opened():
        assert attributes.kinds(rows).tolist() == ["IfcPolyline", "IfcPolyline", "IfcPolyline", "", ""]
        points, owners = attributes.lists(rows, "Points")
        assert owners.tolist() == [0, 0, 0, 1, 1, 2, 3, 4]
        assert points.tolist() == [0, 1, 0, 0, GONE, GONE, GONE, GONE]
        found = attributes.vectors(points, "Coordinates", 2)
        assert found[:4].tolist() == [[1.0, -25.0], [3.0, 4.0], [1.0, -25.0], [1.0, -25.0]]
        assert np.isnan(found[4:]).all()
        assert np.isnan(attributes.vectors(points, "Coordinates", 3)).all()
        assert np.isnan(attributes.numbers(points, "Coordinates")).all()


def test_what_is_not_set_and_what_is_not_there(attributes: Attributes) -> None:
    rows = attributes.texts.index.rows([9, 10])
    with attributes.opened():
        assert attributes.below(rows, "PlacementRelTo").tolist() == [MISSING, GONE]
        assert attributes.below(rows, "RelativePlacement").tolist() == [GONE, GONE]
    rows = attributes.texts.index.rows([4, 7])
    with attributes.opened():
        assert attributes.below(rows[:1], "BasisCurve").tolist() == [GONE]
        assert attributes.below(rows[1:], "ContextOfItems").tolist() == [GONE]
        assert attributes.values(rows[:1], "MasterRepresentation")[0] == "PARAMETER"
        assert attributes.values(rows[:1], "Trim1")[0] == ((b"IFCPARAMETERVALUE", 0.5),)
        # A semicolon in a string may end a line for readers like this: then nothing of it is known.
        assert attributes.values(rows[1:], "RepresentationType").tolist() == [DAMAGED]


@pytest.mark.parametrize("text", [b"((1.)", b"(1.))", b"1.", b"", b"()()", b"(1.2.3)"])
def test_what_is_no_list_is_refused(text: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        parse(TOKEN.findall(text))
