"""Ten thousand viewings, counted once by the database and once by pandas."""

from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace

import pandas as pd
import pytest

from apps.authentication.models import User
from apps.favorites.models import RATING_VALUES, WATCHED_FROM, Rating, ViewingHistory
from apps.movies.models import Credit, Genre, Movie, Person
from apps.preferences.statistics import WEEKDAYS
from tests.factories import FavoriteFactory, HiddenMovieFactory, UserFactory, WatchlistItemFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/preferences/statistics/"
YEAR = 2021
N_FILMS, N_VIEWINGS = 1500, 10_000
CENT = 0.011  # what is rounded to two places may differ in the last


def films_frame(dice):
    return pd.DataFrame(
        {
            "tmdb_id": range(1, N_FILMS + 1),
            "runtime": [dice.choice([None, *range(70, 181)]) for _ in range(N_FILMS)],
            "released": [
                dice.choice([None, datetime(1930, 1, 1, tzinfo=UTC) + timedelta(dice.randrange(34_000))])
                for _ in range(N_FILMS)
            ],
            "language": dice.choices(["en", "fr", "ja", "cn", ""], [50, 20, 15, 10, 5], k=N_FILMS),
            "vote_average": [round(dice.uniform(3, 9), 1) for _ in range(N_FILMS)],
            "vote_count": dice.choices([0, 10, 1000], k=N_FILMS),
            "genres": [dice.sample(range(1, 19), dice.randrange(4)) for _ in range(N_FILMS)],
            "people": [dice.sample(range(1, 301), dice.choice([0, 4, 5])) for _ in range(N_FILMS)],
        }
    ).astype({"runtime": "Int64"})


def films_store(films):
    """The films as rows; the first of a film's people directs it and also plays in it, twice."""
    Genre.objects.bulk_create(Genre(tmdb_id=n, name=f"Genre {n:02}") for n in range(1, 19))
    Person.objects.bulk_create(Person(tmdb_id=n, name=f"Person {n:03}") for n in range(1, 301))
    Movie.objects.bulk_create(
        Movie(
            tmdb_id=film.tmdb_id,
            title=f"Film {film.tmdb_id}",
            runtime=None if film.runtime is pd.NA else int(film.runtime),
            release_date=None if film.released is pd.NaT else film.released.date(),
            language=film.language,
            vote_average=film.vote_average,
            vote_count=film.vote_count,
        )
        for film in films.itertuples()
    )
    movies, genres, people = (dict(model.objects.values_list("tmdb_id", "pk")) for model in (Movie, Genre, Person))
    links = Movie.genres.through
    links.objects.bulk_create(
        links(movie_id=movies[film.tmdb_id], genre_id=genres[genre])
        for film in films.itertuples()
        for genre in film.genres
    )
    Credit.objects.bulk_create(
        Credit(movie_id=movies[film.tmdb_id], person_id=people[person], kind=kind, role=role)
        for film in films.itertuples()
        for place, person in enumerate(film.people)
        for kind, role in [
            ("cast", "A"),
            *([("cast", "B"), ("crew", "Director"), ("crew", "Editor")] if not place else []),
        ]
    )
    return movies


def viewings_frame(dice):
    moments = [
        datetime(2015, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(10 * 365 * 86_400))
        for _ in range(N_VIEWINGS)
    ]
    return pd.DataFrame(
        {
            "tmdb_id": [1 + int(N_FILMS * dice.random() ** 2) for _ in range(N_VIEWINGS)],
            "watched_at": pd.Series(
                [None if dice.random() < 0.05 else at for at in moments], dtype="datetime64[us, UTC]"
            ),
            "progress": dice.choices([1.0, WATCHED_FROM, 0.89, 0.5, 0.0], [80, 5, 5, 8, 2], k=N_VIEWINGS),
        }
    )


@pytest.fixture
def library(user):
    """A user's viewings and ratings, and those of others, as rows and as frames."""
    dice = Random(7)
    films, viewings = films_frame(dice), viewings_frame(dice)
    movies = films_store(films)
    people = {"own": user, "other": UserFactory()}
    for kind in (User.Kind.PSEUDONYMOUS, User.Kind.SIMULATED):
        people[kind] = User.objects.create(kind=kind, alias=f"{kind}:1", is_active=False)
    ViewingHistory.objects.bulk_create(
        ViewingHistory(
            user=user,
            movie_id=movies[row.tmdb_id],
            watched_at=None if row.watched_at is pd.NaT else row.watched_at.to_pydatetime(),
            progress=row.progress,
        )
        for row in viewings.itertuples()
    )
    ViewingHistory.objects.bulk_create(
        ViewingHistory(user=people["other"], movie_id=pk, watched_at=datetime(YEAR, 5, 5, tzinfo=UTC))
        for pk in movies.values()
    )
    ratings = pd.DataFrame(
        [
            (who, tmdb_id, dice.choice(RATING_VALUES))
            for who in people
            for tmdb_id in dice.sample(range(1, N_FILMS + 1), 400)
        ],
        columns=["who", "tmdb_id", "value"],
    )
    Rating.objects.bulk_create(
        Rating(user=people[row.who], movie_id=movies[row.tmdb_id], value=row.value) for row in ratings.itertuples()
    )
    viewings = viewings.merge(films[["tmdb_id", "runtime"]], on="tmdb_id")
    viewings["hours"] = viewings.runtime.astype("Float64") * viewings.progress / 60
    viewings["finished"] = viewings.progress >= WATCHED_FROM
    viewings["day"] = viewings.watched_at.dt.floor("D")
    return SimpleNamespace(films=films, viewings=viewings, ratings=ratings)


def mean(values):
    return None if values.empty else pytest.approx(values.mean(), abs=CENT)


def viewings_and_hours(viewings):
    return {"viewings": viewings.finished.sum(), "hours": pytest.approx(viewings.hours.sum(), abs=CENT)}


def in_months(viewings):
    return [
        {"month": month} | viewings_and_hours(rows)
        for month, rows in viewings.groupby(viewings.day.dt.strftime("%Y-%m"))
    ]


def on_weekdays(viewings):
    return [
        {"weekday": name} | viewings_and_hours(viewings[viewings.day.dt.day_of_week == n])
        for n, name in enumerate(WEEKDAYS)
    ]


def of_kind(films, by):
    """For each value: how many of the films, and the mean of their ratings."""
    return {value: {"films": len(rows), "mean_rating": mean(rows.value.dropna())} for value, rows in films.groupby(by)}


def most_films(people):
    """The ten of most films, ties by TMDb id."""
    counts = people.drop_duplicates().groupby("people").size()
    best = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:10]
    return [{"tmdb_id": person, "name": f"Person {person:03}", "films": films} for person, films in best]


def check_taste(data, library, viewings):
    """The genres, decades, languages and people of the films watched in these viewings."""
    films = library.films[library.films.tmdb_id.isin(viewings.tmdb_id[viewings.finished])]
    films = films.merge(library.ratings[library.ratings.who == "own"], on="tmdb_id", how="left")

    def as_found(rows, key):
        return {row[key]: {"films": row["films"], "mean_rating": row["mean_rating"]} for row in rows}

    assert as_found(data["genres"], "id") == of_kind(films.explode("genres"), "genres")
    assert as_found(data["decades"], "decade") == of_kind(films, films.released.dt.year // 10 * 10)
    assert as_found(data["languages"], "language") == of_kind(films[films.language != ""], "language")
    for rows in (data["genres"], data["decades"], data["languages"]):
        assert [row["films"] for row in rows] == sorted((row["films"] for row in rows), reverse=True)
    cast = films[["tmdb_id", "people"]].explode("people").dropna()
    assert data["actors"] == most_films(cast)
    assert data["directors"] == most_films(cast.groupby("tmdb_id").head(1))
    unknown = {name: data["unknown"][name] for name in data["unknown"] if name.startswith("films_")}
    assert unknown == {
        "films_without_genre": (films.genres.str.len() == 0).sum(),
        "films_without_release_date": films.released.isna().sum(),
        "films_without_language": (films.language == "").sum(),
        "films_without_credits": (films.people.str.len() == 0).sum(),
    }
    return films


def check_ratings(found, library):
    own = library.ratings[library.ratings.who == "own"].merge(library.films, on="tmdb_id")
    everyone = library.ratings[library.ratings.who != User.Kind.SIMULATED]
    voted = own[own.vote_count > 0]
    assert (found["films"], found["everyone"]) == (400, 1200)
    assert found["mean"] == mean(own.value)
    assert found["beside_votes"] == {
        "films": len(voted),
        "own_mean": mean(voted.value),
        "vote_mean": mean(voted.vote_average),
    }
    assert found["histogram"] == [
        {
            "value": value,
            "own": (own.value == value).sum(),
            "own_share": pytest.approx((own.value == value).mean(), abs=0.00011),
            "everyone_share": pytest.approx((everyone.value == value).mean(), abs=0.00011),
        }
        for value in RATING_VALUES
    ]


def test_the_statistics_of_ten_thousand_viewings_are_those_of_pandas(api, user, library, django_assert_max_num_queries):
    for factory, count in ((FavoriteFactory, 3), (WatchlistItemFactory, 2), (HiddenMovieFactory, 1)):
        factory.create_batch(count, user=user)
    with django_assert_max_num_queries(9):
        data = api.get(URL).json()["data"]
    viewings = library.viewings
    finished = viewings[viewings.finished]
    assert data["totals"] == {
        "viewings": len(finished),
        "unfinished_viewings": N_VIEWINGS - len(finished),
        "films_watched": finished.tmdb_id.nunique(),
        "rewatches": finished.tmdb_id.duplicated().sum(),
        "hours": pytest.approx(viewings.hours.sum(), abs=CENT),
        "films_rated": 400,
        "favorites": 3,
        "watchlist": 2,
        "hidden": 1,
    }
    assert data["unknown"]["viewings_without_date"] == finished.watched_at.isna().sum()
    assert data["unknown"]["viewings_without_runtime"] == viewings.runtime.isna().sum()
    assert data["months"] == in_months(viewings)
    assert data["weekdays"] == on_weekdays(viewings)
    check_taste(data, library, viewings)
    check_ratings(data["ratings"], library)


def longest_streak(days):
    """Days on end: their dates less their places are all the same."""
    days = pd.Series(sorted(days.unique()))
    runs = days.groupby(days - pd.to_timedelta(range(len(days)), unit="D")).agg(["size", "min", "max"])
    best = runs.loc[runs["size"].idxmax()]
    return {"days": best["size"], "first": f"{best['min']:%Y-%m-%d}", "last": f"{best['max']:%Y-%m-%d}"}


def test_a_year_of_ten_thousand_viewings_is_that_of_pandas(api, library, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        data = api.get(f"{URL}year/{YEAR}/").json()["data"]
    viewings = library.viewings[library.viewings.watched_at.dt.year == YEAR]
    finished = viewings[viewings.finished].sort_values("watched_at")
    dated = library.viewings[library.viewings.finished].dropna(subset="watched_at").sort_values("watched_at")
    assert data["totals"] == {
        "viewings": len(finished),
        "unfinished_viewings": len(viewings) - len(finished),
        "films_watched": finished.tmdb_id.nunique(),
        "rewatches": dated[dated.tmdb_id.duplicated()].watched_at.dt.year.eq(YEAR).sum(),
        "hours": pytest.approx(viewings.hours.sum(), abs=CENT),
        "days_with_a_viewing": finished.day.nunique(),
    }
    assert data["unknown"]["viewings_without_runtime"] == viewings.runtime.isna().sum()
    assert data["months"] == in_months(viewings)
    assert data["weekdays"] == on_weekdays(viewings)
    months, days = finished.day.dt.strftime("%Y-%m").value_counts(), finished.day.dt.strftime("%Y-%m-%d").value_counts()
    assert data["busiest_month"] == {"month": min(months[months == months.max()].index), "viewings": months.max()}
    assert data["busiest_day"] == {"day": min(days[days == days.max()].index), "viewings": days.max()}
    assert data["longest_streak"] == longest_streak(finished.day)
    for edge, row in (("first", finished.iloc[0]), ("last", finished.iloc[-1])):
        assert data[edge]["movie"]["tmdb_id"] == row.tmdb_id
        assert data[edge]["watched_at"] == f"{row.watched_at:%Y-%m-%dT%H:%M:%SZ}"
    films = check_taste(data, library, viewings)
    best = films.dropna(subset="value").sort_values(["value", "tmdb_id"], ascending=[False, True]).head(5)
    assert [(row["movie"]["tmdb_id"], row["value"]) for row in data["best_rated"]] == [
        (row.tmdb_id, row.value) for row in best.itertuples()
    ]
