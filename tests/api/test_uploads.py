"""Uploads: checked now, jobs that wait, the file straight to the bucket."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import schemathesis

from functions.api import uploads
from functions.api.openapi import document
from functions.core.arrival import Arrival
from functions.core.job import Status
from tests.api.conftest import Site

SCHEMA = schemathesis.openapi.from_dict(document())
INFO = [{"operation": "ifcinfo"}]
SHA256 = hashlib.sha256(b"content").hexdigest()


def upload(site: Site, **body: object) -> dict[str, Any]:
    answer = site.post("/uploads", body)
    assert answer.status_code == 201, answer.text
    SCHEMA["/uploads"]["POST"].validate_response(answer)
    return dict(answer.json())


def arrive(site: Site, record: dict[str, Any]) -> None:
    """Do what intake does when the object's event comes."""
    jobs, settings = site.stack.services.jobs, site.stack.services.settings
    for job_id, entry in jobs.waiting_for(f"object:{settings.input_bucket}/{record['reference']}"):
        if job_id:
            found = site.stack.services.storage.head(settings.input_bucket, record["reference"])
            arrival = Arrival.model_validate(found, from_attributes=True)
            jobs.satisfy(job_id, entry, arrival=arrival)


def test_the_form_that_is_returned_takes_the_file(site: Site) -> None:
    record = upload(site, filename="häuser #1.ifc", operations=INFO)
    sent = requests.post(record["url"], data=record["fields"], files={"file": b"content"}, timeout=5)
    assert sent.status_code == 204
    bucket = site.stack.services.settings.input_bucket
    assert site.stack.services.storage.read(bucket, record["reference"], limit=100) == b"content"
    assert record["reference"].endswith("/häuser #1.ifc")


def test_jobs_wait_for_the_file_and_are_named_at_once(site: Site) -> None:
    record = upload(site, filename="house.ifc", operations=[*INFO, {"operation": "ifcinfo", "nonce": "2"}])
    assert [job["operation"] for job in record["jobs"]] == ["ifcinfo", "ifcinfo"]
    for made in record["jobs"]:
        job = site.stack.services.jobs.get(made["job_id"])
        assert (job.status, job.source) == (Status.WAITING, f"upload:{record['upload_id']}")
    site.stack.put(record["reference"])
    arrive(site, record)
    assert {site.stack.services.jobs.get(job["job_id"]).status for job in record["jobs"]} == {Status.QUEUED}


def test_an_upload_without_operations_has_no_default_ones(site: Site) -> None:
    record = upload(site, filename="house.ifc")
    assert record["jobs"] == []
    bucket = site.stack.services.settings.input_bucket
    assert site.stack.services.jobs.waiting_for(f"object:{bucket}/{record['reference']}") == [("", "")]


def test_the_form_is_bounded_by_the_size_or_by_the_operation(site: Site) -> None:
    def allowed(record: dict[str, Any]) -> list[int]:
        policy = json.loads(base64.b64decode(record["fields"]["policy"]))
        (bounds,) = [item[1:] for item in policy["conditions"] if "content-length-range" in item]
        return list(bounds)

    assert allowed(upload(site, filename="a.ifc", size=1234, operations=INFO)) == [1234, 1234]
    assert allowed(upload(site, filename="a.ifc", operations=INFO)) == [0, 500_000_000]
    assert allowed(upload(site, filename="a.ifc")) == [0, 5_000_000_000]


def test_a_large_file_goes_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MULTIPART_BYTES", 16_000_000)
    size = 20_000_000
    record = upload(site, filename="groß+1.ifc", size=size, operations=INFO)
    assert record["url"] is None
    assert len(record["parts"]) == 2
    for part in record["parts"]:
        body = b"x" * min(record["part_size"], size - (part["number"] - 1) * record["part_size"])
        assert requests.put(part["url"], data=body, timeout=20).status_code == 200
    foreign = site.post(record["complete_url"], key=site.other_key)
    assert (foreign.status_code, foreign.json()["type"]) == (404, "not-found")
    done = site.post(record["complete_url"])
    assert done.status_code == 200, done.text
    assert done.json() == {"upload_id": record["upload_id"], "reference": record["reference"]}
    bucket = site.stack.services.settings.input_bucket
    assert site.stack.services.storage.head(bucket, record["reference"]).size == size
    again = site.post(record["complete_url"])
    assert (again.status_code, again.json()) == (200, done.json())
    other = site.post(record["complete_url"].replace(f"size={size}", "size=1"))
    assert other.status_code == 404


def test_a_missing_part_is_named(site: Site) -> None:
    record = upload(site, filename="a.ifc", size=120_000_000, operations=INFO)
    requests.put(record["parts"][1]["url"], data=b"x", timeout=5)
    answer = site.post(record["complete_url"])
    assert (answer.status_code, answer.json()["type"]) == (422, "invalid-input")
    assert "part 1" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/uploads/x/complete", "/uploads/x/complete?file=a&multipart=b"])
def test_an_upload_nobody_began_cannot_be_completed(site: Site, path: str) -> None:
    assert site.post(path).status_code in {404, 422}


def test_the_same_content_finds_the_finished_work_at_once(site: Site) -> None:
    first = upload(site, filename="house.ifc", sha256=SHA256, operations=INFO)
    (made,) = first["jobs"]
    site.stack.put(first["reference"])
    arrive(site, first)
    site.finish(site.stack.services.jobs.get(made["job_id"]), "house.info.json")
    second = upload(site, filename="house.ifc", sha256=SHA256, operations=INFO)
    assert second["jobs"] == [{**made, "status": "finished"}]
    assert (second["url"], second["fields"], second["parts"]) == (None, None, None)


def test_a_repeated_call_waits_for_the_same_file(site: Site) -> None:
    first = upload(site, filename="house.ifc", sha256=SHA256, operations=INFO)
    second = upload(site, filename="house.ifc", sha256=SHA256, operations=INFO)
    assert (second["upload_id"], second["jobs"]) == (first["upload_id"], first["jobs"])
    assert second["url"]
    site.stack.put(second["reference"])
    arrive(site, second)
    assert site.stack.services.jobs.get(first["jobs"][0]["job_id"]).status is Status.QUEUED


def test_content_that_is_here_already_starts_new_work_without_an_upload(site: Site) -> None:
    first = upload(site, filename="house.ifc", sha256=SHA256)
    site.stack.put(first["reference"])
    second = upload(site, filename="house.ifc", sha256=SHA256, operations=INFO)
    assert second["url"] is None
    assert second["jobs"][0]["status"] == "queued"


def test_another_tenants_content_is_not_found(site: Site) -> None:
    first = upload(site, filename="house.ifc", sha256=SHA256, operations=INFO)
    site.stack.put(first["reference"])
    body = {"filename": "house.ifc", "sha256": SHA256, "operations": INFO}
    theirs = site.post("/uploads", body, key=site.other_key).json()
    assert theirs["url"]
    assert theirs["upload_id"] != first["upload_id"]
    assert theirs["jobs"][0]["job_id"] != first["jobs"][0]["job_id"]
    assert theirs["fields"]["key"].startswith("tenants/other/uploads/")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "filename"),
        ({"filename": ""}, 422, "filename"),
        ({"filename": "a.ifc", "sise": 1}, 422, "sise"),
        ({"filename": "a.ifc", "size": 0}, 422, "size"),
        ({"filename": "a.ifc", "size": 10**400}, 413, "size"),
        ({"filename": "a.ifc", "size": 1.5}, 422, "size"),
        ({"filename": "a.ifc", "size": 6_000_000_000}, 413, "size"),
        ({"filename": "a.ifc", "size": 600_000_000, "operations": INFO}, 413, "size"),
        ({"filename": "a.ifc", "sha256": "abc"}, 422, "sha256"),
        ({"filename": "a.job.json"}, 422, "filename"),
        ({"filename": "a.ifc", "operations": "ifcinfo"}, 422, "operations"),
        ({"filename": "a.ifc", "operations": [{"operation": "nope"}]}, 422, "operations.0.operation"),
        ({"filename": "a.ifc", "operations": [{"opperation": "x"}]}, 422, "operations.0.opperation"),
        ({"filename": "a\\b.ifc"}, 422, "filename"),
        ({"filename": "ü" * 150 + ".ifc"}, 422, "filename"),
        (
            {"filename": "a.ifc", "operations": [*INFO, {"operation": "ifcinfo", "request": {"formt": 1}}]},
            422,
            "operations.1.request.formt",
        ),
        ({"filename": "a.pdf", "operations": INFO}, 422, "operations.0.request.filename"),
        ({"filename": "a.ifc", "operations": [{**INFO[0], "after": ["x"]}]}, 404, "operations.0.after.0"),
        ({"filename": "a.ifc", "operations": [{**INFO[0], "name": "a b"}]}, 422, "operations.0.name"),
    ],
)
def test_a_wrong_upload_names_the_field(site: Site, body: object, status: int, field: str) -> None:
    answer = site.post("/uploads", body)
    assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text
    assert site.get("/jobs").json()["jobs"] == []


def test_another_file_that_an_operation_names_must_be_there(site: Site) -> None:
    steps = [{"operation": "ifcinfo", "request": {"filename": "b.ifc"}}]
    answer = site.post("/uploads", {"filename": "a.ifc", "operations": steps})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Input file b.ifc not found")
    assert answer.json()["field"].endswith("filename")


def test_hostile_names_are_refused_or_stay_in_their_folder(site: Site, corpus: Path) -> None:
    hostile = json.loads((corpus / "bad" / "s3_keys.json").read_text("utf-8"))
    for name in [*hostile, "..", ".", "../x.ifc", "${filename}", "x" * 1024, "a\nb.ifc", "\u202egnp.ifc"]:
        for filename in (name, name.rpartition("/")[2]):
            answer = site.post("/uploads", {"filename": filename})
            if answer.status_code == 201:
                key = answer.json()["fields"]["key"]
                assert key == f"uploads/{answer.json()['upload_id']}/{filename}"
            else:
                assert (answer.status_code, answer.json()["field"]) == (422, "filename"), filename


def test_the_complete_url_is_relative_to_the_api(site: Site) -> None:
    record = upload(site, filename="a&b=c.ifc", size=120_000_000)
    parts = urlsplit(record["complete_url"])
    assert (parts.netloc, parts.path) == ("", f"/uploads/{record['upload_id']}/complete")
    assert httpx.QueryParams(parts.query)["file"] == "a&b=c.ifc"


def test_content_whose_job_was_cancelled_before_it_came_is_waited_for_again(site: Site) -> None:
    asked = {"filename": "house.ifc", "sha256": SHA256, "size": 7, "operations": INFO}
    first = upload(site, **asked)
    site.stack.services.jobs.cancel(first["jobs"][0]["job_id"])
    again = upload(site, **asked)
    assert again["jobs"] == first["jobs"]
    assert again["url"]
    site.stack.put(again["reference"])
    arrive(site, again)
    assert site.stack.services.jobs.get(first["jobs"][0]["job_id"]).status is Status.QUEUED


def test_a_file_that_none_of_the_operations_reads_is_uploaded_all_the_same(site: Site) -> None:
    site.stack.put("other.ifc")
    steps = [{"operation": "ifcinfo", "request": {"filename": "other.ifc"}}]
    assert upload(site, filename="house.ifc", sha256=SHA256, operations=steps)["url"]


def test_parts_that_are_fewer_than_announced_are_not_put_together(site: Site) -> None:
    record = upload(site, filename="large.ifc", size=150_000_000)
    url = urlsplit(record["parts"][0]["url"])
    assert requests.put(url.geturl(), data=b"x" * 100, timeout=5).ok
    answer = site.post(record["complete_url"])
    assert answer.status_code == 422
    assert answer.json()["detail"] == "100 of 150000000 bytes have been uploaded"
