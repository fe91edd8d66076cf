"""Creating a job: one transaction for the record and everything that finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.aws.errors import code, translated
from functions.aws.records import expiry, text, to_item, to_job
from functions.aws.table import Attribute, Item, input_partition, key
from functions.core.errors import InputError, NotFoundError, RetryableError
from functions.core.job import Job, stamp

MAX_ITEMS = 100  # TransactWriteItems
TRIES = 3


def create(
    client: BaseClient,
    table: str,
    job: Job,
    others: Sequence[Item],
    *,
    ttl_days: int,
    get: Callable[[str], Job],
) -> tuple[Job, bool]:
    """Store a job, its index items and others with it; return what is stored and whether it is new."""
    item, items = prepare(job, others, ttl_days=ttl_days)
    for _ in range(TRIES):
        stored = _transact(client, table, item, items, now=expiry(job.created_at, ttl_days=0))
        if stored is not None:
            return stored
        try:
            return get(job.job_id), False
        except NotFoundError:
            continue  # a collision that did not come to pass, or a record that expired since: try again
    raise RetryableError("the job table: briefly unavailable")


def prepare(job: Job, others: Sequence[Item], *, ttl_days: int) -> tuple[Item, list[Item]]:
    """Return a job's item and those stored with it; an InputError when no transaction can hold them."""
    item = to_item(job, ttl_days=ttl_days)
    # Index items outlive the job by its own time to live at least; a list skips what is no longer there.
    expires_at = expiry(job.created_at, ttl_days=2 * ttl_days)
    items = [*_input_items(job, expires_at=expires_at), *others]
    if 1 + len(items) > MAX_ITEMS:
        raise InputError(f"a job reads and waits for {MAX_ITEMS - 1} things at most", field="inputs")
    return item, items


def _transact(
    client: BaseClient, table: str, item: Item, items: list[Item], *, now: Attribute
) -> tuple[Job, bool] | None:
    """Try once. None: somebody else writes or has written the same job."""
    puts: list[dict[str, Any]] = [{"Put": {"TableName": table, "Item": other}} for other in items]
    # DynamoDB deletes an expired record within days, and its outputs may be gone by then: it is none.
    record = {
        "TableName": table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(pk) OR expires_at < :now",
        "ExpressionAttributeValues": {":now": now},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with translated("the job table"):
        try:
            client.transact_write_items(TransactItems=[{"Put": record}, *puts])
        except ClientError as error:
            if code(error) != "TransactionCanceledException":
                raise
            reasons = error.response.get("CancellationReasons", [])
            if not any(_collided(reason) for reason in reasons):
                _throttled(reasons)
                raise
            stored = reasons[0].get("Item")
            return (to_job(stored), False) if stored else None
    return to_job(item), True


def _collided(reason: Mapping[str, Any]) -> bool:
    return reason.get("Code") in {"ConditionalCheckFailed", "TransactionConflict"}


def _throttled(reasons: list[dict[str, Any]]) -> None:
    """Raise a RetryableError when a transaction was cancelled only because too much is going on."""
    if {reason.get("Code") for reason in reasons} & {"ProvisionedThroughputExceeded", "ThrottlingError"}:
        raise RetryableError("the job table: briefly unavailable")


def wait_items(job_id: str, waiters: Mapping[str, str], *, expires_at: Attribute) -> list[Item]:
    """Return the items that lead from what a job waits for to the job."""
    return [
        {
            **key(f"WAIT#{token}", job_id),
            "job_id": text(job_id),
            "entry": text(entry),
            "expires_at": expires_at,
        }
        for token, entry in waiters.items()
    ]


def _input_items(job: Job, *, expires_at: Attribute) -> list[Item]:
    """Return the items that lead from what a job reads to the job."""
    sort = f"{stamp(job.created_at)}#{job.job_id}"
    places = dict.fromkeys((ref.bucket, ref.key) for ref in job.inputs if ref.bucket and ref.key)
    return [
        {
            **key(input_partition(job.tenant, str(bucket), str(name)), sort),
            "job_id": text(job.job_id),
            "expires_at": expires_at,
        }
        for bucket, name in places
    ]
