"""Conversions for tests of formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ifcopenshell

from functions.core import Files, Result
from functions.operations.ifcconvert import operation
from functions.operations.ifcconvert.run import run

HOUSE = Path(__file__).resolve().parents[3] / "examples" / "house-architecture.ifc"


@dataclass
class Conversion:
    """Converts models into a folder, and keeps what was said of the last one."""

    folder: Path
    warnings: list[str] = field(default_factory=list)
    result: Result | None = None

    def __call__(self, model: Path, name: str, **request: Any) -> Path:
        """Convert a model and return the output."""
        outputs, scratch = self.folder / "outputs", self.folder / "scratch"
        for place in (outputs, scratch):
            place.mkdir(exist_ok=True)
        self.warnings.clear()
        files = Files(
            inputs={model.name: model}, outputs=outputs, scratch=scratch, on_warning=self.warnings.append
        )
        asked = operation.parse({"input_filename": model.name, "output_filename": name, **request})
        self.result = run(asked, files)  # type: ignore[arg-type]
        return outputs / name

    def changed(self, old: str, new: str, model: Path = HOUSE) -> Path:
        """Return a copy of a model with another text somewhere."""
        text = model.read_text(encoding="utf-8")
        assert old in text
        path = self.folder / "changed.ifc"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path


def read(path: Path) -> ifcopenshell.file:
    """Return a model as IfcOpenShell reads it, whole."""
    model = ifcopenshell.open(path)
    assert isinstance(model, ifcopenshell.file)
    return model
