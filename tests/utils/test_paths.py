import pytest
from django.urls import Resolver404, resolve, reverse

from tests.factories import MovieFactory
from utils.paths import IdConverter
from utils.query_params import MAX_ID


@pytest.mark.parametrize(
    "value", ["0", "01", "-1", "+1", "1.0", "\uff11", "1_0", str(MAX_ID + 1), "9" * 10, "9" * 30, "x", "1\n", "1%00"]
)
def test_anything_but_a_positive_32_bit_number_is_no_such_path(value):
    with pytest.raises(Resolver404):
        resolve(f"/api/v1/movies/{value}/")


@pytest.mark.parametrize("value", [1, MAX_ID])
def test_a_positive_32_bit_number_is_an_id(value):
    assert resolve(f"/api/v1/movies/{value}/").kwargs == {"tmdb_id": value}
    assert IdConverter().to_url(value) == str(value)


def test_the_largest_id_is_read_by_the_database(anonymous, db):
    MovieFactory(tmdb_id=MAX_ID)
    assert anonymous.get(f"/api/v1/movies/{MAX_ID}/").status_code == 200
    assert anonymous.get(f"/api/v1/movies/{MAX_ID - 1}/").json()["code"] == "movie_not_found"


def test_the_schema_has_a_name():
    assert reverse("schema") == "/api/schema/"
