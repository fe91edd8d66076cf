"""The body of a queue message: a version and a job id, nothing else travels."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    """What an operation's queue carries; everything else is read from the job's record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    job_id: str = Field(pattern=r"^[0-9a-f]{32}$")
