import pytest
from rest_framework import serializers

from utils.bodies import BodySerializer


class Body(BodySerializer):
    flag = serializers.BooleanField(required=False, allow_null=True)
    text = serializers.CharField(required=False)
    count = serializers.IntegerField(required=False)
    share = serializers.FloatField(required=False)
    names = serializers.ListField(required=False)
    shown = serializers.CharField(read_only=True)


def errors_of(data):
    body = Body(data=data)
    body.is_valid()
    return {name: errors[0].code for name, errors in body.errors.items()}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("flag", [0, 1, "true", "", [], {}]),
        ("text", [7, 7.5, True, [], {}]),
        ("count", ["7", True, [], {}]),
        ("share", ["7.5", False, [], {}]),
    ],
)
def test_another_json_type_is_an_error(field, values):
    assert [errors_of({field: value}) for value in values] == [{field: "wrong_type"}] * len(values)


@pytest.mark.parametrize(
    ("field", "value"), [("flag", False), ("flag", None), ("text", "7"), ("count", 7), ("share", 7), ("share", 7.5)]
)
def test_the_right_json_type_is_read_as_it_is(field, value):
    body = Body(data={field: value})
    assert body.is_valid()
    assert body.validated_data == {field: value}


def test_every_unknown_field_is_named():
    assert errors_of({"text": "x", "foo": 1, "bar": None}) == {"foo": "unknown_field", "bar": "unknown_field"}


@pytest.mark.parametrize("value", ["x", 7, None])
def test_what_is_only_to_read_may_be_sent_back(value):
    body = Body(data={"shown": value})
    assert body.is_valid()
    assert body.validated_data == {}


def test_fields_of_other_kinds_judge_for_themselves():
    assert errors_of({"names": "x"}) == {"names": "not_a_list"}


def test_null_is_for_fields_that_take_it():
    assert errors_of({"text": None, "flag": None}) == {"text": "null"}


@pytest.mark.parametrize("data", [[], "x", 1, None])
def test_a_body_is_an_object(data):
    body = Body(data=data)
    assert not body.is_valid()
