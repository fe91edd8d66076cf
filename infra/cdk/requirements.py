"""The control plane's share of the lock `layers/ifcopenshell/requirements.txt`, and how it is installed."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import jsii
from aws_cdk import ILocalBundling

from infra.cdk.options import ROOT

LOCK = ROOT / "layers" / "ifcopenshell" / "requirements.txt"
# boto3 is part of the Lambda runtime. ifcopenshell, numpy and the like are the workers' alone.
CONTROL = (
    "annotated-types",
    "aws-lambda-powertools",
    "aws-xray-sdk",
    "jmespath",
    "pydantic",
    "pydantic-core",
    "typing-extensions",
    "typing-inspection",
    "wrapt",
)
PYTHON = "3.13"
# From the oldest C library that a wheel may have been built for to that of the runtime (Amazon Linux 2023).
PLATFORMS = tuple(f"manylinux{name}_x86_64" for name in ("_2_34", "_2_31", "_2_28", "_2_17", "2014"))


def lock(names: Iterable[str]) -> str:
    """Return the entries of some packages, with their hashes; a KeyError names one that is not there."""
    entries = dict(_entries(LOCK.read_text(encoding="utf-8")))
    return "".join(entries[name] for name in names)


def install(text: str, folder: Path) -> None:
    """Install a lock's wheels for the Lambda runtime, whatever interpreter runs this."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"]
        command += ["--implementation", "cp", "--python-version", PYTHON]
        command += [f"--platform={platform}" for platform in PLATFORMS]
        subprocess.run([*command, "--target", str(folder), "-r", file.name], check=True)  # noqa: S603


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, entry) of each pinned package: a line with its pin and the lines with its hashes."""
    for match in re.finditer(r"^([a-z0-9-]+)==.*(?:\n +--hash=.*)*\n", text, re.MULTILINE):
        yield match.group(1), match.group(0)


@jsii.implements(ILocalBundling)
class Installer:
    """Bundles a layer with pip instead of a container."""

    def __init__(self, text: str) -> None:
        """Keep the lock."""
        self._text = text

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        """Install into `python/`, where the Lambda runtime looks for a layer's packages."""
        install(self._text, Path(output_dir) / "python")
        return True
