"""The environment of a function, parsed once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from functions.core.errors import PipelineError
from functions.core.reference import DEFAULT_TENANT


class Settings(BaseModel):
    """What a stage is made of. Each field is an environment variable of the same name in capitals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str = Field(min_length=1)
    table_name: str = Field(min_length=1)
    input_bucket: str = Field(min_length=1)
    output_bucket: str = Field(min_length=1)
    queue_url_prefix: str = Field(min_length=1)
    event_bus_name: str = Field(min_length=1)
    default_tenant: str = Field(DEFAULT_TENANT, min_length=1)
    default_operations: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    lease_seconds: int = Field(60, ge=1)
    max_attempts: int = Field(3, ge=1)
    job_ttl_days: int = Field(90, ge=1)
    max_task_seconds: int = Field(14_400, ge=60)
    state_machine_arn: str | None = None
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")

    @field_validator("default_operations", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> Any:  # noqa: ANN401 - pydantic checks it next
        """Accept JSON text, as the environment has it."""
        return json.loads(value) if isinstance(value, str) else value

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Settings:
        """Read the settings, or raise a PipelineError that names each variable at fault."""
        found = {name: env[name.upper()] for name in cls.model_fields if env.get(name.upper())}
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            faults = "; ".join(
                f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors(include_url=False)
            )
            raise PipelineError(f"the environment is incomplete: {faults}") from None

    def queue_url(self, operation: str) -> str:
        """Return the URL of an operation's queue; `uploads` is intake's, `heavy` that of all heavy jobs."""
        return self.queue_url_prefix + operation

    def dead_letter_url(self, operation: str) -> str:
        """Return the URL of the dead-letter queue of an operation."""
        return f"{self.queue_url_prefix}{operation}-dead"
