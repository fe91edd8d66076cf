"""The two buckets: what people upload, and what the operations make of it."""

from __future__ import annotations

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.cdk.options import Options


class Storage(Construct):
    """Input and output bucket. Uploads and downloads go to them directly, by presigned requests."""

    def __init__(self, scope: Construct, construct_id: str, *, options: Options) -> None:
        """Make the buckets, and on AWS the one that holds their access logs."""
        super().__init__(scope, construct_id)
        self._options = options
        self._logs = None if options.local else self._log_bucket()
        self.input = self._bucket("Input", upload=True)
        self.output = self._bucket("Output", days=options.output_days)
        # `event_bridge_enabled=True` would bring a custom resource along; the property needs none.
        resource = cast("s3.CfnBucket", self.input.node.default_child)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )

    def _bucket(self, name: str, *, upload: bool = False, days: int | None = None) -> s3.Bucket:
        """Make a private, versioned bucket; `days` is how long its objects are kept.

        S3-managed keys: an upload or download through a presigned request then needs no grant on a key,
        and a job of many small files costs no KMS request each.
        """
        return s3.Bucket(
            self,
            name,
            bucket_name=f"{self._options.stack}-{name.lower()}" if self._options.local else None,
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=not self._options.local,  # the emulator speaks plain HTTP, on 127.0.0.1 alone
            minimum_tls_version=None if self._options.local else 1.2,
            cors=[self._cors(upload=upload)],
            lifecycle_rules=list(self._lifecycle(days)),
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix=f"{name.lower()}/" if self._logs else None,
            removal_policy=RemovalPolicy.RETAIN if self._options.lasting else RemovalPolicy.DESTROY,
        )

    def _cors(self, *, upload: bool) -> s3.CorsRule:
        """Let a web page of an allowed origin download, and upload by presigned POST or PUT."""
        methods = [s3.HttpMethods.GET, s3.HttpMethods.HEAD]
        if upload:
            methods += [s3.HttpMethods.POST, s3.HttpMethods.PUT]
        return s3.CorsRule(
            allowed_methods=methods,
            allowed_origins=list(self._options.cors_origins),
            allowed_headers=["*"],
            exposed_headers=["ETag", "x-amz-version-id"],  # a multipart upload needs its parts' ETags
            max_age=3600,
        )

    @staticmethod
    def _lifecycle(days: int | None) -> list[s3.LifecycleRule]:
        """Abandoned uploads and replaced versions go soon; outputs go with the records of their jobs."""
        return [
            s3.LifecycleRule(
                id="tidy",
                abort_incomplete_multipart_upload_after=Duration.days(2),
                noncurrent_version_expiration=Duration.days(30),
                expired_object_delete_marker=True,
            ),
            *([s3.LifecycleRule(id="expire", expiration=Duration.days(days))] if days else []),
        ]

    def _log_bucket(self) -> s3.Bucket:
        """Make the bucket for the access logs of the two others."""
        return s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[s3.LifecycleRule(id="expire", expiration=Duration.days(90))],
            removal_policy=RemovalPolicy.RETAIN if self._options.lasting else RemovalPolicy.DESTROY,
        )
