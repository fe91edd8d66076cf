"""Text in XML and SVG: whatever a model holds, the document stays well-formed."""

from __future__ import annotations

import re

from functions.ifc.reader import clean

# Characters that XML 1.0 does not know, besides those that `clean` replaces, and what has a meaning in it.
# Line breaks and tabs are written as references: in an attribute they would be read as blanks.
_SPECIAL = re.compile("[&<>\"'\t\n\r\ufffe\uffff]")
_REFERENCES = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;",
    "\t": "&#9;", "\n": "&#10;", "\r": "&#13;", "\ufffe": "\ufffd", "\uffff": "\ufffd",
}  # fmt: skip


def escape(text: str) -> str:
    """Return a text that can stand in an attribute or between tags."""
    return _SPECIAL.sub(lambda found: _REFERENCES[found[0]], clean(text))


def attributes(values: dict[str, str]) -> str:
    """Return attributes as they stand in a tag, each with a blank in front."""
    return "".join([f' {name}="{escape(value)}"' for name, value in values.items()])
