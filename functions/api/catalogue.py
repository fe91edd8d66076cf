"""The catalogue: what operations there are, what they take, what they run in."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, Field

from functions.api.answer import answer, describe
from functions.api.problems import Answer
from functions.api.resolver import Api
from functions.core import registry
from functions.core.compute import describe as size
from functions.core.errors import NotFoundError, UnknownOperationError
from functions.core.operation import Operation


class Size(BaseModel):
    """The size of a function or of a task: megabytes and seconds; `cpu` in Fargate's units of 1/1024."""

    kind: Literal["lambda", "fargate"]
    memory_mb: int
    timeout_s: int
    concurrency: int | None = None
    cpu: int | None = None
    disk_mb: int | None = None
    disk_gb: int | None = None


class OperationItem(BaseModel):
    """One operation."""

    name: str
    summary: str
    description: str
    version: int = Field(description="Version of the contract; part of every job id.")
    formats: list[str] = Field(description="The formats it writes.")
    max_input_mb: int
    files: dict[str, list[str]] = Field(description="File fields, and the suffixes that each accepts.")
    compute: Size = Field(description="What jobs run in that fit it.")
    heavy: Size = Field(description="The least that all other jobs run in.")
    request_schema: dict[str, Any] = Field(description="JSON Schema of the request.")
    result_schema: dict[str, Any] = Field(description="JSON Schema of the result.")


class Catalogue(BaseModel):
    """All operations, by name."""

    operations: list[OperationItem]


class CatalogueRoutes:
    """The routes under /operations."""

    def __init__(self, api: Api) -> None:
        """Register."""
        add = partial(api.add, "GET", tag="operations")
        add("/operations", self.list, summary="List operations", responses=describe(Catalogue))
        one = describe(OperationItem, 404)
        add("/operations/<name>", self.show, summary="Show an operation", responses=one)

    def list(self) -> Answer:
        """Every operation with its schemas, formats and sizing."""
        return answer({"operations": [_item(operation) for operation in registry.operations().values()]})

    def show(self, name: Annotated[str, Path(description="The operation's name.")]) -> Answer:
        """One operation with its schemas, formats and sizing."""
        try:
            return answer(_item(registry.operation(name)))
        except UnknownOperationError as error:
            raise NotFoundError(error.message) from None


def _item(operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "version": operation.version,
        "formats": list(operation.formats),
        "max_input_mb": operation.max_input_mb,
        "files": {name: list(mark.suffixes) for name, mark in operation.file_fields.items()},
        "compute": size(operation.compute),
        "heavy": size(operation.heavy),
        "request_schema": operation.request.model_json_schema(),
        "result_schema": operation.result.model_json_schema(),
    }
