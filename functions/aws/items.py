"""Single items of the job table: read, put, update on a condition."""

from __future__ import annotations

import contextlib
import re
from typing import cast

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.aws.edges import Step, Update
from functions.aws.errors import code, translated
from functions.aws.records import number, text, to_job
from functions.aws.table import Item, job_key
from functions.core.errors import NotFoundError
from functions.core.job import Job

WHAT = "the job table"
JOB_ID = re.compile(r"[0-9a-f]{32}")
# A hundred events are fifty attempts: by then a job has been handed back often enough to be given up.
MAX_EVENTS = 100
SLACK = 10


class Refused(Exception):
    """An update whose condition did not hold: an answer, not a failure. Carries the item as it is."""

    def __init__(self, item: Item | None) -> None:
        """Keep the item; None when there is none."""
        super().__init__("condition not met")
        self.item = item


class Items:
    """The items of one table."""

    def __init__(self, client: BaseClient, table: str) -> None:
        """Keep the DynamoDB client and the table's name."""
        self._client = client
        self._table = table

    def get(self, job_id: str) -> Item | None:
        """Return the item of a job as it is now."""
        if not JOB_ID.fullmatch(job_id):
            return None
        with translated(WHAT):
            answer = self._client.get_item(TableName=self._table, Key=job_key(job_id), ConsistentRead=True)
        return cast("Item | None", answer.get("Item"))

    def put(self, item: Item) -> None:
        """Store an item, whatever was there."""
        with translated(WHAT):
            self._client.put_item(TableName=self._table, Item=item)

    def update(self, job_id: str, update: Update) -> Job:
        """Make one conditional update and return the whole new job, or raise Refused."""
        return to_job(self._update(job_id, update))

    def take(self, job_id: str, step: Step, update: Update) -> Job:
        """Take an edge. A request that boto3 repeated after a lost answer finds its own token: done."""
        try:
            item = self._update(job_id, update)
        except Refused as refused:
            if refused.item is None or refused.item.get("edge_token") != text(step.token):
                raise
            item = refused.item
        self._trim(job_id, len(item["events"]["L"]))
        return to_job(item)

    def _update(self, job_id: str, update: Update) -> Item:
        if not JOB_ID.fullmatch(job_id):
            raise unknown(job_id)
        with translated(WHAT):
            try:
                answer = self._client.update_item(TableName=self._table, **update.arguments(job_id))
            except ClientError as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise
                item = error.response.get("Item")
            else:
                return cast("Item", answer["Attributes"])
        raise Refused(item or self.get(job_id))

    def _trim(self, job_id: str, count: int) -> None:
        """Drop the oldest events of a job that has changed hands very often."""
        if count <= MAX_EVENTS + SLACK:
            return
        update = Update(
            removes=frozenset(f"events[{index}]" for index in range(count - MAX_EVENTS)),
            conditions=("size(#events) = :count",),
            values={"count": number(count)},
        )
        with contextlib.suppress(Refused):
            self._update(job_id, update)


def unknown(job_id: str) -> NotFoundError:
    """Return the error for a job that is not there."""
    return NotFoundError(f"Job {job_id[:80]} not found")
