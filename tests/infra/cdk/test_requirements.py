from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from infra.cdk import requirements

HANDLERS = ("api", "intake", "release", "notify", "reap")
RUNTIME = {"boto3", "botocore", "s3transfer", "urllib3", "python-dateutil", "six", "jmespath"}


def test_a_share_of_the_lock_keeps_versions_and_hashes() -> None:
    text = requirements.lock(["pydantic-core"])
    first, *rest = text.splitlines()
    assert first.startswith("pydantic-core==")
    assert rest
    assert all(line.strip().startswith("--hash=sha256:") for line in rest)


def test_a_package_that_is_not_locked_is_named() -> None:
    with pytest.raises(KeyError, match="left-pad"):
        requirements.lock(["left-pad"])


def test_the_control_plane_imports_nothing_but_its_layer_and_the_runtime() -> None:
    imports = "; ".join(f"import functions.{name}.handler" for name in HANDLERS)
    script = f"import sys; {imports}; import functions.api.authorizer; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    owners = packages_distributions()
    packages = {
        name.lower().replace("_", "-")
        for module in {name.partition(".")[0] for name in done.stdout.split()}
        for name in owners.get(module, [])
    }
    packages -= {"ifcpipe", "setuptools", "certifi"}  # the last is botocore's, who does without it too
    assert {"pydantic", "aws-lambda-powertools"} <= packages
    assert packages - RUNTIME <= set(requirements.CONTROL)


def test_the_layer_has_wheels_for_the_lambda_runtime(tmp_path: Path) -> None:
    lock = requirements.lock(["pydantic-core", "typing-extensions"])
    assert requirements.Installer(lock).try_bundle(str(tmp_path)) is True
    packages = tmp_path / "python"
    assert list(packages.glob("pydantic_core/*.cpython-313-x86_64-linux-gnu.so"))
    assert (packages / "typing_extensions.py").is_file()
    assert not list(packages.rglob("*.pyc"))  # they would be this interpreter's


def test_a_package_whose_hash_does_not_fit_is_refused(tmp_path: Path) -> None:
    lock = requirements.lock(["typing-extensions"])
    wrong = re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", lock)
    with pytest.raises(subprocess.CalledProcessError):
        requirements.install(wrong, tmp_path)
    assert not list(tmp_path.iterdir())
