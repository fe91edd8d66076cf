"""What the functions run: a zip and a layer for the control plane, an image for the workers and tasks."""

from __future__ import annotations

import hashlib
from typing import Any

from aws_cdk import AssetHashType, BundlingOptions, CfnParameter, DockerImage, IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.cdk import requirements
from infra.cdk.options import ROOT, Options

IMAGE: Any = {"file": "layers/ifcopenshell/Dockerfile", "platform": ecr_assets.Platform.LINUX_AMD64}
RUNTIME = lambda_.Runtime.PYTHON_3_13
# Everything but the package, and of the package what only a person's machine needs.
LEFT_OUT = ["/*", "!/functions", "/functions/cli", "/functions/local", "__pycache__"]


class Code(Construct):
    """The code of all functions.

    Locally it is one zip that the template names by parameters: an asset's hash would make the committed
    template stale with every edit. There are no layers then: the emulator runs functions on its own
    interpreter, which has everything installed.
    """

    def __init__(self, scope: Construct, construct_id: str, *, options: Options) -> None:
        """Prepare the code of the control plane."""
        super().__init__(scope, construct_id)
        self.control: lambda_.Code
        self.layers: list[lambda_.ILayerVersion]
        if options.local:
            self.control, self.layers = self._parameters(), []
        else:
            self.control = lambda_.Code.from_asset(str(ROOT), exclude=LEFT_OUT, ignore_mode=IgnoreMode.GIT)
            self.layers = [self._layer()]

    def worker(self, handler: str) -> lambda_.DockerImageCode:
        """Return the image that runs an operation in a Lambda function, with its handler."""
        return lambda_.DockerImageCode.from_image_asset(str(ROOT), cmd=[handler], target="lambda", **IMAGE)

    def task(self) -> ecs.ContainerImage:
        """Return the image that runs one job in a Fargate task."""
        return ecs.ContainerImage.from_asset(str(ROOT), target="task", **IMAGE)

    def _parameters(self) -> lambda_.Code:
        """Return the code that the parameters CodeBucket and CodeKey name."""
        bucket = _parameter(self, "CodeBucket", "The bucket that holds the code")
        key = _parameter(self, "CodeKey", "The key of the zip with the folder functions/")
        return lambda_.Code.from_bucket(
            s3.Bucket.from_bucket_name(self, "Bucket", bucket.value_as_string), key.value_as_string
        )

    def _layer(self) -> lambda_.LayerVersion:
        """Make the layer with what the control plane imports, from the one lock of the deployed code.

        Installed by pip at synthesis, without Docker: all of it has wheels. Its hash is the lock's.
        """
        lock = requirements.lock(requirements.CONTROL)
        return lambda_.LayerVersion(
            self,
            "Layer",
            description="pydantic and Powertools for the control plane",
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[lambda_.Architecture.X86_64],
            code=lambda_.Code.from_asset(
                str(requirements.LOCK.parent),
                asset_hash=hashlib.sha256(lock.encode()).hexdigest(),
                asset_hash_type=AssetHashType.CUSTOM,
                bundling=BundlingOptions(
                    image=DockerImage.from_registry("scratch"),  # never used: the local bundler does it
                    local=requirements.Installer(lock),
                ),
            ),
        )


def _parameter(scope: Construct, name: str, description: str) -> CfnParameter:
    """Make a parameter of the template under its plain name."""
    parameter = CfnParameter(scope, name, description=description)
    parameter.override_logical_id(name)
    return parameter
