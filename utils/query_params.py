"""Query parameters, parsed by serializers and nowhere else: an unknown or repeated one is an error, never a guess."""

import re
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

MAX_ID = 2**31 - 1
_DIGITS = re.compile(r"-?[0-9]{1,10}", re.ASCII)


class StrictIntegerField(serializers.IntegerField):
    """Plain ASCII digits; ``int()`` also takes full-width digits, "1_000" and " 1 "."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and not _DIGITS.fullmatch(data):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class ChoiceField(serializers.ChoiceField):
    """Says what the choices are."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        self.error_messages["invalid_choice"] = f'"{{input}}" is not known. Known here: {", ".join(self.choices)}.'


class CommaSeparatedField(serializers.Field[Any, str, Any, Any]):
    """Values with commas between them, each checked by ``child``; a subclass names the ``pattern`` of the whole."""

    pattern: str
    limit = 20
    default_error_messages = {"too_many": "Give at most {limit}."}

    def __init__(self, child: serializers.Field[Any, Any, Any, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.child = child

    def to_internal_value(self, data: str) -> tuple[Any, ...]:
        parts = data.split(",")
        if len(parts) > self.limit:
            self.fail("too_many", limit=self.limit)
        return tuple(sorted({self.child.run_validation(part) for part in parts}))  # one spelling for the cache


class QuerySerializer(serializers.Serializer[dict[str, Any]]):
    """The parameters an endpoint knows; the base for each endpoint's own."""

    @classmethod
    def parse(cls, params: QueryDict) -> dict[str, Any]:
        """Validated parameters with their defaults; raises ValidationError for anything else."""
        query = cls(data=params.dict())
        known = set(query.fields)
        unknown = [name for name in params if name not in known]
        repeated = [name for name, values in params.lists() if name in known and len(values) > 1]
        errors = {name: _error("Unknown parameter.", "unknown_parameter") for name in unknown}
        errors |= {name: _error("Give this parameter once.", "repeated_parameter") for name in repeated}
        if unknown:  # once, not for each of fifty
            errors[unknown[0]] = _error(_unknown(known), "unknown_parameter")
        if errors:
            raise serializers.ValidationError(errors)
        query.is_valid(raise_exception=True)
        return dict(query.validated_data)


def _error(sentence: str, code: str) -> list[serializers.ErrorDetail]:
    return [serializers.ErrorDetail(sentence, code=code)]


def _unknown(known: set[str]) -> str:
    if not known:
        return "No parameters are known here."
    return f"Unknown parameter. Known here: {', '.join(sorted(known))}."


class NoQuery(QuerySerializer):
    """For endpoints without parameters."""


class PageQuery(QuerySerializer):
    page = StrictIntegerField(min_value=1, max_value=1_000_000, default=1, help_text="Page number, from 1.")
    per_page = StrictIntegerField(min_value=1, max_value=100, default=20, help_text="Entries a page.")
