from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from infra.cdk.options import ROOT
from tests.infra.cdk.conftest import NO_BUNDLING
from tests.patience import PATIENCE_S


def test_the_cdk_command_line_synthesises_the_stage_that_it_is_asked_for(tmp_path: Path) -> None:
    python, *arguments = shlex.split(json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["app"])
    assert python == "python"
    context = {**NO_BUNDLING, "stage": "trial", "output_days": "30"}
    env = {**os.environ, "CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": json.dumps(context)}
    subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT, env=env, timeout=PATIENCE_S)
    template = json.loads((tmp_path / "ifcpipe-trial.template.json").read_text(encoding="utf-8"))
    functions = [item for item in template["Resources"].values() if item["Type"] == "AWS::Lambda::Function"]
    days = {item["Properties"]["Environment"]["Variables"]["JOB_TTL_DAYS"] for item in functions}
    assert days == {"30"}
