"""Which format an output has, for operations that write several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from functions.core.errors import InputError
from functions.core.operation import OutputName, Request


def _check_delimiter(value: str) -> str:
    if value in '"\r\n':
        raise ValueError("a quote or a line end cannot be a delimiter")
    return value


Delimiter = Annotated[
    str,
    Field(min_length=1, max_length=1, description="Between the cells of a CSV file."),
    AfterValidator(_check_delimiter),
]


def _check_model_name(value: str | None) -> str | None:
    if value is not None and not value.lower().endswith(".ifc"):
        raise ValueError("a model is written: the name must end with .ifc")
    return value


ModelName = Annotated[OutputName, AfterValidator(_check_model_name)]


def choose_format(
    name: str | None,
    asked: str | None,
    formats: Sequence[str],
    *,
    aliases: Mapping[str, str] | None = None,
    field: str = "output_filename",
) -> str:
    """Return the format that is asked for, else the one of the name's extension, else the first of all.

    `aliases` are further extensions, each with its format. One that promises another format than the one
    asked for, or one that is not written, is an InputError about `field`; what is behind the last dot
    of `level 1.2` is no extension.
    """
    suffix = PurePosixPath(name or "").suffix.lower().removeprefix(".")
    said = (aliases or {}).get(suffix, suffix) if suffix[:1].isalpha() else ""
    kind = asked or (said if said in formats else formats[0])
    if said in formats and said != kind:
        raise InputError(f"{field}: {name!r} is not the name of a {kind} file", field=field)
    if said and said not in formats:
        written = ", ".join((*formats, *(aliases or {})))
        raise InputError(f"{field}: no .{suffix} is written; there are {written}", field=field)
    return kind


class FormattedRequest(Request):
    """A request whose output has one of several formats; what does not fit together is refused at once.

    `formats` are those there are, the default first; `named_by` and `asked_by` the fields that say which.
    """

    formats: ClassVar[tuple[str, ...]]
    aliases: ClassVar[Mapping[str, str]] = {}
    named_by: ClassVar[str] = "output_filename"
    asked_by: ClassVar[str] = "format"

    @property
    def kind(self) -> str:
        """The format of the output."""
        name, asked = getattr(self, self.named_by), getattr(self, self.asked_by)
        return choose_format(name, asked, self.formats, aliases=self.aliases, field=self.named_by)

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        _ = self.kind  # says what does not fit
        return self
