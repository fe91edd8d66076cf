"""Khronos' validator of glTF, a package of npm, for tests that look at the scenes we write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

NODE = shutil.which("node")
# Where `npm install --prefix build/validator gltf-validator` puts it, as .ci/run does.
HERE = Path(__file__).resolve().parents[1] / "build" / "validator" / "node_modules"
PACKAGE = Path(os.environ.get("GLTF_NODE_MODULES", HERE)) / "gltf-validator"
SCRIPT = """
const [package, ...files] = process.argv.slice(1);
const { validateBytes } = require(package);
const read = (file) => validateBytes(new Uint8Array(require("fs").readFileSync(file)));
Promise.all(files.map(read)).then((found) => console.log(JSON.stringify(found.map((one) => one.issues))));
"""
ERROR, WARNING = 0, 1

needs_validator = pytest.mark.skipif(
    NODE is None or not PACKAGE.is_dir(), reason="no node with gltf-validator: scenes are not validated"
)


def validate(scenes: Sequence[Path]) -> dict[str, list[str]]:
    """Return the errors and warnings about each GLB by its file name, as far as it has any."""
    command = [str(NODE), "-e", SCRIPT, str(PACKAGE), *map(str, scenes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    issues = zip(scenes, json.loads(done.stdout), strict=True)
    found = {
        scene.name: [one["message"] for one in told["messages"] if one["severity"] in {ERROR, WARNING}]
        for scene, told in issues
    }
    return {name: messages for name, messages in found.items() if messages}
