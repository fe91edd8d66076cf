from __future__ import annotations

import re
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from cdk_nag import AwsSolutionsChecks

from functions.core import FargateSize, LambdaSize
from infra.cdk import nag
from infra.cdk.app import build
from infra.cdk.options import Options
from infra.cdk.stack import PipelineStack
from tests.infra.cdk.conftest import NO_BUNDLING, dropped_in


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    return App(outdir=str(tmp_path_factory.mktemp("cdk")), context=NO_BUNDLING, analytics_reporting=False)


@pytest.fixture(scope="module")
def stack(app: App) -> PipelineStack:
    known = {"light": dropped_in("light", LambdaSize()), "tasks": dropped_in("tasks", FargateSize())}
    return build(app, options=Options(stage="dev"), known=known)


def findings(app: App, scope: Stack) -> set[tuple[str, str]]:
    """Return (rule, path below the stack) of everything that AWS Solutions finds."""
    result = AwsSolutionsChecks(app).validate_scope(scope)
    return {
        (violation.rule_name, (resource.construct_path or "").removeprefix(f"{scope.node.path}/"))
        for violation in result.violations
        for resource in violation.violating_resources
    }


def test_the_stack_holds_every_rule_or_says_why_not(app: App, stack: PipelineStack) -> None:
    assert findings(app, stack) == set()


def test_the_check_sees_a_violation_that_somebody_plants(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), context=NO_BUNDLING, analytics_reporting=False)
    stack = build(app, options=Options(stage="dev"), known={})
    s3.Bucket(stack, "Leaky")
    sqs.Queue(stack, "Plain")
    found = findings(app, stack)
    assert ("AwsSolutions-S10", "Leaky/Resource") in found  # no TLS-only policy
    assert ("AwsSolutions-SQS4", "Plain/Resource") in found
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        app.synth()


def test_every_acknowledgement_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nag, "acknowledge", lambda _: None)
    app = App(outdir=str(tmp_path), context=NO_BUNDLING, analytics_reporting=False)
    known = {"light": dropped_in("light", LambdaSize()), "tasks": dropped_in("tasks", FargateSize())}
    found = findings(app, build(app, options=Options(stage="dev"), known=known))
    for pattern, rule, reason in nag.RULES:
        assert any(
            name == f"AwsSolutions-{rule}" and re.match(f"{pattern}(/|$)", path) for name, path in found
        ), f"nothing breaks {rule} at {pattern} any more"
        assert len(reason) > 30
    for pattern, _, reason in nag.WIDE:
        policy = f"{pattern}/DefaultPolicy/Resource"
        assert any(name.startswith("AwsSolutions-IAM5") and path == policy for name, path in found)
        assert len(reason) > 30
