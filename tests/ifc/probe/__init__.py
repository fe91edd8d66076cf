"""An operation that misbehaves in every way a test asks for."""

from __future__ import annotations

from functions.core import ModelFile, Operation, Request


class ProbeRequest(Request):
    """What to do, with which argument, on which model."""

    do: str = "answer"
    text: str = ""
    model: ModelFile | None = None


operation = Operation(package=__name__, request=ProbeRequest)
