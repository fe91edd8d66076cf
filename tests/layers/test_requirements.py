from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from infra.cdk import requirements
from tests.layers.dockerfile import ROOT, read

NATIVE = ("ifcopenshell", "numpy", "pydantic-core", "shapely", "wrapt")


def pins() -> dict[str, str]:
    """Return what is locked for the image's Python."""
    found: dict[str, str] = {}
    for line in requirements.LOCK.read_text(encoding="utf-8").splitlines():
        match = re.match(r"([a-z0-9-]+)==([^ ;]+)(?: ; python_full_version (<|>=) '3\.12')?", line)
        if match and match.group(3) != "<":
            found[match.group(1)] = match.group(2)
    return found


def test_the_lock_has_all_that_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in project["dependencies"]:
        match = re.match(r"([a-z0-9-]+)(?:\[[^]]*\])?(?:==(.+))?", line)
        assert match is not None
        assert match.group(1) in pins(), line
        if match.group(2):
            assert pins()[match.group(1)] == match.group(2)


def test_every_pin_has_its_hashes() -> None:
    entries = re.split(r"\n(?=[a-z])", requirements.LOCK.read_text(encoding="utf-8"))
    assert len(entries) >= len(pins())
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_the_bases_are_pinned_to_the_version_that_the_template_names() -> None:
    arguments, _ = read()
    assert arguments["LAMBDA_TAG"].startswith(f"{requirements.PYTHON}")
    assert arguments["TASK_TAG"].startswith(f"{requirements.PYTHON}-slim")
    assert {"LAMBDA_DIGEST", "TASK_DIGEST"} <= set(arguments)


def test_wheels_exist_for_the_image_s_python_and_platform(tmp_path_factory: pytest.TempPathFactory) -> None:
    wheels = [f"{name}=={pins()[name]}" for name in NATIVE]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--implementation", "cp"]
    command += ["--python-version", requirements.PYTHON, "--target", str(tmp_path_factory.mktemp("none"))]
    command += [f"--platform={platform}" for platform in requirements.PLATFORMS]
    command += ["--ignore-requires-python"]  # pip would compare with the interpreter that runs it
    done = subprocess.run([*command, *wheels], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"ifcopenshell-{pins()['ifcopenshell']}" in done.stdout
