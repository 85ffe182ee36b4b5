from itertools import combinations

import pytest

from apps.favorites.models import Favorite
from apps.movies.models import Movie
from apps.preferences.services import preference_set
from apps.recommendations.serving import active_model
from tests.conftest import signed_in
from tests.factories import FavoriteFactory, GenreFactory, UserFactory, WatchlistItemFactory

URL = "/api/v1/recommendations/home/"


def rows_of(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.json()
    return answer.json()["data"]["rows"]


def ids(items):
    return [item["movie"]["tmdb_id"] for item in items]


def whole(client, row):
    """A row to its end, page by page as its cursor says."""
    films, following = ids(row["items"]), row["next"]
    while following:
        body = client.get(following).json()
        assert body["meta"]["recommendation_id"] == row["meta"]["recommendation_id"]
        films += ids(body["data"])
        page = body["pagination"]["page"]
        following = None if body["meta"]["exhausted"] else following.replace(f"page={page}&", f"page={page + 1}&")
    return films


@pytest.fixture
def viewer(fan, community):
    """Likes five films of a camp, and has two on the watchlist."""
    for number in (20, 21):
        WatchlistItemFactory(user=fan, movie=community[number])
    return fan


def test_rows_are_for_the_caller_and_say_so(api, viewer, model, community):
    rows = {row["key"]: row for row in rows_of(api)}
    newest = Favorite.objects.filter(user=viewer).order_by("-created_at").first().movie
    assert next(iter(rows)) == "for_you"
    assert {"watchlist", "new", "trending"} < set(rows)
    assert rows[f"because:{newest.tmdb_id}"]["title"] == f"Because you liked {newest.title}"
    assert any(key.startswith("genre:") for key in rows)
    assert sorted(ids(rows["watchlist"]["items"])) == sorted(community[number].tmdb_id for number in (20, 21))
    assert all(row["title"] and row["reason"] and row["items"] for row in rows.values())
    assert rows["for_you"]["meta"]["personalised"]


def test_a_row_about_a_film_gives_no_other_film_as_a_reason(api, viewer, model):
    because = [row for row in rows_of(api) if row["key"].startswith("because:")]
    assert because
    for row in because:
        refs = {ref for item in row["items"] for reason in item["reasons"] for ref in reason["refs"]}
        assert refs == {int(row["key"].removeprefix("because:"))}


@pytest.mark.parametrize("per_row", [3, 10, 20])
def test_no_film_comes_twice_in_any_row_or_on_any_later_page(api, viewer, model, per_row):
    shown = [whole(api, row) for row in rows_of(api, per_row=per_row)]
    assert all(len(row) == len(set(row)) for row in shown)
    assert all(not set(one) & set(other) for one, other in combinations(shown, 2))


def test_a_row_of_a_genre_has_films_of_that_genre_alone(api, viewer, model):
    for row in rows_of(api):
        if row["key"].startswith("genre:"):
            genre = int(row["key"].removeprefix("genre:"))
            films = Movie.objects.filter(tmdb_id__in=whole(api, row))
            assert all(film.genres.filter(tmdb_id=genre).exists() for film in films)


def test_preferences_and_what_the_caller_is_done_with_hold_in_every_row(api, viewer, model, community):
    preference_set(user=viewer, languages=["en"], muted_genres=[GenreFactory(tmdb_id=878)])
    done = set(Favorite.objects.filter(user=viewer).values_list("movie__tmdb_id", flat=True))
    for row in rows_of(api):
        for item in row["items"]:
            assert item["movie"]["language"] == "en"
            assert 878 not in {genre["id"] for genre in item["movie"]["genres"]}
            assert item["movie"]["tmdb_id"] not in done


def test_home_is_the_same_until_something_changes(api, viewer, model):
    before = rows_of(api)
    assert rows_of(api) == before
    liked = before[0]["items"][0]["movie"]["tmdb_id"]
    api.put(f"/api/v1/favorites/{liked}/")
    after = rows_of(api)
    assert liked not in {film for row in after for film in ids(row["items"])}
    assert f"because:{liked}" in {row["key"] for row in after}


def test_a_newcomer_has_a_home_and_is_told_how_it_becomes_theirs(stranger, viewer, model):
    rows = rows_of(stranger)
    assert rows[0]["title"] == "Popular now"
    assert "Like a few films" in rows[0]["reason"]
    assert not any(reason["refs"] for row in rows for item in row["items"] for reason in item["reasons"])


def test_before_the_first_training_there_is_one_row_of_popular_films(api, viewer):
    (row,) = rows_of(api)
    assert (row["key"], row["meta"]["served"], len(row["items"])) == ("for_you", "popular", 10)


def test_an_anonymous_caller_is_asked_to_sign_in(anonymous):
    assert anonymous.get(URL).status_code == 401


@pytest.mark.parametrize("query", [{"per_row": "0"}, {"per_row": "21"}, {"page": "2"}])
def test_what_is_not_understood_is_refused(api, model, query):
    assert api.get(URL, query).status_code == 400


@pytest.mark.parametrize("per_row", [2, 20])
@pytest.mark.parametrize("n_favorites", [3, 20])
def test_home_costs_four_queries_besides_the_session_whatever_its_size(
    model, community, django_assert_num_queries, n_favorites, per_row
):
    viewer = UserFactory()
    for film in community[0 : 2 * n_favorites : 2]:
        FavoriteFactory(user=viewer, movie=film)
    client = signed_in(viewer)
    assert active_model()
    with django_assert_num_queries(1 + 4):
        assert len(rows_of(client, per_row=per_row)) > 2
    with django_assert_num_queries(1 + 2):
        rows_of(client, per_row=per_row)  # kept
