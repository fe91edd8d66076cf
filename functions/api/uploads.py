"""Uploads: the jobs are made first and wait for the object, which goes to the bucket directly."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from functions.api.answer import ON_POST, answer, describe
from functions.api.problems import Answer
from functions.api.resolver import Api
from functions.api.submissions import SubmittedItem, show_submitted
from functions.aws.submission import Submitted
from functions.aws.table import object_token
from functions.core import registry
from functions.core.errors import InputError, NotFoundError, TooLargeError
from functions.core.job import InputRef
from functions.core.operation import FileName
from functions.core.reference import check_key, tenant_prefix
from functions.core.upload import MANIFEST_SUFFIX, MAX_STEPS, Step

# One request to S3 carries 5 GB at most; from 100 MB on, parts are faster and can be repeated singly.
MAX_BYTES = 5_000_000_000
MULTIPART_BYTES = 100_000_000
LINK_S = 3600


class UploadRequest(BaseModel):
    """A file to come, and what to do with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filename: FileName = Field(description="A bare name, without folders.")
    size: int | None = Field(
        None, ge=1, description="Bytes. Needed over 100 MB, where the upload goes in parts."
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the file in hex. Work done before on the same content is found at once.",
    )
    operations: tuple[Step, ...] = Field(
        (), max_length=MAX_STEPS, description="Each one's first file is the upload, unless it names another."
    )


class UploadPart(BaseModel):
    """One part: PUT `part_size` bytes to `url` (the last one has what is left)."""

    number: int
    url: str


class Upload(BaseModel):
    """Where to send the file.

    Single: POST multipart/form-data to `url` with `fields` first and `file` last. In parts: PUT each one,
    then POST `complete_url`. No `url` and no `parts`: the content is here already.
    """

    upload_id: str
    reference: str = Field(description="How requests name the file once it is there.")
    url: str | None
    fields: dict[str, str] | None
    part_size: int | None
    parts: list[UploadPart] | None
    complete_url: str | None
    jobs: list[SubmittedItem]


class Completed(BaseModel):
    """A file that was sent in parts and is now whole."""

    upload_id: str
    reference: str


class UploadRoutes:
    """The routes under /uploads."""

    def __init__(self, api: Api, *, new_id: Callable[[], str] = lambda: uuid.uuid4().hex) -> None:
        """Keep the router and the source of ids, and register."""
        self._api = api
        self._new_id = new_id
        add = partial(api.add, "POST", tag="uploads")
        ready = describe(Upload, *ON_POST, status=201, text="Ready to receive the file")
        done = describe(Completed, *ON_POST)
        add("/uploads", self.create, summary="Upload a file and say what to do with it", responses=ready)
        add("/uploads/<upload_id>/complete", self.complete, summary="Put parts together", responses=done)

    def create(self, body: Annotated[UploadRequest, Body()]) -> Answer:
        """All operations are checked now; their jobs wait until the file has arrived."""
        _refuse_manifest(body.filename)
        limit = _check_size(body)
        upload_id = self._upload_id(body)
        primary = self._primary(body, upload_id)
        made = self._submit(body.operations, primary, upload_id)
        jobs = [show_submitted(item) for item in made]
        shown = {"upload_id": upload_id, "reference": primary.reference, "jobs": jobs}
        if primary.etag or _is_known(body, made):
            return answer({**dict.fromkeys(Upload.model_fields), **shown}, status=201)
        if not any(item.created for item in made):  # else the mark came with the jobs
            self._api.services.jobs.mark_upload(str(primary.bucket), str(primary.key))
        place = self._receive(body, primary, upload_id, limit)
        return answer({**dict.fromkeys(Upload.model_fields), **shown, **place}, status=201)

    def complete(
        self,
        upload_id: Annotated[str, Path(description="The upload.")],
        file: Annotated[FileName, Query(description="Its file name.")],
        multipart: Annotated[str, Query(min_length=1, max_length=1024, description="S3's upload id.")],
        size: Annotated[int | None, Query(ge=1, description="Bytes that were announced.")] = None,
    ) -> Answer:
        """Call `complete_url` as it was given, without a body, after the last part."""
        _refuse_manifest(file)
        reference = _reference(upload_id, file)
        key = tenant_prefix(self._api.caller.tenant) + reference
        services = self._api.services
        bucket = services.settings.input_bucket
        missing = NotFoundError("there is no such upload")
        if not services.jobs.waiting_for(object_token(bucket, key)):
            raise missing
        try:
            services.storage.finish_multipart(bucket, key, multipart, size=size)
        except NotFoundError:  # a caller that did not hear our answer asks again
            if not self._is_complete(bucket, key, size):
                raise missing from None
        return answer({"upload_id": upload_id, "reference": reference})

    def _is_complete(self, bucket: str, key: str, size: int | None) -> bool:
        """Whether the file is there, in the size that was announced."""
        try:
            found = self._api.services.storage.head(bucket, key)
        except NotFoundError:
            return False
        return size in {None, found.size}

    def _upload_id(self, body: UploadRequest) -> str:
        """Return a new id, but the same one for the same content, so that a repeated call adds nothing."""
        if body.sha256 is None:
            return self._new_id()
        identity = f"{self._api.caller.tenant}\n{body.filename}\n{body.sha256}"
        return hashlib.sha256(identity.encode()).hexdigest()[:32]

    def _primary(self, body: UploadRequest, upload_id: str) -> InputRef:
        """Return the uploaded object as an input; with what is known when it is there already."""
        services = self._api.services
        reference = _reference(upload_id, body.filename)
        bucket, key = services.settings.input_bucket, tenant_prefix(self._api.caller.tenant) + reference
        try:
            check_key(key)
        except InputError as error:
            raise error.at("filename") from None
        ref = InputRef(
            field="", reference=reference, bucket=bucket, key=key, size=body.size, sha256=body.sha256
        )
        if body.sha256 is None:
            return ref
        try:
            found = services.storage.head(bucket, key)
        except NotFoundError:
            return ref
        known = {"version_id": found.version_id, "etag": found.etag, "size": found.size}
        return ref.model_copy(update=known)

    def _submit(self, steps: Iterable[Step], primary: InputRef, upload_id: str) -> list[Submitted]:
        return self._api.services.submission.submit(
            self._api.caller.tenant,
            tuple(steps),
            primary=primary,
            source=f"upload:{upload_id}",
            announced=True,
            again=True,
            at="operations",
        )

    def _receive(self, body: UploadRequest, primary: InputRef, upload_id: str, limit: int) -> dict[str, Any]:
        """Return where the file goes."""
        services = self._api.services
        bucket, key = str(primary.bucket), str(primary.key)
        if body.size is None or body.size <= MULTIPART_BYTES:
            post = services.storage.presign_post(
                bucket, key, min_bytes=body.size or 0, max_bytes=body.size or limit, seconds=LINK_S
            )
            return {"url": post["url"], "fields": post["fields"]}
        multipart = services.storage.start_multipart(bucket, key, size=body.size, seconds=LINK_S)
        query = urlencode({"file": body.filename, "multipart": multipart.upload_id, "size": body.size})
        return {
            "part_size": multipart.part_size,
            "parts": [{"number": number, "url": url} for number, url in enumerate(multipart.parts, 1)],
            "complete_url": f"/uploads/{upload_id}/complete?{query}",
        }


def _is_known(body: UploadRequest, made: Iterable[Submitted]) -> bool:
    """Whether the jobs that read the content have had it; one that ended waiting for it has not."""
    readers = [
        item.job for item in made if body.sha256 and any(ref.sha256 == body.sha256 for ref in item.job.inputs)
    ]
    return bool(readers) and not any(job.pending for job in readers)


def _reference(upload_id: str, filename: str) -> str:
    return f"uploads/{upload_id}/{filename}"


def _refuse_manifest(filename: str) -> None:
    """Refuse manifests: their steps are the body of POST /workflows."""
    if filename.endswith(MANIFEST_SUFFIX):
        raise InputError(
            f"filename: {MANIFEST_SUFFIX} is a manifest; send its steps to POST /workflows", field="filename"
        )


def _check_size(body: UploadRequest) -> int:
    """Return how many bytes all the operations take, or raise a TooLargeError for a larger file."""
    sizes = [
        registry.operation(step.operation, field=f"operations.{index}.operation").max_input_bytes
        for index, step in enumerate(body.operations)
    ]
    limit = min([MAX_BYTES, *sizes])
    if body.size is not None and body.size > limit:
        raise TooLargeError(f"size: at most {limit:,} bytes are accepted", field="size")
    return limit
