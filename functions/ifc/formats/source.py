"""The model to write, as the gate lets it through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import ifcopenshell

from functions.core import Files
from functions.ifc.gate import Checked, check_model, open_checked
from functions.ifc.geometry.texts import Texts
from functions.ifc.geometry.thin import COUNTED, Thin, open_thin
from functions.ifc.reader import Reader

# What a writer returns: counts by name.
Statistics = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """A model: its clean text (`checked.path`), the lazily parsed instances, and a reader of them.

    `thin` has the faces that the instances lack.
    """

    checked: Checked
    reader: Reader
    texts: Texts
    thin: Thin | None = None

    @classmethod
    def open(cls, path: Path, files: Files, *, without: tuple[str, ...] = (), thin: bool = False) -> Self:
        """Check and open a model, leaving out the instances of some classes; `thin`: of faces too."""
        checked = check_model(path, files, without=(*without, *COUNTED) if thin else without)
        texts = Texts(checked.path, checked.instances)
        if thin:
            reader, rest = open_thin(checked, texts, files, free=True)
            return cls(checked, reader, texts, rest)
        return cls(checked, Reader(open_checked(checked, files)), texts)

    @property
    def model(self) -> ifcopenshell.file:
        """The instances."""
        return self.reader.model

    @property
    def name(self) -> str:
        """The project's name."""
        projects = self.reader.all("IfcProject")
        return (self.reader.text(projects[0], "Name") if projects else None) or "model"
