"""Submission: requested steps become jobs, each with one message. The API and the intake share it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from functions.aws.checks import check_file, check_output, check_versions, version_of
from functions.aws.jobs import Jobs
from functions.aws.queues import Queues
from functions.aws.settings import Settings
from functions.aws.sizing import Sizing
from functions.aws.storage import ObjectInfo, Storage
from functions.aws.table import object_token
from functions.core import registry
from functions.core.errors import ConflictError, InputError, NotFoundError, PipelineError
from functions.core.job import Event, InputRef, Job, Status, job_id
from functions.core.operation import Operation, Request, fill, is_filled
from functions.core.reference import OutputOf, read_reference
from functions.core.upload import Step

# Files and jobs that one call may look up: more would take longer than the function that asks may run.
MAX_LOOKUPS = 500


@dataclass(frozen=True)
class Submitted:
    """A job that answers a step: made now, or found because the same work was asked for before."""

    job: Job
    created: bool
    name: str | None = None


@dataclass(frozen=True)
class _Plan:
    """A job about to be made, what it must be told about ({token: pending entries}), and tokens to mark.

    `again` says that it starts over when it is there already and has failed or been cancelled.
    """

    job: Job
    waiters: Mapping[str, str]
    marks: tuple[str, ...]
    name: str | None
    again: bool

    @property
    def parents(self) -> set[str]:
        """The ids of the jobs that it waits for."""
        return {entry.removeprefix("job:") for entry in self.job.pending if entry.startswith("job:")}


@dataclass(frozen=True, kw_only=True)
class _Ask:
    """What one call of `submit` is about. `steps` grows as steps are planned, name -> job, and so does
    `found` and `parents`: each object and each job is looked up once, and all steps that name an object
    get the same version of it.
    """

    tenant: str
    primary: InputRef | None
    source: str | None
    prefix: str
    wait_for_missing: bool
    marks: tuple[str, ...]
    again: bool
    steps: dict[str, Job] = field(default_factory=dict)
    found: dict[tuple[str | None, ...], ObjectInfo | None] = field(default_factory=dict)
    parents: dict[str, Job] = field(default_factory=dict)

    def look(self) -> None:
        """Raise an InputError when too much has been looked up already."""
        if len(self.found) + len(self.parents) >= MAX_LOOKUPS:
            raise InputError(f"more than {MAX_LOOKUPS} files and jobs are named at once")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """Turns steps into jobs: validates all of them, resolves their files, creates, sends."""

    jobs: Jobs
    storage: Storage
    queues: Queues
    settings: Settings
    sizing: Sizing
    now: Callable[[], datetime]

    def submit(
        self,
        tenant: str,
        steps: Sequence[Step],
        *,
        primary: InputRef | None = None,
        source: str | None = None,
        prefix: str = "",
        wait_for_missing: bool = False,
        announced: bool = False,
        again: bool = False,
        at: str = "steps",
    ) -> list[Submitted]:
        """Create the jobs of all steps, or none when one of them is wrong.

        `primary` is the uploaded object: it fills each operation's first file field that is left out.
        `prefix` is the folder that plain references are relative to. With `wait_for_missing` an object
        that is not there yet makes its job wait; otherwise it is a NotFoundError. `announced` says that the
        primary is still to come and that these jobs are all that it is for. With `again` somebody asks in
        person: equal work that failed or was cancelled starts over, unless its step has a nonce. Without,
        it is left as it is: an event that comes twice must not repeat it. Errors name the field, as
        `<at>.<index>.request.<field>`, or the bare field when `at` is empty.
        """
        marks = (object_token(str(primary.bucket), str(primary.key)),) if announced and primary else ()
        ask = _Ask(
            tenant=tenant,
            primary=primary,
            source=source,
            prefix=prefix,
            wait_for_missing=wait_for_missing,
            marks=marks,
            again=again,
        )
        plans = [self._plan(ask, step, at=f"{at}.{index}" if at else "") for index, step in enumerate(steps)]
        awaited = {parent for plan in plans for parent in plan.parents}
        known = {parent.job_id for parent in ask.parents.values() if parent.awaited}
        return [self._create(plan, awaited=plan.job.job_id in awaited, known=known) for plan in plans]

    def reject(
        self,
        tenant: str,
        step: Step,
        error: PipelineError,
        *,
        source: str | None = None,
        primary: InputRef | None = None,
    ) -> Job:
        """Record a step that cannot become work as a failed job, so that nobody is met with silence."""
        inputs = (primary.model_copy(update={"field": "upload"}),) if primary else ()
        # Each object that is refused is told of, though another of the same content was refused before.
        places = tuple(ref.model_copy(update={"etag": None, "sha256": None}) for ref in inputs)
        name = step.operation if step.operation.isprintable() else ascii(step.operation)
        now = self.now()
        job = Job(
            job_id=job_id(
                tenant=tenant,
                operation=name,
                version=0,
                inputs=places,
                request=step.request,
                nonce=step.nonce,
            ),
            tenant=tenant,
            operation=name,
            version=0,
            status=Status.FAILED,
            request=step.request,
            inputs=inputs,
            source=source,
            error=error.to_dict(),
            created_at=now,
            changed_at=now,
            ended_at=now,
            events=(Event(at=now, event="rejected", detail=error.message),),
        )
        return self.jobs.create(job)[0]

    def send(self, job: Job, *, parents: Mapping[str, Job] | None = None) -> None:
        """Send the message of a queued job to the queue of what it shall run in.

        A job whose inputs were not there when it was made is given its compute now; a light one keeps it to
        itself until it ends, since that is what anybody would compute for it. `parents` are jobs that the
        caller has read already.
        """
        if job.compute is None:
            job = self._place(job, parents or {})
        self.queues.send(job.queue, job.job_id)

    def _plan(self, ask: _Ask, step: Step, *, at: str) -> _Plan:
        """Return the job that a step asks for, with everything about it checked."""
        inside = f"{at}.request" if at else ""
        operation = registry.operation(step.operation, field=f"{at}.operation" if at else "operation")
        request, own = _with_primary(operation, step, ask.primary, inside)
        inputs: list[InputRef] = []
        parents: dict[str, Job] = {}
        for name, reference, suffixes in request.files():
            where = f"{inside}.{name}" if inside else name
            try:
                if name == own and ask.primary:
                    ref = ask.primary.model_copy(update={"field": name})
                else:
                    ref = self._resolve(
                        ask, operation, request, field=name, reference=reference, parents=parents
                    )
                check_file(operation, ref, suffixes)
            except PipelineError as error:
                raise error.at(where) from None
            inputs.append(ref)
        for index, wanted in enumerate(step.after):
            try:
                parent = self._parent(ask, wanted)
            except PipelineError as error:
                raise error.at(f"{at}.after.{index}" if at else "after") from None
            parents[parent.job_id] = parent
        try:
            check_versions(request, inputs)
        except InputError as error:
            error.field = ".".join(part for part in (inside, error.field) if part)
            raise
        job = self._job(ask, step, operation, request=request, inputs=inputs, parents=parents)
        plan = _Plan(job, _waiters(job), ask.marks, step.name, ask.again and step.nonce is None)
        try:
            self.jobs.check(job, plan.waiters, marks=plan.marks)
        except InputError as error:
            raise (error.at(inside) if inside else error) from None
        if step.name:
            if step.name in ask.steps:
                raise InputError(f"{step.name!r} names an earlier step already", field=f"{at}.name")
            ask.steps[step.name] = job
        return plan

    def _resolve(
        self,
        ask: _Ask,
        operation: Operation,
        request: Request,
        *,
        field: str,
        reference: str,
        parents: dict[str, Job],
    ) -> InputRef:
        """Return what one file field of a request points at; a parent job is added to `parents`."""
        place = read_reference(
            _relative(reference, ask.prefix),
            tenant=ask.tenant,
            input_bucket=self.settings.input_bucket,
            output_bucket=self.settings.output_bucket,
        )
        if isinstance(place, OutputOf):
            parent = self._parent(ask, place.job_id or place.step or "")
            check_output(parent, place.output)
            parents[parent.job_id] = parent
            return InputRef(field=field, reference=reference, job_id=parent.job_id, output=place.output)
        version = version_of(request, field)
        ref = InputRef(
            field=field, reference=reference, bucket=place.bucket, key=place.key, version_id=version
        )
        found = self._find(ask, ref)
        if found is None and ask.wait_for_missing and version is None:
            return ref
        if found is None:
            which = f" in version {version[:80]!a}" if version else ""
            raise NotFoundError(f"Input file {reference} not found{which}")
        known = {"version_id": found.version_id, "etag": found.etag, "size": found.size}
        return ref.model_copy(update=known)

    def _find(self, ask: _Ask, ref: InputRef) -> ObjectInfo | None:
        """Return what is known about a stored object, None when it is not there."""
        place = (ref.bucket, ref.key, ref.version_id)
        if place not in ask.found:
            ask.look()
            try:
                found = self.storage.head(str(ref.bucket), str(ref.key), version_id=ref.version_id)
            except NotFoundError:
                ask.found[place] = None
            else:
                ask.found[place] = found
        return ask.found[place]

    def _parent(self, ask: _Ask, wanted: str) -> Job:
        """Return the job that an `after` or a reference means: an earlier step, or one of the tenant's."""
        if wanted in ask.steps:
            return ask.steps[wanted]
        if wanted in ask.parents:
            return ask.parents[wanted]
        ask.look()
        try:
            parent = self.jobs.get(wanted)
        except NotFoundError:
            parent = None
        if parent is None or parent.tenant != ask.tenant:
            raise NotFoundError(f"{wanted[:80]!r} is neither an earlier step nor a job")
        if parent.status in {Status.FAILED, Status.CANCELLED}:
            raise ConflictError(f"job {parent.job_id} is {parent.status}: requeue it first")
        ask.parents[wanted] = parent
        return parent

    def _job(
        self,
        ask: _Ask,
        step: Step,
        operation: Operation,
        *,
        request: Request,
        inputs: Iterable[InputRef],
        parents: Mapping[str, Job],
    ) -> Job:
        """Return the record: queued, or waiting for its inputs and parents."""
        refs = tuple(inputs)
        after = tuple(sorted(parents))
        body = request.model_dump(mode="json", by_alias=True)
        missing = {f"input:{ref.field}" for ref in refs if ref.job_id is None and ref.etag is None}
        unfinished = {f"job:{key}" for key, parent in parents.items() if parent.status != Status.FINISHED}
        pending = frozenset(missing | unfinished)
        now = self.now()
        status = Status.WAITING if pending else Status.QUEUED
        job = Job(
            job_id=job_id(
                tenant=ask.tenant,
                operation=operation.name,
                version=operation.version,
                inputs=refs,
                request=body,
                after=after,
                nonce=step.nonce,
            ),
            tenant=ask.tenant,
            operation=operation.name,
            version=operation.version,
            status=status,
            request=body,
            inputs=refs,
            after=after,
            pending=pending,
            source=ask.source,
            created_at=now,
            changed_at=now,
            events=(Event(at=now, event=status.value),),
        )
        return job.model_copy(update={"compute": self.sizing.compute(job, parents=parents)})

    def _create(self, plan: _Plan, *, awaited: bool, known: set[str]) -> Submitted:
        """Store the job, then send its message: a repetition sends again what never started.

        `known` are the jobs whose records say already that they are awaited.
        """
        for parent in sorted(plan.parents - known):
            self.jobs.expect(parent)
            known.add(parent)
        planned = plan.job.model_copy(update={"awaited": awaited})
        job, created = self.jobs.create(planned, plan.waiters, marks=plan.marks)
        if job.awaited:
            known.add(job.job_id)
        if plan.again and not created:
            job = self._start_over(job)
        if not created and job.status is Status.WAITING and plan.waiters:
            self.jobs.wait(job.job_id, plan.waiters)
        if job.status is Status.WAITING:
            job = self._recheck(job)
        elif job.status is Status.QUEUED and job.attempt == 0:
            self.send(job)
        return Submitted(job, created, plan.name)

    def _start_over(self, job: Job) -> Job:
        """Queue a job that has failed or was cancelled, or let it wait on; return any other as it is."""
        if job.status not in {Status.FAILED, Status.CANCELLED}:
            return job
        try:
            return self.jobs.reopen(job.job_id) if job.pending else self.jobs.requeue(job.job_id)
        except ConflictError:  # somebody else has, or the last that it waited for came
            return self.jobs.get(job.job_id)

    def _place(self, job: Job, parents: Mapping[str, Job]) -> Job:
        """Choose the compute of a job that is about to be sent; note it where it decides about the queue."""
        compute = self.sizing.compute(job, parents=parents)
        if compute is None or not compute.heavy:
            return job
        try:
            return self.jobs.route(job.job_id, compute)
        except ConflictError:  # it was cancelled or claimed meanwhile: its message does no harm
            return job

    def _recheck(self, job: Job) -> Job:
        """Settle a job whose parents ended between planning and creating: their event came too early."""
        for entry in sorted(entry for entry in job.pending if entry.startswith("job:")):
            parent = self.jobs.get(entry.removeprefix("job:"))
            if parent.status is Status.FINISHED:
                freed = self.jobs.satisfy(job.job_id, entry)
                if freed is not None:
                    self.send(freed, parents={parent.job_id: parent})
                    return freed
            elif parent.status.ended:
                return self._fail(job, parent)
        return job

    def _fail(self, job: Job, parent: Job) -> Job:
        reason = f"job {parent.job_id}, which this one waits for, is {parent.status}: requeue it first"
        try:
            return self.jobs.fail(job, ConflictError(reason, field="after").to_dict())
        except ConflictError:  # its parent's event has failed it meanwhile
            return self.jobs.get(job.job_id)


def _with_primary(
    operation: Operation, step: Step, primary: InputRef | None, inside: str
) -> tuple[Request, str | None]:
    """Return the typed request, and the file field that the upload itself fills, if any."""
    first = next(iter(operation.file_fields), None)
    if primary is None or first is None or is_filled(step.request, first):
        return operation.parse(step.request, prefix=inside), None
    return operation.parse(fill(step.request, first, primary.reference), prefix=inside), first


def _waiters(job: Job) -> dict[str, str]:
    """Return {token: pending entries, separated by spaces}: who must be told when what happens."""
    waiters: dict[str, str] = {}
    for entry in sorted(job.pending):
        kind, _, name = entry.partition(":")
        token = entry
        if kind == "input":
            ref = next(ref for ref in job.inputs if ref.field == name)
            token = object_token(str(ref.bucket), str(ref.key))
        waiters[token] = f"{waiters[token]} {entry}" if token in waiters else entry
    return waiters


def _relative(reference: str, prefix: str) -> str:
    """Return a plain reference relative to a manifest's folder; all others as they are."""
    plain = not reference.startswith(("job:", "step:", "s3://", "/"))
    return prefix + reference if plain else reference
