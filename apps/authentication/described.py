"""Answers and bodies that the rest of the API has none of: a file, and a DELETE that says something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from apps.authentication.serializers import PasswordBody
from utils.openapi import ERROR_TEXTS, JSON, EnvelopeAutoSchema


class FileNegotiation(DefaultContentNegotiation):
    """A file is what it is, whatever the caller accepts; what goes wrong instead is JSON, as everywhere."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class FileSchema(EnvelopeAutoSchema):
    """A file comes without an envelope."""

    def _envelope(self, data: dict[str, Any]) -> dict[str, Any]:
        return data


class PasswordToDeleteSchema(EnvelopeAutoSchema):
    """drf-spectacular thinks that no DELETE has a body."""

    def _get_request_body(self, direction: str = "request") -> dict[str, Any] | None:
        body: dict[str, Any] | None = super()._get_request_body(direction)  # type: ignore[no-untyped-call]  # as it is
        if self.method == "DELETE":
            schema = dict(self.resolve_serializer(PasswordBody, "request").ref)
            body = {"content": {JSON: {"schema": schema}}, "required": True}
        return body

    def _errors(self) -> dict[int, str]:
        statuses = (403, 409) if self.method == "DELETE" else ()
        return {**super()._errors(), **{status: ERROR_TEXTS[status] for status in statuses}}
