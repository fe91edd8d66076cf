"""An operation is a folder: dropped in, it is everywhere, and nothing else is edited."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

TREES = ("functions", "infra", "docs", "examples", "tests", "events", "layers", "benchmarks")
FILES = ("README.md", "CONTRIBUTING.md", "pyproject.toml", "cdk.json", ".dockerignore")
HOUSE = "examples/house-architecture.ifc"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the operation of CONTRIBUTING.md dropped into it."""
    copy = tmp_path_factory.mktemp("dropin") / "project"
    copy.mkdir()
    for name in TREES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in FILES:
        shutil.copy(ROOT / name, copy / name)
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    contract, run = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    folder = copy / "functions" / "operations" / "ifcnames"
    folder.mkdir()
    (folder / "__init__.py").write_text(contract, encoding="utf-8")
    (folder / "run.py").write_text(run, encoding="utf-8")
    return copy


def python(tree: Path, *arguments: str, expect: int = 0) -> str:
    """Run Python inside the copy and return what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tree, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


def test_is_twenty_lines_or_so(tree: Path) -> None:
    folder = tree / "functions" / "operations" / "ifcnames"
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 35


def test_shows_up_in_the_command_line(tree: Path) -> None:
    listed = json.loads(python(tree, "-m", "functions", "operations", "--json"))
    assert "ifcnames" in json.dumps(listed)


def test_runs_from_the_command_line(tree: Path) -> None:
    request = json.dumps({"filename": HOUSE})
    result = json.loads(
        python(tree, "-m", "functions", "exec", "ifcnames", request, "--out", "out", "--json")
    )
    names = (tree / "out" / "house-architecture.names.txt").read_text(encoding="utf-8").splitlines()
    assert result["statistics"]["names"] == len(names) > 10
    assert names == sorted(names)


def test_shows_up_in_the_api_and_its_document(tree: Path) -> None:
    python(tree, "-m", "functions", "docs")
    document = json.loads((tree / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert document["paths"]["/ifcnames"]["post"]
    assert "NamesRequest" in json.dumps(document["components"]["schemas"])
    assert "ifc_class" in (tree / "docs" / "operations.md").read_text(encoding="utf-8")
    assert "ifcnames" in (tree / "README.md").read_text(encoding="utf-8")


def test_shows_up_in_the_template(tree: Path) -> None:
    python(tree, "-m", "infra.cdk.local")
    resources = json.loads((tree / "infra" / "cdk" / "local.template.json").read_text(encoding="utf-8"))[
        "Resources"
    ]
    queues = {
        resource["Properties"]["QueueName"]
        for resource in resources.values()
        if resource["Type"] == "AWS::SQS::Queue"
    }
    assert {"ifcpipe-local-ifcnames", "ifcpipe-local-ifcnames-dead"} <= queues


def test_is_tested_by_the_contract_tests(tree: Path) -> None:
    """Corpus aside: that part takes as long for this operation as for any other."""
    contract = "tests/operations/test_contract.py"
    report = python(
        tree, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", contract, "-k", "ifcnames and not bad"
    )
    assert "ifcnames" in report
    assert re.search(r"\d+ passed", report)
