"""The command line as a process, in a folder of its own and away from the caller's settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which must be JSON and nothing else."""
        return json.loads(self.out)


@pytest.fixture
def ifcpipe(tmp_path: Path) -> Callable[..., Done]:
    def ifcpipe(*arguments: str, stdin: str = "", **env: str) -> Done:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("IFCPIPE", "AWS"))}
        done = subprocess.run(
            [sys.executable, "-m", "functions", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**clean, "COLUMNS": "200", **env},
            timeout=PATIENCE_S,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return ifcpipe
