"""The deployed handler: what its import costs, and an event through it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from functions.api.local import Context
from functions.aws.services import services
from tests.api.conftest import Site
from tests.conftest import ROOT

HEAVY = ("ifcopenshell", "numpy", "shapely", "openpyxl")


def test_the_api_and_the_authorizer_import_no_geometry() -> None:
    for module in ("functions.api.handler", "functions.api.authorizer", "functions.api.local"):
        code = f"import json, sys, time, {module}\nprint(json.dumps([time.process_time(), *sys.modules]))"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        seconds, *loaded = json.loads(done.stdout)
        assert not {*HEAVY} & {*loaded}
        # Half a second is the aim, measured in benchmarks; here a busy machine has some room.
        assert seconds < 5


def event(path: str, **authorizer: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "stage": "$default",
            "requestId": "r",
            "http": {"method": "GET", "path": path},
            "authorizer": {"lambda": authorizer},
        },
        "isBase64Encoded": False,
    }


def test_an_event_of_api_gateway_is_answered(site: Site) -> None:
    from functions.api.handler import handler  # noqa: PLC0415 - its services are the test's

    job = site.submit()
    services.cache_clear()
    try:
        asked = event(f"/jobs/{job.job_id}/status", tenant="default", scopes="read", key_id="k")
        answer = handler(asked, Context())
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["job_id"] == job.job_id
        nobody = handler(event(f"/jobs/{job.job_id}/status"), Context())
        assert nobody["statusCode"] == 401
    finally:
        services.cache_clear()


@pytest.mark.parametrize(
    ("name", "statuses"),
    [("api-health", {200}), ("api-ifcinfo", {202, 404}), ("api-status", {200, 404})],
)
def test_the_sample_events_are_answered(site: Site, name: str, statuses: set[int]) -> None:
    from functions.api.handler import handler  # noqa: PLC0415 - its services are the test's

    services.cache_clear()
    try:
        sample = json.loads((ROOT / "events" / f"{name}.json").read_text("utf-8"))
        site.stack.put(str(json.loads(sample.get("body") or "{}").get("filename", "house.ifc")))
        assert handler(sample, Context())["statusCode"] in statuses
    finally:
        services.cache_clear()
