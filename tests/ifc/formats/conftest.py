"""What the tests of formats share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ifc.formats.conversion import Conversion


@pytest.fixture
def convert(tmp_path: Path) -> Conversion:
    """Converts models."""
    return Conversion(tmp_path)
