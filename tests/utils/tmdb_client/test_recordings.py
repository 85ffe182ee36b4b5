import json
import re
from copy import deepcopy
from dataclasses import is_dataclass
from datetime import date

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fake_tmdb import FakeTMDb, recordings
from utils.tmdb_client import (
    TMDbClient,
    TMDbGone,
    TMDbRefused,
    TMDbUnauthorised,
    TMDbUnavailable,
    parsing,
    records,
    values,
)
from utils.tmdb_client.limits import RateLimit

RECORDINGS = list(recordings())
pytestmark = pytest.mark.skipif(not RECORDINGS, reason="no recorded answers here; MARQUEE_TMDB_RECORDED names a folder")

ERRORS = {
    400: TMDbRefused,
    401: TMDbUnauthorised,
    404: TMDbGone,
    422: TMDbRefused,
    429: TMDbUnavailable,
}
CALLS = [
    (r"/3/movie/(popular|top_rated|now_playing|upcoming)", lambda client, name: client.listing(name)),
    (r"/3/trending/movie/(day|week)", lambda client, window: client.listing(f"trending_{window}")),
    (r"/3/discover/movie", lambda client: client.discover({})),
    (r"/3/search/movie", lambda client: client.search("x")),
    (r"/3/genre/movie/list", lambda client: client.genres()),
    (r"/3/find/(tt\d+)", lambda client, imdb_id: client.find_imdb(imdb_id)),
    (r"/3/movie/changes", lambda client: client.changes(date(2026, 1, 1), date(2026, 1, 2))),
    (r"/3/movie/(\d+)/similar", lambda client, tmdb_id: client.similar(int(tmdb_id))),
    (r"/3/movie/(\d+)", lambda client, tmdb_id: client.details(int(tmdb_id))),
    (r"/3/configuration", lambda client: client.check()),
]
# Answers that no call of ours asks for, planted where one does: films among other things, and films not at all.
NO_FILM = "/3/movie/2"
STAND_INS = [
    (r"/3/(search/multi|trending/all/.*|search/collection|movie/\d+/recommendations)", "/3/movie/popular"),
    (r"/3/movie/latest", "/3/movie/1"),
    (r".*", NO_FILM),
]


@pytest.fixture(scope="module")
def server():
    with FakeTMDb(n_films=5) as fake:
        yield fake


def path_of(recording):
    path = recording["request"]["path"]
    if any(re.fullmatch(pattern, path) for pattern, _ in CALLS):
        return path
    return next(stand_in for pattern, stand_in in STAND_INS if re.fullmatch(pattern, path))


def ask(client, path):
    for pattern, call in CALLS:
        if match := re.fullmatch(pattern, path):
            return call(client, *match.groups())
    raise LookupError(path)


def is_record(result):
    return is_dataclass(result) or result is None or (isinstance(result, tuple) and all(map(is_record, result)))


def record_or_unavailable(call):
    """What an answer gives that is no film: nothing is known of it but that it is not all a film has."""
    try:
        return call()
    except TMDbUnavailable:
        return None


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording["name"])
def test_every_recorded_answer_ends_in_a_record_or_a_typed_error(server, recording):
    path = path_of(recording)
    server.reset()
    server.answer(path, recording["status"], recording["body"])
    client = TMDbClient(base_url=server.url, token="x", attempts=1, limit=RateLimit(1000, with_redis=False))
    if recording["status"] in ERRORS:
        with pytest.raises(ERRORS[recording["status"]]):
            ask(client, path)
    elif path == NO_FILM:
        assert is_record(record_or_unavailable(lambda: ask(client, path)))
    else:
        assert is_record(ask(client, path))


# --- Damaged answers -------------------------------------------------------------------------------

ODD = [None, "", "  ", "\x00", "\ud800", "550", "2013-02-14", "x" * 400, 0, -1, 1, True, False, 2**31, 2**70, 0.5]
ODD += [float("nan"), float("inf"), [], {}, [None], [[]], [{}], {"id": 1}, {"results": []}, {"id": "7", "name": "X"}]
DROP = object()


def parser_of(path):
    parsers = [
        (r"/3/(movie/(\d+|latest))", parsing.parse_details),
        (r"/3/movie/changes", parsing.parse_changes),
        (r"/3/genre/movie/list", parsing.parse_genres),
        (r"/3/find/.*", parsing.parse_found),
        (r"/3/(search|trending|discover)/.*", parsing.parse_page),
        (r"/3/movie/(\w+|\d+/(similar|recommendations))", parsing.parse_page),
    ]
    return next((parse for pattern, parse in parsers if re.fullmatch(pattern, path)), None)


def places(value, path=()):
    """The paths of everything inside a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


BODIES = [
    (parser_of(recording["request"]["path"]), json.dumps(recording["body"]), list(places(recording["body"])))
    for recording in RECORDINGS
    if recording["status"] == 200 and parser_of(recording["request"]["path"])
]
DAMAGES = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, len(ODD))), min_size=1, max_size=12)


def damage(body, place, value):
    """Set or drop what is at a place, if an earlier damage has left the way to it."""
    *way, last = place
    for key in way:
        try:
            body = body[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(body, dict):
        body.pop(last, None) if value is DROP else body.update({last: value})
    elif isinstance(body, list) and isinstance(last, int) and last < len(body):
        body.pop(last) if value is DROP else body.__setitem__(last, value)


def usable_id(item):
    tmdb_id = item.get("id")
    if isinstance(tmdb_id, str) and tmdb_id.isascii() and tmdb_id.isdigit() and len(tmdb_id) <= 10:
        tmdb_id = int(tmdb_id)
    return tmdb_id if type(tmdb_id) is int and 0 < tmdb_id < 2**31 else None


def is_titled(item):
    titles = [item.get("title"), item.get("original_title"), item.get("name")]
    return any(isinstance(title, str) and title.replace("\x00", "").strip() for title in titles)


def is_film(item):
    if not isinstance(item, dict):
        return False
    medium = item.get("media_type")
    return bool(usable_id(item)) and is_titled(item) and (not isinstance(medium, str) or medium in ("", "movie"))


def films_of(result):
    if isinstance(result, records.Page):
        return {film.tmdb_id for film in result.results}
    film = result.summary if isinstance(result, records.MovieDetails) else result
    return {film.tmdb_id} if isinstance(film, records.MovieSummary) else set()


def expected_films(parse, body):
    if parse is parsing.parse_page and isinstance(body.get("results"), list):
        return {usable_id(item) for item in body["results"] if is_film(item)}
    if parse is parsing.parse_found and isinstance(body.get("movie_results"), list):
        return {usable_id(item) for item in body["movie_results"] if is_film(item)}
    return {usable_id(body)} if parse is parsing.parse_details and is_film(body) else set()


@settings(max_examples=2000, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, max(0, len(BODIES) - 1)), DAMAGES)
def test_whatever_is_missing_or_mistyped_no_film_is_lost(chosen, damages):
    parse, text, spots = BODIES[chosen]
    body = orjson.loads(text)
    for spot, odd in damages:
        damage(body, spots[spot % len(spots)], deepcopy(ODD[odd]) if odd < len(ODD) else DROP)
    try:
        result = parse(body)
    except values.Unreadable:
        assert not expected_films(parse, body)
    else:
        assert is_record(result)
        assert films_of(result) >= expected_films(parse, body)
