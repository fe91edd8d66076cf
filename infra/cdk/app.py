"""The CDK app: `cdk synth -c stage=prod`. Options are read from the context, see options.py."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import App, BootstraplessSynthesizer, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from functions.core import Operation
from functions.core.registry import operations
from infra.cdk import nag
from infra.cdk.options import Options
from infra.cdk.stack import PipelineStack

# Behaviour of CDK that is chosen by flags. Here and not in cdk.json, so that tests see the same template.
FLAGS = {
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/core:target-partitions": ["aws", "aws-cn", "aws-us-gov"],
}


def build(
    app: App, *, options: Options | None = None, known: Mapping[str, Operation] | None = None
) -> PipelineStack:
    """Add the pipeline's stack to an app, with a worker for each of the `known` operations."""
    for name, value in FLAGS.items():
        app.node.set_context(name, value)
    options = options or Options.from_context(app.node.try_get_context)
    stack = PipelineStack(
        app,
        options=options,
        operations=operations() if known is None else known,
        # The local template has no assets, so it needs no bootstrapped account and no parameter for one.
        synthesizer=BootstraplessSynthesizer() if options.local else None,
        analytics_reporting=False,
        termination_protection=options.lasting,
        description="ifcpipe: an event-driven pipeline for IFC models",
    )
    if not options.local:
        Tags.of(stack).add("project", "ifcpipe")
        Tags.of(stack).add("stage", options.stage)
        nag.acknowledge(stack)
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stack


def main() -> None:
    """Synthesise as the CDK command line asks."""
    app = App()
    build(app)
    app.synth()


if __name__ == "__main__":
    main()
