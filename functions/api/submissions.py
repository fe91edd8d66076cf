"""Submitting work on files that are stored already: one operation, or several as a workflow."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Header
from pydantic import BaseModel

from functions.api.answer import ON_POST, answer, describe
from functions.api.problems import Answer
from functions.api.resolver import Api
from functions.api.status import read_status
from functions.aws.submission import Submitted
from functions.core import registry
from functions.core.job import JobStatus, Status
from functions.core.operation import Operation
from functions.core.upload import Manifest, Step

NONCE = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=80,
        description="Equal work under a new key runs again; under the same it is found, however it ended. "
        "Without a key it is found too, and starts over when it had failed or been cancelled.",
    ),
]


class SubmittedItem(BaseModel):
    """One job of a workflow or of an upload."""

    job_id: str
    operation: str
    status: Status
    name: str | None = None


class SubmittedList(BaseModel):
    """The jobs, in the order of the steps."""

    jobs: list[SubmittedItem]


def show_submitted(made: Submitted) -> dict[str, Any]:
    """Return one submitted job as the answers list it."""
    job = made.job
    return {"job_id": job.job_id, "operation": job.operation, "status": job.status.value, "name": made.name}


class SubmissionRoutes:
    """POST /{operation} for every operation there is, and POST /workflows."""

    def __init__(self, api: Api) -> None:
        """Keep the router, and register."""
        self._api = api
        for operation in registry.operations().values():
            self._add(operation)
        many = describe(SubmittedList, *ON_POST, status=202, text="Submitted")
        api.add(
            "POST",
            "/workflows",
            self.workflow,
            tag="workflows",
            summary="Submit several jobs",
            responses=many,
        )

    def workflow(self, body: Annotated[Manifest, Body()]) -> Answer:
        """Steps refer to earlier ones by name: in `after`, or as a file, `step:<name>/<output>`.

        All steps are checked before the first job is made.
        """
        made = self._api.services.submission.submit(
            self._api.caller.tenant, body.steps, source="api", again=True
        )
        return answer({"jobs": [show_submitted(item) for item in made]}, status=202)

    def _add(self, operation: Operation) -> None:
        """Register one operation: its body is its own request, field by field."""

        def submit(body: BaseModel, idempotency_key: str | None = None) -> Answer:
            request = self._api.current_event.json_body
            return self._submit(Step(operation=operation.name, request=request, nonce=idempotency_key))

        submit.__name__ = operation.name
        submit.__doc__ = operation.description
        submit.__annotations__ = {
            "body": Annotated[operation.request, Body()],
            "idempotency_key": NONCE,
            "return": Answer,
        }
        found = {200: "The same work has been done before: its job"}
        text = "Submitted, or already under way"
        responses = describe(JobStatus, *ON_POST, status=202, text=text, also=found)
        path = f"/{operation.name}"
        self._api.add("POST", path, submit, tag="submit", summary=operation.summary, responses=responses)

    def _submit(self, step: Step) -> Answer:
        """Submit one step; errors name the bare field of the body."""
        api = self._api
        (made,) = api.services.submission.submit(api.caller.tenant, [step], source="api", again=True, at="")
        status = 200 if made.job.status.ended else 202
        headers = {"Location": f"/jobs/{made.job.job_id}"}
        return answer(read_status(api.services, made.job), status=status, headers=headers)
