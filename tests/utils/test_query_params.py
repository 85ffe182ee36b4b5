from urllib.parse import quote

import pytest

from tests.factories import MovieFactory

URL = "/api/v1/movies/popular/"
NOT_PLAIN = [
    "",
    "x",
    "\uff11",
    "1_000",
    "+1",
    " 1",
    "1 ",
    "1.0",
    "1e1",
    "0x1",
    "-",
    "--1",
    "٣",
    "1\0",
    "\0",
    "1\n",
    "last",
    "None",
]
TOO_FAR = {"page": ["0", "-1", "1000001", "9999999999"], "per_page": ["0", "-1", "101", "9999999999"]}

pytestmark = pytest.mark.django_db


def errors_of(response):
    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize("value", [*NOT_PLAIN, "1" * 11, str(10**18), "1" * 5000])
def test_a_number_is_plain_digits(anonymous, name, value):
    assert errors_of(anonymous.get(f"{URL}?{name}={quote(value)}")) == [(name, "invalid")]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in TOO_FAR.items() for value in values])
def test_a_number_out_of_range_is_an_error_not_a_clamp(anonymous, name, value):
    ((field, code),) = errors_of(anonymous.get(f"{URL}?{name}={value}"))
    assert field == name
    assert code in {"min_value", "max_value"}


@pytest.mark.parametrize("query", ["page=1&page=1", "page=1&page=2", "page=&page=1"])
def test_a_repeated_parameter_is_an_error(anonymous, query):
    assert errors_of(anonymous.get(f"{URL}?{query}")) == [("page", "repeated_parameter")]


@pytest.mark.parametrize("name", ["pages", "Page", "format", "", "page ", "%00", "%ED%A0%80", "page[]"])
def test_an_unknown_parameter_is_an_error_that_names_the_known(anonymous, name):
    response = anonymous.get(f"{URL}?{name}=1")
    assert [code for _, code in errors_of(response)] == ["unknown_parameter"]
    assert response.json()["errors"][0]["message"] == "Unknown parameter. Known here: page, per_page."


def test_every_wrong_parameter_is_listed(anonymous):
    response = anonymous.get(f"{URL}?foo=1&bar=2&page=1&page=2")
    assert set(errors_of(response)) == {
        ("foo", "unknown_parameter"),
        ("bar", "unknown_parameter"),
        ("page", "repeated_parameter"),
    }


@pytest.mark.parametrize(
    ("method", "path"), [("get", "/api/v1/auth/me/"), ("patch", "/api/v1/auth/me/"), ("post", "/api/v1/favorites/")]
)
def test_where_no_parameter_is_known_every_one_is_an_error(api, method, path):
    response = getattr(api, method)(f"{path}?page=1")
    assert errors_of(response) == [("page", "unknown_parameter")]
    assert response.json()["errors"][0]["message"] == "No parameters are known here."


def test_the_token_is_asked_for_before_the_parameters_are_judged(anonymous):
    assert anonymous.get("/api/v1/favorites/?foo=1").status_code == 401


@pytest.mark.parametrize(
    ("query", "value"), [("", 20), ("?per_page=1", 1), ("?per_page=100", 100), ("?per_page=007", 7)]
)
def test_entries_a_page_are_1_to_100_and_20_by_default(anonymous, query, value):
    assert anonymous.get(URL + query).json()["pagination"]["per_page"] == value


@pytest.mark.parametrize(
    ("query", "n_shown", "page"),
    [
        ("", 5, 1),
        ("?per_page=2", 2, 1),
        ("?per_page=2&page=3", 1, 3),
        ("?per_page=2&page=4", 0, 4),
        ("?page=1000000", 0, 1000000),
    ],
)
def test_a_page_says_where_it_is_and_past_the_end_is_empty(anonymous, query, n_shown, page):
    MovieFactory.create_batch(5)
    body = anonymous.get(URL + query).json()
    assert len(body["data"]) == n_shown
    per_page = body["pagination"]["per_page"]
    assert body["pagination"] == {"page": page, "per_page": per_page, "total": 5, "pages": 3 if per_page == 2 else 1}


def test_pages_together_show_every_film_once(anonymous):
    films = MovieFactory.create_batch(5, popularity=1)
    pages = [anonymous.get(f"{URL}?per_page=2&page={page}").json()["data"] for page in (1, 2, 3)]
    shown = [film["tmdb_id"] for page in pages for film in page]
    assert shown == sorted(film.tmdb_id for film in films)


def test_an_empty_list_has_no_pages(anonymous):
    assert anonymous.get(URL).json()["pagination"] == {"page": 1, "per_page": 20, "total": 0, "pages": 0}


def test_a_page_past_the_end_costs_only_the_count(anonymous, django_assert_num_queries):
    MovieFactory.create_batch(2)
    with django_assert_num_queries(2):  # and who made the votes
        anonymous.get(f"{URL}?page=2")
