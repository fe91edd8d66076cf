"""The routes under /jobs, as a client sees them."""

from __future__ import annotations

import itertools
from urllib.parse import quote

import httpx
import pytest
import requests
import schemathesis

from functions.api.openapi import document
from functions.aws.table import job_key
from functions.core.errors import InputError, PipelineError, RetryableError
from functions.core.job import Job, Progress, Status
from functions.core.upload import Step
from tests.api.conftest import MakeSite, Site

SCHEMA = schemathesis.openapi.from_dict(document())


def fits(answer: httpx.Response, path: str, method: str = "GET") -> bool:
    """Whether an answer is what the document describes; raises when it is not."""
    SCHEMA[path][method].validate_response(answer)
    return True


def test_the_status_body_is_what_clients_poll(site: Site) -> None:
    job = site.submit()
    body = site.get(f"/jobs/{job.job_id}/status").json()
    assert list(body) == [
        "job_id",
        "status",
        "progress",
        "result",
        "error",
        "execution_time_seconds",
        "created_at",
        "started_at",
        "ended_at",
    ]
    assert (body["job_id"], body["status"]) == (job.job_id, "queued")


def test_a_finished_job_has_links_to_its_outputs(site: Site) -> None:
    job = site.finish(site.submit(), "house.info.json", "a b+#.json")
    answer = site.get(f"/jobs/{job.job_id}/status")
    result = answer.json()["result"]
    assert result["success"] is True
    assert result["db_id"] == job.job_id
    for output in result["outputs"]:
        assert output["url"].startswith("https://")
        assert "X-Amz-Signature" in output["url"]
    assert fits(answer, "/jobs/{job_id}/status")


def test_a_failed_job_says_why_and_shows_its_traceback_to_those_who_may(site: Site) -> None:
    job = site.start(site.submit())
    error = {"type": "invalid-model", "title": "Invalid model", "detail": "no trailer", "where": "line 9"}
    site.stack.services.jobs.fail(job, error, traceback="Traceback: secret")
    assert site.get(f"/jobs/{job.job_id}/status").json()["error"] == "no trailer"
    shown = site.get(f"/jobs/{job.job_id}")
    assert shown.json()["traceback"] == "Traceback: secret"
    assert shown.json()["problem"]["where"] == "line 9"
    assert fits(shown, "/jobs/{job_id}")
    plain = site.keys.create("default", scopes=["read"])
    hidden = site.get(f"/jobs/{job.job_id}", key=plain)
    assert hidden.json()["traceback"] is None
    assert "secret" not in hidden.text


def test_a_job_is_shown_whole(site: Site) -> None:
    job = site.submit("house.ifc")
    site.stack.clock.forward(2)
    site.start(job)
    answer = site.get(f"/jobs/{job.job_id}")
    body = answer.json()
    assert (body["operation"], body["attempt"], body["queued_seconds"]) == ("ifcinfo", 1, 2.0)
    assert body["request"]["filename"] == "house.ifc"
    assert body["inputs"][0]["key"] == "house.ifc"
    assert body["events"][-1]["event"]
    assert fits(answer, "/jobs/{job_id}")


@pytest.mark.parametrize("job_id", ["0" * 32, "x", "0" * 5000, "%00", "JOB%23", "日本", "..", "%2e%2e"])
def test_an_unknown_job_is_404(site: Site, job_id: str) -> None:
    for path in (f"/jobs/{job_id}/status", f"/jobs/{job_id}/outputs/a"):
        answer = site.get(path)
        assert (answer.status_code, answer.json()["type"]) == (404, "not-found")


def test_another_tenants_job_is_not_there(site: Site) -> None:
    job = site.finish(site.submit(), "house.info.json")
    other = site.other_key
    gets = ["", "/status", "/status?wait=5", "/outputs/house.info.json"]
    posts = ["/cancel", "/requeue"]
    answers = [site.get(f"/jobs/{job.job_id}{tail}", key=other) for tail in gets]
    answers += [site.post(f"/jobs/{job.job_id}{tail}", key=other) for tail in posts]
    unknown = site.get(f"/jobs/{'0' * 32}", key=other)
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, unknown.text)}
    assert site.get("/jobs", key=other).json()["jobs"] == []
    assert site.slept == []


def test_another_tenants_files_and_jobs_cannot_be_named(site: Site) -> None:
    job = site.finish(site.submit("house.ifc"), "copy.ifc")
    settings = site.stack.services.settings
    references = [
        "house.ifc",
        "/house.ifc",
        f"s3://{settings.input_bucket}/house.ifc",
        f"s3://{settings.output_bucket}/jobs/{job.job_id}/copy.ifc",
        f"job:{job.job_id}/copy.ifc",
        f"job:{job.job_id}",
    ]
    for reference in references:
        answer = site.post("/ifcinfo", {"filename": reference}, key=site.other_key)
        assert (answer.status_code, answer.json()["field"]) == (404, "filename"), reference
    step = {"operation": "ifcinfo", "request": {"filename": "house.ifc"}, "after": [job.job_id]}
    assert site.post("/workflows", {"steps": [step]}, key=site.other_key).status_code == 404
    listed = site.get(f"/jobs?input=s3://{settings.input_bucket}/house.ifc", key=site.other_key)
    assert (listed.status_code, listed.json()["field"]) == (404, "input")


# Lists


def ids(answer: httpx.Response) -> list[str]:
    assert fits(answer, "/jobs")
    return [job["job_id"] for job in answer.json()["jobs"]]


def several(site: Site, count: int) -> list[Job]:
    made = []
    for index in range(count):
        made.append(site.submit(f"{index}.ifc"))
        site.stack.clock.forward(1)
    return made


def test_jobs_are_listed_newest_first_page_by_page(site: Site) -> None:
    jobs = several(site, 5)
    seen, cursor = [], ""
    for _ in range(3):
        page = site.get(f"/jobs?limit=2{cursor}")
        seen.append(ids(page))
        cursor = f"&after={page.json()['next']}"
    newest = [job.job_id for job in reversed(jobs)]
    assert seen == [newest[:2], newest[2:4], newest[4:]]
    assert page.json()["next"] is None


def test_jobs_are_filtered(site: Site) -> None:
    first, second, third = several(site, 3)
    site.finish(second, "out.json")
    assert ids(site.get("/jobs?status=finished")) == [second.job_id]
    assert ids(site.get("/jobs?status=queued")) == [third.job_id, first.job_id]
    assert ids(site.get("/jobs?operation=ifcinfo&limit=1")) == [third.job_id]
    assert ids(site.get("/jobs?input=0.ifc")) == [first.job_id]
    assert ids(site.get("/jobs?input=nobody.ifc")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=done", "status"),
        ("operation=ifcnothing", "operation"),
        ("after=nonsense", "after"),
        ("after=%FF%00", "after"),
        ("input=../x", "input"),
        ("input=job:0", "input"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(site: Site, query: str, field: str) -> None:
    answer = site.get(f"/jobs?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_cursor_of_another_tenant_opens_nothing(site: Site) -> None:
    several(site, 3)
    cursor = site.get("/jobs?limit=1").json()["next"]
    assert site.get(f"/jobs?after={cursor}", key=site.other_key).status_code == 422


# Long poll


def test_a_long_poll_returns_as_soon_as_the_job_changes(make_site: MakeSite) -> None:
    steps = iter(range(1, 100))
    job: list[Job] = []

    def on_sleep() -> None:
        if next(steps) == 3:
            site.start(job[0])

    site = make_site(on_sleep=on_sleep)
    job.append(site.submit())
    body = site.get(f"/jobs/{job[0].job_id}/status?wait=20").json()
    assert body["status"] == "started"
    assert len(site.slept) == 3
    assert site.slept == sorted(site.slept)


def test_a_long_poll_returns_on_progress(make_site: MakeSite) -> None:
    def on_sleep() -> None:
        site.stack.services.jobs.renew(
            job, lease_s=60, progress=Progress(stage="tessellate", done=812, total=2048)
        )

    site = make_site(on_sleep=on_sleep)
    job = site.start(site.submit())
    body = site.get(f"/jobs/{job.job_id}/status?wait=25").json()
    assert body["progress"] == {"stage": "tessellate", "done": 812, "total": 2048}
    assert len(site.slept) == 1


def test_a_long_poll_ends_in_time(site: Site) -> None:
    job = site.submit()
    assert site.get(f"/jobs/{job.job_id}/status?wait=20").json()["status"] == "queued"
    assert sum(site.slept) == pytest.approx(20)
    assert max(site.slept) <= 2
    assert len(site.slept) < 20


def test_a_long_poll_leaves_time_to_answer(site: Site) -> None:
    job = site.submit()

    class Ending:
        def get_remaining_time_in_millis(self) -> int:
            return 5_000

    path = f"/jobs/{job.job_id}/status"
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "wait=25",
        "queryStringParameters": {"wait": "25"},
        "headers": {},
        "requestContext": {
            "stage": "$default",
            "http": {"method": "GET", "path": path},
            "authorizer": {"lambda": {"tenant": "default", "scopes": "read", "key_id": "k"}},
        },
    }
    assert site.api.resolve(event, Ending())["statusCode"] == 200
    assert sum(site.slept) == pytest.approx(3)


def test_an_ended_job_and_no_wait_answer_at_once(site: Site) -> None:
    queued, ended = site.submit("a.ifc"), site.finish(site.submit("b.ifc"), "x.json")
    assert site.get(f"/jobs/{ended.job_id}/status?wait=25").json()["status"] == "finished"
    assert site.get(f"/jobs/{queued.job_id}/status").json()["status"] == "queued"
    assert site.slept == []


@pytest.mark.parametrize("wait", ["-1", "26", "NaN", "inf", "long", "1e9"])
def test_a_wait_is_0_to_25_seconds(site: Site, wait: str) -> None:
    job = site.submit()
    answer = site.get(f"/jobs/{job.job_id}/status?wait={wait}")
    assert (answer.status_code, answer.json()["field"]) == (422, "wait")


# Outputs


NAMES = ["house.info.json", "a b+c.json", "日本 #1.json", "50%25.json", "🏠.glb", "a'b\"c;d.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_an_output_is_a_redirect_to_its_content(site: Site, name: str) -> None:
    job = site.finish(site.submit(), *NAMES)
    answer = site.get(f"/jobs/{job.job_id}/outputs/{quote(name, safe='')}")
    assert answer.status_code == 302
    assert requests.get(answer.headers["location"], timeout=5).content == b"result of " + name.encode()


def test_outputs_that_are_not_there(site: Site) -> None:
    running, done = site.start(site.submit("a.ifc")), site.finish(site.submit("b.ifc"), "x.json")
    early = site.get(f"/jobs/{running.job_id}/outputs/x.json")
    assert (early.status_code, early.json()["type"]) == (409, "conflict")
    for name in ("y.json", "..%2Fx.json", "%00", "x" * 2000):
        assert site.get(f"/jobs/{done.job_id}/outputs/{name}").status_code == 404


# Cancel and requeue


class Executions:
    """What stops executions, and fails when it is told to."""

    def __init__(self, error: PipelineError | None = None) -> None:
        self.stopped: list[str] = []
        self._error = error

    def stop(self, name: str, *, cause: str) -> None:
        self.stopped.append(name)
        if self._error:
            raise self._error


@pytest.mark.parametrize("error", [None, RetryableError("the state machine: briefly unavailable")])
def test_cancelling_a_heavy_job_stops_what_it_was_started_by(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: PipelineError | None
) -> None:
    job, services = site.submit(), site.stack.services
    site.stack.clients.dynamodb.update_item(
        TableName=services.settings.table_name,
        Key=job_key(job.job_id),
        UpdateExpression="SET execution = :name",  # as the state machine does
        ExpressionAttributeValues={":name": {"S": "execution-1"}},
    )
    executions = Executions(error)
    monkeypatch.setitem(services.__dict__, "executions", executions)
    assert site.post(f"/jobs/{job.job_id}/cancel").json()["status"] == "cancelled"
    assert executions.stopped == ["execution-1"]


def test_a_job_says_what_it_runs_in_and_why(site: Site) -> None:
    job = site.submit()
    answer = site.get(f"/jobs/{job.job_id}")
    compute = answer.json()["compute"]
    assert (compute["kind"], compute["reason"]) == ("lambda", "the job fits the operation's function")
    assert compute["predicted"]["seconds"] > 0
    assert fits(answer, "/jobs/{job_id}")


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked(site: Site) -> None:
    queued, running = site.submit("a.ifc"), site.start(site.submit("b.ifc"))
    at_once = site.post(f"/jobs/{queued.job_id}/cancel")
    assert at_once.status_code == 202
    assert at_once.json() == {"job_id": queued.job_id, "status": "cancelled", "cancel_requested": True}
    asked = site.post(f"/jobs/{running.job_id}/cancel")
    assert asked.json() == {"job_id": running.job_id, "status": "started", "cancel_requested": True}
    assert fits(asked, "/jobs/{job_id}/cancel", "POST")
    again = site.post(f"/jobs/{queued.job_id}/cancel")
    assert (again.status_code, again.json()["type"]) == (409, "conflict")


def test_a_requeued_job_is_sent_again(site: Site) -> None:
    job = site.submit()
    queues = site.stack.services.queues
    first = queues.receive("ifcinfo", wait_s=0, visibility_s=60)
    assert first is not None
    site.post(f"/jobs/{job.job_id}/cancel")
    answer = site.post(f"/jobs/{job.job_id}/requeue")
    assert answer.status_code == 202
    assert answer.json() == {"job_id": job.job_id, "status": "queued", "requeued": True}
    assert fits(answer, "/jobs/{job_id}/requeue", "POST")
    second = queues.receive("ifcinfo", wait_s=0, visibility_s=60)
    assert second is not None
    assert second.body == first.body
    assert site.post(f"/jobs/{job.job_id}/requeue").status_code == 409


def test_every_state_has_an_answer_that_fits(site: Site) -> None:
    names = itertools.count()
    jobs = {status: site.submit(f"{next(names)}.ifc") for status in Status if status is not Status.WAITING}
    site.start(jobs[Status.STARTED])
    site.finish(jobs[Status.FINISHED], "x.json")
    site.stack.services.jobs.fail(jobs[Status.FAILED].job_id, {"type": "internal", "detail": "broken"})
    site.stack.services.jobs.cancel(jobs[Status.CANCELLED].job_id)
    for status, job in jobs.items():
        answer = site.get(f"/jobs/{job.job_id}")
        assert answer.json()["status"] == status.value
        assert fits(answer, "/jobs/{job_id}")


def test_a_refused_job_whose_field_is_no_text_can_be_looked_at(site: Site) -> None:
    step = Step.model_validate({"operation": "ifcinfo", "request": {"\ud800": 1}})
    refused = InputError("\ud800: not permitted", field="\ud800")
    job = site.stack.services.submission.reject("default", step, refused)
    answer = site.get(f"/jobs/{job.job_id}")
    assert answer.status_code == 200
    assert answer.json()["error"] == "?: not permitted"
    assert site.get("/jobs").json()["jobs"][0]["error"] == "?: not permitted"


def test_a_refused_job_cannot_be_requeued(site: Site) -> None:
    job = site.stack.services.submission.reject("default", Step(operation="ifcgone"), InputError("no"))
    answer = site.post(f"/jobs/{job.job_id}/requeue")
    assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
    assert "submit it again" in answer.json()["detail"]
