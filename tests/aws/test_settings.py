"""The environment of a function."""

from __future__ import annotations

import pytest

from functions.aws.settings import Settings
from functions.core.errors import PipelineError
from tests.aws.stack import ENVIRONMENT


def test_the_environment_is_read_with_its_defaults() -> None:
    settings = Settings.from_environment({**ENVIRONMENT, "PATH": "/bin"})
    assert settings.stage == "test"
    assert (settings.lease_seconds, settings.max_attempts, settings.job_ttl_days) == (60, 3, 90)
    assert settings.default_tenant == "default"
    assert settings.queue_url("ifcinfo").endswith("/ifcpipe-test-ifcinfo")
    assert settings.dead_letter_url("uploads").endswith("/ifcpipe-test-uploads-dead")


def test_values_are_typed() -> None:
    defaults = '{"in/": ["ifcinfo", "ifcconvert"], "": []}'
    env = {**ENVIRONMENT, "LEASE_SECONDS": "15", "DEFAULT_OPERATIONS": defaults, "LOG_LEVEL": "DEBUG"}
    settings = Settings.from_environment(env)
    assert settings.lease_seconds == 15
    assert settings.default_operations == {"in/": ("ifcinfo", "ifcconvert"), "": ()}


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named(name: str) -> None:
    for env in ({key: value for key, value in ENVIRONMENT.items() if key != name}, {**ENVIRONMENT, name: ""}):
        with pytest.raises(PipelineError, match=name):
            Settings.from_environment(env)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEASE_SECONDS", "0"),
        ("LEASE_SECONDS", "soon"),
        ("MAX_ATTEMPTS", "-1"),
        ("DEFAULT_OPERATIONS", "{"),
        ("DEFAULT_OPERATIONS", '{"in/": "ifcinfo"}'),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(PipelineError, match=name):
        Settings.from_environment({**ENVIRONMENT, name: value})
