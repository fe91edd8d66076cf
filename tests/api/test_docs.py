"""The document and Swagger UI, served by the API alone."""

from __future__ import annotations

import re

from functions.api.openapi import document
from tests.api.conftest import Site


def test_the_document_is_open(site: Site) -> None:
    assert site.get("/openapi.json", key=None).json() == document()


def test_swagger_ui_loads_nothing_from_elsewhere(site: Site) -> None:
    answer = site.get("/docs", key=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-encoding"] == "gzip"
    assert "SwaggerUIBundle(" in answer.text
    assert '"/ifcinfo"' in answer.text
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", answer.text) == []


def test_the_page_links_to_its_document(site: Site) -> None:
    assert site.get("/docs?format=json", key=None).json() == document()


def test_requests_of_the_page_go_to_where_it_lies() -> None:
    assert document()["servers"] == [{"url": "."}]  # the local API lies below a path


def test_the_page_fits_into_a_lambda_answer(site: Site) -> None:
    answer = site.call("GET", "/docs", key=None, headers={"Accept-Encoding": "identity"})
    assert len(answer.content) < 6_000_000
