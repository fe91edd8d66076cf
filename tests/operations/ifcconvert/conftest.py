"""Where a conversion in this process reads and writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.core import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Empty folders for outputs and scratch."""
    for name in ("outputs", "scratch"):
        (tmp_path / name).mkdir()
    return Files(inputs={}, outputs=tmp_path / "outputs", scratch=tmp_path / "scratch")
