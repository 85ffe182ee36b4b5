"""Path converters."""

from django.urls import register_converter

from utils.query_params import MAX_ID


class IdConverter:
    """A positive 32-bit integer in plain digits; anything else is no such path."""

    regex = "[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        if (number := int(value)) > MAX_ID:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(IdConverter, "id")
