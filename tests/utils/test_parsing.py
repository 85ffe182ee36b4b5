from io import BytesIO

import pytest
from rest_framework.exceptions import ParseError

from utils.parsing import MAX_DEPTH, MAX_OPENED, JSONParser


def parsed(body):
    return JSONParser().parse(BytesIO(body))


def refusal(body):
    with pytest.raises(ParseError) as refused:
        parsed(body)
    return str(refused.value.detail)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b" [1, -0.5, 1e2, true, null] ", [1, -0.5, 100.0, True, None]),
        ('{"\u00fc": "\u2603"}'.encode(), {"\u00fc": "\u2603"}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}', {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}),
        (b'"a\\u0000b"', "a\x00b"),  # JSON it is; a CharField says no
    ],
)
def test_json_is_read_as_it_stands(body, value):
    assert parsed(body) == value


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"\xef\xbb\xbf{}", b"NaN", b"-Infinity", b"1e400", b"9" * 401, b"9" * 100_000, b'"\\ud800"', b'"\xff"'],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_is_refused_with_its_place(body):
    assert refusal(body).startswith("The body is not valid JSON: line 1, column ")


def test_a_long_integer_is_no_integer_but_a_number_still():
    assert parsed(b"1" + b"0" * 300) == 1e300


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_nesting_has_a_limit(opening, closing):
    levels = opening.count(b"[") + opening.count(b"{")

    def nested(depth):
        return opening * depth + b"1" + closing * depth

    assert parsed(nested(MAX_DEPTH // levels))
    assert refusal(nested(MAX_DEPTH // levels + 1)) == "The body nests objects and lists more than 32 deep."
    for depth in (1000, 100_000):
        assert refusal(nested(depth))


def test_width_is_no_depth_and_has_a_limit_of_its_own():
    def wide(width):
        return b"[" + b",".join([b"[]", b"{}"] * (width // 2)) + b"]"

    assert len(parsed(wide(MAX_OPENED - 2))) == MAX_OPENED - 2
    assert refusal(wide(MAX_OPENED)) == "The body holds more than 1000 objects and lists."


@pytest.mark.parametrize(
    "body",
    [b'{"a": 1, "a": 1}', b'{"a": 1, "\\u0061": 2}', b'[{"b": {"a": 1, "c": 2, "a": 3}}]', b'{"": 1, "": 2}'],
)
def test_a_name_given_twice_is_refused(body):
    assert refusal(body) == "An object in the body gives one name twice."
