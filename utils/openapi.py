"""How the API describes itself: envelopes typed exactly, parameters from the query serializers, errors declared."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, build_basic_type, build_object_type
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from utils.query_params import NoQuery
from utils.throttling import scopes_of

JSON = "application/json"

ERROR_TEXTS = {
    400: "The request is malformed, has an unknown parameter, or breaks a rule; `errors` says which.",
    401: "No valid access token came with the request, or the credentials in it are wrong.",
    403: "The caller may not do this.",
    404: "There is no such thing, or it is somebody else's.",
    409: "The request conflicts with what is there.",
    413: "The body, or the file, is larger than this server accepts.",
    422: "This Idempotency-Key came with another request before.",
    429: "Too often; `Retry-After` says when to try again. The RateLimit headers of any answer say how near this is.",
    503: "Not available just now; `Retry-After` says when to try again.",
}


class FieldErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="The parameter or body field; empty where it is the whole request.")
    code = serializers.CharField()
    message = serializers.CharField()


class PaginationSerializer(serializers.Serializer[Any]):
    page = serializers.IntegerField()
    per_page = serializers.IntegerField()
    total = serializers.IntegerField()
    pages = serializers.IntegerField()


@extend_schema_field({"type": "boolean", "const": False})
class FalseField(serializers.Field[Any, Any, Any, Any]):
    pass


@extend_schema_field({"type": "null"})
class NullField(serializers.Field[Any, Any, Any, Any]):
    pass


class FailureSerializer(serializers.Serializer[Any]):
    success = FalseField()
    data = NullField()  # type: ignore[assignment]  # a field of that name, as every envelope has
    message = serializers.CharField(help_text="A sentence for a person.")
    code = serializers.CharField(help_text="A stable word for a program.")
    errors = FieldErrorSerializer(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField(help_text="Also in the X-Request-ID header.")


class CommaSeparatedFieldExtension(OpenApiSerializerFieldExtension):
    target_class = "utils.query_params.CommaSeparatedField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "pattern": self.target.pattern}


class EnvelopeAutoSchema(AutoSchema):
    """Puts the envelope around every 2xx body and declares what may go wrong.

    A view may set ``meta_serializer_class`` (what ``meta`` of GET holds; of POST ``post_meta_serializer_class``) and
    ``errors`` (statuses beyond the usual ones).
    """

    def get_override_parameters(self) -> list[Any]:
        if self.method != "GET" or getattr(self.view, "action", "list") != "list":
            return []
        query = getattr(self.view, "query_serializer_class", None)
        return [query] if query and query().fields else []

    def get_summary(self) -> str | None:
        """The first line of the view's docstring; the rest is the description."""
        return super().get_description().partition("\n")[0] or None

    def get_description(self) -> str:
        return super().get_description().partition("\n")[2].strip()

    def get_filter_backends(self) -> list[Any]:
        return []

    def _get_paginator(self) -> None:
        return None  # the query serializers declare page and per_page, the envelope declares pagination

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        bodies |= {str(status): self._failure(text) for status, text in self._errors().items()}
        return bodies | {"default": self._failure("Any other failure: 405, 406, 413, 415, 500.")}

    def _errors(self) -> dict[int, str]:
        statuses = {400, 503, *getattr(self.view, "errors", ())}
        if self.get_auth():
            statuses.add(401)
        if self.path.count("{"):
            statuses.add(404)
        if scopes_of(getattr(self.view, "throttles", ()), self.method):
            statuses.add(429)
        return {status: ERROR_TEXTS[status] for status in sorted(statuses)}

    def _failure(self, text: str) -> dict[str, Any]:
        return {"description": text, "content": {JSON: {"schema": self._component(FailureSerializer)}}}

    def _get_response_for_code(self, serializer: Any, status_code: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        response: dict[str, Any] = super()._get_response_for_code(serializer, status_code, *args, **kwargs)
        if status_code != "204" and "content" not in response:
            response["content"] = {JSON: {"schema": {"type": "null"}}}
        for body in response.get("content", {}).values():
            body["schema"] = self._envelope(body["schema"])
        return response

    def _envelope(self, data: dict[str, Any]) -> dict[str, Any]:
        """The success envelope around ``data`` as a named component."""
        listing = data.get("type") == "array"
        properties = {
            "success": {"type": "boolean", "const": True},
            "data": data,
            "message": build_basic_type(str),
        }
        if listing and "per_page" in self._asked():
            properties["pagination"] = self._component(PaginationSerializer)
        name = "meta_serializer_class" if self.method == "GET" else f"{self.method.lower()}_meta_serializer_class"
        if meta := getattr(self.view, name, None):
            properties["meta"] = self._component(meta)
        name = "".join(word.title() for word in self.get_operation_id().split("_")) + "Envelope"
        component = ResolvedComponent(
            name=name,
            type=ResolvedComponent.SCHEMA,
            object=name,
            schema=build_object_type(properties=properties, required=list(properties)),
        )
        self.registry.register_on_missing(component)
        return dict(component.ref)

    def _asked(self) -> Any:
        """The fields of what is asked: of the query, or of the body."""
        if self.method == "GET":
            return getattr(self.view, "query_serializer_class", NoQuery)().fields
        body = self.get_request_serializer()
        return getattr(body() if isinstance(body, type) else body, "fields", {})

    def _component(self, serializer_class: type[serializers.BaseSerializer[Any]]) -> dict[str, Any]:
        return dict(self.resolve_serializer(serializer_class, "response").ref)


def tighten(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Make types say what is so: what must be sent, what will come."""
    for operation in (operation for path in result["paths"].values() for operation in path.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["schema"].get("default") == []:
                del parameter["schema"]["default"]  # of a text with commas: it is a list only once it is read
    for name, schema in result["components"]["schemas"].items():
        if "properties" in schema:
            (_tighten_request if name.endswith("Request") else _tighten_response)(schema)
    return result


def _tighten_request(schema: dict[str, Any]) -> None:
    """No property beyond those declared; generators take what has a default for one that must be sent."""
    schema["additionalProperties"] = False
    for declared in schema["properties"].values():
        declared.pop("default", None)


def _tighten_response(schema: dict[str, Any]) -> None:
    """Every property is there, else clients see ``overview?: string``; readOnly says nothing apart from requests."""
    schema["required"] = sorted(schema["properties"])
    for declared in schema["properties"].values():
        declared.pop("readOnly", None)
