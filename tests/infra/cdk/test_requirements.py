from __future__ import annotations

import subprocess
import sys
from importlib.metadata import packages_distributions

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
