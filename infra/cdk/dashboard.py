"""The CloudWatch dashboard: the whole pipeline on one page, an operation a row."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.cdk.options import Options
from infra.cdk.queue import JobQueue

WIDTH = 4  # six widgets fill the 24 columns of a row
NAMESPACE = "ifcpipe"
FIVE_MINUTES = Duration.minutes(5)


class Dashboard(Construct):
    """The API and the uploads first, then a row for each operation."""

    def __init__(self, scope: Construct, construct_id: str, *, options: Options) -> None:
        """Make the empty page."""
        super().__init__(scope, construct_id)
        self.page = cloudwatch.Dashboard(
            self, "Page", dashboard_name=options.stack, default_interval=Duration.hours(3)
        )

    def front(self, api: gateway.HttpApi, uploads: JobQueue) -> None:
        """Add the row of what comes in."""
        self.page.add_widgets(
            _graph("API: requests", api.metric_count(), width=6),
            _graph("API: 4xx and 5xx", api.metric_client_error(), api.metric_server_error(), width=6),
            _graph(
                "API: latency (ms)", *(api.metric_latency(statistic=name) for name in ("p50", "p95")), width=6
            ),
            _graph("uploads: waiting", *_depth(uploads), width=6),
        )

    def operation(self, name: str, queue: JobQueue) -> None:
        """Add the row of an operation."""
        self.page.add_widgets(
            _graph(f"{name}: waiting", *_depth(queue)),
            _graph(
                f"{name}: oldest (s)",
                queue.queue.metric_approximate_age_of_oldest_message(statistic="Maximum"),
            ),
            _graph(f"{name}: started", _job(name, "JobsStarted")),
            _graph(f"{name}: finished, failed", _job(name, "JobsFinished"), _job(name, "JobsFailed")),
            _graph(
                f"{name}: duration (s)",
                _job(name, "JobDuration", "p50"),
                _job(name, "JobDuration", "p95"),
            ),
            _graph(
                f"{name}: dead letters",
                queue.dead.metric_approximate_number_of_messages_visible(statistic="Maximum"),
                queue.dead.metric_number_of_messages_deleted(statistic="Sum", label="settled"),
            ),
        )

    def heavy(self, queue: JobQueue, machine: sfn.StateMachine) -> None:
        """Add the row of the jobs that need a task."""
        ended = (machine.metric_succeeded, machine.metric_failed, machine.metric_timed_out)
        self.page.add_widgets(
            _graph("heavy: waiting", *_depth(queue)),
            _graph(
                "heavy: oldest (s)",
                queue.queue.metric_approximate_age_of_oldest_message(statistic="Maximum"),
            ),
            _graph("heavy: executions started", machine.metric_started()),
            _graph("heavy: executions ended", *(metric() for metric in ended)),
            _graph("heavy: duration (ms)", machine.metric_time(statistic="p50"), machine.metric_time()),
            _graph(
                "heavy: dead letters",
                queue.dead.metric_approximate_number_of_messages_visible(statistic="Maximum"),
            ),
        )


def _depth(queue: JobQueue) -> list[cloudwatch.Metric]:
    """Return how many messages wait and how many are with a worker."""
    return [
        queue.queue.metric_approximate_number_of_messages_visible(statistic="Maximum", label="waiting"),
        queue.queue.metric_approximate_number_of_messages_not_visible(statistic="Maximum", label="in flight"),
    ]


def _job(operation: str, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """Return a metric that the workers write themselves."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": NAMESPACE, "operation": operation},
        statistic=statistic,
        period=FIVE_MINUTES,
    )


def _graph(title: str, *metrics: cloudwatch.IMetric, width: int = WIDTH) -> cloudwatch.GraphWidget:
    """Return a graph over time."""
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=width, height=5)
