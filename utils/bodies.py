"""Request bodies, as strict as query strings: what is unknown or of another JSON type is an error, never a guess."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from utils.exceptions import MAX_ERRORS

if TYPE_CHECKING:
    _MixedInto = serializers.Serializer[Any]
else:
    _MixedInto = object

# DRF would read 0 as false, 7 as "7" and "7" as 7.
JSON_TYPES: dict[type[Any], tuple[type, ...]] = {
    serializers.BooleanField: (bool,),
    serializers.CharField: (str,),
    serializers.IntegerField: (int, float),
    serializers.FloatField: (int, float),
}


# No docstrings on these two: the API description would show them as what each request is.
# Fields that are read-only may be sent back, and change nothing.
class StrictBody(_MixedInto):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (errors := dict(islice(self._complaints(data), MAX_ERRORS))):
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

    def _complaints(self, data: Mapping[str, Any]) -> Iterator[tuple[str, list[serializers.ErrorDetail]]]:
        for name, value in data.items():
            field = self.fields.get(name)
            if field is None:
                known = ", ".join(sorted(self.fields))
                yield name, [serializers.ErrorDetail(f"Unknown field. Known here: {known}.", code="unknown_field")]
            elif value is not None and not field.read_only and not _fits(field, value):
                yield name, [serializers.ErrorDetail("Not of the right JSON type.", code="wrong_type")]


def _fits(field: Any, value: object) -> bool:
    for kind, types in JSON_TYPES.items():
        if isinstance(field, kind):
            return isinstance(value, types) and (bool in types or not isinstance(value, bool))
    return True


class ShortListField(serializers.ListField):
    """Counts before it looks: REST framework checks every item first, and a body has room for half a million."""

    max_length: int

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class BodySerializer(StrictBody, serializers.Serializer[Any]):
    pass
