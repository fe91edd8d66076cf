"""The alarms, and the topic that they speak through."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.cdk.options import Options

FIVE_MINUTES = Duration.minutes(5)


class Alarms(Construct):
    """One method for each kind of thing that is watched. Silence is good: missing data alarms nobody."""

    def __init__(self, scope: Construct, construct_id: str, *, options: Options) -> None:
        """Make the topic; people subscribe to it, or the option `alarm_email` does it for one."""
        super().__init__(scope, construct_id)
        self._options = options
        self.topic = sns.Topic(self, "Topic", topic_name=f"{options.stack}-alarms", enforce_ssl=True)
        if options.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(options.alarm_email))

    def dead_letters(self, name: str, queue: sqs.IQueue) -> None:
        """Alarm when dead letters stay: `reap` did not settle them."""
        metric = queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
        self._alarm(f"{name}-dead-letters", metric, 1, "Dead letters that nobody has settled", periods=2)

    def backlog(self, name: str, queue: sqs.IQueue, *, age_s: int) -> None:
        """Alarm when a message waits for long."""
        metric = queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum")
        self._alarm(f"{name}-oldest-message", metric, age_s, f"Work has waited {age_s} seconds", periods=2)

    def function(self, name: str, function: lambda_.IFunction) -> None:
        """Alarm when a function fails, or is refused to run. A job that fails is no error of its function."""
        errors = function.metric_errors(period=FIVE_MINUTES, statistic="Sum")
        self._alarm(f"{name}-errors", errors, 1, "A function ended in an error or in a time-out")
        throttles = function.metric_throttles(period=FIVE_MINUTES, statistic="Sum")
        self._alarm(f"{name}-throttles", throttles, 10, "A function was refused to run", periods=3)

    def api(self, api: gateway.HttpApi) -> None:
        """Alarm when the API answers with faults of ours."""
        faults = api.metric_server_error(period=FIVE_MINUTES, statistic="Sum")
        self._alarm("api-5xx", faults, 5, "The API answered with 5xx")

    def machine(self, name: str, machine: sfn.StateMachine) -> None:
        """Alarm when Fargate tasks fail or run out of time."""
        failed = machine.metric_failed(period=FIVE_MINUTES, statistic="Sum")
        self._alarm(f"{name}-executions-failed", failed, 1, "A Fargate task failed")
        late = machine.metric_timed_out(period=FIVE_MINUTES, statistic="Sum")
        self._alarm(f"{name}-executions-timed-out", late, 1, "A Fargate task ran out of time")

    def _alarm(
        self, name: str, metric: cloudwatch.Metric, threshold: float, description: str, *, periods: int = 1
    ) -> None:
        alarm = metric.create_alarm(
            self,
            name,
            alarm_name=f"{self._options.stack}-{name}",
            alarm_description=f"{description}. See docs/troubleshooting.md",
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))
