import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.fake_tmdb import Catalogue, FakeTMDb, recordings
from tests.fake_tmdb.orders import folded

RECORDED = {recording["name"]: recording for recording in recordings()}
EVERY_PART = (
    "credits,keywords,videos,release_dates,watch/providers,recommendations,similar,external_ids,images,translations"
)
TODAY = datetime.now(UTC).date()


@pytest.fixture
def tmdb():
    with FakeTMDb(n_films=1500, moving=False) as tmdb:
        yield tmdb


@pytest.fixture
def get(tmdb):
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer any"

        def ask(path, timeout=5, **query):
            return session.get(tmdb.url + path, params=query, timeout=timeout)

        yield ask


def recorded(name):
    if name not in RECORDED:
        pytest.skip(f"the recording {name} is not on this machine")
    return RECORDED[name]


def keys_of(value):
    """The keys of a JSON value and of what is in it, lists merged."""
    if isinstance(value, dict):
        return {name: keys_of(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {name: None for item in value for name in item}
    return None


def ordinary_film(catalogue):
    """A film without oddities: collection, companies, certification and offers are all there."""
    for tmdb_id in catalogue.ids.tolist():
        film = catalogue.details(tmdb_id)
        usual = film["belongs_to_collection"] and film["production_companies"] and film.get("release_date")
        if usual and not film["adult"]:
            return tmdb_id
    raise AssertionError("the catalogue has no ordinary film")


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("movie_popular_p1", "/movie/popular", {}),
        ("movie_now_playing_p1", "/movie/now_playing", {}),
        ("movie_upcoming_p1", "/movie/upcoming", {}),
        ("discover_movie_p1", "/discover/movie", {}),
        ("search_movie_p1", "/search/movie", {"query": "the"}),
        ("trending_movie_week", "/trending/movie/week", {}),
        ("movie_changes_list", "/movie/changes", {}),
        ("genre_movie_list", "/genre/movie/list", {}),
        ("configuration", "/configuration", {}),
        ("find_imdb", "/find/{imdb_id}", {"external_source": "imdb_id"}),
        ("movie_details", "/movie/{film}", {}),
        ("movie_keywords", "/movie/{film}/keywords", {}),
        ("movie_release_dates", "/movie/{film}/release_dates", {}),
        ("movie_external_ids", "/movie/{film}/external_ids", {}),
        ("movie_similar", "/movie/{film}/similar", {}),
        ("movie_recommendations", "/movie/{film}/recommendations", {}),
        ("error_404_movie", "/movie/999999999", {}),
        ("error_400_invalid_page", "/movie/popular", {"page": "501"}),
        ("error_422_date_range", "/movie/changes", {"start_date": "2024-01-01", "end_date": "2024-02-01"}),
    ],
)
def test_an_answer_has_the_keys_and_status_that_were_recorded(tmdb, get, name, path, query):
    recording = recorded(name)
    film = ordinary_film(tmdb.catalogue)
    answer = get(path.format(film=film, imdb_id=f"tt{7_000_000 + film}"), **query)
    found, wanted = keys_of(answer.json()), keys_of(recording["body"])
    for keys in (found, found.get("results") or {}):
        keys.pop("content_notes", None)  # our own unknown key
    assert (answer.status_code, found) == (recording["status"], wanted)


def test_appended_parts_have_the_keys_that_were_recorded(tmdb, get):
    wanted = recorded("movie_details_append_all")["body"]
    found = get(f"/movie/{ordinary_film(tmdb.catalogue)}", append_to_response=EVERY_PART).json()
    for part in EVERY_PART.split(","):
        assert found[part].keys() == wanted[part].keys(), part
    for kind in ("cast", "crew"):
        assert found["credits"][kind][0].keys() == wanted["credits"][kind][0].keys()


@pytest.mark.parametrize("page", ["0", "501", "-1", "two", "1.5", "²"])
def test_a_page_that_cannot_be_is_refused(get, page):
    answer = get("/movie/popular", page=page)
    assert (answer.status_code, answer.json()["status_code"]) == (400, 22)


def test_a_page_beyond_the_last_is_empty(get):
    answer = get("/movie/popular", page=500)
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_more_than_twenty_parts_are_refused(get):
    answer = get("/movie/1", append_to_response=",".join(["credits"] * 21))
    assert (answer.status_code, answer.json()["status_code"]) == (400, 27)


def test_a_list_that_stands_still_names_every_film_once(tmdb, get):
    ids = [film["id"] for page in range(1, 6) for film in get("/movie/popular", page=page).json()["results"]]
    assert len(set(ids)) == len(ids) == 100


def test_a_moving_list_repeats_some_films_and_misses_others(tmdb, get):
    tmdb.api.moving = True
    n_films, n_pages = (get("/movie/popular").json()[total] for total in ("total_results", "total_pages"))
    ids = [film["id"] for page in range(1, n_pages + 1) for film in get("/movie/popular", page=page).json()["results"]]
    assert len(set(ids)) < len(ids)
    assert len(set(ids)) < n_films


def test_another_language_has_no_fallback_for_texts(get):
    films = [film for page in (1, 2) for film in get("/movie/popular", page=page, language="de-DE").json()["results"]]
    untranslated = [film for film in films if film["overview"] == ""]
    assert 0 < len(untranslated) < len(films)
    assert all(film["title"] == film["original_title"] for film in untranslated)


def test_a_comma_of_genres_means_all_and_a_pipe_means_any(get):
    def found(with_genres):
        return get("/discover/movie", with_genres=with_genres).json()

    both, either = found("18,35"), found("18|35")
    assert all({18, 35} <= set(film["genre_ids"]) for film in both["results"])
    assert all({18, 35} & set(film["genre_ids"]) for film in either["results"])
    assert 0 < both["total_results"] < found("18")["total_results"] < either["total_results"]


@pytest.mark.parametrize(
    "query",
    [
        {"without_genres": "18"},
        {"primary_release_date.gte": "2000-01-01", "primary_release_date.lte": "2009-12-31"},
        {"with_runtime.gte": "90", "with_runtime.lte": "100"},
        {"vote_average.gte": "7", "vote_count.gte": "50"},
        {"with_original_language": "fr|ja"},
        {"certification_country": "US", "certification.lte": "PG"},
        {"watch_region": "DE", "with_watch_providers": "8|9"},
    ],
)
def test_a_filter_narrows_the_films(get, query):
    everything = get("/discover/movie").json()["total_results"]
    assert 0 < get("/discover/movie", **query).json()["total_results"] < everything


@pytest.mark.parametrize(
    "query", [{"mood": "blue"}, {"with_watch_providers": "8"}, {"vote_count.gte": "many"}, {"certification.lte": "PG"}]
)
def test_what_discover_does_not_understand_it_ignores(get, query):
    assert get("/discover/movie", **query).json() == get("/discover/movie").json()


@pytest.mark.parametrize("field", ["popularity", "vote_average", "release_date"])
def test_discover_sorts_both_ways(get, field):
    name = f"primary_{field}" if field == "release_date" else field
    up, down = (
        [film.get(field, "") for film in get("/discover/movie", sort_by=f"{name}.{way}").json()["results"]]
        for way in ("asc", "desc")
    )
    assert (up, down) == (sorted(up), sorted(down, reverse=True))
    assert up[-1] != down[-1]


def test_discover_sorts_titles_without_regard_to_accents(get):
    titles = [film["title"] for film in get("/discover/movie", sort_by="title.asc").json()["results"]]
    assert titles == sorted(titles, key=folded)


def test_search_ignores_case_and_accents_but_not_typos(tmdb, get):
    film = ordinary_film(tmdb.catalogue)
    tmdb.edit(film, title="Café Zephyrine Northcap")
    found = [film["id"] for film in get("/search/movie", query="cafe ZEPHYR").json()["results"]]
    assert found == [film]
    assert get("/search/movie", query="caffe zephyrine").json()["results"] == []


def test_an_edited_film_is_in_the_changes_and_a_deleted_one_in_nothing(tmdb, get):
    film = ordinary_film(tmdb.catalogue)
    tmdb.edit(film, title="Entirely Renamed", popularity=9999.0)
    assert get("/movie/popular").json()["results"][0]["title"] == "Entirely Renamed"
    assert film in changed_ids(get)
    tmdb.delete(film)
    assert get(f"/movie/{film}").json()["status_code"] == 34
    assert get("/movie/popular").json()["results"][0]["id"] != film
    assert film not in changed_ids(get)
    tmdb.restore(film)
    assert get(f"/movie/{film}").json()["title"] == "Entirely Renamed"


def changed_ids(get):
    n_pages = get("/movie/changes").json()["total_pages"]
    return [entry["id"] for n in range(1, n_pages + 1) for entry in get("/movie/changes", page=n).json()["results"]]


def test_a_person_made_the_films_that_credit_them(tmdb, get):
    film = next(n for n in tmdb.catalogue.ids.tolist() if get(f"/movie/{n}/credits").json()["cast"])
    actor = get(f"/movie/{film}/credits").json()["cast"][0]
    person = get(f"/person/{actor['id']}", append_to_response="movie_credits").json()
    assert person["name"] == actor["name"]
    assert film in [credit["id"] for credit in person["movie_credits"]["cast"]]


def test_the_catalogue_has_every_oddity_at_some_per_cent():
    catalogue = Catalogue(2000)
    films = [catalogue.details(tmdb_id) for tmdb_id in catalogue.ids.tolist()]
    odd = {
        "empty date": [film.get("release_date") == "" for film in films],
        "no date": ["release_date" not in film for film in films],
        "no poster": [film["poster_path"] is None for film in films],
        "no imdb": [film["imdb_id"] is None for film in films],
        "runtime 0": [film["runtime"] == 0 for film in films],
        "runtime null": [film["runtime"] is None for film in films],
        "no genres": [film["genres"] == [] for film in films],
        "unknown genre": [10999 in [genre["id"] for genre in film["genres"]] for film in films],
        "own language code": [film["original_language"] in ("cn", "xx", "sh") for film in films],
        "unpopular": [film["popularity"] == 0 for film in films],
        "int average": [isinstance(film["vote_average"], int) for film in films],
        "unknown key": ["content_notes" in film for film in films],
    }
    shares = {name: sum(seen) / len(films) for name, seen in odd.items()}
    assert all(0.005 < share < 0.15 for share in shares.values()), shares
    assert len({film["title"] for film in films}) > 0.9 * len(films)
    assert 0.01 < 1 - len(films) / 2000 < 0.04


def test_the_same_seed_makes_the_same_film_in_a_catalogue_of_any_size():
    small, large = Catalogue(300, seed=5), Catalogue(50_000, seed=5)
    assert small.details(280) == large.details(280)
    assert small.details(280) != Catalogue(300, seed=6).details(280)


def test_the_daily_file_lists_what_exists_one_object_a_line(tmdb):
    answer = requests.get(f"{tmdb.exports_url}/movie_ids_{TODAY:%m_%d_%Y}.json.gz", timeout=5)
    entries = [json.loads(line) for line in gzip.decompress(answer.content).decode().splitlines()]
    assert set(entries[0]) == {"adult", "id", "original_title", "popularity", "video"}
    assert {entry["id"] for entry in entries} < set(tmdb.catalogue.ids.tolist())
    tomorrow = TODAY + timedelta(days=1)
    assert requests.get(f"{tmdb.exports_url}/movie_ids_{tomorrow:%m_%d_%Y}.json.gz", timeout=5).status_code == 404


def test_only_the_token_given_opens_the_door():
    with FakeTMDb(n_films=50, token="right") as tmdb:
        path = f"{tmdb.url}/genre/movie/list"
        asked = [
            requests.get(path, headers={"Authorization": "Bearer right"}, timeout=5),
            requests.get(path, params={"api_key": "right"}, timeout=5),
            requests.get(path, headers={"Authorization": "Bearer wrong"}, timeout=5),
            requests.get(path, timeout=5),
        ]
    assert [answer.status_code for answer in asked] == [200, 200, 401, 401]
    assert asked[-1].json()["status_code"] == 7


def test_recordings_are_replayed_as_they_were(tmdb, get):
    recorded("movie_popular_de")
    for name, recording in RECORDED.items():
        tmdb.replay(recording)
        request = recording["request"]
        answer = get(request["path"].removeprefix("/3"), **request["query"])
        assert (answer.status_code, answer.json()) == (recording["status"], recording["body"]), name
    assert get("/movie/popular", language="de").json() == recorded("movie_popular_de")["body"]
    assert get("/movie/popular", language="de").headers["x-cache"] == "Hit from cloudfront"
