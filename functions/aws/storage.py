"""Objects: by version, streamed, with a SHA-256 on the way in and on the way out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.aws.errors import code, translated
from functions.core.errors import InputError, NotFoundError, TooLargeError

CHUNK = 1024 * 1024
ONE_REQUEST = 64 * 1024 * 1024  # larger files go up in parts
MIN_PART = 16 * 1024 * 1024
MAX_PARTS = 1000  # S3 takes 10,000; a thousand links still fit into an answer of the API


@dataclass(frozen=True)
class ObjectInfo:
    """What S3 says about an object; size in bytes, ETag without quotes."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size: int
    metadata: Mapping[str, str]
    content_type: str
    last_modified: datetime


@dataclass(frozen=True)
class Multipart:
    """An upload in parts: its id, the size of all parts but the last in bytes, and a link for each."""

    upload_id: str
    part_size: int
    parts: list[str]


class Storage:
    """The buckets of a stage."""

    def __init__(self, client: BaseClient) -> None:
        """Keep the S3 client."""
        self._client = client

    def head(self, bucket: str, key: str, *, version_id: str | None = None) -> ObjectInfo:
        """Return what is known about an object, or raise a NotFoundError."""
        with translated(f"Input file {key}"):
            try:
                found = self._client.head_object(Bucket=bucket, Key=key, **_version(version_id))
            except ClientError as error:
                # A HEAD has no body to say that this is no version's id.
                if version_id and code(error) == "400":
                    raise NotFoundError(f"Input file {key} not found") from error
                raise
        return ObjectInfo(
            bucket=bucket,
            key=key,
            version_id=found.get("VersionId"),
            etag=found["ETag"].strip('"'),
            size=found["ContentLength"],
            metadata=found.get("Metadata", {}),
            content_type=found.get("ContentType", "binary/octet-stream"),
            last_modified=found["LastModified"],
        )

    def read(self, bucket: str, key: str, *, limit: int, version_id: str | None = None) -> bytes:
        """Return a small object, or raise a TooLargeError when it has more than `limit` bytes."""
        with translated(f"Input file {key}"):
            answer = self._client.get_object(Bucket=bucket, Key=key, **_version(version_id))
            with closing(answer["Body"]) as body:
                content = cast("bytes", body.read(limit + 1))
        if len(content) > limit:
            raise TooLargeError(f"{key} is larger than {limit} bytes")
        return content

    def download(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        version_id: str | None = None,
        expect_sha256: str | None = None,
    ) -> str:
        """Stream an object to a file and return its SHA-256 in hex.

        Raises a NotFoundError, or an InputError when the content is not what was announced. A file
        that did not arrive whole is removed.
        """
        digest = hashlib.sha256()
        try:
            with translated(f"Input file {key}"), path.open("wb") as file:
                answer = self._client.get_object(Bucket=bucket, Key=key, **_version(version_id))
                with closing(answer["Body"]) as body:
                    for chunk in body.iter_chunks(CHUNK):
                        digest.update(chunk)
                        file.write(chunk)
            found = digest.hexdigest()
            if expect_sha256 and found != expect_sha256.lower():
                raise InputError(f"{key} has SHA-256 {found}, not {expect_sha256} as announced")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return found

    def upload(
        self, path: Path, bucket: str, key: str, *, content_type: str, name: str | None = None
    ) -> tuple[int, str]:
        """Store a file and return (size in bytes, SHA-256 in hex); S3 checks the sum as well.

        `name` is what a browser saves the object as.
        """
        size, digest = _measure(path)
        extra: dict[str, Any] = {"ContentType": content_type, "Metadata": {"sha256": digest.hex()}}
        if name:
            extra["ContentDisposition"] = disposition(name)
        with translated(f"Output file {key}"):
            if size <= ONE_REQUEST:
                checksum = base64.b64encode(digest).decode()
                with path.open("rb") as body:
                    self._client.put_object(
                        Bucket=bucket,
                        Key=key,
                        Body=body,
                        ChecksumAlgorithm="SHA256",
                        ChecksumSHA256=checksum,
                        **extra,
                    )
            else:
                self._client.upload_file(
                    str(path), bucket, key, ExtraArgs={**extra, "ChecksumAlgorithm": "SHA256"}
                )
        return size, digest.hex()

    def copy(self, bucket: str, key: str, to_key: str) -> None:
        """Copy an object of at most 5 GB to another key of the same bucket, inside S3."""
        with translated(f"Output file {key}"):
            self._client.copy_object(Bucket=bucket, Key=to_key, CopySource={"Bucket": bucket, "Key": key})

    def presign_get(self, bucket: str, key: str, *, filename: str, seconds: int = 3600) -> str:
        """Return a link that downloads an object under a file name."""
        parameters = {"Bucket": bucket, "Key": key, "ResponseContentDisposition": disposition(filename)}
        return self._presign("get_object", parameters, seconds)

    def presign_post(
        self, bucket: str, key: str, *, max_bytes: int, min_bytes: int = 0, seconds: int = 3600
    ) -> dict[str, Any]:
        """Return `{url, fields}` of a form that uploads one object of a size between these, at this key."""
        if key.endswith("${filename}"):
            raise InputError("a file name cannot be a placeholder", field="filename")
        with translated(f"Upload {key}"):
            return cast(
                "dict[str, Any]",
                self._client.generate_presigned_post(
                    Bucket=bucket,
                    Key=key,
                    Conditions=[["content-length-range", min_bytes, max_bytes]],
                    ExpiresIn=seconds,
                ),
            )

    def start_multipart(self, bucket: str, key: str, *, size: int, seconds: int = 3600) -> Multipart:
        """Begin an upload of `size` bytes in parts and return a link for each of them."""
        part_size = max(MIN_PART, -(-size // MAX_PARTS))
        with translated(f"Upload {key}"):
            upload_id = self._client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        parts = [
            self._presign(
                "upload_part",
                {"Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": number},
                seconds,
            )
            for number in range(1, max(1, -(-size // part_size)) + 1)
        ]
        return Multipart(upload_id=upload_id, part_size=part_size, parts=parts)

    def finish_multipart(self, bucket: str, key: str, upload_id: str, *, size: int | None = None) -> None:
        """Put the parts together; an InputError when one is missing, or the sum is not `size` bytes."""
        with translated(f"Upload {key}"):
            parts = list(self._parts(bucket, key, upload_id))
        numbers = [part["PartNumber"] for part in parts]
        missing = set(range(1, max(numbers, default=1) + 1)) - set(numbers)
        if missing:
            raise InputError(f"part {min(missing)} has not been uploaded")
        total = sum(part["Size"] for part in parts)
        if size is not None and total != size:
            raise InputError(f"{total} of {size} bytes have been uploaded")
        done = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
        with translated(f"Upload {key}"):
            self._client.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": done}
            )

    def _parts(self, bucket: str, key: str, upload_id: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_parts").paginate(Bucket=bucket, Key=key, UploadId=upload_id)
        for page in pages:
            yield from page.get("Parts", [])

    def _presign(self, method: str, parameters: dict[str, Any], seconds: int) -> str:
        with translated(f"File {parameters['Key']}"):
            return cast(
                "str", self._client.generate_presigned_url(method, Params=parameters, ExpiresIn=seconds)
            )


def disposition(name: str) -> str:
    """Return a Content-Disposition for any file name: RFC 6266 with the encoding of RFC 5987."""
    printable = "".join(character if character.isprintable() else "_" for character in name)
    plain = printable.encode("ascii", "replace").decode().replace("?", "_")
    plain = plain.replace("\\", "_").replace('"', "_").replace("%", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(printable, safe='')}"


def _version(version_id: str | None) -> dict[str, str]:
    return {"VersionId": version_id} if version_id else {}


def _measure(path: Path) -> tuple[int, bytes]:
    """Return the size and the SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.digest()
