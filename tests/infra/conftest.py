"""Imported before any test module imports aws_cdk: the package chooses the Node.js that CDK runs on."""

from __future__ import annotations

import infra.cdk as _chooses_node  # noqa: F401
