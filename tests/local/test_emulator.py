"""The emulated AWS as a child process."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from functions.core.arrival import read_arrivals
from functions.core.errors import PipelineError
from functions.local import guard
from functions.local.emulator import Emulator, free_port
from functions.local.stack import connect

WAIT_S = 20  # as long as SQS lets anybody wait for a message


def test_it_starts_answers_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "not for functions")
    with Emulator() as aws:
        s3 = connect("s3", aws.environment())
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["bucket"]
        folder, pid = aws.folder, aws.pid
        assert folder.is_dir()
        assert b"SECRET_OF_THE_CALLER" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert "127.0.0.1" in aws.url
    assert not folder.exists()
    assert not guard.alive(pid)


def test_the_event_of_a_new_object_names_its_version() -> None:
    with Emulator() as aws:
        s3, sqs, events = (connect(name, aws.environment()) for name in ("s3", "sqs", "events"))
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_notification_configuration(
            Bucket="bucket", NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="new", EventPattern='{"source": ["aws.s3"]}', State="ENABLED")
        events.put_targets(Rule="new", Targets=[{"Id": "queue", "Arn": arn}])
        stored = s3.put_object(Bucket="bucket", Key="house.ifc", Body=b"walls")
        (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=WAIT_S)["Messages"]
        (arrival,) = read_arrivals(message["Body"])
        assert (arrival.key, arrival.size) == ("house.ifc", 5)
        assert arrival.version_id == stored["VersionId"]
        assert arrival.etag == stored["ETag"].strip('"')


def test_it_is_gone_at_once_though_it_is_busy() -> None:
    """It would wait for the calls it is in the middle of before it ends."""
    with Emulator() as aws:
        sqs = connect("sqs", aws.environment())
        queue = sqs.create_queue(QueueName="empty")["QueueUrl"]

        def wait() -> None:
            with contextlib.suppress(BotoCoreError):
                sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=WAIT_S)

        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        begun = time.monotonic()
        aws.stop()
        assert time.monotonic() - begun < WAIT_S / 2


def test_it_listens_on_this_machine_alone() -> None:
    with Emulator() as aws:
        listening = [
            line.split()[1]
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == aws.port
        ]
        assert [place.split(":")[0] for place in listening] == ["0100007F"]


def test_it_says_why_it_does_not_start() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        aws = Emulator(port=taken.getsockname()[1])
        with pytest.raises(PipelineError, match="already in use"):
            aws.start()
        assert not aws.folder.exists()


def test_a_free_port_is_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))


def test_it_cannot_be_asked_for_a_process_before_it_runs() -> None:
    aws = Emulator()
    with pytest.raises(PipelineError):
        _ = aws.pid
    aws.stop()
    assert not aws.folder.exists()
