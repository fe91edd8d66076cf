"""Sample events and the handlers they are for: `events/index.json` beside them says which."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.core.errors import InputError, NotFoundError

HANDLERS = (
    "functions.api.handler.handler",
    "functions.api.authorizer.handler",
    "functions.intake.handler.handler",
    "functions.worker.handler.handler",
    "functions.reap.handler.sweep",
    "functions.reap.handler.dead_letters",
    "functions.release.handler.handler",
    "functions.notify.handler.handler",
)
TIMEOUT_S = 900


@dataclass(frozen=True)
class Context:
    """What Lambda tells a handler about its invocation."""

    function_name: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 1769
    until: float = field(default_factory=lambda: time.time() + TIMEOUT_S)

    @property
    def invoked_function_arn(self) -> str:
        """The ARN of the function that this process stands for."""
        return f"arn:aws:lambda:local:000000000000:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left, as Lambda does."""
        return max(0, int((self.until - time.time()) * 1000))


def read(path: Path, handler: str | None) -> tuple[Any, str]:
    """Return an event and the handler it is for."""
    if not path.is_file():
        raise NotFoundError(f"Input file {path} not found", field="EVENT.json")
    try:
        event = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}", field="EVENT.json") from None
    name = handler or _indexed(path)
    if name not in HANDLERS:
        raise InputError(
            f"which handler {path.name} is for is not known: name one of {', '.join(HANDLERS)}",
            field="--handler",
        )
    return event, name


def call(handler: str, event: Any, env: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """Call a handler in this process with the environment of its stage, and return its answer."""
    module, _, function = handler.rpartition(".")
    os.environ.update({"POWERTOOLS_SERVICE_NAME": "invoke", **env})
    name = f"ifcpipe-{env.get('STAGE', 'local')}-{module.split('.')[1]}"
    with contextlib.redirect_stdout(sys.stderr):  # where the log goes: the answer stands alone
        found = getattr(importlib.import_module(module), function)
        return found(event, Context(function_name=name))


def _indexed(path: Path) -> str | None:
    """Return the handler that the index beside the event names."""
    index = path.parent / "index.json"
    if not index.is_file():
        return None
    handler: str | None = json.loads(index.read_text(encoding="utf-8")).get(path.name)
    return handler
