"""localstack-compose.yml, which no test can start: there is neither Docker nor a token."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.layers.dockerfile import ROOT


@pytest.fixture
def service() -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "localstack-compose.yml").read_text(encoding="utf-8"))
    (service,) = compose["services"].values()
    return dict(service)


def test_the_image_is_pinned(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"localstack/localstack:\d{4}\.\d{2}\.\d+", service["image"])


def test_it_refuses_to_start_without_a_token(service: dict[str, Any]) -> None:
    assert service["environment"]["LOCALSTACK_AUTH_TOKEN"].startswith("${LOCALSTACK_AUTH_TOKEN:?")


def test_its_ports_are_open_on_this_machine_alone(service: dict[str, Any]) -> None:
    assert service["ports"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_it_can_start_containers_for_functions(service: dict[str, Any]) -> None:
    assert "/var/run/docker.sock:/var/run/docker.sock" in service["volumes"]
