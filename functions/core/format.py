"""Which format an output has, for operations that write several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from functions.core.errors import InputError


def choose_format(
    name: str | None,
    asked: str | None,
    formats: Sequence[str],
    *,
    aliases: Mapping[str, str] | None = None,
    field: str = "output_filename",
) -> str:
    """Return the format that is asked for, else the one of the name's extension, else the first of all.

    `aliases` are further extensions, each with its format. An extension that is none of these says nothing;
    one that says another format than the one asked for is an InputError about `field`.
    """
    suffix = PurePosixPath(name or "").suffix.lower().removeprefix(".")
    said = (aliases or {}).get(suffix, suffix)
    kind = asked or (said if said in formats else formats[0])
    if said in formats and said != kind:
        raise InputError(f"{field}: {name!r} is not the name of a {kind} file", field=field)
    return kind
