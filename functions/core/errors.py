"""The exceptions of the pipeline, and what each one means to a caller, to a queue and to a retry.

    PipelineError                 500  internal           again, until the attempts run out
    ├── InputError                422  invalid-input      never: the user's, the message is shown
    │   ├── ModelError            422  invalid-model      never: the gate refused the file
    │   ├── UnsupportedError      422  unsupported        never: an option that cannot be honoured
    │   ├── UnknownOperationError 422  unknown-operation  never
    │   └── TooLargeError         413  too-large          never
    ├── UnauthorizedError         401  unauthorized       never
    ├── ForbiddenError            403  forbidden          never
    ├── NotFoundError             404  not-found          never
    ├── MethodError               405  method             never
    ├── MediaTypeError            415  media-type         never
    ├── ConflictError             409  conflict           never
    ├── RetryableError            503  unavailable        later, by back-off
    │   └── ThrottledError        429  throttled          later, by back-off
    ├── Cancelled                 409  cancelled          never: the caller asked for it
    └── LimitError                500  limit              never
        ├── TimeLimitError        500  time-limit         never: it would only take as long again
        ├── MemoryLimitError      500  memory-limit       never in the same size
        └── CrashError            500  native-crash       again: a native crash is often transient

`RULES` is that table in code, the only place where an error is turned into a status or a retry.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Retry(StrEnum):
    """What the worker does with a job that ended in an error."""

    NEVER = "never"
    LATER = "later"
    AGAIN = "again"


class PipelineError(Exception):
    """Anything that goes wrong; as it stands, a fault of ours.

    `message` is written for the user: no path of a worker's disk, no stack, no secret.
    `field` names the part of the request at fault, dotted (`clash_sets.0.a.1.file`).
    `where` says where in a file: `line 12` or `byte 4711`.
    `traceback_text` and `output_tail` are for the log alone: what a child process left behind.
    """

    traceback_text: str = ""
    output_tail: str = ""

    def __init__(self, message: str, *, field: str | None = None, where: str | None = None) -> None:
        """Keep the message, the field and the place."""
        super().__init__(message)
        self.message = message
        self.field = field
        self.where = where

    @property
    def rule(self) -> Rule:
        """What the error means: the rule of its class, or of the nearest one above it."""
        return next(RULES[kind] for kind in type(self).__mro__ if kind in RULES)

    def to_dict(self) -> dict[str, Any]:
        """Return what is stored with a failed job and sent as a problem."""
        rule = self.rule
        body: dict[str, Any] = {"type": rule.slug, "title": rule.title, "detail": self.message}
        if self.field:
            body["field"] = self.field
        if self.where:
            body["where"] = self.where
        return body

    @classmethod
    def from_dict(cls, body: dict[str, Any]) -> PipelineError:
        """Return the error that `to_dict` described; an unknown type becomes a PipelineError."""
        kind = BY_SLUG.get(str(body.get("type")), PipelineError)
        return kind(str(body.get("detail", "")), field=body.get("field"), where=body.get("where"))

    def at(self, field: str) -> Self:
        """Return the same error, naming the field of the request, unless it names one already."""
        if self.field is None:
            self.field = field
        return self


class InputError(PipelineError):
    """The user's input is wrong; the message says what to change."""


class ModelError(InputError):
    """The gate refused a file."""


class UnsupportedError(InputError):
    """An option, format or schema that cannot be honoured; never dropped in silence."""


class UnknownOperationError(InputError):
    """No operation has that name."""


class TooLargeError(InputError):
    """The input is larger than the operation or the request allows."""


class UnauthorizedError(PipelineError):
    """No key, or no valid one."""


class ForbiddenError(PipelineError):
    """The key does not reach that far."""


class NotFoundError(PipelineError):
    """A job, a file or an output that is not there, or not the tenant's."""


class MethodError(PipelineError):
    """The path is there, the method is not."""


class MediaTypeError(PipelineError):
    """The body of a request is of a type that is not read."""


class ConflictError(PipelineError):
    """The job is not in a state that allows this."""


class RetryableError(PipelineError):
    """A passing fault: the job goes back to its queue and waits a little longer each time."""


class ThrottledError(RetryableError):
    """Too many requests at once."""


class Cancelled(PipelineError):
    """The caller cancelled the job while it ran."""


class LimitError(PipelineError):
    """A job outgrew what it was given."""


class TimeLimitError(LimitError):
    """The job ran longer than its wall-clock limit."""


class MemoryLimitError(LimitError):
    """The job asked for more memory than its address-space limit."""


class CrashError(LimitError):
    """Native code died (a signal in a geometry kernel, say) and took only its own process along."""


@dataclass(frozen=True)
class Rule:
    """What one error class means: problem type, HTTP status, retry decision."""

    slug: str
    title: str
    status: int
    retry: Retry


RULES: dict[type[PipelineError], Rule] = {
    PipelineError: Rule("internal", "Internal error", 500, Retry.AGAIN),
    InputError: Rule("invalid-input", "Invalid input", 422, Retry.NEVER),
    ModelError: Rule("invalid-model", "Invalid model", 422, Retry.NEVER),
    UnsupportedError: Rule("unsupported", "Not supported", 422, Retry.NEVER),
    UnknownOperationError: Rule("unknown-operation", "Unknown operation", 422, Retry.NEVER),
    TooLargeError: Rule("too-large", "Too large", 413, Retry.NEVER),
    UnauthorizedError: Rule("unauthorized", "Unauthorized", 401, Retry.NEVER),
    ForbiddenError: Rule("forbidden", "Forbidden", 403, Retry.NEVER),
    NotFoundError: Rule("not-found", "Not found", 404, Retry.NEVER),
    MethodError: Rule("method", "Method not allowed", 405, Retry.NEVER),
    MediaTypeError: Rule("media-type", "Unsupported media type", 415, Retry.NEVER),
    ConflictError: Rule("conflict", "Conflict", 409, Retry.NEVER),
    RetryableError: Rule("unavailable", "Temporarily unavailable", 503, Retry.LATER),
    ThrottledError: Rule("throttled", "Too many requests", 429, Retry.LATER),
    Cancelled: Rule("cancelled", "Cancelled", 409, Retry.NEVER),
    LimitError: Rule("limit", "Limit reached", 500, Retry.NEVER),
    TimeLimitError: Rule("time-limit", "Time limit reached", 500, Retry.NEVER),
    MemoryLimitError: Rule("memory-limit", "Memory limit reached", 500, Retry.NEVER),
    CrashError: Rule("native-crash", "Native crash", 500, Retry.AGAIN),
}

BY_SLUG: dict[str, type[PipelineError]] = {rule.slug: kind for kind, rule in RULES.items()}
