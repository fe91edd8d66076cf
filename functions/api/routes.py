"""All routes of the API on one router."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from functions.api.catalogue import CatalogueRoutes
from functions.api.docs import DocsRoutes
from functions.api.health import HealthRoutes
from functions.api.jobs import JobRoutes
from functions.api.resolver import Api
from functions.api.submissions import SubmissionRoutes
from functions.api.uploads import UploadRoutes
from functions.aws.services import Services


def build(
    services: Callable[[], Services],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Api:
    """Return the router; `services` is called when the first request needs them."""
    api = Api(services=services, sleep=sleep, clock=clock, now=now)
    for routes in (UploadRoutes, SubmissionRoutes, JobRoutes, CatalogueRoutes, HealthRoutes, DocsRoutes):
        routes(api)
    return api
