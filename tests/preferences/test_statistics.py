from datetime import UTC, date, datetime, timedelta

import pytest

from apps.authentication.models import User
from apps.favorites.models import RATING_VALUES, WATCHED_FROM
from apps.movies.models import Credit, Person
from apps.preferences import statistics
from apps.preferences.statistics import WEEKDAYS
from tests.conftest import signed_in
from tests.factories import (
    FavoriteFactory,
    GenreFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
    WatchlistItemFactory,
)
from tests.favorites.answers import complaints

pytestmark = pytest.mark.django_db

URL = "/api/v1/preferences/statistics/"
YEAR_2024 = f"{URL}year/2024/"
NOTHING_VIEWED = {"viewings": 0, "unfinished_viewings": 0, "films_watched": 0, "rewatches": 0, "hours": 0}
NO_TASTE = {"genres": [], "decades": [], "languages": [], "actors": [], "directors": []}
NOTHING_UNKNOWN = {
    "viewings_without_runtime": 0,
    "films_without_genre": 0,
    "films_without_release_date": 0,
    "films_without_language": 0,
    "films_without_credits": 0,
}
NO_WEEKDAYS = [{"weekday": day, "viewings": 0, "hours": 0} for day in WEEKDAYS]


def statistics_for(client):
    return client.get(URL).json()["data"]


def review_for(client, year=2024):
    return client.get(f"{URL}year/{year}/").json()["data"]


def watch(user, *moments, **viewing):
    """Viewings of one film, new unless given; None is a moment that nobody knows."""
    movie = viewing.pop("movie", None) or MovieFactory(runtime=120)
    for moment in moments:
        at = moment and datetime.fromisoformat(moment).replace(tzinfo=UTC)
        ViewingFactory(user=user, movie=movie, watched_at=at, **viewing)
    return movie


def credited(movie, name, *roles, kind=Credit.Kind.CAST):
    person, _ = Person.objects.get_or_create(name=name, defaults={"tmdb_id": 7000 + Person.objects.count()})
    Credit.objects.bulk_create(Credit(movie=movie, person=person, kind=kind, role=role) for role in roles)


def months_of(data):
    """Those with a viewing."""
    return {row["month"]: row["viewings"] for row in data["months"] if row["viewings"]}


def test_who_has_no_library_has_statistics_of_nothing(api):
    answer = api.get(URL)
    assert answer.json() == {
        "success": True,
        "message": "",
        "data": NO_TASTE
        | {
            "totals": NOTHING_VIEWED | {"films_rated": 0, "favorites": 0, "watchlist": 0, "hidden": 0},
            "unknown": NOTHING_UNKNOWN | {"viewings_without_date": 0},
            "months": [],
            "weekdays": NO_WEEKDAYS,
            "ratings": {
                "films": 0,
                "mean": None,
                "everyone": 0,
                "histogram": [
                    {"value": value, "own": 0, "own_share": None, "everyone_share": None} for value in RATING_VALUES
                ],
                "beside_votes": {"films": 0, "own_mean": None, "vote_mean": None},
            },
        },
        "meta": {"timezone": "UTC", "watched_from": WATCHED_FROM, "everyone": ["person", "pseudonymous"]},
    }
    assert "no-store" in answer["Cache-Control"]


def test_a_year_without_viewings_is_empty_but_complete(api, user):
    watch(user, "2023-06-01", None)
    answer = api.get(YEAR_2024).json()
    assert answer["data"] == NO_TASTE | {
        "year": 2024,
        "totals": NOTHING_VIEWED | {"days_with_a_viewing": 0},
        "unknown": NOTHING_UNKNOWN,
        "months": [{"month": f"2024-{month:02}", "viewings": 0, "hours": 0} for month in range(1, 13)],
        "weekdays": NO_WEEKDAYS,
        "busiest_month": None,
        "busiest_day": None,
        "longest_streak": None,
        "first": None,
        "last": None,
        "best_rated": [],
    }
    assert answer["meta"] == {"timezone": "UTC", "watched_from": WATCHED_FROM}


def test_a_film_seen_again_is_another_viewing_and_the_same_film(api, user):
    watch(user, "2024-01-01", "2024-02-01", None)
    watch(user, "2024-02-02")
    totals = statistics_for(api)["totals"]
    assert (totals["viewings"], totals["films_watched"], totals["rewatches"], totals["hours"]) == (4, 2, 2, 8)


@pytest.mark.parametrize(("progress", "viewings"), [(0, 0), (0.5, 0), (0.89, 0), (0.9, 1), (1, 1)])
def test_a_viewing_broken_off_counts_in_hours_alone(api, user, progress, viewings):
    genre = GenreFactory()
    watch(user, "2024-01-01", movie=MovieFactory(runtime=120, genres=[genre]), progress=progress)
    for data in (statistics_for(api), review_for(api)):
        totals = data["totals"]
        assert (totals["viewings"], totals["films_watched"], len(data["genres"])) == (viewings,) * 3
        assert totals["unfinished_viewings"] == 1 - viewings
        assert totals["hours"] == pytest.approx(2 * progress)
        assert data["months"][0] == {"month": "2024-01", "viewings": viewings, "hours": pytest.approx(2 * progress)}
        assert data["weekdays"][0] == {"weekday": "monday", "viewings": viewings, "hours": pytest.approx(2 * progress)}
    assert (
        (data["first"] is None) == (data["busiest_day"] is None) == (data["longest_streak"] is None) == (not viewings)
    )


def test_a_film_of_unknown_runtime_counts_as_a_viewing_but_not_in_hours(api, user):
    watch(user, "2024-01-01", "2024-01-02", movie=MovieFactory(runtime=None))
    watch(user, "2024-01-03", movie=MovieFactory(runtime=90))
    for data in (statistics_for(api), review_for(api)):
        assert (data["totals"]["viewings"], data["totals"]["hours"]) == (3, 1.5)
        assert data["unknown"]["viewings_without_runtime"] == 2


def test_a_viewing_without_a_date_is_in_the_totals_but_in_no_month_and_no_year(api, user):
    movie = watch(user, None)
    watch(user, None, progress=0.1)
    watch(user, "2024-05-05", movie=movie)
    data = statistics_for(api)
    assert data["totals"]["viewings"] == 2
    assert data["unknown"]["viewings_without_date"] == 1
    assert months_of(data) == {"2024-05": 1}
    assert sum(row["viewings"] for row in data["weekdays"]) == 1
    assert review_for(api)["totals"]["viewings"] == 1


def test_months_come_in_order_and_weekdays_begin_on_monday(api, user):
    watch(user, "2024-03-04", "2024-03-10", "2023-12-05")  # a Monday, a Sunday, a Tuesday
    data = statistics_for(api)
    assert [row["month"] for row in data["months"]] == ["2023-12", "2024-03"]
    found = {row["weekday"]: row["viewings"] for row in data["weekdays"]}
    assert list(found) == WEEKDAYS
    assert {day for day, viewings in found.items() if viewings} == {"monday", "tuesday", "sunday"}


def test_a_year_ends_at_midnight_utc(api, user):
    watch(
        user, "2023-12-31T23:59:59.999999", "2024-01-01T00:00:00", "2024-12-31T23:59:59.999999", "2025-01-01T00:00:00"
    )
    data = statistics_for(api)
    assert months_of(data) == {"2023-12": 1, "2024-01": 1, "2024-12": 1, "2025-01": 1}
    review = review_for(api)
    assert months_of(review) == {"2024-01": 1, "2024-12": 1}
    assert (review["first"]["watched_at"], review["last"]["watched_at"]) == (
        "2024-01-01T00:00:00Z",
        "2024-12-31T23:59:59.999999Z",
    )


def test_a_leap_day_is_a_day(api, user):
    watch(user, "2024-02-28", "2024-02-29", "2024-03-01", "2023-02-28", "2023-03-01")
    assert months_of(statistics_for(api))["2024-02"] == 2
    assert review_for(api)["longest_streak"] == {"days": 3, "first": "2024-02-28", "last": "2024-03-01"}
    assert review_for(api, 2023)["longest_streak"] == {"days": 2, "first": "2023-02-28", "last": "2023-03-01"}


def test_a_streak_ends_with_the_year_and_the_earliest_of_the_longest_is_told(api, user):
    watch(user, "2023-12-31", "2024-01-01", "2024-01-02", "2024-01-02T20:00", "2024-06-01", "2024-06-02")
    watch(user, "2024-01-03", progress=0.5)
    assert review_for(api)["longest_streak"] == {"days": 2, "first": "2024-01-01", "last": "2024-01-02"}


def test_the_busiest_month_and_day_are_the_earliest_of_several_as_busy(api, user):
    watch(user, "2024-02-01T08:00", "2024-02-01T20:00", "2024-03-03", "2024-05-01", "2024-05-02", "2024-05-03")
    watch(user, "2024-07-01", "2024-07-01", "2024-07-02")
    review = review_for(api)
    assert review["busiest_month"] == {"month": "2024-05", "viewings": 3}
    assert review["busiest_day"] == {"day": "2024-02-01", "viewings": 2}
    assert review["totals"]["days_with_a_viewing"] == 7


def test_what_was_seen_in_an_earlier_year_is_seen_again(api, user):
    watch(user, "2023-01-01", "2024-01-01", "2024-01-02")
    watch(user, "2024-03-01", "2025-01-01")
    watch(user, "2024-04-01", movie=watch(user, "2022-01-01", progress=0.2))
    totals = review_for(api)["totals"]
    assert (totals["viewings"], totals["films_watched"], totals["rewatches"]) == (4, 3, 2)
    assert sum(review_for(api, year)["totals"]["rewatches"] for year in (2022, 2023, 2024, 2025)) == 3
    assert statistics_for(api)["totals"]["rewatches"] == 3


def test_the_first_and_the_last_film_of_a_year_are_those_seen_to_the_end(api, user):
    watch(user, "2024-01-01", progress=0.1)
    first = watch(user, "2024-01-02", "2024-06-01")
    last = watch(user, "2024-06-02")
    review = review_for(api)
    assert (review["first"]["movie"]["tmdb_id"], review["last"]["movie"]["tmdb_id"]) == (first.tmdb_id, last.tmdb_id)
    assert review["first"]["movie"]["my"]["watched_at"] == "2024-06-01T00:00:00Z"


def test_of_one_viewing_first_and_last_are_the_same(api, user):
    movie = watch(user, "2024-01-02")
    review = review_for(api)
    assert review["first"] == review["last"]
    assert review["first"]["movie"]["tmdb_id"] == movie.tmdb_id


def test_the_best_rated_films_of_a_year_are_films_seen_in_it(api, user):
    for value in (4.0, 9.5, 7.0, 8.0, 6.0, 5.0):
        RatingFactory(user=user, movie=watch(user, "2024-05-05", "2024-05-06"), value=value)
    RatingFactory(user=user, movie=watch(user, "2023-05-05"), value=10.0)
    RatingFactory(user=user, movie=watch(user, "2024-05-05", progress=0.3), value=10.0)
    RatingFactory(user=user, value=10.0)
    review = review_for(api)
    assert [row["value"] for row in review["best_rated"]] == [9.5, 8, 7, 6, 5]
    assert [row["movie"]["my"]["rating"] for row in review["best_rated"]] == [9.5, 8, 7, 6, 5]


def test_a_film_counts_once_for_each_of_its_kinds_however_often_it_was_seen(api, user):
    action, drama = GenreFactory(tmdb_id=28, name="Action"), GenreFactory(tmdb_id=18, name="Drama")
    old = MovieFactory(genres=[action, drama], release_date=date(1999, 12, 31), language="en")
    new = MovieFactory(genres=[drama], release_date=date(2000, 1, 1), language="ja")
    unrated = MovieFactory(genres=[drama], release_date=date(2009, 1, 1), language="ja")
    watch(user, "2024-01-01", "2024-01-02", None, movie=old)
    for movie in (new, unrated):
        watch(user, "2024-01-03", movie=movie)
    RatingFactory(user=user, movie=old, value=9.0)
    RatingFactory(user=user, movie=new, value=6.0)
    RatingFactory(movie=unrated, value=1.0)
    for data in (statistics_for(api), review_for(api)):
        assert data["genres"] == [
            {"id": 18, "name": "Drama", "films": 3, "mean_rating": 7.5},
            {"id": 28, "name": "Action", "films": 1, "mean_rating": 9},
        ]
        assert data["decades"] == [
            {"decade": 2000, "films": 2, "mean_rating": 6},
            {"decade": 1990, "films": 1, "mean_rating": 9},
        ]
        assert data["languages"] == [
            {"language": "ja", "films": 2, "mean_rating": 6},
            {"language": "en", "films": 1, "mean_rating": 9},
        ]


def test_what_is_not_known_of_a_film_is_said_and_not_guessed(api, user):
    blank = MovieFactory(language="", release_date=None)
    watch(user, "2024-01-01", "2024-01-02", movie=blank)
    RatingFactory(user=user, movie=blank)
    known = watch(user, "2024-01-01", movie=MovieFactory(genres=[GenreFactory()], release_date=date(1987, 5, 1)))
    credited(known, "Ripley", "Herself")
    watch(user, "2024-01-01", progress=0.5)
    for data in (statistics_for(api), review_for(api)):
        assert [len(data[kinds]) for kinds in ("genres", "decades", "languages", "actors", "directors")] == [
            1,
            1,
            1,
            1,
            0,
        ]
        unknown = {name: count for name, count in data["unknown"].items() if name.startswith("films_")}
        assert set(unknown.values()) == {1}


def test_people_are_counted_once_a_film_and_only_as_actors_or_directors(api, user):
    first, second, broken_off = watch(user, "2024-01-01", "2024-02-02"), watch(user, "2024-01-02"), MovieFactory()
    watch(user, "2024-01-03", movie=broken_off, progress=0.4)
    credited(first, "Alec", "Twin", "Other twin")
    credited(first, "Zoe", "Aunt")
    credited(second, "Zoe", "Uncle")
    credited(second, "Zoe", "Director", "Producer", kind=Credit.Kind.CREW)
    credited(first, "Editha", "Editor", kind=Credit.Kind.CREW)
    credited(broken_off, "Alec", "Lead", "Director")
    for data in (statistics_for(api), review_for(api)):
        assert [(person["name"], person["films"]) for person in data["actors"]] == [("Zoe", 2), ("Alec", 1)]
        zoe = Person.objects.get(name="Zoe")
        assert data["directors"] == [{"tmdb_id": zoe.tmdb_id, "name": "Zoe", "films": 1}]


def test_ten_actors_and_ten_directors_are_told_those_of_most_films_first(api, user):
    often, once = watch(user, "2024-01-01"), watch(user, "2024-01-01")
    for n in range(12):
        for kind, role in ((Credit.Kind.CAST, "Extra"), (Credit.Kind.CREW, "Director")):
            credited(often, f"{kind} {n}", role, kind=kind)
    for kind, role in ((Credit.Kind.CAST, "Lead"), (Credit.Kind.CREW, "Director")):
        credited(once, f"{kind} 11", role, kind=kind)
    data = statistics_for(api)
    for rows, kind in ((data["actors"], "cast"), (data["directors"], "crew")):
        assert [row["name"] for row in rows] == [f"{kind} {n}" for n in (11, *range(9))]


def test_shelves_are_counted(api, user):
    for factory, count in (
        (FavoriteFactory, 1),
        (WatchlistItemFactory, 2),
        (HiddenMovieFactory, 3),
        (RatingFactory, 4),
    ):
        factory.create_batch(count, user=user)
    totals = statistics_for(api)["totals"]
    assert [totals[name] for name in ("favorites", "watchlist", "hidden", "films_rated")] == [1, 2, 3, 4]


def test_own_ratings_stand_beside_those_of_people_and_not_of_the_simulated(api, user):
    stand_ins = [
        User.objects.create(kind=kind, alias=str(kind), is_active=False)
        for kind in (User.Kind.PSEUDONYMOUS, User.Kind.SIMULATED)
    ]
    for rater, value in ((user, 8.0), (user, 0.5), (UserFactory(), 8.0), (stand_ins[0], 10.0), (stand_ins[1], 3.0)):
        RatingFactory(user=rater, value=value)
    ratings = statistics_for(api)["ratings"]
    assert (ratings["films"], ratings["mean"], ratings["everyone"]) == (2, 4.25, 4)
    steps = {row.pop("value"): row for row in ratings["histogram"]}
    assert list(steps) == RATING_VALUES
    assert steps[8.0] == {"own": 1, "own_share": 0.5, "everyone_share": 0.5}
    assert steps[0.5] == {"own": 1, "own_share": 0.5, "everyone_share": 0.25}
    assert steps[10.0] == {"own": 0, "own_share": 0, "everyone_share": 0.25}
    assert steps[3.0] == {"own": 0, "own_share": 0, "everyone_share": 0}


def test_everyones_ratings_are_the_latest_of_them(api, monkeypatch):
    monkeypatch.setattr(statistics, "RATINGS_COMPARED", 3)
    for value in (1.0, 2.0, 2.0, 5.0):
        RatingFactory(value=value)
    ratings = statistics_for(api)["ratings"]
    assert ratings["everyone"] == 3
    assert {row["value"] for row in ratings["histogram"] if row["everyone_share"]} == {2, 5}


def test_own_ratings_are_compared_with_votes_on_the_same_films(api, user):
    for value, vote_average, vote_count in ((8.0, 6.0, 10), (7.0, 5.0, 1), (1.0, 0, 0)):
        RatingFactory(user=user, value=value, movie=MovieFactory(vote_average=vote_average, vote_count=vote_count))
    MovieFactory(vote_average=9, vote_count=9)
    assert statistics_for(api)["ratings"]["beside_votes"] == {"films": 2, "own_mean": 7.5, "vote_mean": 5.5}


def test_a_stranger_sees_nothing_of_a_library(api, user, stranger):
    nothing, empty_year = statistics_for(stranger), review_for(stranger)
    movie = watch(user, "2024-01-01", None, movie=MovieFactory(runtime=120, genres=[GenreFactory()]))
    credited(movie, "Ripley", "Herself")
    for factory in (FavoriteFactory, WatchlistItemFactory, HiddenMovieFactory, RatingFactory):
        factory(user=user, movie=movie)
    assert statistics_for(api) != nothing
    seen = statistics_for(stranger)
    assert seen["ratings"].pop("everyone") == 1  # everyone's ratings are everyone's, and nobody's by name
    for row in (*seen["ratings"]["histogram"], *nothing["ratings"]["histogram"]):
        row.pop("everyone_share")
    nothing["ratings"].pop("everyone")
    assert seen == nothing
    assert review_for(stranger) == empty_year


def test_a_strangers_viewings_and_ratings_do_not_count(api, user):
    movie = watch(user, "2024-01-01")
    before = statistics_for(api), review_for(api)
    other = UserFactory()
    watch(other, "2023-01-01", "2024-05-05", movie=movie)
    watch(other, "2024-06-06")
    after = statistics_for(api), review_for(api)
    assert after == before


@pytest.mark.parametrize("url", [URL, YEAR_2024])
def test_an_anonymous_caller_gets_nothing(anonymous, url):
    response = anonymous.get(url)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("url", [URL, YEAR_2024])
def test_an_unknown_parameter_is_named(api, url):
    assert complaints(api.get(url, {"since": "2024"})) == {("since", "unknown_parameter")}


@pytest.mark.parametrize("year", [1, 1869, 2101, 9999, 2**31 - 1])
def test_a_year_beyond_the_calendar_is_not_found(api, year):
    response = api.get(f"{URL}year/{year}/")
    assert (response.status_code, response.json()["code"]) == (404, "no_such_year")


@pytest.mark.parametrize("year", ["0", "2024.0", "-2024", "02024", "now", str(2**31)])
def test_what_is_no_year_is_no_such_path(api, year):
    response = api.get(f"{URL}year/{year}/")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("year", [1870, 2100])
def test_the_first_and_the_last_year_are_years(api, user, year):
    watch(user, f"{year}-12-31T23:59:59")
    assert review_for(api, year)["totals"]["viewings"] == 1


def fill(user, n_films):
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    for n in range(n_films):
        movie = MovieFactory(runtime=100, genres=[GenreFactory()], release_date=date(1950 + n, 1, 1), language=f"x{n}")
        credited(movie, f"Person {n}", "Lead")
        ViewingFactory(user=user, movie=movie, watched_at=begin + timedelta(days=n * 9))
        for factory in (FavoriteFactory, WatchlistItemFactory, HiddenMovieFactory, RatingFactory):
            factory(user=user, movie=movie)


@pytest.mark.parametrize("n_films", [1, 30])
def test_statistics_cost_eight_queries(user, django_assert_num_queries, n_films):
    fill(user, n_films)
    api = signed_in(user)
    with django_assert_num_queries(8):  # caller, viewings, films, their kinds, people, own ratings, everyone's, shelves
        assert statistics_for(api)["totals"]["films_watched"] == n_films


@pytest.mark.parametrize("n_films", [1, 30])
def test_a_year_in_review_costs_nine_queries(user, django_assert_num_queries, n_films):
    fill(user, n_films)
    api = signed_in(user)
    with django_assert_num_queries(9):  # caller, days, films, their kinds, people, first and last, best, genres, my
        assert review_for(api)["totals"]["films_watched"] == n_films
