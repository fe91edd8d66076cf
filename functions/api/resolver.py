"""The router: Powertools' HTTP API resolver, with who may call and what is read decided before any route.

A route sees a checked body and a known caller. Each call keeps its own state, so that the same router
also serves concurrent calls in one process (`functions.api.local`).
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from functions.api import body, problems
from functions.api.caller import Caller, read_caller
from functions.core import fault
from functions.core.errors import InputError, NotFoundError, PipelineError
from functions.core.operation import field_names

if TYPE_CHECKING:
    from functions.aws.services import Services

OPEN = frozenset({"/health", "/openapi.json", "/docs"})
SAFE_METHODS = frozenset({"GET", "HEAD"})
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, Retry-After",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-API-Key",
    "Access-Control-Max-Age": "3600",
}


def _utc() -> datetime:
    return datetime.now(UTC)


def _check_query(api: Api, answer: Callable[[Api], Any]) -> Any:  # noqa: ANN401 - a middleware of Powertools
    """Refuse what a route's query does not have, as with the fields of a body: a misspelt filter filters
    nothing. Routes that are open to all are asked by probes and browsers, which add what they like.
    """
    event = api.current_event
    known = [parameter.alias for parameter in api.context["_route"].dependant.query_params]
    unknown = [name for name in event.query_string_parameters or {} if name not in known]
    if unknown and event.path not in OPEN:
        raise InputError(f"{unknown[0]}: {fault.refuse_name(unknown[0], known)}", field=unknown[0])
    return answer(api)


@dataclass
class _Call:
    """What belongs to one request."""

    event: APIGatewayProxyEventV2
    context: Any
    store: dict[str, Any] = field(default_factory=dict)


_CALL: ContextVar[_Call] = ContextVar("api_call")


class Api(APIGatewayHttpResolver):
    """The resolver with what all routes share: services, the caller, clocks."""

    def __init__(
        self,
        *,
        services: Callable[[], Services],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc,
    ) -> None:
        """Keep what routes use; services are made on first use."""
        self._store: dict[str, Any] = {}
        super().__init__(enable_validation=True, json_body_deserializer=body.read_json, debug=False)
        self._services = services
        self.sleep = sleep
        self.clock = clock
        self.now = now
        self.use([_check_query])
        self.exception_handler(PipelineError)(problems.answer_error)
        self.exception_handler(RequestValidationError)(self._answer_invalid)
        self.exception_handler(Exception)(problems.answer_fault)
        self.not_found(self._answer_unknown)

    @property
    def services(self) -> Services:
        """The stage's services."""
        return self._services()

    @property
    def caller(self) -> Caller:
        """Who makes the current request."""
        return read_caller(self.current_event.raw_event)

    @property
    def remaining_s(self) -> float:
        """How long the current invocation may still run, in seconds."""
        return float(self.lambda_context.get_remaining_time_in_millis()) / 1000

    def add(
        self,
        method: str,
        rule: str,
        function: Callable[..., problems.Answer],
        *,
        tag: str,
        summary: str,
        responses: Any,  # noqa: ANN401 - Powertools' response dictionaries
        **options: Any,  # noqa: ANN401 - of Powertools' route
    ) -> None:
        """Register a route; its docstring is its description."""
        self.route(
            rule,
            method,
            tags=[tag],
            summary=summary,
            description=inspect.getdoc(function),
            operation_id=f"{tag}_{function.__name__}",
            responses=responses,
            **options,
        )(function)

    # Powertools keeps these three on the class or the instance, where concurrent calls would meet.
    @property
    def current_event(self) -> APIGatewayProxyEventV2:  # type: ignore[override]
        """The event of the current request."""
        return _CALL.get().event

    @property
    def lambda_context(self) -> Any:  # type: ignore[override]  # noqa: ANN401
        """The Lambda context of the current request."""
        return _CALL.get().context

    @property
    def context(self) -> dict[str, Any]:
        """Powertools' store for the current request."""
        call = _CALL.get(None)
        return self._store if call is None else call.store

    @context.setter
    def context(self, value: dict[str, Any]) -> None:
        self._store = value

    def _push_processed_stack_frame(self, _frame: str) -> None:
        """Keep no trace of middlewares: it is for debugging, and shared."""

    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
        """Answer one event of payload format 2.0."""
        call = _Call(APIGatewayProxyEventV2(dict(event), body.read_json), context)
        token = _CALL.set(call)
        try:
            answer = self._build_response(self._resolve())
        finally:
            _CALL.reset(token)
        answer["headers"] = {**CORS, **answer["headers"]}
        return answer

    def _resolve(self) -> Any:  # noqa: ANN401 - Powertools' response builder
        """Find and call the route, once the caller and the body have been checked."""
        if self.current_event.http_method == "OPTIONS":
            return self._builder(Response(status_code=204, body="", headers=PREFLIGHT))
        try:
            self._admit()
        except PipelineError as error:
            return self._builder(problems.answer_error(error))
        return super()._resolve()

    def _admit(self) -> None:
        """Check who calls, then what was sent."""
        event = self.current_event
        if not (event.path in OPEN and event.http_method in SAFE_METHODS):
            self.caller.needs("read" if event.http_method in SAFE_METHODS else "write")
        if event.http_method not in SAFE_METHODS:
            body.check_body(
                event.body,
                content_type=event.headers.get("content-type", ""),
                is_base64=event.is_base64_encoded or False,
            )

    def _builder(self, response: Response[str]) -> Any:  # noqa: ANN401
        return self._response_builder_class(response=response, serializer=self._serializer)

    def _answer_invalid(self, error: RequestValidationError) -> problems.Answer:
        """Answer a request that does not fit its route."""
        bodies = self.context["_route"].dependant.body_params
        names = [name for body in bodies for name in field_names(body.type_)]
        # Where none is asked for, nobody has looked whether it is JSON.
        sent = self.current_event.json_body if bodies else None
        return problems.answer_invalid(error, sent, names=names)

    def _answer_unknown(self, _error: Exception) -> problems.Answer:
        """Answer a path without a route: 405 when it has other methods, else 404."""
        path = self.current_event.path
        routes = self._static_routes + self._dynamic_routes
        if allowed := {route.method for route in routes if route.rule.match(path)}:
            return problems.answer_method(path, sorted(allowed))
        return problems.answer_error(NotFoundError("there is nothing at this path; see /docs"))

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = "^{}$") -> re.Pattern[str]:
        """Let a path parameter be any character but a slash: outputs keep their users' names."""
        return re.compile(base_regex.format(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", rule)))
