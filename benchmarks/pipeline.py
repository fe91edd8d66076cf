"""A thousand small jobs through the local stack: jobs a second, how long each takes, what each costs.

    python -m benchmarks.pipeline [--jobs 1000] [--clients 8]

Every model has other content, so no job is answered by an earlier one. Writes benchmarks/results/pipeline.md.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from functions.api.authorizer import authorize
from functions.api.local import Context, to_event
from functions.api.routes import build
from functions.aws.clients import connect, count_requests
from functions.aws.keys import Keys
from functions.aws.services import Services, compose
from functions.aws.settings import Settings
from functions.client import Client
from functions.core.arrival import read_arrivals
from functions.core.job import Status
from functions.intake.steps import take
from functions.local import guard
from functions.local.stack import Stack
from functions.release.handler import settle
from functions.worker.runner import execute

RESULTS = Path(__file__).parent / "results"
OPERATION = "ifcinfo"
MODEL = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION(('ViewDefinition [ReferenceView]'),'2;1');
FILE_NAME('{name}.ifc','2026-01-01T00:00:00',('ifcpipe'),('ifcpipe'),'','','');
FILE_SCHEMA(('IFC4'));
ENDSEC;
DATA;
#1=IFCPROJECT('{guid}',$,'{name}',$,$,$,$,(#2),#5);
#2=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#3,$);
#3=IFCAXIS2PLACEMENT3D(#4,$,$);
#4=IFCCARTESIANPOINT((0.,0.,0.));
#5=IFCUNITASSIGNMENT((#6));
#6=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);
#7=IFCLOCALPLACEMENT($,#3);
#8=IFCWALL('{wall}',$,'Wall {name}',$,$,#7,$,$,$);
ENDSEC;
END-ISO-10303-21;
"""
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"


@dataclass(frozen=True)
class Sent:
    """One upload: its job, and when its last byte was sent (UNIX time, seconds)."""

    job_id: str
    at: float


def write_model(folder: Path, number: int) -> Path:
    """Write a model that no other number has."""
    name = f"model-{number:05d}"
    path = folder / f"{name}.ifc"
    path.write_text(MODEL.format(name=name, guid=_guid(2 * number), wall=_guid(2 * number + 1)))
    return path


def _guid(number: int) -> str:
    """Return a GlobalId: 22 digits to the base 64."""
    digits = ""
    for _ in range(22):
        number, digit = divmod(number, 64)
        digits = DIGITS[digit] + digits
    return digits


def upload_all(stack: Stack, models: list[Path], *, clients: int) -> list[Sent]:
    """Upload every model through the API, several at a time."""
    share = [models[index::clients] for index in range(clients)]

    def upload(own: list[Path]) -> list[Sent]:
        with Client(stack.url, stack.key) as client:
            sent = []
            for model in own:
                (job,) = client.upload(model, [{"operation": OPERATION}]).jobs
                sent.append(Sent(str(job["job_id"]), time.time()))
            return sent

    with ThreadPoolExecutor(clients) as pool:
        return [item for found in pool.map(upload, share) for item in found]


def wait_all(stack: Stack, count: int, *, since: datetime, timeout: float = 600) -> None:
    """Wait until so many jobs have ended; looks at the counts only, and seldom, to disturb little."""
    services = compose(Settings.from_environment(stack.environment), connect())
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        counts = services.jobs.count("default", since=since).get(OPERATION, {})
        if sum(number for status, number in counts.items() if status.ended) >= count:
            return
        time.sleep(1)
    raise TimeoutError("the jobs did not end")


def cpu_below(pid: int) -> float:
    """Return the CPU seconds that a process, those below it and their ended children have used."""
    ticks = 0
    for each in (pid, *guard.descendants(pid)):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in stat[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def count_aws(stack: Stack, folder: Path) -> Counter[str]:
    """Count what one light job sends to AWS, with the work of every function done in this process."""
    clients = connect()
    services = compose(Settings.from_environment(stack.environment), clients)
    _stop_mappings(stack)
    queue = services.settings.queue_url("uploads")
    model = write_model(folder, 90_000)
    counter = count_requests(*clients.all())
    (job_id,) = _upload_here(services, Keys(clients.dynamodb, services.settings.table_name), stack.key, model)
    counter["s3.PostObject"] += 1
    message = stack.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]
    for arrival in read_arrivals(message["Body"]):
        take(services, arrival)
    execute(services, job_id, owner="benchmark")
    job = services.jobs.get(job_id)
    counter["dynamodb.GetItem"] -= 1  # ours, just now
    settle(services, job)
    services.events.publish([("Job Finished", job.status_body())])
    return +counter


def _stop_mappings(stack: Stack) -> None:
    """Let no deployed function take what is done here."""
    client = stack.client("lambda")
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def _upload_here(services: Services, keys: Keys, token: str, model: Path) -> list[str]:
    """Do what authorizer and API do for an upload, and upload."""
    body = model.read_bytes()
    wanted = {
        "filename": model.name,
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "operations": [{"operation": OPERATION}],
    }
    headers = [(b"content-type", b"application/json"), (b"x-api-key", token.encode())]
    scope = {"method": "POST", "path": "/uploads", "headers": headers}
    event = to_event(scope, json.dumps(wanted).encode())
    event["requestContext"]["authorizer"] = {"lambda": authorize(event, verify=keys.verify)["context"]}
    answer = json.loads(build(lambda: services).resolve(event, Context())["body"])
    files = {"file": (model.name, body)}
    httpx.post(answer["url"], data=answer["fields"], files=files).raise_for_status()
    return [str(job["job_id"]) for job in answer["jobs"]]


def percentile(values: list[float], share: float) -> float:
    """Return the value that a share of all values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(jobs: int, *, clients: int) -> dict[str, Any]:
    """Run the benchmark and return its figures."""
    load = os.getloadavg()[0]
    with Stack() as stack:
        stack.start()
        os.environ.update(stack.environment)  # boto3 reads it
        folder = stack.emulator.folder / "models"
        folder.mkdir()
        models = [write_model(folder, number) for number in range(jobs)]
        warm_up = write_model(folder, 80_000)
        (first,) = upload_all(stack, [warm_up], clients=1)
        with Client(stack.url, stack.key) as client:
            client.wait([first.job_id], timeout=60)
        used = cpu_below(stack.emulator.pid)
        begun, since = time.time(), datetime.now(UTC)
        sent = upload_all(stack, models, clients=clients)
        uploaded = time.time()
        wait_all(stack, jobs, since=since)
        used = cpu_below(stack.emulator.pid) - used
        records = read_records(stack)
        counted = count_aws(stack, folder)
    ended = [stamp_of(records[item.job_id], "ended_at") for item in sent]
    started = [stamp_of(records[item.job_id], "started_at") - item.at for item in sent]
    finished = [end - item.at for item, end in zip(sent, ended, strict=True)]
    states = Counter(records[item.job_id]["status"] for item in sent)
    return {
        "jobs": jobs,
        "load": load,
        "cpu": used / jobs,
        "distinct": len({item.job_id for item in sent}),
        "finished": states[Status.FINISHED.value],
        "run more than once": sum(records[item.job_id]["attempt"] != 1 for item in sent),
        "seconds": max(ended) - begun,
        "jobs a second": jobs / (max(ended) - begun),
        "upload seconds": uploaded - begun,
        "started p50": statistics.median(started),
        "started p95": percentile(started, 0.95),
        "finished p50": statistics.median(finished),
        "finished p95": percentile(finished, 0.95),
        "requests": counted,
    }


def read_records(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the records of all jobs, from the table itself."""
    services = compose(Settings.from_environment(stack.environment), connect())
    found, cursor = {}, None
    while True:
        page = services.jobs.list("default", cursor=cursor, limit=100)
        found.update({job.job_id: job.model_dump(mode="json") for job in page.jobs})
        cursor = page.cursor
        if cursor is None:
            return found


def stamp_of(record: dict[str, Any], name: str) -> float:
    """Return one of a record's times as UNIX time."""
    return datetime.fromisoformat(record[name]).timestamp()


def report(figures: dict[str, Any]) -> str:
    """Return the page."""
    requests: Counter[str] = figures["requests"]
    lines = [
        "# A thousand small jobs",
        "",
        f"Written by `python -m benchmarks.pipeline` on {datetime.now(UTC):%Y-%m-%d}:",
        f"{figures['jobs']} models of 1 kB, each uploaded through the API for {OPERATION}, through the local",
        f"stack on {os.cpu_count()} processors ({platform.machine()}, Python {platform.python_version()}),",
        "with the uploading clients on the same machine,",
        f"whose load was {figures['load']:.1f} from other things when it began.",
        "",
        "| | |",
        "|---|---|",
        f"| finished | {figures['finished']} of {figures['jobs']} |",
        f"| run more than once | {figures['run more than once']} |",
        f"| from the first upload to the last result | {figures['seconds']:.1f} s |",
        f"| jobs a second | {figures['jobs a second']:.1f} |",
        f"| uploads alone | {figures['upload seconds']:.1f} s |",
        f"| upload to started, p50 / p95 | {_pair(figures, 'started')} |",
        f"| upload to finished, p50 / p95 | {_pair(figures, 'finished')} |",
        f"| CPU of everything below the emulator, a job | {figures['cpu']:.3f} s |",
        f"| AWS requests a job | {sum(requests.values())} |",
        "",
        "Requests of one light job, counted from the clients: the API's for the upload, the upload itself,",
        "the intake's, the worker's, and what release and notify do with its changes. Receiving and deleting",
        "messages is the event source mappings'.",
        "",
        "| request | times |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(requests.items())),
        "",
    ]
    return "\n".join(lines)


def _pair(figures: dict[str, Any], name: str) -> str:
    return f"{figures[f'{name} p50']:.2f} / {figures[f'{name} p95']:.2f} s"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    arguments = parser.parse_args()
    page = report(measure(arguments.jobs, clients=arguments.clients))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "pipeline.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
