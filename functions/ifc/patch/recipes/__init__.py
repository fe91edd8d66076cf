"""Recipes of our own: each module is one, with a `patch` function whose arguments are the recipe's.

    patch(job, *, query: str, ...) -> statistics

`patch` writes `job.output`. Its docstring is what the catalogue shows, with a `:param name:` for every
argument; `functions.ifc.patch.cookbook` reads the types off the signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ifcopenshell

from functions.core import Files
from functions.ifc.gate import Checked, open_checked
from functions.ifc.patch.instances import Instances

# By the name that a request calls them.
MODULES = {
    "Extract": "extract",
    "Merge": "merge",
    "Purge": "purge",
    "Remove": "remove",
    "SetAttribute": "attribute",
    "SetColour": "colour",
    "SetProperty": "property",
    "SplitByStorey": "split",
}
# Those that copy text, and open a model only to look something up in it.
COPYING = ("Extract", "Purge", "Remove", "SplitByStorey")
Statistics = dict[str, Any]
Patch = Callable[..., Statistics]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a recipe gets: the model and its checked text, further inputs, and where the result goes."""

    checked: Checked
    inputs: tuple[Path, ...]
    output: Path
    files: Files

    @cached_property
    def model(self) -> ifcopenshell.file:
        """Return the model; it is opened when it is first asked for."""
        return open_checked(self.checked, self.files)

    @cached_property
    def instances(self) -> Instances:
        """Return the text's instances. What a parser has to say about them, it says."""
        found = Instances(self.checked)
        if not found.are_plain:
            _ = self.model
        return found
