"""The workers of operations that outgrow a Lambda: queue -> Pipe -> Step Functions -> one Fargate task."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_pipes as pipes
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from functions.core import FargateSize, Operation
from infra.cdk import grant
from infra.cdk.network import Network
from infra.cdk.platform import Platform

READER_TIMEOUT_S = 30  # the Pipe only starts an execution, so its message need not stay hidden for long
GRACE_S = 300  # what the task takes to start and to store its outputs, on top of the operation's own limit


class Cluster(Construct):
    """The cluster and its network, shared by all operations; nothing of it runs or costs while idle."""

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform) -> None:
        """Make both."""
        super().__init__(scope, construct_id)
        self.network = Network(self, "Network", options=platform.options)
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=platform.options.stack,
            vpc=self.network.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )


class FargateWorker(Construct):
    """A state machine that runs one task in the operation's size for every message of its queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: Platform,
        cluster: Cluster,
        operation: Operation,
        size: FargateSize,
    ) -> None:
        """Make the task, the state machine and the Pipe."""
        super().__init__(scope, construct_id)
        self._platform = platform
        self._name = f"{platform.options.stack}-worker-{operation.name}"
        definition, container = self._definition(operation, size)
        self.machine = self._machine(cluster, definition, container, size)
        self._pipe(operation)

    def _logs(self, construct_id: str, name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            construct_id,
            log_group_name=name,
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.RETAIN if self._platform.options.lasting else RemovalPolicy.DESTROY,
        )

    def _definition(
        self, operation: Operation, size: FargateSize
    ) -> tuple[ecs.FargateTaskDefinition, ecs.ContainerDefinition]:
        """Describe the task: the same code and environment as a Lambda worker, and the same permissions."""
        definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            family=self._name,
            cpu=size.cpu,
            memory_limit_mib=size.memory_mb,
            ephemeral_storage_gib=max(21, size.disk_gb),  # the least that may be asked for
        )
        container = definition.add_container(
            "worker",
            image=self._platform.functions.code.task(),
            environment={
                **self._platform.functions.environment,
                "POWERTOOLS_SERVICE_NAME": f"worker-{operation.name}",
                "AWS_REGION": Stack.of(self).region,
            },
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="task", log_group=self._logs("Logs", f"/ecs/{self._name}")
            ),
            stop_timeout=Duration.seconds(120),  # time to hand the lease back
        )
        grant.run_jobs(definition.task_role, self._platform.storage, self._platform.table)
        return definition, container

    def _machine(
        self,
        cluster: Cluster,
        definition: ecs.FargateTaskDefinition,
        container: ecs.ContainerDefinition,
        size: FargateSize,
    ) -> sfn.StateMachine:
        """Run the task to its end. How often a job is tried is its record's matter."""
        run = tasks.EcsRunTask(
            self,
            "Run",
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
            cluster=cluster.cluster,
            task_definition=definition,
            launch_target=tasks.EcsFargateLaunchTarget(
                platform_version=ecs.FargatePlatformVersion.VERSION1_4
            ),
            assign_public_ip=True,
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_groups=[cluster.network.group],
            container_overrides=[
                tasks.ContainerOverride(
                    container_definition=container,
                    command=sfn.JsonPath.list_at("$[*].job_id"),  # the Pipe sends a list of one
                )
            ],
            task_timeout=sfn.Timeout.duration(Duration.seconds(size.timeout_s + GRACE_S)),
            result_path=sfn.JsonPath.DISCARD,
        )
        run.add_retry(
            errors=["ECS.AmazonECSException", "ECS.ServerException", "ECS.ThrottlingException"],
            interval=Duration.seconds(10),
            max_attempts=6,
            backoff_rate=2,
        )
        # A task that died, or that says "later" (exit code 75): by then its lease has run out.
        run.add_retry(
            errors=["States.TaskFailed"], interval=Duration.seconds(120), max_attempts=3, backoff_rate=2
        )
        return sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=self._name,
            definition_body=sfn.DefinitionBody.from_chainable(run),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self._logs("MachineLogs", f"/aws/vendedlogs/states/{self._name}"),
                level=sfn.LogLevel.ALL,
            ),
        )

    def _pipe(self, operation: Operation) -> None:
        """Start an execution for every message."""
        queue = self._platform.queues[operation.name].queue
        role = iam.Role(self, "PipeRole", assumed_by=iam.ServicePrincipal("pipes.amazonaws.com"))
        grant.consume(role, [queue])
        self.machine.grant_start_execution(role)
        pipe = pipes.CfnPipe(
            self,
            "Pipe",
            name=self._name,
            role_arn=role.role_arn,
            source=queue.queue_arn,
            source_parameters=pipes.CfnPipe.PipeSourceParametersProperty(
                sqs_queue_parameters=pipes.CfnPipe.PipeSourceSqsQueueParametersProperty(batch_size=1)
            ),
            target=self.machine.state_machine_arn,
            target_parameters=pipes.CfnPipe.PipeTargetParametersProperty(
                input_template='{"job_id": <$.body.job_id>}',
                step_function_state_machine_parameters=pipes.CfnPipe.PipeTargetStateMachineParametersProperty(
                    invocation_type="FIRE_AND_FORGET"
                ),
            ),
        )
        pipe.node.add_dependency(role)  # with its policy: the Pipe tries its source when it is made
