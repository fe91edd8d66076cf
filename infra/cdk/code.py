"""What the functions run: a zip and a layer for the control plane, an image for the workers."""

from __future__ import annotations

from aws_cdk import CfnParameter
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.cdk.options import ROOT, Options

DOCKERFILE = "layers/ifcopenshell/Dockerfile"


class Code(Construct):
    """The code of all functions.

    Locally it is one zip that the template names by parameters: an asset's hash would make the committed
    template stale with every edit. There are no layers then: the emulator runs functions on its own
    interpreter, which has everything installed.
    """

    def __init__(self, scope: Construct, construct_id: str, *, options: Options) -> None:
        """Prepare the code of the control plane."""
        super().__init__(scope, construct_id)
        self._options = options
        self.control = self._parameters() if options.local else self._zip()

    def _parameters(self) -> lambda_.Code:
        """Return the code that the parameters CodeBucket and CodeKey name."""
        bucket = _parameter(self, "CodeBucket", "The bucket that holds the code")
        key = _parameter(self, "CodeKey", "The key of the zip with the folder functions/")
        return lambda_.Code.from_bucket(
            s3.Bucket.from_bucket_name(self, "Bucket", bucket.value_as_string), key.value_as_string
        )

    def _zip(self) -> lambda_.Code:
        raise NotImplementedError

    def layers(self, scope: Construct) -> list[lambda_.ILayerVersion]:
        return []

    def image(self, handler: str) -> lambda_.DockerImageCode:
        return lambda_.DockerImageCode.from_image_asset(
            str(ROOT), file=DOCKERFILE, target="lambda", cmd=[handler], platform=ecr_assets.Platform.LINUX_AMD64
        )


def _parameter(scope: Construct, name: str, description: str) -> CfnParameter:
    """Make a parameter of the template under its plain name."""
    parameter = CfnParameter(scope, name, description=description)
    parameter.override_logical_id(name)
    return parameter
