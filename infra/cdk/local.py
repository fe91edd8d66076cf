"""The local flavour as a file: `python -m infra.cdk.local` rewrites `local.template.json`.

It is committed so that the embedded stack needs no CDK and no Node.js to run.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import App

from functions.core import Operation
from infra.cdk.app import build
from infra.cdk.options import Flavour, Options

TEMPLATE = Path(__file__).parent / "local.template.json"
OPTIONS = Options(stage="local", flavour=Flavour.LOCAL)


def synthesise(known: Mapping[str, Operation] | None = None) -> dict[str, Any]:
    """Return the local template."""
    with tempfile.TemporaryDirectory(prefix="ifcpipe-synth-") as folder:
        app = App(outdir=folder, analytics_reporting=False)
        stack = build(app, options=OPTIONS, known=known)
        template: dict[str, Any] = app.synth().get_stack_by_name(stack.stack_name).template
    return template


def render(template: Mapping[str, Any]) -> str:
    """Return the text of the file: sorted, so that a diff shows what changed."""
    return json.dumps(template, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Rewrite the file."""
    TEMPLATE.write_text(render(synthesise()), encoding="utf-8")


if __name__ == "__main__":
    main()
