"""The one table: its keys and indexes as data, which CDK, the tests and the adapters share.

    pk                                sk                  item
    JOB#<job_id>                      JOB                 a job
    WAIT#object:<bucket>/<key>        <job_id>            a job that waits for an object
    WAIT#object:<bucket>/<key>        #<upload_id>        the mark of an upload that has named its jobs
    WAIT#job:<job_id>                 <job_id>            a job that waits for another one
    INPUT#<tenant>#<bucket>/<key>     <created>#<job_id>  a job that reads an object
    KEY#<key_id>                      KEY                 an API key

Indexes hold jobs alone: no other item has their attributes. `by_status` sorts by `<status>#<changed>`,
so that an edge needs no tenant to write it. `by_due` is sparse: ended jobs have no `due`.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

Attribute = dict[str, Any]
Item = dict[str, Attribute]


class Table(TypedDict):
    """Attribute names, all strings; an index is its partition and its sort attribute."""

    partition: str
    sort: str
    ttl: str
    stream: str
    indexes: dict[str, tuple[str, str]]


TABLE: Final[Table] = {
    "partition": "pk",
    "sort": "sk",
    "ttl": "expires_at",
    "stream": "NEW_AND_OLD_IMAGES",
    "indexes": {
        "by_tenant": ("tenant", "created_id"),
        "by_status": ("tenant", "status_at"),
        "by_due": ("status", "due"),
    },
}


def attributes() -> list[str]:
    """Return the attributes that keys and indexes use; all of them are strings."""
    names = [TABLE["partition"], TABLE["sort"]]
    return list(dict.fromkeys([*names, *(name for pair in TABLE["indexes"].values() for name in pair)]))


def create_arguments(table_name: str) -> dict[str, Any]:
    """Return the arguments of CreateTable, on-demand and with the stream."""
    return {
        "TableName": table_name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in attributes()],
        "KeySchema": _schema(TABLE["partition"], TABLE["sort"]),
        "GlobalSecondaryIndexes": [
            {"IndexName": name, "KeySchema": _schema(*pair), "Projection": {"ProjectionType": "ALL"}}
            for name, pair in TABLE["indexes"].items()
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": TABLE["stream"]},
    }


def job_key(job_id: str) -> Item:
    """Return the key of a job."""
    return key(f"JOB#{job_id}", "JOB")


def input_partition(tenant: str, bucket: str, object_key: str) -> str:
    """Return the partition of the jobs of a tenant that read an object."""
    return f"INPUT#{tenant}#{bucket}/{object_key}"


def object_token(bucket: str, object_key: str) -> str:
    """Return what a job waits for when an object is not there yet."""
    return f"object:{bucket}/{object_key}"


def job_token(job_id: str) -> str:
    """Return what a job waits for when another one has not finished."""
    return f"job:{job_id}"


def key(partition: str, sort: str) -> Item:
    """Return a primary key as DynamoDB wants it."""
    return {TABLE["partition"]: {"S": partition}, TABLE["sort"]: {"S": sort}}


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
