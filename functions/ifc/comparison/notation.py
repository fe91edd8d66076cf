"""The text of instances in one notation, for files that write the same values in different ways.

Numbers are written as Python does, blanks left out, keywords in capitals. Only instances whose own text the
other file does not have are looked at again.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.comparison.index import HEAD, SPREAD, Index

if TYPE_CHECKING:
    from pathlib import Path

    from functions.ifc.comparison.index import Hashes

TOKEN = re.compile(
    rb"(?P<text>'(?:[^']|'')*')|(?P<reference>\#\d+)|(?P<blank>\s+|/\*.*?\*/)|(?P<end>;)"
    rb"|(?P<real>(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[Ee]))(?:[Ee][-+]?\d+)?)|(?P<word>[A-Za-z_]\w*)",
    re.DOTALL,
)
LONGEST = 1 << 24


def unify(indexes: tuple[Index, Index], paths: tuple[Path, Path]) -> tuple[Index, Index]:
    """Return the indexes of two files with hashes that do not depend on how values are written."""
    old, new = indexes
    return (
        replace(old, local=_rehash(old, paths[0], ~np.isin(old.local, new.local))),
        replace(new, local=_rehash(new, paths[1], ~np.isin(new.local, old.local))),
    )


def unknown(old: Index, new: Index) -> float:
    """Return the share of instances in the new file whose own text is not in the old one."""
    return float((~np.isin(new.local, old.local)).mean()) if len(new.local) else 0.0


def _rehash(index: Index, path: Path, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Hashes:
    local = index.local.copy()
    rows = np.flatnonzero(chosen)
    hashes = []
    with path.open("rb") as file, closing(mmap(file.fileno(), 0, access=ACCESS_READ)) as data:
        hashes = [hash(canonical(data, start)) for start in index.starts[rows].tolist()]
    found = np.array(hashes, np.int64).view(np.uint64) if hashes else local[:0]
    local[rows] = found + index.kinds[rows].astype(np.uint64) * SPREAD
    return local


def canonical(data: mmap | bytes, start: int) -> bytes:
    """Return an instance's text behind its keyword: references without numbers, rooted ones without head."""
    pieces: list[bytes] = []
    at = data.find(b"(", start, start + LONGEST)
    while at >= 0:
        found = TOKEN.search(data, at)
        if found is None:
            break
        pieces += (data[at : found.start()], _write(found))
        at = found.end()
        if found.lastgroup == "end":
            break
    text = b"".join(pieces)
    head = HEAD.match(text)
    return text[head.end() :] if head else text


def _write(found: re.Match[bytes]) -> bytes:
    """Return a token in the one notation."""
    token = found[0]
    if found.lastgroup == "real":
        return repr(float(token) + 0.0).encode()
    if found.lastgroup == "reference":
        return b"#"
    if found.lastgroup == "word":
        return token.upper()
    return b"" if found.lastgroup == "blank" else token
