from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE_S


def test_cdk_runs_on_the_packaged_node_without_one_on_the_path(tmp_path: Path) -> None:
    script = (
        "import infra.cdk, os, subprocess;"
        "subprocess.run([os.environ['JSII_NODE'], '--version'], check=True);"
        "import aws_cdk; aws_cdk.App(outdir='out').synth(); print('synthesised')"
    )
    root = Path(__file__).resolve().parents[3]
    env = {"PATH": str(tmp_path), "PYTHONPATH": str(root), "HOME": os.environ.get("HOME", str(tmp_path))}
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "synthesised" in done.stdout, done.stderr
    assert done.stdout.startswith("v24.")
    assert "Node" not in done.stderr  # it warns of an old or untested one
