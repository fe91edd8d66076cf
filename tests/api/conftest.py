"""The API in process: the ASGI application over a stage in moto, with a key for each of two tenants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from functions.api.local import Local
from functions.api.resolver import Api
from functions.api.routes import build
from functions.aws.keys import Keys
from functions.core.job import Job
from tests.aws.stack import Stack


@dataclass
class Site:
    """A running API: `site.get("/jobs")` calls it with the key of tenant `default`."""

    stack: Stack
    api: Api
    keys: Keys
    app: Local
    key: str
    other_key: str
    slept: list[float] = field(default_factory=list)

    def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = "",
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request with the tenant's key, another one, or (None) none."""
        token = self.key if key == "" else key
        sent = {**(headers or {}), **({"X-API-Key": token} if token is not None else {})}
        if content is not None:
            sent = {"Content-Type": "application/json", **sent}
        return asyncio.run(self._send(method, path, headers=sent, json=body, content=content))

    def get(self, path: str, *, key: str | None = "") -> httpx.Response:
        return self.call("GET", path, key=key)

    def post(
        self,
        path: str,
        body: object = None,
        *,
        key: str | None = "",
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return self.call("POST", path, key=key, body=body, content=content, headers=headers)

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, **options)

    def submit(self, name: str = "house.ifc", *, key: str | None = "") -> Job:
        """Store a model and submit `ifcinfo` on it."""
        self.stack.put(name if key == "" else f"tenants/other/{name}")
        answer = self.post("/ifcinfo", {"filename": name}, key=key)
        assert answer.status_code == 202, answer.text
        return self.stack.services.jobs.get(answer.json()["job_id"])

    def start(self, job: Job) -> Job:
        """Let a worker claim a job."""
        claimed = self.stack.services.jobs.claim(job.job_id, owner="worker", lease_s=60)
        assert claimed is not None
        return claimed

    def finish(self, job: Job, *names: str) -> Job:
        """Let a worker finish a job with these outputs."""
        bucket = self.stack.services.settings.output_bucket
        outputs = []
        for name in names:
            key = f"jobs/{job.job_id}/{name}"
            self.stack.clients.s3.put_object(Bucket=bucket, Key=key, Body=b"result of " + name.encode())
            outputs.append(
                {"name": name, "key": key, "size": 9, "sha256": "0" * 64, "content_type": "application/json"}
            )
        result = {
            "success": True,
            "message": "done",
            "output_path": f"s3://{bucket}/jobs/{job.job_id}/",
            "outputs": outputs,
            "statistics": {},
            "warnings": [],
            "db_id": job.job_id,
        }
        return self.stack.services.jobs.finish(self.start(job), result)


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(stack: Stack) -> MakeSite:
    """Return `make_site(on_sleep=...)`: what happens while the API waits."""

    def make(*, on_sleep: Callable[[], object] = lambda: None) -> Site:
        seconds = [0.0]
        slept: list[float] = []

        def sleep(pause: float) -> None:
            seconds[0] += pause
            slept.append(pause)
            on_sleep()

        api = build(lambda: stack.services, sleep=sleep, clock=lambda: seconds[0], now=stack.clock)
        keys = Keys(stack.clients.dynamodb, stack.services.settings.table_name, now=stack.clock)
        return Site(
            stack=stack,
            api=api,
            keys=keys,
            app=Local(api, verify=keys.verify),
            key=keys.create("default"),
            other_key=keys.create("other"),
            slept=slept,
        )

    return make


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """The API where nothing happens while it waits."""
    return make_site()
