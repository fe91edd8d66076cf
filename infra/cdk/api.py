"""The HTTPS API: one HTTP API, one function, one authorizer."""

from __future__ import annotations

import json
from typing import cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import (
    HttpJwtAuthorizer,
    HttpLambdaAuthorizer,
    HttpLambdaResponseType,
)
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.cdk import grant
from infra.cdk.heavy import execution_arns
from infra.cdk.platform import Platform

OPEN = ("/health", "/openapi.json", "/docs")
# Not OPTIONS: API Gateway answers preflight requests itself, but only where no route catches them.
METHODS = [
    gateway.HttpMethod.GET,
    gateway.HttpMethod.HEAD,
    gateway.HttpMethod.POST,
    gateway.HttpMethod.PUT,
    gateway.HttpMethod.PATCH,
    gateway.HttpMethod.DELETE,
]
ACCESS = {
    name: f"$context.{name}"
    for name in (
        "requestId",
        "requestTime",
        "httpMethod",
        "path",
        "status",
        "responseLength",
        "responseLatency",
        "identity.sourceIp",
        "authorizer.error",
        "integrationErrorMessage",
    )
}
TIMEOUT_S = 29  # API Gateway gives up after 30


class Api(Construct):
    """Routes: a few that are open, and everything else behind the authorizer."""

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform) -> None:
        """Make the function, the API, its routes and its stage."""
        super().__init__(scope, construct_id)
        self._platform = platform
        self.function = self._function()
        self.api = gateway.HttpApi(
            self,
            "Http",
            api_name=platform.options.stack,
            create_default_stage=False,
            cors_preflight=self._cors(),
        )
        integration = HttpLambdaIntegration("Integration", self.function, scope_permission_to_route=False)
        for path in OPEN:
            self.api.add_routes(path=path, methods=[gateway.HttpMethod.GET], integration=integration)
        self.api.add_routes(
            path="/{proxy+}", methods=METHODS, integration=integration, authorizer=self._authorizer()
        )
        self.stage = self._stage()

    def _function(self) -> lambda_.Function:
        """Make the function, which reads and creates jobs and signs uploads and downloads."""
        platform = self._platform
        function = platform.functions.control(
            Construct(self, "Api"),
            "Function",
            name="api",
            handler="functions.api.handler.handler",
            memory_mb=1024,
            timeout_s=TIMEOUT_S,
        )
        grant.write_table(function, platform.table)
        grant.read_objects(function, platform.storage.input)
        grant.write_objects(function, platform.storage.input)
        grant.read_objects(function, platform.storage.output)
        grant.send(function, platform.live)
        grant.inspect(
            function, [*platform.live, *platform.dead, platform.uploads.queue, platform.uploads.dead]
        )
        if not platform.options.local:
            grant.stop_executions(function, execution_arns(Stack.of(self), platform.options))
        return function

    def _authorizer(self) -> gateway.IHttpRouteAuthorizer:
        """Return the authorizer: API keys, or tokens of the stage's issuer."""
        options = self._platform.options
        if options.jwt_issuer:
            return HttpJwtAuthorizer("Jwt", options.jwt_issuer, jwt_audience=list(options.jwt_audience))
        function = self._platform.functions.control(
            Construct(self, "Authorizer"),
            "Function",
            name="authorizer",
            handler="functions.api.authorizer.handler",
            memory_mb=512,
            timeout_s=10,
        )
        grant.get_item(function, self._platform.table)
        return HttpLambdaAuthorizer(
            "Keys",
            function,
            authorizer_name="keys",
            identity_source=["$request.header.X-API-Key"],
            response_types=[HttpLambdaResponseType.SIMPLE],
            results_cache_ttl=Duration.minutes(1),  # how long a revoked key still works
        )

    def _cors(self) -> gateway.CorsPreflightOptions:
        """Let pages of the stage's origins call the API."""
        return gateway.CorsPreflightOptions(
            allow_origins=list(self._platform.options.cors_origins),
            allow_methods=[gateway.CorsHttpMethod.ANY],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
            expose_headers=["Location", "Retry-After"],
            max_age=Duration.hours(1),
        )

    def _stage(self) -> gateway.HttpStage:
        """Make the stage with its throttle and, on AWS, its access log."""
        options = self._platform.options
        stage = gateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=gateway.ThrottleSettings(rate_limit=100, burst_limit=200),
        )
        if not options.local:
            log_group = logs.LogGroup(
                self,
                "AccessLogs",
                log_group_name=f"/aws/vendedlogs/{options.stack}-api-access",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=RemovalPolicy.RETAIN if options.lasting else RemovalPolicy.DESTROY,
            )
            resource = cast("gateway.CfnStage", stage.node.default_child)
            resource.access_log_settings = gateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=json.dumps(ACCESS)
            )
        return stage
