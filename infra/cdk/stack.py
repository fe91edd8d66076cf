"""The stack: everything of the pipeline, one part a construct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk import CfnOutput, CfnParameter, Fn, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.core import LambdaSize, Operation
from functions.core.compute import HEAVY
from infra.cdk import intake
from infra.cdk.alarms import Alarms
from infra.cdk.api import Api
from infra.cdk.changes import Changes
from infra.cdk.code import Code
from infra.cdk.dashboard import Dashboard
from infra.cdk.function import Functions
from infra.cdk.heavy import READER_TIMEOUT_S, Heavy, machine_arn
from infra.cdk.intake import Intake
from infra.cdk.operation import Worker
from infra.cdk.options import Options
from infra.cdk.platform import Platform
from infra.cdk.queue import JobQueue
from infra.cdk.reap import Reap
from infra.cdk.storage import Storage
from infra.cdk.table import JobTable


class PipelineStack(Stack):
    """The whole pipeline of one stage, with a queue and a worker for every operation it is given."""

    def __init__(
        self,
        scope: Construct,
        *,
        options: Options,
        operations: Mapping[str, Operation],
        **kwargs: Any,  # noqa: ANN401 - whatever a Stack takes
    ) -> None:
        """Make everything."""
        super().__init__(scope, options.stack, stack_name=options.stack, **kwargs)
        self._options = options
        self._operations = operations
        self.platform = self._platform()
        self.workers = dict(self._workers())
        self.heavy = None if options.local or not operations else Heavy(self, "Heavy", platform=self.platform)
        self.intake = Intake(self, "Intake", platform=self.platform)
        self.changes = Changes(self, "Changes", platform=self.platform)
        self.reap = Reap(self, "Reap", platform=self.platform)
        self.api = Api(self, "Api", platform=self.platform)
        if not options.local:
            self._watch()
        self._outputs()

    def _platform(self) -> Platform:
        """Make what all parts share."""
        options = self._options
        storage = Storage(self, "Storage", options=options)
        table = JobTable(self, "Jobs", options=options).table
        bus = events.EventBus(self, "Bus", event_bus_name=options.stack)
        uploads = self._queue("uploads", intake.TIMEOUT_S)
        environment = {
            "STAGE": options.stage,
            "TABLE_NAME": table.table_name,
            "INPUT_BUCKET": storage.input.bucket_name,
            "OUTPUT_BUCKET": storage.output.bucket_name,
            "QUEUE_URL_PREFIX": Fn.select(0, Fn.split("uploads", uploads.queue.queue_url)),
            "EVENT_BUS_NAME": bus.event_bus_name,
            **self._settings(),
        }
        return Platform(
            options=options,
            functions=Functions(options, Code(self, "Code", options=options), environment),
            storage=storage,
            table=table,
            bus=bus,
            uploads=uploads,
            queues={
                **{name: self._queue(name, size.timeout_s) for name, size in self._light().items()},
                HEAVY: self._queue(HEAVY, READER_TIMEOUT_S),
            },
        )

    def _settings(self) -> dict[str, str]:
        """Return the settings of the stage; the local template leaves some of them to its parameters."""
        options = self._options
        if not options.local:
            return {
                "DEFAULT_OPERATIONS": options.default_operations,
                "LOG_LEVEL": options.log_level,
                "LEASE_SECONDS": "60",
                "JOB_TTL_DAYS": str(options.output_days),  # a record goes when its outputs go
                "MAX_TASK_SECONDS": str(options.max_task_s),
                "STATE_MACHINE_ARN": machine_arn(self, options),
            }
        parameters = {
            "DEFAULT_OPERATIONS": CfnParameter(self, "DefaultOperations", default=options.default_operations),
            "LOG_LEVEL": CfnParameter(self, "LogLevel", default=options.log_level),
            "LEASE_SECONDS": CfnParameter(self, "LeaseSeconds", default="15"),
        }
        return {name: parameter.value_as_string for name, parameter in parameters.items()}

    def _queue(self, name: str, timeout_s: int) -> JobQueue:
        """Make a queue with its dead letters."""
        return JobQueue(self, f"Queue-{name}", options=self._options, name=name, timeout_s=timeout_s)

    def _light(self) -> dict[str, LambdaSize]:
        """Return the sizes of the operations that have a function; the others only ever run in tasks."""
        sizes = {name: operation.compute for name, operation in self._operations.items()}
        return {name: size for name, size in sizes.items() if isinstance(size, LambdaSize)}

    def _workers(self) -> Iterator[tuple[str, Worker]]:
        """Make a function for each operation that has one. Locally `worker.poll` does what tasks do."""
        limit = self._limit() if self._options.local else None
        for name, size in self._light().items():
            worker = Worker(
                Construct(self, f"Operation-{name}"),
                "Worker",
                platform=self.platform,
                operation=self._operations[name],
                size=size,
                concurrency=limit.value_as_number if limit else size.concurrency,
            )
            yield name, worker

    def _limit(self) -> CfnParameter:
        """Return how many functions of one operation run at a time on a person's machine."""
        return CfnParameter(self, "MaxConcurrency", type="Number", default=4, min_value=2)

    def _watch(self) -> None:
        """Make the alarms and the dashboard."""
        platform = self.platform
        alarms = Alarms(self, "Alarms", options=self._options)
        dashboard = Dashboard(self, "Dashboard", options=self._options)
        dashboard.front(self.api.api, platform.uploads)
        alarms.api(self.api.api)
        alarms.backlog("uploads", platform.uploads.queue, age_s=300)
        alarms.dead_letters("uploads", platform.uploads.dead)
        alarms.dead_letters("changes", self.changes.dead)
        for name, function in self._control().items():
            alarms.function(name, function)
        for name, worker in self.workers.items():
            dashboard.operation(name, platform.queues[name])
            alarms.backlog(name, platform.queues[name].queue, age_s=3600)
            alarms.dead_letters(name, platform.queues[name].dead)
            alarms.function(f"worker-{name}", worker.function)
        if self.heavy is not None:
            dashboard.heavy(platform.queues[HEAVY], self.heavy.machine)
            alarms.backlog(HEAVY, platform.queues[HEAVY].queue, age_s=300)  # starting a task takes a second
            alarms.dead_letters(HEAVY, platform.queues[HEAVY].dead)
            alarms.machine(HEAVY, self.heavy.machine)

    def _control(self) -> dict[str, lambda_.Function]:
        """Return the functions of the control plane by name."""
        control = {
            "api": self.api.function,
            "intake": self.intake.function,
            "release": self.changes.release,
            "notify": self.changes.notify,
            "reap-dead-letters": self.reap.dead_letters,
            "reap-sweep": self.reap.sweep,
        }
        return control if self.heavy is None else {**control, "reap-tasks": self.heavy.settle}

    def _outputs(self) -> None:
        """Say where everything is."""
        platform = self.platform
        outputs = {
            "ApiUrl": self.api.api.api_endpoint,
            "InputBucket": platform.storage.input.bucket_name,
            "OutputBucket": platform.storage.output.bucket_name,
            "TableName": platform.table.table_name,
            "QueueUrlPrefix": platform.functions.environment["QUEUE_URL_PREFIX"],
            "EventBusName": platform.bus.event_bus_name,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
