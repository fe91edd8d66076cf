"""What the tests of `functions.ifc` share."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from functions.core import Files, Operation
from functions.ifc.process import FileSpec

HERE = str(Path(__file__).parent)


@pytest.fixture(scope="session")
def probe() -> Iterator[Operation]:
    """The misbehaving operation, importable here and, through the same path, in children."""
    sys.path.insert(0, HERE)
    operation = importlib.import_module("probe").operation
    assert isinstance(operation, Operation)
    yield operation
    sys.path.remove(HERE)


@pytest.fixture
def spec(tmp_path: Path) -> FileSpec:
    """No inputs, and two empty folders."""
    outputs, scratch = tmp_path / "outputs", tmp_path / "scratch"
    outputs.mkdir()
    scratch.mkdir()
    return FileSpec(inputs={}, outputs=outputs, scratch=scratch)


@pytest.fixture
def warnings() -> list[str]:
    """What `files` has been told."""
    return []


@pytest.fixture
def files(tmp_path: Path, warnings: list[str]) -> Files:
    """The files of a run in this process."""
    return Files(inputs={}, outputs=tmp_path, scratch=tmp_path, on_warning=warnings.append)


HEADER = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION((''),'2;1');
FILE_NAME('a;b','2026-01-01T00:00:00',(''),(''),'','','');
FILE_SCHEMA(('{schema}'));
ENDSEC;
DATA;
"""
FOOTER = "ENDSEC;\nEND-ISO-10303-21;\n"
PROJECT = "#1=IFCPROJECT('2nJrDaLQfJ1QPhdJR0o97J',$,'{name}',$,$,$,$,$,$);\n"


@pytest.fixture
def step(tmp_path: Path) -> Callable[..., Path]:
    """Write a small STEP file: `step(body)`, with keywords for what stands around it."""

    def write(
        body: str | bytes = b"",
        *,
        name: str = "n",
        schema: str = "IFC4",
        head: str = HEADER,
        foot: str = FOOTER,
    ) -> Path:
        text = head.format(schema=schema) + PROJECT.format(name=name)
        raw = body if isinstance(body, bytes) else body.encode()
        path = tmp_path / "model.ifc"
        path.write_bytes(text.encode() + raw + foot.encode())
        return path

    return write
