"""What runs the jobs that outgrow a function: queue -> Pipe -> one state machine -> a Fargate task a job."""

from __future__ import annotations

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_pipes as pipes
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from functions.core.compute import HEAVY
from infra.cdk import grant
from infra.cdk.machine import Names, definition
from infra.cdk.network import Network
from infra.cdk.options import Options
from infra.cdk.platform import Platform

READER_TIMEOUT_S = 30  # the Pipe only starts an execution, so its message need not stay hidden for long
CONTAINER = "worker"


def machine_arn(stack: Stack, options: Options) -> str:
    """Return the state machine's ARN by its name: its own role and functions are made before it."""
    return stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=f"{options.stack}-{HEAVY}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def execution_arns(stack: Stack, options: Options) -> str:
    """Return the pattern of the ARNs of all its executions."""
    return stack.format_arn(
        service="states",
        resource="execution",
        resource_name=f"{options.stack}-{HEAVY}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


class Heavy(Construct):
    """Cluster, network, task, state machine and Pipe. Nothing of it runs while there is no heavy job."""

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform) -> None:
        """Make everything."""
        super().__init__(scope, construct_id)
        self._platform = platform
        self._name = f"{platform.options.stack}-{HEAVY}"
        self.settle = self._settle()
        self.machine = self._machine()
        self._pipe()

    def _settle(self) -> lambda_.Function:
        """Make the function that settles the jobs of tasks that died."""
        function = self._platform.functions.control(
            Construct(self, "Settle"),
            "Function",
            name="reap-tasks",
            handler="functions.reap.handler.tasks",
            memory_mb=256,
            timeout_s=60,
        )
        grant.write_table(function, self._platform.table)
        return function

    def _logs(self, construct_id: str, name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            construct_id,
            log_group_name=name,
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.RETAIN if self._platform.options.lasting else RemovalPolicy.DESTROY,
        )

    def _task(self) -> ecs.FargateTaskDefinition:
        """Describe the task: the same code and environment as a function, and the same permissions.

        Every run overrides its size.
        """
        task = ecs.FargateTaskDefinition(self, "Task", family=self._name, cpu=2048, memory_limit_mib=8192)
        task.add_container(
            CONTAINER,
            image=self._platform.functions.code.task(),
            environment={
                **self._platform.functions.environment,
                "POWERTOOLS_SERVICE_NAME": f"worker-{HEAVY}",
                "AWS_REGION": Stack.of(self).region,
            },
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="task", log_group=self._logs("Logs", f"/ecs/{self._name}")
            ),
            stop_timeout=Duration.seconds(120),  # time to hand the lease back
        )
        grant.run_jobs(task.task_role, self._platform.storage, self._platform.table)
        return task

    def _machine(self) -> sfn.StateMachine:
        """Make the state machine, its role and what it needs to run a task."""
        options = self._platform.options
        network = Network(self, "Network", options=options)
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=options.stack,
            vpc=network.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
            enable_fargate_capacity_providers=True,
        )
        task = self._task()
        names = Names(
            table=self._platform.table.table_name,
            cluster=cluster.cluster_arn,
            task=task.task_definition_arn,
            container=CONTAINER,
            settle=self.settle.function_arn,
            subnets=[subnet.subnet_id for subnet in network.vpc.public_subnets],
            groups=[network.group.security_group_id],
            spot=options.spot,
            partition=Stack.of(self).partition,
        )
        machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=self._name,
            definition_body=sfn.DefinitionBody.from_string(Stack.of(self).to_json_string(definition(names))),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self._logs("MachineLogs", f"/aws/vendedlogs/states/{self._name}"),
                level=sfn.LogLevel.ALL,
            ),
        )
        grant.run_tasks(machine, task, options.stack)
        grant.note_execution(machine, self._platform.table)
        grant.invoke(machine, self.settle)
        return machine

    def _pipe(self) -> None:
        """Start an execution for every message."""
        queue = self._platform.queues[HEAVY].queue
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
