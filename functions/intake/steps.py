"""What an object that arrived asks for: by its record, a manifest, its metadata, or its prefix, first found.

Nothing here raises for what an uploader did: a wrong request becomes a failed job that says what is wrong.
What is raised is a passing fault of ours, and the message comes again; everything here may run twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from functions.aws.services import Services
from functions.aws.storage import ObjectInfo
from functions.aws.telemetry import logger
from functions.core.arrival import Arrival
from functions.core.errors import InputError, NotFoundError, PipelineError, Retry
from functions.core.reference import check_key
from functions.core.upload import (
    MANIFEST_SUFFIX,
    MAX_MANIFEST_BYTES,
    METADATA_KEY,
    Step,
    default_operations,
    read_manifest,
    read_operations,
)

# The name under which an upload that names no operation at all is found among the failed jobs.
UPLOAD = Step(operation="upload")
TENANTS = "tenants/"


def take(services: Services, arrival: Arrival) -> None:
    """Make, release or refuse the jobs that an object asks for."""
    if arrival.bucket != services.settings.input_bucket:
        logger.warning("object is in no input bucket", object=arrival.uri)
    elif arrival.key.endswith("/") and not arrival.size:
        logger.info("folder ignored", object=arrival.uri)
    elif not _release(services, arrival):
        try:
            _submit(services, arrival)
        except PipelineError as error:
            _refuse(services, arrival, UPLOAD, error)


def _release(services: Services, arrival: Arrival) -> bool:
    """Tell the jobs that wait for the object; return whether a record or a manifest had named it.

    Jobs that had an earlier version do not count: a newer one under the same key is a new upload.
    """
    waiters = services.jobs.waiting_for(f"object:{arrival.bucket}/{arrival.key}")
    named = any(not job_id for job_id, _ in waiters)
    waiting = [(job_id, entries) for job_id, entries in waiters if job_id]
    if waiting:
        arrival = _completed(services, arrival)
    for job_id, entries in waiting:
        try:
            named |= _satisfy(services, arrival, job_id, entries.split())
        except NotFoundError:
            logger.info("waiting job has expired", job_id=job_id, object=arrival.uri)
    return named


def _completed(services: Services, arrival: Arrival) -> Arrival:
    """Return the arrival with version, ETag and size, which not every sender of events tells."""
    if arrival.version_id and arrival.etag and arrival.size is not None:
        return arrival
    try:
        found = services.storage.head(arrival.bucket, arrival.key, version_id=arrival.version_id)
    except NotFoundError:  # gone already: its job says so
        return arrival
    return _with(arrival, found)


def _with(arrival: Arrival, found: ObjectInfo) -> Arrival:
    known = {"version_id": found.version_id, "etag": found.etag, "size": found.size}
    return arrival.model_copy(update=known)


def _satisfy(services: Services, arrival: Arrival, job_id: str, entries: Sequence[str]) -> bool:
    """Give one waiting job its input; return whether this version is the one it has now."""
    job = None
    for entry in entries:
        freed = services.jobs.satisfy(job_id, entry, arrival=arrival)
        if freed is not None:
            services.submission.send(freed)
            logger.info("job released", job_id=job_id, operation=freed.operation, object=arrival.uri)
            job = freed
    job = job or services.jobs.get(job_id)
    fields = {entry.removeprefix("input:") for entry in entries}
    return any(
        ref.field in fields and (ref.version_id, ref.etag) == (arrival.version_id, arrival.etag)
        for ref in job.inputs
    )


def _submit(services: Services, arrival: Arrival) -> None:
    """Submit what a manifest, the object's metadata or the stage's defaults name."""
    try:
        check_key(arrival.key)
    except InputError as error:
        raise error.at("key") from None
    try:
        found = services.storage.head(arrival.bucket, arrival.key, version_id=arrival.version_id)
    except NotFoundError:
        logger.warning("object is gone", object=arrival.uri)
        return
    arrival = _with(arrival, found)
    if arrival.key.endswith(MANIFEST_SUFFIX):
        _submit_manifest(services, arrival)
    else:
        _submit_each(services, arrival, _steps(services, arrival, found))


def _steps(services: Services, arrival: Arrival, found: ObjectInfo) -> tuple[Step, ...]:
    """Return the steps of the metadata, or else the defaults of the prefix."""
    text = found.metadata.get(METADATA_KEY, "")
    if text.strip():
        return read_operations(text)
    steps = _defaults(arrival, services.settings.default_operations)
    if not steps:
        logger.info("object asks for nothing", object=arrival.uri)
    return steps


def _defaults(arrival: Arrival, defaults: Mapping[str, tuple[str, ...]]) -> tuple[Step, ...]:
    """Return the defaults of a tenant's own prefix, else those of the key as the tenant names it."""
    own = {prefix: names for prefix, names in defaults.items() if prefix.startswith(TENANTS)}
    return default_operations(arrival.key, own) or default_operations(arrival.name, defaults)


def _submit_manifest(services: Services, arrival: Arrival) -> None:
    """Submit all steps of a manifest, or none and a failed job in place of the one at fault."""
    body = services.storage.read(
        arrival.bucket, arrival.key, limit=MAX_MANIFEST_BYTES, version_id=arrival.version_id
    )
    steps = read_manifest(body).steps
    folder = arrival.name.rpartition("/")[0]
    try:
        made = services.submission.submit(
            arrival.tenant,
            steps,
            source=arrival.uri,
            prefix=f"{folder}/" if folder else "",
            wait_for_missing=True,
        )
    except PipelineError as error:
        index = _index(error, len(steps))
        _refuse(services, arrival, UPLOAD if index is None else steps[index], error)
        return
    for item in made:
        _tell(arrival, item.job.job_id, item.job.operation, created=item.created)


def _submit_each(services: Services, arrival: Arrival, steps: Sequence[Step]) -> None:
    """Submit steps; one that is wrong becomes a failed job and does not stop the others."""
    left = dict(enumerate(steps))
    while left:
        numbers = list(left)
        try:
            made = services.submission.submit(
                arrival.tenant, list(left.values()), primary=arrival.ref(), source=arrival.uri
            )
        except PipelineError as error:
            index = _index(error, len(left))
            for number in numbers if index is None else [numbers[index]]:
                _refuse(services, arrival, left.pop(number), _renumbered(error, index, number))
            continue
        for item in made:
            _tell(arrival, item.job.job_id, item.job.operation, created=item.created)
        return


def _index(error: PipelineError, count: int) -> int | None:
    """Return which step an error is about, from its field `steps.<index>...`."""
    number = (error.field or "").removeprefix("steps.").partition(".")[0]
    return int(number) if number.isdecimal() and int(number) < count else None


def _renumbered(error: PipelineError, index: int | None, number: int) -> PipelineError:
    """Name the step as the uploader numbered it, though earlier ones were taken out."""
    if index is not None:
        error.field = (error.field or "").replace(f"steps.{index}", f"steps.{number}", 1)
        error.message = error.message.replace(f"steps.{index}.", f"steps.{number}.", 1)
    return error


def _refuse(services: Services, arrival: Arrival, step: Step, error: PipelineError) -> None:
    """Record what an uploader did wrong as a failed job; a fault of ours is raised again."""
    if error.rule.retry is not Retry.NEVER:
        raise error
    job = services.submission.reject(arrival.tenant, step, error, source=arrival.uri, primary=arrival.ref())
    logger.warning(
        "upload refused", job_id=job.job_id, operation=job.operation, object=arrival.uri, reason=error.message
    )


def _tell(arrival: Arrival, job_id: str, operation: str, *, created: bool) -> None:
    sentence = "job created" if created else "job was there already"
    logger.info(sentence, job_id=job_id, operation=operation, object=arrival.uri)
