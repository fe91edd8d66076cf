"""A thousand small jobs through the local stack: jobs a second, how long each takes, what each costs.

    python -m benchmarks.pipeline [--jobs 1000] [--clients 8]

Every model has other content, so no job is answered by an earlier one. Writes benchmarks/results/pipeline.md.
"""

from __future__ import annotations

import argparse
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

from benchmarks.starts import EXAMPLE, Cold, cold_worker, median, phases, warm_seconds, whole_run
from benchmarks.usage import cpu
from functions.api.authorizer import authorize
from functions.api.local import Context, to_event
from functions.api.routes import build
from functions.aws.clients import Clients, connect, count_requests
from functions.aws.keys import Keys
from functions.aws.services import Services, compose
from functions.aws.settings import Settings
from functions.client import Client
from functions.core.arrival import read_arrivals
from functions.core.job import Status
from functions.core.message import Message
from functions.intake.steps import take
from functions.local.emulator import ACCOUNT, REGION
from functions.local.stack import Stack
from functions.release.handler import settle
from functions.worker.runner import execute

RESULTS = Path(__file__).parent / "results"
OPERATION = "ifcinfo"
COLD_STARTS = 5
RUNS = 3
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
    """Wait until so many jobs have ended; counts them only when the queues are empty, to disturb little."""
    services = compose(Settings.from_environment(stack.environment), connect())
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        depths = [services.queues.depth(name) for name in ("uploads", OPERATION)]
        if not any(depth.waiting or depth.in_flight for depth in depths):
            counts = services.jobs.count("default", since=since).get(OPERATION, {})
            if sum(number for status, number in counts.items() if status.ended) >= count:
                return
        time.sleep(1)
    raise TimeoutError("the jobs did not end")


def count_aws(stack: Stack, services: Services, clients: Clients, model: Path) -> Counter[str]:
    """Count what one light job sends to AWS, with the work of every function done in this process."""
    counter = count_requests(*clients.all())
    job_id = bring(stack, services, clients, model)
    counter["s3.PostObject"] += 1
    execute(services, job_id, owner="benchmark")
    job = services.jobs.get(job_id)
    counter["dynamodb.GetItem"] -= 1  # ours, just now
    if job.awaited:  # as release does with its record
        settle(services, job)
    services.events.publish([("Job Finished", job.status_body())])
    return +counter


def bring(stack: Stack, services: Services, clients: Clients, model: Path) -> str:
    """Do what authorizer, API and intake do for an upload; return its job, which is queued then."""
    queue = services.settings.queue_url("uploads")
    (job_id,) = _upload_here(services, Keys(clients.dynamodb, services.settings.table_name), stack.key, model)
    message = stack.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]
    for arrival in read_arrivals(message["Body"]):
        take(services, arrival)
    stack.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return job_id


def start_cold(stack: Stack, services: Services, clients: Clients, folder: Path) -> Cold:
    """Return the median start of a worker, each a fresh process with a job of its own."""
    colds = []
    for number in range(91_000, 91_000 + COLD_STARTS):
        job_id = bring(stack, services, clients, write_model(folder, number))
        record = {
            "messageId": job_id,
            "receiptHandle": job_id,
            "body": Message(job_id=job_id).model_dump_json(),
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:ifcpipe-local-{OPERATION}",
        }
        colds.append(cold_worker(json.dumps({"Records": [record]}), dict(stack.environment)))
    return median(colds)


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
        warm = warm_seconds(stack, folder)
        used, own = cpu(stack.emulator.pid), time.process_time()
        begun, since = time.time(), datetime.now(UTC)
        sent = upload_all(stack, models, clients=clients)
        uploaded = time.time()
        wait_all(stack, jobs, since=since)
        used = {name: total - used.get(name, 0) for name, total in cpu(stack.emulator.pid).items()}
        used["uploading clients"] = time.process_time() - own
        records = read_records(stack)
        clients_here = connect()
        services = compose(Settings.from_environment(stack.environment), clients_here)
        _stop_mappings(stack)
        counted = count_aws(stack, services, clients_here, write_model(folder, 90_000))
        cold = start_cold(stack, services, clients_here, folder)
    ended = [stamp_of(records[item.job_id], "ended_at") for item in sent]
    started = [stamp_of(records[item.job_id], "started_at") - item.at for item in sent]
    finished = [end - item.at for item, end in zip(sent, ended, strict=True)]
    states = Counter(records[item.job_id]["status"] for item in sent)
    return {
        "jobs": jobs,
        "load": load,
        "cpu": {name: used[name] / jobs for name in sorted(used, key=lambda name: -used[name])},
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
        "warm": warm,
        "cold": cold,
        "whole": statistics.median(whole_run() for _ in range(RUNS)),
        "phases": phases(),
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
    return "\n".join(
        [
            "# A thousand small jobs",
            "",
            f"Written by `python -m benchmarks.pipeline` on {datetime.now(UTC):%Y-%m-%d}: {figures['jobs']}",
            f"models of 1 kB, each uploaded through the API for {OPERATION}, through the local stack,",
            "with the uploading clients on the same machine:",
            f"{os.cpu_count()} processors ({platform.machine()}, Python {platform.python_version()}),",
            f"whose load was {figures['load']:.1f} from other things when it began.",
            "",
            *_throughput(figures),
            *_usage(figures["cpu"]),
            *_latency(figures),
            *_starts(figures),
            *_requests(figures["requests"]),
        ]
    )


def _throughput(figures: dict[str, Any]) -> list[str]:
    rows = {
        "finished": f"{figures['finished']} of {figures['jobs']}",
        "run more than once": figures["run more than once"],
        "from the first upload to the last result": f"{figures['seconds']:.1f} s",
        "jobs a second": f"{figures['jobs a second']:.1f}",
        "uploads alone": f"{figures['upload seconds']:.1f} s",
        "upload to started, p50 / p95, the queue being full": _pair(figures, "started"),
        "upload to finished, p50 / p95, the queue being full": _pair(figures, "finished"),
        "CPU of everything, a job": f"{1000 * sum(figures['cpu'].values()):.0f} ms",
    }
    return ["## Throughput", "", *_table(("", ""), rows)]


def _usage(used: dict[str, float]) -> list[str]:
    rows = {name: f"{1000 * seconds:.1f}" for name, seconds in used.items()}
    text = "Where the CPU goes, in milliseconds a job, the cold starts of the functions included:"
    return [text, "", *_table(("what", "ms"), rows)]


def _latency(figures: dict[str, Any]) -> list[str]:
    warm = figures["warm"]
    rows = {
        "p50": f"{statistics.median(warm):.2f} s",
        "slowest": f"{max(warm):.2f} s",
    }
    text = (
        f"One upload at a time of examples/{EXAMPLE.name}, {len(warm)} times, everything warm: from the start"
        f" of the upload until the client knows that {OPERATION} has finished."
    )
    return ["## Latency", "", text, "", *_table(("", ""), rows)]


def _starts(figures: dict[str, Any]) -> list[str]:
    cold: Cold = figures["cold"]
    rows = {
        "a worker's handler is imported": f"{cold.imported:.2f} s",
        'it says "job started"': f"{cold.started:.2f} s",
        "its job is finished": f"{cold.finished:.2f} s",
        "`make run` when installed, three operations on the example": f"{figures['whole']:.1f} s",
    }
    steps = {phase.name: f"{phase.at:.1f}" for phase in figures["phases"]}
    return [
        "## Cold starts",
        "",
        f"Each in a fresh process; median of {COLD_STARTS} workers and of {RUNS} runs.",
        "",
        *_table(("", ""), rows),
        "Where the seconds of one such run go:",
        "",
        *_table(("what has happened", "after s"), steps),
    ]


def _requests(counted: Counter[str]) -> list[str]:
    rows = {**dict(sorted(counted.items())), "together": sum(counted.values())}
    return [
        "## AWS requests of one light job",
        "",
        "Counted from the clients: the API's for the upload, the upload itself, the intake's, the",
        "worker's, and what release and notify do with its changes. Receiving and deleting messages is the",
        "event source mappings'. The key (GetItem) is read once a minute, not once a job, and the events of",
        "up to ten changes share a PutEvents.",
        "",
        *_table(("request", "times"), rows),
    ]


def _table(head: tuple[str, str], rows: dict[str, Any]) -> list[str]:
    """Return a table of two columns and the empty line after it."""
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return [f"| {head[0]} | {head[1]} |", "|---|---|", *lines, ""]


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
