"""The code asset."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

from functions.local import asset


def test_it_is_the_same_for_the_same_sources() -> None:
    assert asset.build() == asset.build()


def test_it_holds_the_functions_and_not_the_command_line() -> None:
    content, _ = asset.build()
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert {"functions/__init__.py", "functions/api/handler.py", "functions/worker/handler.py"} <= set(names)
    assert not [name for name in names if name.startswith(("functions/cli/", "functions/local/"))]
    assert len(names) == len(set(names))


def test_it_runs_without_its_sources(tmp_path: Path) -> None:
    package = tmp_path / "functions"
    package.mkdir()
    (package / "__init__.py").write_text("answer = 42\n")
    content, _ = asset.build(package)
    zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path / "unpacked")
    (tmp_path / "unpacked" / "functions" / "__init__.py").write_text("raise SystemExit('compiled anew')\n")
    command = [
        sys.executable,
        "-P",
        "-c",
        "import sys; sys.path.insert(0, '.'); import functions; print(functions.answer)",
    ]
    done = subprocess.run(command, cwd=tmp_path / "unpacked", capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"


def test_an_edit_changes_it(tmp_path: Path) -> None:
    package = tmp_path / "functions"
    package.mkdir()
    (package / "__init__.py").write_text("a = 1\n")
    _, before = asset.build(package)
    (package / "__init__.py").write_text("a = 2\n")
    assert asset.build(package)[1] != before
