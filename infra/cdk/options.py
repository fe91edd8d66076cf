"""What a deployment chooses: read once from the context of the CDK app (`cdk -c stage=prod`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STAGE = re.compile(r"[a-z][a-z0-9]{0,15}")


class Flavour(StrEnum):
    """`aws` is the whole system; `local` is the part of it that the embedded emulator can run."""

    AWS = "aws"
    LOCAL = "local"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The choices of a stage. `lasting` stages keep their data when the stack is deleted.

    With `spot`, heavy jobs run on spare capacity, at about a third of the price, and start over when it is
    taken away. `max_task_s` is the longest that any of them may run, in seconds.
    """

    stage: str = "dev"
    flavour: Flavour = Flavour.AWS
    jwt_issuer: str | None = None
    jwt_audience: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ("*",)
    alarm_email: str | None = None
    default_operations: str = "{}"
    log_level: str = "INFO"
    output_days: int = 90
    spot: bool = False
    max_task_s: int = 14_400

    def __post_init__(self) -> None:
        """Refuse a stage that would make an invalid or ambiguous name."""
        if not STAGE.fullmatch(self.stage) or "uploads" in self.stage:
            raise ValueError(f"{self.stage!r} is not a stage: up to 16 lower-case letters and digits")

    @property
    def stack(self) -> str:
        """The name of the stack, which every named resource starts with."""
        return f"ifcpipe-{self.stage}"

    @property
    def local(self) -> bool:
        """Whether the template is for the embedded emulator."""
        return self.flavour is Flavour.LOCAL

    @property
    def lasting(self) -> bool:
        """Whether data outlives the stack: everywhere but in `dev` and in the local flavour."""
        return not self.local and self.stage != "dev"

    @classmethod
    def from_context(cls, read: Callable[[str], Any]) -> Options:
        """Read the options that the context sets; lists are separated by commas."""
        found: dict[str, Any] = {name: read(name) for name in cls.__dataclass_fields__}
        values = {name: value for name, value in found.items() if value is not None}
        for name in ("jwt_audience", "cors_origins"):
            if name in values:
                values[name] = tuple(part.strip() for part in str(values[name]).split(","))
        if "flavour" in values:
            values["flavour"] = Flavour(values["flavour"])
        for name in ("output_days", "max_task_s"):
            if name in values:
                values[name] = int(values[name])
        if "spot" in values:
            values["spot"] = str(values["spot"]).lower() == "true"
        return cls(**values)
