from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.aws.settings import Settings
from functions.aws.table import TABLE, attributes
from functions.core import LambdaSize, Operation
from infra.cdk.machine import Names, definition
from tests.infra.cdk.conftest import Resources

CONTROL = {
    "api",
    "authorizer",
    "intake",
    "release",
    "notify",
    "reap-dead-letters",
    "reap-sweep",
    "reap-tasks",
}
# What AWS lets nobody narrow down to a resource.
UNBOUND = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def light(known: Mapping[str, Operation]) -> set[str]:
    """Return the operations that have a function."""
    return {name for name, operation in known.items() if isinstance(operation.compute, LambdaSize)}


def arn(logical_id: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def statements(resources: Resources, function: str) -> list[dict[str, Any]]:
    """Return the policy statements of a function's own role."""
    role = resources.named("Lambda::Function", "FunctionName")[function]["Role"]["Fn::GetAtt"][0]
    return [
        statement
        for policy in resources.of("IAM::Policy").values()
        if {"Ref": role} in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def mapping(resources: Resources, queue: str) -> dict[str, Any]:
    """Return the event source mapping of a queue."""
    source = arn(resources.id("SQS::Queue", "QueueName", queue))
    found = [
        item["Properties"]
        for item in resources.of("Lambda::EventSourceMapping").values()
        if item["Properties"]["EventSourceArn"] == source
    ]
    assert len(found) == 1, queue
    return dict(found[0])


def test_buckets_are_private_versioned_encrypted_and_reached_over_tls_alone(aws: Resources) -> None:
    policies = {
        item["Properties"]["Bucket"]["Ref"]: item["Properties"]["PolicyDocument"]["Statement"]
        for item in aws.of("S3::BucketPolicy").values()
    }
    buckets = aws.of("S3::Bucket")
    assert len(buckets) == 3
    for name, bucket in buckets.items():
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["BucketEncryption"]
        refusals = [item for item in policies[name] if item["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [item["Condition"] for item in refusals]
        if "AccessLogs" not in name:
            assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
            assert properties["LoggingConfiguration"]
            assert properties["LifecycleConfiguration"]["Rules"][0]["AbortIncompleteMultipartUpload"]


def test_uploads_reach_intake_through_eventbridge(aws: Resources) -> None:
    ((name, bucket),) = [
        (name, item)
        for name, item in aws.of("S3::Bucket").items()
        if "NotificationConfiguration" in item["Properties"]
    ]
    notification = bucket["Properties"]["NotificationConfiguration"]
    assert notification == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    rules = [item["Properties"] for item in aws.of("Events::Rule").values()]
    (rule,) = [item for item in rules if "EventPattern" in item]
    assert rule["EventPattern"]["detail"] == {"bucket": {"name": [{"Ref": name}]}}
    assert rule["Targets"][0]["Arn"] == arn(aws.id("SQS::Queue", "QueueName", "ifcpipe-dev-uploads"))
    assert mapping(aws, "ifcpipe-dev-uploads")["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_web_page_may_upload_and_download(aws: Resources) -> None:
    methods = {
        tuple(sorted(item["Properties"]["CorsConfiguration"]["CorsRules"][0]["AllowedMethods"]))
        for item in aws.of("S3::Bucket").values()
        if "CorsConfiguration" in item["Properties"]
    }
    assert methods == {("GET", "HEAD", "POST", "PUT"), ("GET", "HEAD")}


def test_the_table_is_the_one_that_the_code_reads(aws: Resources) -> None:
    (table,) = aws.of("DynamoDB::Table").values()
    properties = table["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": TABLE["stream"]}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": TABLE["ttl"], "Enabled": True}
    assert {item["AttributeName"] for item in properties["AttributeDefinitions"]} == set(attributes())
    assert {
        item["IndexName"]: tuple(key["AttributeName"] for key in item["KeySchema"])
        for item in properties["GlobalSecondaryIndexes"]
    } == TABLE["indexes"]


def test_every_queue_is_encrypted_and_reached_over_tls_alone(aws: Resources) -> None:
    queues = aws.of("SQS::Queue")
    refused = {
        item["Properties"]["Queues"][0]["Ref"]
        for item in aws.of("SQS::QueuePolicy").values()
        for statement in item["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert refused == set(queues)
    assert all(item["Properties"]["SqsManagedSseEnabled"] for item in queues.values())


def test_every_operation_has_a_queue_whose_dead_letters_are_kept_and_read(
    aws: Resources, known: Mapping[str, Operation]
) -> None:
    queues = aws.named("SQS::Queue", "QueueName")
    for name in ("uploads", "heavy", *light(known)):
        dead = aws.id("SQS::Queue", "QueueName", f"ifcpipe-dev-{name}-dead")
        assert queues[f"ifcpipe-dev-{name}"]["RedrivePolicy"]["deadLetterTargetArn"] == arn(dead)
        assert queues[f"ifcpipe-dev-{name}-dead"]["MessageRetentionPeriod"] == 14 * 24 * 3600
        reader = mapping(aws, f"ifcpipe-dev-{name}-dead")["FunctionName"]["Ref"]
        function = aws.template["Resources"][reader]["Properties"]
        assert function["Handler"] == "functions.reap.handler.dead_letters"


def test_no_message_comes_again_while_its_function_may_still_run(aws: Resources) -> None:
    for item in aws.of("Lambda::EventSourceMapping").values():
        source = item["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
        resource = aws.template["Resources"][source]
        if resource["Type"] == "AWS::SQS::Queue":
            function = aws.template["Resources"][item["Properties"]["FunctionName"]["Ref"]]
            visible = resource["Properties"]["VisibilityTimeout"]
            assert visible >= 6 * function["Properties"]["Timeout"]
            assert visible <= 12 * 3600


def test_a_light_operation_runs_in_a_function_of_its_own_size(aws: Resources) -> None:
    function = aws.named("Lambda::Function", "FunctionName")["ifcpipe-dev-worker-dropin"]
    assert function["PackageType"] == "Image"
    assert function["ImageConfig"] == {"Command": ["functions.worker.handler.handler"]}
    assert (function["MemorySize"], function["Timeout"]) == (3000, 120)
    assert function["EphemeralStorage"] == {"Size": 4096}
    source = mapping(aws, "ifcpipe-dev-dropin")
    assert source["BatchSize"] == 1
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 7}


def test_the_assets_hold_the_package_and_nothing_of_a_person_s_machine(aws: Resources) -> None:
    assert aws.folder is not None
    assets = {folder.name: folder for folder in aws.folder.glob("asset.*") if folder.is_dir()}
    key = aws.named("Lambda::Function", "FunctionName")["ifcpipe-dev-api"]["Code"]["S3Key"]
    code = assets.pop(f"asset.{key.removesuffix('.zip')}")
    assert {path.name for path in code.iterdir()} == {"functions"}
    images = [folder for folder in assets.values() if (folder / "layers").is_dir()]
    assert len(images) == 2  # the targets `lambda` and `task` of one Dockerfile
    for folder in (code, *images):
        assert (folder / "functions/worker/handler.py").is_file()
        assert not (folder / "functions/cli").exists()
        assert not (folder / "functions/local").exists()
        assert not list(folder.rglob("*.pyc"))
    for folder in images:
        assert {path.name for path in (folder / "layers/ifcopenshell").iterdir()} >= {
            "Dockerfile",
            "prune.py",
            "requirements.txt",
        }


def test_outputs_expire_and_uploads_stay(aws: Resources) -> None:
    days = {
        name: [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]
        for name, bucket in aws.of("S3::Bucket").items()
        for rules in [bucket["Properties"]["LifecycleConfiguration"]["Rules"]]
    }
    outputs = aws.template["Outputs"]
    assert days[outputs["OutputBucket"]["Value"]["Ref"]] == [90]
    assert days[outputs["InputBucket"]["Value"]["Ref"]] == []


def test_no_function_reserves_concurrency(aws: Resources) -> None:
    functions = aws.of("Lambda::Function").values()
    assert not any("ReservedConcurrentExecutions" in item["Properties"] for item in functions)


def test_there_is_a_function_for_each_part_and_each_light_operation(
    aws: Resources, known: Mapping[str, Operation]
) -> None:
    expected = CONTROL | {f"worker-{name}" for name in light(known)}
    functions = aws.named("Lambda::Function", "FunctionName")
    assert set(functions) == {f"ifcpipe-dev-{name}" for name in expected}
    assert {item["TracingConfig"]["Mode"] for item in functions.values()} == {"Active"}
    for name, function in functions.items():
        if not name.startswith("ifcpipe-dev-worker-"):
            assert function["Runtime"] == "python3.13"
            assert len(function["Layers"]) == 1


def test_the_environment_is_what_the_settings_read(aws: Resources) -> None:
    for function in aws.named("Lambda::Function", "FunctionName").values():
        variables = function["Environment"]["Variables"]
        text = {name: value if isinstance(value, str) else "token" for name, value in variables.items()}
        assert Settings.from_environment(text).stage == "dev"


def test_every_function_writes_its_own_log_group_which_expires(aws: Resources) -> None:
    groups = [item["Properties"] for item in aws.of("Logs::LogGroup").values()]
    assert {group["RetentionInDays"] for group in groups} == {30}
    for name, function in aws.named("Lambda::Function", "FunctionName").items():
        group = function["LoggingConfig"]["LogGroup"]["Ref"]
        assert aws.id("Logs::LogGroup", "LogGroupName", f"/aws/lambda/{name}") == group


def test_every_function_has_a_role_of_its_own(aws: Resources) -> None:
    roles = [json.dumps(item["Properties"]["Role"]) for item in aws.of("Lambda::Function").values()]
    assert len(set(roles)) == len(roles)
    assert not any("ManagedPolicyArns" in item["Properties"] for item in aws.of("IAM::Role").values())


def test_no_policy_allows_more_than_it_names(aws: Resources) -> None:
    seen = 0
    for policy in aws.of("IAM::Policy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            actions = listed(statement["Action"])
            assert not any("*" in action for action in actions), actions
            if "*" in listed(statement["Resource"]):
                assert set(actions) <= UNBOUND, actions
            seen += 1
    assert seen > 30


def test_a_worker_reaches_its_queue_its_files_and_the_records_and_nothing_else(aws: Resources) -> None:
    queue = arn(aws.id("SQS::Queue", "QueueName", "ifcpipe-dev-dropin"))
    heavy = arn(aws.id("SQS::Queue", "QueueName", "ifcpipe-dev-heavy"))
    allowed = statements(aws, "ifcpipe-dev-worker-dropin")
    by_service: dict[str, set[str]] = {}
    for statement in allowed:
        for action in listed(statement["Action"]):
            service, _, verb = action.partition(":")
            by_service.setdefault(service, set()).add(verb)
            if verb == "SendMessage":  # a job that outgrew the function
                assert listed(statement["Resource"]) == [heavy]
            elif service == "sqs":
                assert listed(statement["Resource"]) == [queue]
            if verb == "PutObject":
                assert "StorageOutput" in json.dumps(statement["Resource"])
                assert "StorageInput" not in json.dumps(statement["Resource"])
    assert set(by_service) == {"dynamodb", "logs", "s3", "sqs", "xray"}
    assert not {"DeleteObject", "DeleteObjectVersion"} & by_service["s3"]
    assert by_service["dynamodb"] == {"BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"}


def test_notify_sees_changes_and_reads_nothing_else_of_the_table(aws: Resources) -> None:
    actions = [action for item in statements(aws, "ifcpipe-dev-notify") for action in listed(item["Action"])]
    seen = {action for action in actions if action.startswith("dynamodb:")}
    assert seen == {
        f"dynamodb:{verb}" for verb in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    }


@pytest.mark.parametrize(
    ("function", "services"),
    [
        ("authorizer", {"dynamodb", "logs", "xray"}),
        ("notify", {"dynamodb", "events", "logs", "sqs", "xray"}),
        ("release", {"dynamodb", "logs", "sqs", "xray"}),
        ("reap-dead-letters", {"dynamodb", "logs", "sqs", "xray"}),
        ("reap-tasks", {"dynamodb", "logs", "xray"}),
        ("api", {"dynamodb", "logs", "s3", "sqs", "states", "xray"}),
    ],
)
def test_a_control_function_reaches_only_the_services_it_needs(
    aws: Resources, function: str, services: set[str]
) -> None:
    allowed = statements(aws, f"ifcpipe-dev-{function}")
    assert {action.partition(":")[0] for item in allowed for action in listed(item["Action"])} == services


def test_the_stream_is_filtered_bounded_and_its_failures_are_kept(aws: Resources) -> None:
    dead = arn(aws.id("SQS::Queue", "QueueName", "ifcpipe-dev-changes-dead"))
    streams = {
        item["Properties"]["FunctionName"]["Ref"]: item["Properties"]
        for item in aws.of("Lambda::EventSourceMapping").values()
        if "StreamArn" in item["Properties"]["EventSourceArn"]["Fn::GetAtt"]
    }
    release, notify = (
        aws.id("Lambda::Function", "FunctionName", f"ifcpipe-dev-{name}") for name in ("release", "notify")
    )
    assert set(streams) == {release, notify}
    for item in streams.values():
        assert item["BisectBatchOnFunctionError"] is True
        assert item["MaximumRetryAttempts"] == 5
        assert item["DestinationConfig"] == {"OnFailure": {"Destination": dead}}
    (pattern,) = streams[release]["FilterCriteria"]["Filters"]
    image = json.loads(pattern["Pattern"])["dynamodb"]["NewImage"]
    assert image == {"status": {"S": ["cancelled", "failed", "finished"]}}


def test_the_sweep_runs_every_minute(aws: Resources) -> None:
    rules = [item["Properties"] for item in aws.of("Events::Rule").values()]
    (rule,) = [item for item in rules if "ScheduleExpression" in item]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    target = aws.template["Resources"][rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]]
    assert target["Properties"]["Handler"] == "functions.reap.handler.sweep"


def test_only_health_and_documentation_are_open(aws: Resources) -> None:
    routes = aws.named("ApiGatewayV2::Route", "RouteKey")
    assert {key for key, route in routes.items() if route.get("AuthorizationType") == "NONE"} == {
        "GET /health",
        "GET /openapi.json",
        "GET /docs",
    }
    assert {key for key, route in routes.items() if route["AuthorizationType"] == "CUSTOM"} == {
        f"{method} /{{proxy+}}" for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    }
    (authorizer,) = aws.of("ApiGatewayV2::Authorizer").values()
    properties = authorizer["Properties"]
    assert properties["IdentitySource"] == ["$request.header.X-API-Key"]
    assert properties["EnableSimpleResponses"] is True
    assert properties["AuthorizerResultTtlInSeconds"] == 60


def test_the_api_is_throttled_and_logged(aws: Resources) -> None:
    (stage,) = aws.of("ApiGatewayV2::Stage").values()
    properties = stage["Properties"]
    assert properties["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 200, "ThrottlingRateLimit": 100}
    log_format = json.loads(properties["AccessLogSettings"]["Format"])
    assert {"requestId", "status", "path"} <= set(log_format)
    assert not any("header" in value.lower() for value in log_format.values())  # keys travel in one


def test_a_stage_with_an_issuer_takes_tokens(prod: Resources) -> None:
    (authorizer,) = prod.of("ApiGatewayV2::Authorizer").values()
    properties = authorizer["Properties"]
    assert properties["AuthorizerType"] == "JWT"
    assert properties["JwtConfiguration"] == {
        "Audience": ["ifcpipe"],
        "Issuer": "https://login.example.org",
    }
    assert "ifcpipe-prod-authorizer" not in prod.named("Lambda::Function", "FunctionName")


def test_a_lasting_stage_keeps_its_data(prod: Resources, aws: Resources) -> None:
    for resources, policy in ((prod, "Retain"), (aws, "Delete")):
        kept = {**resources.of("S3::Bucket"), **resources.of("DynamoDB::Table")}
        assert {item["DeletionPolicy"] for item in kept.values()} == {policy}
    (table,) = prod.of("DynamoDB::Table").values()
    assert table["Properties"]["DeletionProtectionEnabled"] is True


def test_somebody_is_told(prod: Resources, aws: Resources) -> None:
    (subscription,) = prod.of("SNS::Subscription").values()
    assert subscription["Properties"]["Endpoint"] == "someone@example.org"
    (topic,) = aws.of("SNS::Topic")
    for alarm in aws.of("CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": topic}]
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching"


def test_every_operation_has_its_alarms(aws: Resources, known: Mapping[str, Operation]) -> None:
    alarms = set(aws.named("CloudWatch::Alarm", "AlarmName"))
    for name in light(known):
        assert {f"ifcpipe-dev-worker-{name}-{end}" for end in ("errors", "throttles")} <= alarms
        assert {f"ifcpipe-dev-{name}-{end}" for end in ("dead-letters", "oldest-message")} <= alarms
    ends = ("executions-failed", "executions-timed-out", "dead-letters", "oldest-message")
    assert {f"ifcpipe-dev-heavy-{end}" for end in ends} <= alarms
    assert "ifcpipe-dev-api-5xx" in alarms


def test_the_dashboard_has_a_row_for_every_operation(aws: Resources, known: Mapping[str, Operation]) -> None:
    (dashboard,) = aws.of("CloudWatch::Dashboard").values()
    body = dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "x" for part in body)
    widgets = json.loads(text)["widgets"]
    titles = {item["properties"]["title"] for item in widgets}
    assert {"heavy: waiting", "heavy: executions ended", "heavy: dead letters"} <= titles
    for name in light(known):
        row = [item for item in widgets if item["properties"]["title"].startswith(f"{name}: ")]
        assert len({item["y"] for item in row}) == 1
        metrics = {metric[1] for item in row for metric in item["properties"]["metrics"]}
        assert {
            "ApproximateNumberOfMessagesVisible",
            "ApproximateAgeOfOldestMessage",
            "JobsStarted",
            "JobsFinished",
            "JobsFailed",
            "JobDuration",
        } <= metrics


def test_heavy_jobs_go_through_one_pipe_to_one_state_machine(aws: Resources) -> None:
    (pipe,) = aws.of("Pipes::Pipe").values()
    queue = arn(aws.id("SQS::Queue", "QueueName", "ifcpipe-dev-heavy"))
    assert pipe["Properties"]["Source"] == queue
    assert pipe["Properties"]["SourceParameters"] == {"SqsQueueParameters": {"BatchSize": 1}}
    assert pipe["Properties"]["TargetParameters"]["InputTemplate"] == '{"job_id": <$.body.job_id>}'
    (machine,) = aws.of("StepFunctions::StateMachine").values()
    assert machine["Properties"]["StateMachineName"] == "ifcpipe-dev-heavy"
    (task,) = aws.of("ECS::TaskDefinition").values()
    text = {
        item["Name"]: item["Value"] if isinstance(item["Value"], str) else "token"
        for item in task["Properties"]["ContainerDefinitions"][0]["Environment"]
    }
    settings = Settings.from_environment(text)
    assert (settings.lease_seconds, settings.max_task_seconds) == (60, 14_400)


def test_the_state_machine_is_the_one_that_is_executed_in_tests(
    aws: Resources, synth: Callable[..., Resources], known: Mapping[str, Operation]
) -> None:
    names = {name: "x" for name in ("table", "cluster", "task", "settle")}
    spare = synth({"dropin": known["dropin"]}, stage="spare", spot=True)
    for resources, spot in ((aws, False), (spare, True)):
        (machine,) = resources.of("StepFunctions::StateMachine").values()
        parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
        states = json.loads("".join(part if isinstance(part, str) else "x" for part in parts))
        whole = Names(**names, container="worker", subnets=["x", "x"], groups=["x"], spot=spot, partition="x")
        assert states == json.loads(json.dumps(definition(whole)))


def test_the_network_lets_nothing_in_and_costs_nothing_while_idle(aws: Resources, prod: Resources) -> None:
    (group,) = aws.of("EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group["Properties"]
    assert [rule["ToPort"] for rule in group["Properties"]["SecurityGroupEgress"]] == [443]
    assert not aws.of("EC2::NatGateway")
    assert len(aws.of("EC2::VPCEndpoint")) == 2
    assert not prod.of("EC2::VPC")  # no heavy operation, no network


def test_the_stack_says_where_everything_is(aws: Resources, local: Resources) -> None:
    names = {"ApiUrl", "InputBucket", "OutputBucket", "TableName", "QueueUrlPrefix", "EventBusName"}
    assert set(aws.template["Outputs"]) == names
    assert set(local.template["Outputs"]) == names


def test_everything_is_tagged_with_its_stage(aws: Resources) -> None:
    (table,) = aws.of("DynamoDB::Table").values()
    assert {"Key": "stage", "Value": "dev"} in table["Properties"]["Tags"]
