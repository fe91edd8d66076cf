"""The way up from an object."""

from __future__ import annotations

from functions.ifc.attachments import Attachments


def test_ancestors_come_nearest_first() -> None:
    found = Attachments(parents={1: (2, "contained"), 2: (3, "aggregated")})
    assert list(found.ancestors(1)) == [2, 3]
    assert list(found.ancestors(3)) == []


def test_a_circle_ends() -> None:
    found = Attachments(parents={1: (2, "nested"), 2: (3, "nested"), 3: (2, "nested")})
    assert list(found.ancestors(1)) == [2, 3]
    assert list(found.ancestors(2)) == [3]
