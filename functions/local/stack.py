"""The whole local stack: emulator, deployment, a key, and workers for what AWS would give to Fargate."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.aws.keys import Keys
from functions.core import registry
from functions.core.compute import HEAVY
from functions.core.errors import PipelineError
from functions.local import deploy, guard, worker
from functions.local.emulator import Emulator
from functions.local.state import Record


class Stack:
    """A local stack: `with Stack() as stack: stack.start(); stack.url, stack.key`.

    Nothing of it outlives the `with`, nor this process.
    """

    def __init__(
        self,
        *,
        parameters: Mapping[str, str] | None = None,
        template: Path = deploy.TEMPLATE,
        emulator: Emulator | None = None,
    ) -> None:
        """Choose; nothing runs before `start`."""
        self.emulator = emulator or Emulator()
        self._parameters, self._template = parameters, template
        self._deployment: deploy.Deployment | None = None
        self._key: str | None = None
        self._workers: list[worker.Child] = []

    @property
    def url(self) -> str:
        """Where the HTTPS API answers (locally without the S)."""
        return self._deployed.url

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of the stack's functions, with what boto3 needs."""
        return self._deployed.environment

    @property
    def key(self) -> str:
        """An API key of the default tenant that may do everything."""
        if self._key is None:
            raise PipelineError("the local stack has not been started")
        return self._key

    @property
    def _deployed(self) -> deploy.Deployment:
        if self._deployment is None:
            raise PipelineError("the local stack has not been started")
        return self._deployment

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        """Return a boto3 client for the emulated AWS."""
        return connect(service, self.emulator.environment())

    def start(self, *, report: Callable[[str], None] = lambda _: None) -> Self:
        """Start everything; `report` is told what is being done."""
        report("starting the emulated AWS")
        self.emulator.start()
        try:
            self._deployment = deploy.deploy(
                self.emulator, template=self._template, parameters=self._parameters, report=report
            )
            report("making a key")
            store = Keys(self.client("dynamodb"), self.environment["TABLE_NAME"])
            self._key = store.create("default", scopes=["admin"])
            self._start_workers()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End everything."""
        for child in self._workers:
            child.end()
        self._workers.clear()
        self.emulator.stop()

    def warm(self, operations: Iterable[str]) -> None:
        """Start the functions that these operations need while nobody waits for them yet; does not wait."""
        names = ["authorizer", "api", "intake", *(f"worker-{name}" for name in operations)]
        client = self.client("lambda")
        for index in range(deploy.workers()):
            # Daemons, not a pool: leaving must not wait for them.
            own = names[index :: deploy.workers()]
            threading.Thread(target=_invoke, args=(client, own), daemon=True).start()

    def record(self, name: str) -> Record:
        """Return what others need to find this stack."""
        return Record(
            name=name,
            kind="stack",
            pid=os.getpid(),
            born=guard.born(os.getpid()),
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            url=self.url,
            key=self.key,
            endpoint=self.emulator.url,
            environment=dict(self.environment),
            operations=tuple(registry.operations()),
        )

    def __enter__(self) -> Self:
        """Enter; `start` is a step of its own, so that its progress can be shown."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _start_workers(self) -> None:
        """Start one polling worker for everything that would run in Fargate."""
        log = self.emulator.folder / f"poll-{HEAVY}.log"
        child = worker.Child.start([HEAVY], name=f"poll-{HEAVY}", env=self.environment, log=log)
        self._workers.append(child)


def connect(service: str, env: Mapping[str, str]) -> Any:  # noqa: ANN401 - boto3 has no types
    """Return a boto3 client for an environment; what it leaves out, boto3 finds as usual."""
    path_style = Config(s3={"addressing_style": "path"}) if env.get("AWS_ENDPOINT_URL") else None
    return boto3.client(
        service,
        endpoint_url=env.get("AWS_ENDPOINT_URL"),
        region_name=env.get("AWS_REGION"),
        aws_access_key_id=env.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=env.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=env.get("AWS_SESSION_TOKEN"),
        config=path_style,
    )


def _invoke(client: Any, names: list[str]) -> None:  # noqa: ANN401 - boto3 has no types
    """Call functions with an event of no records. Whatever comes of it is no matter."""
    for name in names:
        with contextlib.suppress(BotoCoreError, ClientError):
            client.invoke(FunctionName=f"ifcpipe-{deploy.STAGE}-{name}", Payload=b'{"Records": []}')
