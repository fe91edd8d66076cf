"""Every operation, from the upload to the downloaded output."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from functions.client import Client
from functions.core.errors import InputError, NotFoundError
from functions.core.operation import fill
from functions.core.registry import operations
from tests.operations.material import example_files
from tests.patience import PATIENCE_S


@pytest.mark.parametrize("operation", sorted(operations()))
def test_an_uploaded_model_becomes_an_output(client: Client, tmp_path: Path, operation: str) -> None:
    files = example_files(operations()[operation])
    uploaded, *others = files
    request: dict[str, Any] = {}
    for field in others:
        request = fill(request, field, client.upload(files[field]).reference)
    seen: list[int] = []
    upload = client.upload(
        files[uploaded],
        [{"operation": operation, "request": request}],
        on_progress=lambda sent, total: seen.append(sent * 100 // total),
    )
    job_id = upload.jobs[0]["job_id"]
    status = client.wait([job_id], timeout=PATIENCE_S)[job_id]
    assert status["status"] == "finished", status["error"]
    assert seen[-1] == 100
    result = status["result"]
    assert result["success"] and result["message"]
    assert result["db_id"] == job_id
    assert result["output_path"].startswith("s3://ifcpipe-local-output/")
    outputs = client.download(job_id, tmp_path)
    described = {item["name"]: item for item in result["outputs"]}
    assert [path.name for path in outputs] == list(described)
    for path in outputs:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == described[path.name]["sha256"]
        assert path.stat().st_size == described[path.name]["size"] > 0
    provenance = client.job(job_id)["result"]["provenance"]
    read = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files.values()}
    assert {item["sha256"] for item in provenance["inputs"]} == read
    assert provenance["tools"]["ifcopenshell"]


def lasting(status: dict[str, Any]) -> dict[str, Any]:
    """Return a status without the links of its outputs, which are new each second."""
    outputs = [{**output, "url": None} for output in status["result"]["outputs"]]
    return {**status, "result": {**status["result"], "outputs": outputs}}


def test_the_same_work_is_done_once(client: Client, house: Path) -> None:
    first = client.upload(house, [{"operation": "ifcinfo"}]).jobs[0]["job_id"]
    done = client.wait([first], timeout=PATIENCE_S)[first]
    again = client.upload(house, [{"operation": "ifcinfo"}])
    assert again.jobs[0]["job_id"] == first
    assert lasting(client.status(first)) == lasting(done)
    submitted = client.submit("ifcinfo", {"filename": again.reference})
    assert client.wait([submitted["job_id"]], timeout=PATIENCE_S)[submitted["job_id"]]["status"] == "finished"


def test_a_workflow_uses_the_output_of_an_earlier_step(client: Client, house: Path) -> None:
    reference = client.upload(house).reference
    made = client.workflow(
        [
            {"name": "table", "operation": "ifccsv", "request": {"filename": reference}},
            {"operation": "ifcinfo", "request": {"filename": reference}, "after": ["table"]},
        ]
    )
    assert made[1]["status"] in {"waiting", "queued"}
    ended = client.wait([job["job_id"] for job in made], timeout=PATIENCE_S)
    assert [status["status"] for status in ended.values()] == ["finished", "finished"]
    first, second = (client.job(job["job_id"]) for job in made)
    assert second["started_at"] >= first["ended_at"]


def test_a_job_list_is_paged(client: Client, house: Path) -> None:
    job_id = client.upload(house, [{"operation": "ifcinfo"}]).jobs[0]["job_id"]
    client.wait([job_id], timeout=PATIENCE_S)
    found = [job["job_id"] for job in client.jobs(operation="ifcinfo", status="finished")]
    assert job_id in found
    assert len(found) == len(set(found))
    assert [job["job_id"] for job in client.jobs(limit=1)] == [next(iter(client.jobs()))["job_id"]]


@pytest.mark.parametrize(
    ("operation", "request_", "field"),
    [
        ("ifcinfo", {"filename": 3}, "filename"),
        ("ifcinfo", {}, "filename"),
        ("ifcinfo", {"filename": "a.ifc", "colour": "red"}, "colour"),
        ("ifcinfo", {"filename": "../x.ifc"}, "filename"),
    ],
)
def test_a_wrong_request_is_refused_at_once(
    client: Client, operation: str, request_: dict[str, object], field: str
) -> None:
    with pytest.raises(InputError) as caught:
        client.submit(operation, request_)
    assert caught.value.field == field


def test_a_missing_file_is_said_to_be_missing(client: Client) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.submit("ifcinfo", {"filename": "uploads/nothing.ifc"})
    assert caught.value.message == "Input file uploads/nothing.ifc not found"
    assert caught.value.field == "filename"


def test_an_unknown_operation_is_refused_before_the_upload(client: Client, house: Path) -> None:
    with pytest.raises(InputError) as caught:
        client.upload(house, [{"operation": "ifcinfos"}])
    assert "ifcinfos" in caught.value.message
    assert caught.value.field == "operations.0.operation"
