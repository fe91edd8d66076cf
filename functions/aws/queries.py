"""Reading many jobs: pages by tenant, status and input, the sweep's index, and counts."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count as count_up
from itertools import islice
from typing import Any

from botocore.client import BaseClient

from functions.aws.errors import translated
from functions.aws.records import text, time, to_job
from functions.aws.table import TABLE, Item, input_partition, job_key, key
from functions.core.errors import InputError
from functions.core.job import ENDED, Job, Status, stamp
from functions.core.reference import Stored

WHAT = "the job table"
CHUNK = 100  # BatchGetItem
PAGE, MAX_PAGES = 500, 4  # of the search for the longest waiting job
MAX_POSITION = 1024  # a sort key
MAX_READS = 20  # of one page; a rare operation in a long list takes several pages, some of them short


@dataclass(frozen=True)
class Page:
    """Some jobs, and the cursor of those that follow; None: there are no more."""

    jobs: list[Job]
    cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Which jobs a list shows."""

    tenant: str
    status: Status | None = None
    operation: str | None = None
    input: Stored | None = None

    @property
    def name(self) -> str:
        """What a cursor belongs to: a cursor of one list is none of another."""
        place = [self.input.bucket, self.input.key] if self.input else None
        return json.dumps([self.tenant, self.status, self.operation, place])

    def partition(self) -> dict[str, Any]:
        """Return the arguments of Query that select the jobs."""
        if self.input:
            value = text(input_partition(self.tenant, self.input.bucket, self.input.key))
            return {
                "KeyConditionExpression": "pk = :partition",
                "ExpressionAttributeValues": {":partition": value},
            }
        if self.status:
            return {
                "IndexName": "by_status",
                "KeyConditionExpression": "tenant = :tenant AND begins_with(status_at, :status)",
                "ExpressionAttributeValues": {
                    ":tenant": text(self.tenant),
                    ":status": text(f"{self.status}#"),
                },
            }
        return {
            "IndexName": "by_tenant",
            "KeyConditionExpression": "tenant = :tenant",
            "ExpressionAttributeValues": {":tenant": text(self.tenant)},
        }

    def position(self, item: Item) -> tuple[str, str]:
        """Return where an item stands in the list: (job id, sort key)."""
        if self.input:
            sort = item["sk"]["S"]
            return sort.rpartition("#")[2], sort
        sort = TABLE["indexes"]["by_status" if self.status else "by_tenant"][1]
        return item["pk"]["S"].removeprefix("JOB#"), item[sort]["S"]

    def start(self, position: tuple[str, str]) -> Item:
        """Return the key that a position stands for. Its partition is always the caller's own."""
        job_id, sort = position
        if self.input:
            return key(input_partition(self.tenant, self.input.bucket, self.input.key), sort)
        name = TABLE["indexes"]["by_status" if self.status else "by_tenant"][1]
        return {**job_key(job_id), "tenant": text(self.tenant), name: text(sort)}

    def shows(self, job: Job) -> bool:
        """Whether a job belongs into the list; an index may be a moment late."""
        return (
            job.tenant == self.tenant
            and self.status in {None, job.status}
            and self.operation in {None, job.operation}
        )


def page(client: BaseClient, table: str, listing: Listing, *, cursor: str | None, limit: int) -> Page:
    """Return up to `limit` jobs from the cursor on, newest first."""
    start = listing.start(_read_cursor(listing, cursor)) if cursor else None
    shown: list[tuple[Item, Job]] = []
    for _ in range(MAX_READS):
        with translated(WHAT):
            answer = client.query(
                TableName=table,
                ScanIndexForward=False,
                Limit=max(limit, CHUNK) if listing.operation else limit + 1,
                **listing.partition(),
                **({"ExclusiveStartKey": start} if start else {}),
            )
        items = answer["Items"]
        found = zip(items, _jobs(client, table, listing, items), strict=True)
        shown += [(item, job) for item, job in found if job is not None and listing.shows(job)]
        if len(shown) > limit:
            last = listing.position(shown[limit - 1][0])
            return Page([job for _, job in shown[:limit]], _cursor(listing, last))
        start = answer.get("LastEvaluatedKey")
        if start is None:
            return Page([job for _, job in shown], None)
    return Page([job for _, job in shown], _cursor(listing, listing.position(start or {})))


def overdue(client: BaseClient, table: str, status: Status, *, before: datetime) -> Iterator[Job]:
    """Yield the jobs of a status whose due time is before, the earliest first."""
    for item in _query(
        client,
        table,
        IndexName="by_due",
        KeyConditionExpression="#status = :status AND due < :before",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": text(status), ":before": time(before)},
    ):
        yield to_job(item)


def oldest_queued(client: BaseClient, table: str, operation: str) -> datetime | None:
    """Return since when the longest waiting job of an operation is queued.

    The sweep postpones what it sends again, so the first by due time need not be the oldest: the
    first hundred are looked at. Behind thousands of other operations' jobs nothing is found: health is
    asked for often, and most of all when there is much to read.
    """
    found = _query(
        client,
        table,
        pages=MAX_PAGES,
        IndexName="by_due",
        Limit=PAGE,
        KeyConditionExpression="#status = :status",
        FilterExpression="#operation = :operation",
        ProjectionExpression="changed_at",
        ExpressionAttributeNames={"#status": "status", "#operation": "operation"},
        ExpressionAttributeValues={":status": text(Status.QUEUED), ":operation": text(operation)},
    )
    oldest = min((item["changed_at"]["S"] for item in islice(found, CHUNK)), default=None)
    return datetime.fromisoformat(oldest) if oldest else None


def count(client: BaseClient, table: str, tenant: str, *, since: datetime) -> dict[str, dict[Status, int]]:
    """Return the number of jobs by operation and by state, of those that started or ended since."""
    counts: dict[str, Counter[Status]] = defaultdict(Counter)
    for status in (Status.STARTED, *sorted(ENDED)):
        for item in _query(
            client,
            table,
            IndexName="by_status",
            KeyConditionExpression="tenant = :tenant AND status_at BETWEEN :since AND :end",
            ProjectionExpression="#operation",
            ExpressionAttributeNames={"#operation": "operation"},
            ExpressionAttributeValues={
                ":tenant": text(tenant),
                ":since": text(f"{status}#{stamp(since)}"),
                ":end": text(f"{status}#~"),
            },
        ):
            counts[item["operation"]["S"]][status] += 1
    return {operation: dict(found) for operation, found in counts.items()}


def waiting_for(client: BaseClient, table: str, token: str) -> list[tuple[str, str]]:
    """Return (job id, pending entry) of what waits for a token; ("", "") for the mark of an upload."""
    found = _query(
        client,
        table,
        ConsistentRead=True,
        KeyConditionExpression="pk = :token",
        ExpressionAttributeValues={":token": text(f"WAIT#{token}")},
    )
    return [(item["job_id"]["S"], item["entry"]["S"]) if "entry" in item else ("", "") for item in found]


def _query(
    client: BaseClient, table: str, *, pages: int | None = None, **arguments: object
) -> Iterator[Item]:
    """Yield all items of a query, page after page, or those of its first pages."""
    start: dict[str, Any] = {}
    for _ in count_up() if pages is None else range(pages):
        with translated(WHAT):
            answer = client.query(TableName=table, **arguments, **start)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _jobs(client: BaseClient, table: str, listing: Listing, items: list[Item]) -> list[Job | None]:
    """Return the job of each item; index items of an input are followed, lost ones are None."""
    if not listing.input:
        return [to_job(item) for item in items]
    found: dict[str, Job] = {}
    for first in range(0, len(items), CHUNK):
        ids = [item["job_id"]["S"] for item in items[first : first + CHUNK]]
        found.update({job.job_id: job for job in _batch(client, table, ids)})
    return [found.get(item["job_id"]["S"]) for item in items]


def _batch(client: BaseClient, table: str, ids: list[str]) -> Iterator[Job]:
    """Yield the jobs there are. DynamoDB may leave keys over (16 MB): they are asked for again."""
    request = {table: {"Keys": [job_key(job_id) for job_id in ids]}}
    while request:
        with translated(WHAT):
            answer = client.batch_get_item(RequestItems=request)
        yield from (to_job(item) for item in answer["Responses"].get(table, []))
        request = answer.get("UnprocessedKeys") or {}


def _cursor(listing: Listing, position: tuple[str, str]) -> str:
    """Return an opaque cursor: the list it belongs to and a position in it."""
    return base64.urlsafe_b64encode(json.dumps([listing.name, *position]).encode()).decode().rstrip("=")


def _read_cursor(listing: Listing, cursor: str) -> tuple[str, str]:
    """Return the position of a cursor, or raise an InputError when it is not one of this list."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, job_id, sort = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InputError("after: not a cursor", field="after") from None
    texts = all(isinstance(part, str) and part and len(part) <= MAX_POSITION for part in (job_id, sort))
    if name != listing.name or not texts:
        raise InputError("after: the cursor of another list", field="after")
    return job_id, sort
