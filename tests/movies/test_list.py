from datetime import date

import pytest
from django.utils import timezone

from apps.movies.models import Person, Source
from tests.factories import FavoriteFactory, GenreFactory, MovieFactory, RatingFactory
from tests.movies.listing import listed, refused

pytestmark = pytest.mark.django_db

ACTION, ADVENTURE, DRAMA = 28, 12, 18


@pytest.fixture
def by_genre():
    """Films numbered for what they are: 1 action, 2 action and adventure, 3 drama, 4 without any genre."""
    action, adventure, drama = (GenreFactory(tmdb_id=tmdb_id) for tmdb_id in (ACTION, ADVENTURE, DRAMA))
    for tmdb_id, genres in enumerate(([action], [action, adventure], [drama], []), start=1):
        MovieFactory(tmdb_id=tmdb_id, genres=genres)


@pytest.mark.parametrize(
    ("query", "films"),
    [
        ({"genres": "28"}, [1, 2]),
        ({"genres": "28,12"}, [2]),
        ({"genres": "12,28,28"}, [2]),
        ({"genres": "28|12"}, [1, 2]),
        ({"genres": "12|18"}, [2, 3]),
        ({"genres": "999"}, []),
        ({"genres": "28,999"}, []),
        ({"genres": "28|999"}, [1, 2]),
        ({"without_genres": "12"}, [1, 3, 4]),
        ({"without_genres": "12,18"}, [1, 4]),
        ({"without_genres": "999"}, [1, 2, 3, 4]),
        ({"genres": "28", "without_genres": "12"}, [1]),
        ({"genres": "28", "without_genres": "28"}, []),
    ],
)
def test_genres_are_all_of_any_of_or_none_of(anonymous, by_genre, query, films):
    assert listed(anonymous, **query) == films


def test_a_film_in_two_of_the_genres_asked_for_is_counted_once(anonymous, by_genre):
    assert anonymous.get("/api/v1/movies/?genres=28|12").json()["pagination"]["total"] == 2


@pytest.mark.parametrize(
    ("limit", "films"),
    [
        ({"year_gte": 2000}, [2, 3]),
        ({"year_gte": 2001}, [3]),
        ({"year_lte": 2000}, [1, 2]),
        ({"year_gte": 2000, "year_lte": 2000}, [2]),
        ({"runtime_gte": 100}, [2, 3]),
        ({"runtime_lte": 100}, [1, 2]),
        ({"runtime_gte": 100, "runtime_lte": 100}, [2]),
        ({"runtime_gte": 0}, [1, 2, 3]),
        ({"vote_gte": 7.5}, [2, 3]),
        ({"vote_gte": 0}, [1, 2, 3, 4]),
        ({"year_gte": 2000, "runtime_lte": 100, "vote_gte": 7.5, "language": "fr"}, [2]),
    ],
)
def test_limits_include_their_ends_and_leave_out_films_whose_value_is_unknown(anonymous, limit, films):
    MovieFactory(tmdb_id=1, release_date=date(1999, 12, 31), runtime=99, vote_average=7.4)
    MovieFactory(tmdb_id=2, release_date=date(2000, 12, 31), runtime=100, vote_average=7.5, language="fr")
    MovieFactory(tmdb_id=3, release_date=date(2001, 1, 1), runtime=101, vote_average=7.6)
    MovieFactory(tmdb_id=4)
    assert listed(anonymous, **limit) == films


@pytest.mark.parametrize(("language", "films"), [("fr", [1]), ("fr,cn", [1, 2]), ("de", [])])
def test_languages_are_any_of_tmdbs_own_codes(anonymous, language, films):
    for tmdb_id, code in enumerate(("fr", "cn", "en", ""), start=1):
        MovieFactory(tmdb_id=tmdb_id, language=code)
    assert listed(anonymous, language=language) == films


@pytest.mark.parametrize(("query", "films"), [({}, [1]), ({"include_adult": "true"}, [1, 2])])
def test_adult_films_are_listed_only_when_asked_for(anonymous, query, films):
    MovieFactory(tmdb_id=1)
    MovieFactory(tmdb_id=2, adult=True)
    assert listed(anonymous, **query) == films


@pytest.mark.parametrize(
    ("ordering", "films"),
    [
        ("", [3, 2, 1, 4]),
        ("-popularity", [3, 2, 1, 4]),
        ("popularity", [4, 1, 2, 3]),
        ("-vote_average", [1, 2, 3, 4]),
        ("vote_average", [4, 3, 2, 1]),
        ("-release_date", [2, 3, 1, 4]),
        ("release_date", [1, 3, 2, 4]),
        ("title", [4, 3, 1, 2]),
        ("-title", [2, 1, 3, 4]),
    ],
)
def test_orders_by_each_column_with_an_unknown_date_last_either_way(anonymous, ordering, films):
    MovieFactory(tmdb_id=1, popularity=1, vote_average=9, release_date=date(1990, 1, 1), title="Nashville")
    MovieFactory(tmdb_id=2, popularity=2, vote_average=8, release_date=date(2010, 1, 1), title="Zodiac")
    MovieFactory(tmdb_id=3, popularity=3, vote_average=7, release_date=date(2000, 1, 1), title="Manhattan")
    MovieFactory(tmdb_id=4, title="Alien")
    assert listed(anonymous, **({"ordering": ordering} if ordering else {})) == films


@pytest.mark.parametrize(
    "ordering",
    [
        "popularity",
        "-popularity",
        "vote_average",
        "-vote_average",
        "release_date",
        "-release_date",
        "title",
        "-title",
    ],
)
def test_ties_are_in_order_of_tmdb_id_so_that_pages_never_overlap(anonymous, ordering):
    for tmdb_id in (3, 1, 5, 2, 4):
        MovieFactory(tmdb_id=tmdb_id, title="Solaris")
    pages = [listed(anonymous, ordering=ordering, page=page, per_page=2) for page in (1, 2, 3, 4)]
    assert pages == [[1, 2], [3, 4], [5], []]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"genres": "28,12|18"}, ("genres", "mixed")),
        ({"genres": "action"}, ("genres", "invalid")),
        ({"genres": ""}, ("genres", "invalid")),
        ({"genres": "28,"}, ("genres", "invalid")),
        ({"genres": "0"}, ("genres", "min_value")),
        ({"genres": "2147483648"}, ("genres", "max_value")),
        ({"genres": ",".join(map(str, range(1, 22)))}, ("genres", "too_many")),
        ({"without_genres": "28|12"}, ("without_genres", "invalid")),
        ({"year_gte": "1869"}, ("year_gte", "min_value")),
        ({"year_lte": "\uff12000"}, ("year_lte", "invalid")),
        ({"year_gte": "2001", "year_lte": "2000"}, ("year_gte", "empty_range")),
        ({"runtime_gte": "101", "runtime_lte": "100"}, ("runtime_gte", "empty_range")),
        ({"vote_gte": "nan"}, ("vote_gte", "invalid")),
        ({"vote_gte": "10.5"}, ("vote_gte", "max_value")),
        ({"language": "EN"}, ("language", "invalid")),
        ({"language": "english"}, ("language", "invalid")),
        ({"ordering": "tmdb_id"}, ("ordering", "invalid_choice")),
        ({"include_adult": "perhaps"}, ("include_adult", "invalid")),
        ({"genre": "28"}, ("genre", "unknown_parameter")),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(anonymous, query, complaint):
    assert refused(anonymous, **query) == [complaint]


def test_as_many_genres_as_may_be_asked_for_are_answered(anonymous, by_genre):
    assert listed(anonymous, genres=",".join(map(str, range(1, 21)))) == []


@pytest.mark.parametrize("n_films", [1, 20])
def test_listing_costs_four_queries(anonymous, django_assert_num_queries, n_films):
    MovieFactory.create_batch(n_films, genres=[GenreFactory(), GenreFactory()])
    with django_assert_num_queries(4):  # count, page, genres, who made the votes
        response = anonymous.get("/api/v1/movies/")
    assert response.json()["pagination"] == {"page": 1, "per_page": 20, "total": n_films, "pages": 1}


@pytest.mark.parametrize("path", ["", "popular/", "trending/", "search/?query=film"])
@pytest.mark.parametrize("n_films", [1, 20])
def test_a_signed_in_listing_costs_three_queries_more(api, user, django_assert_num_queries, trending, path, n_films):
    films = MovieFactory.create_batch(n_films, genres=[GenreFactory()])
    trending(films)
    for film in films:
        FavoriteFactory(user=user, movie=film)
        RatingFactory(user=user, movie=film)
    costs = 4 + (path == "trending/") + path.startswith("search/")  # when the list was made; which films match
    costs += 3  # who is asking, which of our films these are, and the my block
    with django_assert_num_queries(costs):
        response = api.get(f"/api/v1/movies/{path}")
    assert len(response.json()["data"]) == n_films


@pytest.mark.parametrize("n_films", [1, 20])
def test_a_kept_listing_costs_nothing_and_its_signed_in_reader_the_my_block(
    anonymous, api, django_assert_num_queries, n_films
):
    MovieFactory.create_batch(n_films)
    kept = anonymous.get("/api/v1/movies/").json()
    with django_assert_num_queries(0):
        assert anonymous.get("/api/v1/movies/").json()["data"] == kept["data"]
    with django_assert_num_queries(3):  # who is asking, which of our films these are, and the my block
        assert len(api.get("/api/v1/movies/").json()["data"]) == n_films


LOCAL = ["", "discover/", "popular/", "top-rated/", "now-playing/", "upcoming/", "trending/", "search/?query=film"]
PUBLIC = [*LOCAL, "genres/", "1/", "1/similar/", "people/1/"]


@pytest.fixture
def something_everywhere(db):
    """A film of the demo and a person, each with the id 1."""
    Person.objects.create(tmdb_id=1, name="Sigourney Weaver")
    return MovieFactory(tmdb_id=1, source=Source.DEMO)


@pytest.mark.parametrize("path", PUBLIC)
def test_the_anonymous_answer_is_for_anybody_to_keep(anonymous, something_everywhere, path):
    response = anonymous.get(f"/api/v1/movies/{path}")
    assert response.status_code == 200
    assert {part.strip() for part in response["Cache-Control"].split(",")} == {"public", "max-age=60"}
    assert {"Authorization", "Accept-Encoding"} <= {name.strip() for name in response["Vary"].split(",")}
    assert response["ETag"].startswith('W/"')
    assert (response["Age"], response.json()["meta"]["age"], response.json()["meta"]["stale"]) == ("0", 0, False)


@pytest.mark.parametrize("path", PUBLIC)
def test_the_signed_in_answer_is_nobody_elses(api, something_everywhere, path):
    response = api.get(f"/api/v1/movies/{path}")
    assert response.status_code == 200
    assert {part.strip() for part in response["Cache-Control"].split(",")} == {"private", "no-store"}
    assert "Authorization" in response["Vary"]


def test_what_tmdb_told_of_a_film_is_kept_for_a_day(anonymous):
    MovieFactory(tmdb_id=1, source=Source.TMDB, detailed_at=timezone.now())
    assert "max-age=86400" in anonymous.get("/api/v1/movies/1/")["Cache-Control"]


@pytest.mark.parametrize("path", ["?page=0", "999/", "999/similar/", "people/999/", "trending/?window=year"])
def test_a_failure_is_not_kept(anonymous, path):
    assert "no-store" in anonymous.get(f"/api/v1/movies/{path}")["Cache-Control"]


def test_popular_is_the_most_popular_first_without_adult_films(anonymous):
    for tmdb_id, popularity in ((1, 5), (2, 9), (3, 5)):
        MovieFactory(tmdb_id=tmdb_id, popularity=popularity)
    MovieFactory(tmdb_id=4, popularity=99, adult=True)
    assert listed(anonymous, "popular/") == [2, 1, 3]


def test_popular_takes_pages_and_nothing_else(anonymous):
    assert refused(anonymous, "popular/", genres="28") == [("genres", "unknown_parameter")]
