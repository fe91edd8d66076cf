"""Splicing replaces instances and nothing else, whatever their text looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.core.errors import PipelineError
from functions.ifc.step.splice import splice

HEAD = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION((''),'2;1');
FILE_NAME('','',(''),(''),'','','');
FILE_SCHEMA(('IFC4'));
ENDSEC;
DATA;
"""
BODY = """/* #1=OLD; 'not a string */ #1 =
  IFCLABEL('#2=IFCLABEL(''x'');\r\n/*');#2=IFCREAL(0.10);
/**/
#3=IFCLABEL('/*');  #12=IFCUNKNOWNTHING(#1,/* ; */$);
"""
TAIL = "ENDSEC;\nEND-ISO-10303-21;\n"


def write(folder: Path) -> Path:
    path = folder / "a.ifc"
    path.write_bytes((HEAD + BODY + TAIL).encode())
    return path


def test_without_a_change_the_bytes_are_equal(tmp_path: Path) -> None:
    path = write(tmp_path)
    splice(path, tmp_path / "b.ifc", changed={}, added=[])
    assert (tmp_path / "b.ifc").read_bytes() == path.read_bytes()


def test_only_the_named_instances_change(tmp_path: Path) -> None:
    changed = {1: "#1=IFCLABEL('one')", 2: "#2=IFCREAL(2.)"}
    splice(write(tmp_path), tmp_path / "b.ifc", changed=changed, added=["#13=IFCREAL(3.)", "#14=IFCREAL(4.)"])
    body = (tmp_path / "b.ifc").read_bytes().decode()[len(HEAD) :]
    assert body == (
        "/* #1=OLD; 'not a string */ #1=IFCLABEL('one');#2=IFCREAL(2.);\n/**/\n"
        "#3=IFCLABEL('/*');  #12=IFCUNKNOWNTHING(#1,/* ; */$);\n"
        "#13=IFCREAL(3.);\n#14=IFCREAL(4.);\n" + TAIL
    )


def test_an_instance_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="#7"):
        splice(write(tmp_path), tmp_path / "b.ifc", changed={7: "#7=IFCREAL(1.)"}, added=[])
