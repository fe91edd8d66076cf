from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.cdk.local import TEMPLATE
from tests.layers.conftest import STACK, Stage
from tests.layers.dockerfile import ROOT, Builder
from tests.layers.runtime import Function
from tests.patience import PATIENCE_S

EVENTS = ROOT / "events"
MODEL = ROOT / "examples" / "house-architecture.ifc"
Start = Callable[..., Function]


def event(name: str) -> Any:
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def handlers() -> dict[str, list[str]]:
    """Return the handlers with their sample events."""
    found: dict[str, list[str]] = {}
    for name, handler in event("index.json").items():
        found.setdefault(handler, []).append(name)
    return found


def body(answer: tuple[str, Any]) -> Any:
    """Return what an HTTP answer carries."""
    kind, content = answer
    assert kind == "response", content
    return json.loads(content["body"])


@pytest.fixture(scope="module")
def running(start: Start) -> Iterator[dict[str, Function]]:
    """Every handler, started once."""
    functions: dict[str, Function] = {}
    try:
        for handler in handlers():
            functions[handler] = start(handler).__enter__()
        yield functions
    finally:
        for function in functions.values():
            function.__exit__(None, None, None)


@pytest.fixture
def uploaded(stage: Stage) -> dict[str, Any]:
    """A model in the input bucket, and the event that tells of it."""
    message = event("upload-eventbridge.json")
    told = json.loads(message["Records"][0]["body"])
    place = told["detail"]["object"]
    put = stage.client("s3").put_object(Bucket=f"{STACK}-input", Key=place["key"], Body=MODEL.read_bytes())
    place.update({"version-id": put["VersionId"], "etag": put["ETag"].strip('"')})
    place["size"] = MODEL.stat().st_size
    message["Records"][0]["body"] = json.dumps(told)
    return dict(message)


def test_every_function_of_the_template_has_a_sample_event() -> None:
    resources = json.loads(TEMPLATE.read_text(encoding="utf-8"))["Resources"].values()
    deployed = {item["Properties"].get("Handler") for item in resources if "Handler" in item["Properties"]}
    assert deployed == set(handlers())


@pytest.mark.parametrize(
    ("handler", "name"), [(key, name) for key, names in handlers().items() for name in names]
)
def test_every_handler_answers_its_events(running: dict[str, Function], handler: str, name: str) -> None:
    kind, content = running[handler](event(name))
    assert kind == "response", (content, running[handler].output.decode())
    if handler == "functions.api.authorizer.handler":
        assert content == {"isAuthorized": False}
    elif handler == "functions.api.handler.handler":
        problem = {"api-health.json": 200, "api-ifcinfo.json": 404, "api-status.json": 404}
        assert content["statusCode"] == problem[name]
        assert "json" in json.dumps(content["headers"])
    elif handler == "functions.notify.handler.handler":
        assert content is None
    elif handler == "functions.reap.handler.sweep":
        assert isinstance(content, dict)
    else:
        assert set(content) == {"batchItemFailures"}


def test_an_upload_goes_through_the_image_to_its_result(
    running: dict[str, Function], stage: Stage, uploaded: dict[str, Any]
) -> None:
    kind, content = running["functions.intake.handler.handler"](uploaded)
    assert (kind, content) == ("response", {"batchItemFailures": []})
    sqs, url = stage.client("sqs"), f"{stage.environment['QUEUE_URL_PREFIX']}ifcinfo"
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    work = event("worker-message.json")
    work["Records"][0].update(body=message["Body"], receiptHandle=message["ReceiptHandle"])
    worker = running["functions.worker.handler.handler"]
    kind, content = worker(work)
    assert (kind, content) == ("response", {"batchItemFailures": []}), worker.output.decode()

    asked = event("api-status.json")
    job_id = json.loads(message["Body"])["job_id"]
    for place in (asked, asked["requestContext"]["http"]):
        key = "rawPath" if "rawPath" in place else "path"
        place[key] = f"/jobs/{job_id}/status"
    status = body(running["functions.api.handler.handler"](asked))
    assert status["status"] == "finished", status
    assert status["result"]["success"] is True
    assert status["result"]["statistics"]
    (kept,) = [
        item
        for item in stage.client("s3").list_objects_v2(Bucket=f"{STACK}-output")["Contents"]
        if item["Key"].startswith(f"jobs/{job_id}/")
    ][:1]
    assert kept["Size"] > 0


def test_the_worker_s_own_command_is_one_of_them(builder: Builder) -> None:
    assert builder.stages["lambda"].instructions[-1][0] == "CMD"
    assert builder.build("lambda").command == ["functions.worker.handler.handler"]


def test_a_handler_that_is_not_there_is_an_init_error(start: Start) -> None:
    with start("functions.nowhere.handler") as function:
        kind, content = function({})
    assert kind in {"init", "error"}
    assert content["errorType"] == "Runtime.ImportModuleError"
    assert "functions.nowhere" in content["errorMessage"]


def test_an_incomplete_environment_is_an_error_that_names_the_variable(start: Start) -> None:
    with start("functions.reap.handler.sweep", TABLE_NAME="") as function:
        kind, content = function(event("schedule.json"))
    assert kind == "error"
    assert "TABLE_NAME" in content["errorMessage"]
    assert content["errorType"] == "PipelineError"
    assert content["stackTrace"]


def test_the_image_has_compiled_modules_and_nothing_of_a_person_s_machine(builder: Builder) -> None:
    root = builder.build("lambda").root
    assert root is not None
    task = root / "var/task"
    for source in ("functions/worker/handler.py", "ifcopenshell/__init__.py", "pydantic/main.py"):
        path = task / source
        assert list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")), source
    names = {path.name for path in (task / "functions").iterdir()}
    assert {"core", "operations", "worker"} <= names
    assert not {"cli", "local"} & names
    assert {path.name for path in root.iterdir()} == {"var"}


def test_a_task_runs_as_nobody_special_and_takes_a_job_id(builder: Builder, stage: Stage) -> None:
    task = builder.build("task")
    assert task.root is not None
    assert task.user == "1000"
    assert task.entrypoint == ["python", "-m", "functions.worker.task"]
    done = run_task(task.root, stage)
    assert done == 2, "a task without a job id is wrong usage"


def run_task(root: Path, stage: Stage, *arguments: str) -> int:
    """Run the task's entry point in its folder."""
    return subprocess.run(
        [sys.executable, "-S", "-s", "-m", "functions.worker.task", *arguments],
        check=False,
        cwd=root / "app",
        env={**stage.environment, "PYTHONPATH": str(root / "app")},
        capture_output=True,
        timeout=PATIENCE_S,
    ).returncode
