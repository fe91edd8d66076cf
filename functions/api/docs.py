"""The API's own documentation: the OpenAPI document, and Swagger UI without any other server."""

from __future__ import annotations

import json
from importlib import resources

from aws_lambda_powertools.event_handler import Response

from functions.api import openapi
from functions.api.answer import answer
from functions.api.problems import Answer
from functions.api.resolver import Api

CACHE = {"Cache-Control": "public, max-age=300"}


class DocsRoutes:
    """GET /openapi.json and GET /docs, open to all."""

    def __init__(self, api: Api) -> None:
        """Register; the document does not describe itself."""
        self._api = api
        api.get("/openapi.json", include_in_schema=False)(self.document)
        api.get("/docs", include_in_schema=False, compress=True)(self.page)

    def document(self) -> Answer:
        """The OpenAPI document."""
        return answer(openapi.document(), headers=CACHE)

    def page(self) -> Answer:
        """Swagger UI in one page: the assets come with Powertools and stand in the page itself.

        The page's own link to the document it shows is `?format=json`.
        """
        if (self._api.current_event.query_string_parameters or {}).get("format") == "json":
            return self.document()
        from aws_lambda_powertools.event_handler.openapi import swagger_ui  # noqa: PLC0415 - rarely asked

        assets = resources.files(swagger_ui)
        body = swagger_ui.generate_swagger_html(
            spec=json.dumps(openapi.document()).replace("</", "<\\/"),
            swagger_js=assets.joinpath("swagger-ui-bundle.min.js").read_text("utf-8"),
            swagger_css=assets.joinpath("swagger-ui.min.css").read_text("utf-8"),
            swagger_base_url="",
            oauth2_config=None,
        )
        return Response(status_code=200, content_type="text/html; charset=utf-8", body=body, headers=CACHE)
