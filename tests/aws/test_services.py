from __future__ import annotations

from functions.aws.services import services
from functions.core.job import Status
from tests.aws.stack import Stack


def test_services_of_the_environment_reach_the_table(stack: Stack) -> None:
    services.cache_clear()
    found = services()
    assert found is services()
    assert found.settings.stage == "test"
    assert found.jobs.list("default", status=Status.QUEUED).jobs == []
    services.cache_clear()
