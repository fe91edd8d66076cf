"""The one place that makes a Lambda function: code, role, environment, log group."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from functions.core import LambdaSize
from infra.cdk.code import RUNTIME, Code
from infra.cdk.options import Options

WORKER = "functions.worker.handler.handler"


class Functions:
    """Makes functions that share code and environment, each with a role and a log group of its own."""

    def __init__(self, options: Options, code: Code, environment: Mapping[str, str]) -> None:
        """Keep what all functions share."""
        self._options = options
        self.code = code
        self._environment = environment

    def control(
        self, scope: Construct, construct_id: str, *, name: str, handler: str, memory_mb: int, timeout_s: int
    ) -> lambda_.Function:
        """Make a small function without ifcopenshell."""
        role, log_group = self._role(scope, name)
        return lambda_.Function(
            scope,
            construct_id,
            function_name=f"{self._options.stack}-{name}",
            runtime=RUNTIME,
            handler=handler,
            code=self.code.control,
            layers=self.code.layers,
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_s),
            environment=self._variables(name),
            role=role,
            log_group=log_group,
            tracing=self._tracing(role),
        )

    def worker(self, scope: Construct, construct_id: str, *, name: str, size: LambdaSize) -> lambda_.Function:
        """Make a function that runs an operation: the container image, in the operation's own size."""
        if self._options.local:
            return self.control(
                scope,
                construct_id,
                name=name,
                handler=WORKER,
                memory_mb=size.memory_mb,
                timeout_s=size.timeout_s,
            )
        role, log_group = self._role(scope, name)
        return lambda_.DockerImageFunction(
            scope,
            construct_id,
            function_name=f"{self._options.stack}-{name}",
            code=self.code.worker(WORKER),
            architecture=lambda_.Architecture.X86_64,
            memory_size=size.memory_mb,
            timeout=Duration.seconds(size.timeout_s),
            ephemeral_storage_size=Size.mebibytes(size.disk_mb),
            environment=self._variables(name),
            role=role,
            log_group=log_group,
            tracing=self._tracing(role),
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment that functions and tasks share."""
        return dict(self._environment)

    def _variables(self, name: str) -> dict[str, str]:
        """Return the environment of one function."""
        return {**self._environment, "POWERTOOLS_SERVICE_NAME": name}

    def _role(self, scope: Construct, name: str) -> tuple[iam.Role, logs.LogGroup | None]:
        """Make the role, which can write its own log group and nothing else, and that group."""
        role = iam.Role(
            scope,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"{self._options.stack}: the function {name}",
        )
        if self._options.local:
            return role, None
        log_group = logs.LogGroup(
            scope,
            "Logs",
            log_group_name=f"/aws/lambda/{self._options.stack}-{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.RETAIN if self._options.lasting else RemovalPolicy.DESTROY,
        )
        log_group.grant_write(role)
        return role, log_group

    def _tracing(self, role: iam.Role) -> lambda_.Tracing:
        """Switch X-Ray on, except locally. CDK adds the two actions that it needs to the role."""
        return lambda_.Tracing.DISABLED if self._options.local else lambda_.Tracing.ACTIVE
