"""The CDK app: `cdk synth -c stage=prod`. Options are read from the context, see options.py."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import App, BootstraplessSynthesizer, Environment, Tags

from functions.core import Operation
from functions.core.registry import operations
from infra.cdk.options import Options
from infra.cdk.stack import PipelineStack


def build(app: App, *, options: Options | None = None, known: Mapping[str, Operation] | None = None) -> PipelineStack:
    """Add the pipeline's stack to an app, with a worker for each of the `known` operations."""
    options = options or Options.from_context(app.node.try_get_context)
    stack = PipelineStack(
        app,
        options=options,
        operations=operations() if known is None else known,
        # The local template has no assets, so it needs no bootstrapped account and no parameter for one.
        synthesizer=BootstraplessSynthesizer() if options.local else None,
        analytics_reporting=False,
        description="ifcpipe: an event-driven pipeline for IFC models",
    )
    return stack


def main() -> None:
    """Synthesise as the CDK command line asks."""
    app = App()
    build(app)
    app.synth()


if __name__ == "__main__":
    main()
