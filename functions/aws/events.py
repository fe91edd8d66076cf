"""Events: what the outside world may listen to, on the stage's own bus."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.client import BaseClient

from functions.aws.errors import translated
from functions.core.errors import RetryableError

SOURCE = "ifcpipe"
MAX_ENTRIES = 10
MAX_BYTES = 250_000  # PutEvents takes 256 KB a request

Entry = dict[str, str]


class Events:
    """The bus of a stage."""

    def __init__(self, client: BaseClient, bus_name: str) -> None:
        """Keep the EventBridge client and the name of the bus."""
        self._client = client
        self._bus_name = bus_name

    def publish(self, told: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Put events, each a detail type and a detail, on the bus in as few requests as it takes.

        Raises a RetryableError when any was not accepted.
        """
        entries = (self._entry(detail_type, detail) for detail_type, detail in told)
        for batch in _batches(entries):
            with translated("the event bus"):
                answer = self._client.put_events(Entries=batch)
            if answer.get("FailedEntryCount"):
                raise RetryableError("the event bus: some events were not accepted")

    def _entry(self, detail_type: str, detail: dict[str, Any]) -> Entry:
        return {
            "EventBusName": self._bus_name,
            "Source": SOURCE,
            "DetailType": detail_type,
            # Compact, so that the largest result that a record holds fits into an event.
            "Detail": json.dumps(detail, separators=(",", ":")),
        }


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Group entries into requests that EventBridge takes, by number and by size."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        length = sum(len(value.encode()) for value in entry.values())
        if batch and (len(batch) == MAX_ENTRIES or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch
