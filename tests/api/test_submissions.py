"""POST /{operation} and POST /workflows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import schemathesis

from functions.api.openapi import document
from functions.core.job import Status
from tests.api.conftest import Site

SCHEMA = schemathesis.openapi.from_dict(document())


def test_work_is_accepted_and_sent(site: Site) -> None:
    site.stack.put("house.ifc")
    answer = site.post("/ifcinfo", {"filename": "house.ifc"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["location"] == f"/jobs/{answer.json()['job_id']}"
    delivery = site.stack.services.queues.receive("ifcinfo", wait_s=0, visibility_s=60)
    assert delivery is not None
    assert answer.json()["job_id"] in delivery.body
    SCHEMA["/ifcinfo"]["POST"].validate_response(answer)


def test_the_same_work_is_found(site: Site) -> None:
    job = site.submit()
    again = site.post("/ifcinfo", {"filename": "house.ifc"})
    assert (again.status_code, again.json()["job_id"]) == (202, job.job_id)
    site.finish(job, "house.info.json")
    done = site.post("/ifcinfo", {"filename": "house.ifc"})
    assert (done.status_code, done.json()["job_id"], done.json()["status"]) == (200, job.job_id, "finished")
    assert done.json()["result"]["outputs"][0]["url"]
    SCHEMA["/ifcinfo"]["POST"].validate_response(done)


def test_work_that_failed_starts_over_unless_it_is_the_same_request(site: Site) -> None:
    asked = {"filename": "house.ifc"}
    keyed = {"Idempotency-Key": "monday"}
    site.submit()
    for headers, status, state in ((None, 202, "queued"), (keyed, 200, "failed")):
        job_id = site.post("/ifcinfo", asked, headers=headers).json()["job_id"]
        site.stack.services.jobs.fail(job_id, {"type": "internal", "detail": "a bad day"})
        again = site.post("/ifcinfo", asked, headers=headers)
        assert (again.status_code, again.json()["status"]) == (status, state)
        assert again.json()["job_id"] == job_id
        SCHEMA["/ifcinfo"]["POST"].validate_response(again)


def test_a_new_idempotency_key_runs_equal_work_again(site: Site) -> None:
    job = site.submit()
    ids = [
        site.post("/ifcinfo", {"filename": "house.ifc"}, headers={"Idempotency-Key": key}).json()["job_id"]
        for key in ("monday, again", "tuesday", "monday, again")
    ]
    assert ids[0] == ids[2]
    assert len({job.job_id, *ids}) == 3
    too_long = site.post("/ifcinfo", {"filename": "house.ifc"}, headers={"Idempotency-Key": "x" * 81})
    assert too_long.status_code == 422
    assert too_long.json()["field"].lower() == "idempotency-key"


def test_tenants_do_not_share_jobs(site: Site) -> None:
    assert site.submit().job_id != site.submit(key=site.other_key).job_id


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"filename": "nobody.ifc"}, 404, "filename"),
        ({"filename": "house.pdf"}, 422, "filename"),
        ({"filename": "house.ifc", "extra": 1}, 422, "extra"),
        ({"filename": ["house.ifc"]}, 422, "filename"),
        ({"filename": "job:" + "0" * 32}, 404, "filename"),
        ({"filename": "step:x"}, 404, "filename"),
        ({"filename": "s3://elsewhere/house.ifc"}, 404, "filename"),
        ({"filename": "house.ifc", "input_version_id": "no-such-version"}, 404, "filename"),
        ({"filename": "x" * 1101}, 422, "filename"),
    ],
)
def test_wrong_work_names_the_field(site: Site, body: object, status: int, field: str) -> None:
    for name in ("house.ifc", "house.pdf"):
        site.stack.put(name)
    answer = site.post("/ifcinfo", body)
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text


def test_a_missing_input_is_named(site: Site) -> None:
    assert site.post("/ifcinfo", {"filename": "a.ifc"}).json()["detail"] == "Input file a.ifc not found"


def test_hostile_references_are_clear_problems(site: Site, corpus: Path) -> None:
    hostile = json.loads((corpus / "bad" / "s3_keys.json").read_text("utf-8"))
    for key in [*hostile, "../x", "a b+c/日本 #1.ifc", "k" * 1024, "s3://", "s3:///x", "job:", "\x00", " "]:
        answer = site.post("/ifcinfo", {"filename": key})
        assert answer.status_code in {404, 422}, key
        assert answer.json()["field"] == "filename", key


def test_an_unknown_operation_is_404_as_a_route_and_422_as_a_step(site: Site) -> None:
    assert site.post("/ifcnothing", {"filename": "a.ifc"}).status_code == 404
    answer = site.post("/workflows", {"steps": [{"operation": "ifcnothing"}]})
    assert (answer.status_code, answer.json()["type"]) == (422, "unknown-operation")
    assert answer.json()["field"] == "steps.0.operation"


def test_steps_depend_on_one_another(site: Site) -> None:
    site.stack.put("house.ifc")
    request = {"filename": "house.ifc"}
    steps = [
        {"operation": "ifcinfo", "name": "first", "request": request},
        {"operation": "ifcinfo", "name": "second", "request": request, "after": ["first"], "nonce": "x"},
    ]
    answer = site.post("/workflows", {"steps": steps})
    assert answer.status_code == 202
    SCHEMA["/workflows"]["POST"].validate_response(answer)
    first, second = answer.json()["jobs"]
    assert (first["name"], first["status"], second["name"], second["status"]) == (
        "first",
        "queued",
        "second",
        "waiting",
    )
    job = site.stack.services.jobs.get(second["job_id"])
    assert (job.status, job.after) == (Status.WAITING, (first["job_id"],))


def test_one_wrong_step_makes_no_job(site: Site) -> None:
    site.stack.put("house.ifc")
    steps = [
        {"operation": "ifcinfo", "request": {"filename": "house.ifc"}},
        {"operation": "ifcinfo", "request": {"filename": "house.ifc", "depth": 3}},
    ]
    answer = site.post("/workflows", {"steps": steps})
    assert (answer.status_code, answer.json()["field"]) == (422, "steps.1.request.depth")
    assert site.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize("steps", [[], [{}], [{"operation": "ifcinfo"}] * 101, {}, None, "ifcinfo"])
def test_a_workflow_has_1_to_100_steps(site: Site, steps: object) -> None:
    answer = site.post("/workflows", {"steps": steps})
    assert answer.status_code == 422
    assert answer.json()["field"].startswith("steps")


def test_a_request_that_no_record_can_hold_is_refused(site: Site) -> None:
    site.stack.put("house.ifc")
    answer = site.post("/ifccsv", {"filename": "house.ifc", "attributes": ["x" * 90] * 900})
    assert (answer.status_code, answer.json()["type"]) == (413, "too-large")
