"""Where a stranger can send something: every endpoint of the URL table, with what the API description says it takes."""

import re
from dataclasses import dataclass, field
from functools import cache

import yaml
from django.conf import settings
from django.urls import get_resolver

from tests.test_private_endpoints import ENDPOINTS, NO_UUID, patterns

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it was built: 0.1 s instead of 1.5 s
LONGEST = 16  # levels of a schema: ours have three
EXAMPLES = {"email": "somebody@example.org", "password": "nobody has this passphrase", "tmdb_id": 603, "value": 8.5}
BY_FORMAT = {"email": EXAMPLES["email"], "date-time": "2026-01-01T12:00:00Z", "uuid": NO_UUID}
BY_TYPE = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}}


@dataclass(frozen=True)
class Endpoint:
    """``path`` has its parameters filled in; ``template`` has ``{}`` in place of each. ``fields``: name -> example."""

    method: str
    path: str
    template: str = ""
    query: tuple[str, ...] = ()
    fields: dict[str, object] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        return self.method != "GET"


def endpoints() -> list[Endpoint]:
    """An endpoint that the committed description lacks is attacked with what fits all."""
    described = _described()
    return [described.get((method, path)) or Endpoint(method, path) for method, path in ENDPOINTS]


def other_paths() -> list[str]:
    """What the server answers beside the API: its description and its admin."""
    return sorted({path for path, _ in patterns(get_resolver()) if not path.startswith("/api/v1/")})


@cache
def _described() -> dict[tuple[str, str], Endpoint]:
    document = yaml.load((settings.BASE_DIR / "docs" / "openapi.yaml").read_text(), Loader)  # noqa: S506  # both are safe
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            formats = {each["name"]: each["schema"].get("format") for each in parameters if each["in"] == "path"}
            filled = path.format(**{name: NO_UUID if form == "uuid" else "1" for name, form in formats.items()})
            found[method.upper(), filled] = Endpoint(
                method.upper(),
                filled,
                re.sub(r"\{\w+\}", "{}", path) if formats else "",
                tuple(each["name"] for each in parameters if each["in"] == "query"),
                _fields(document, operation.get("requestBody", {})),
            )
    return found


def _fields(document: dict, body: dict) -> dict[str, object]:
    schema = next(iter(body.get("content", {}).values()), {}).get("schema", {})
    properties = _resolved(document, schema).get("properties", {})
    return {name: _example(name, _resolved(document, each)) for name, each in properties.items()}


def _resolved(document: dict, schema: dict) -> dict:
    """The schema that a chain of references and alternatives begins with."""
    for _ in range(LONGEST):
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif choice := next((schema[key] for key in ("allOf", "oneOf", "anyOf") if key in schema), None):
            schema = {
                **choice[0],
                **{key: value for key, value in schema.items() if key not in ("allOf", "oneOf", "anyOf")},
            }
        else:
            break
    return schema


def _example(name: str, schema: dict) -> object:
    for key in ("example", "default"):
        if key in schema:
            return schema[key]
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    return EXAMPLES.get(name) or next(iter(schema.get("enum", [])), BY_FORMAT.get(schema.get("format"), BY_TYPE[kind]))
