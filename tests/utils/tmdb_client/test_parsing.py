from datetime import UTC, date, datetime

import pytest

from utils.tmdb_client import parsing, records, values

MINIMAL = {"id": 7, "title": "A film"}


def film_of(**fields):
    return parsing.parse_details(MINIMAL | fields).summary


def page_of(*results):
    return parsing.parse_page({"results": list(results)})


def test_a_film_needs_an_id_and_a_title_and_nothing_else():
    assert film_of() == records.MovieSummary(
        tmdb_id=7,
        title="A film",
        original_title="",
        overview="",
        release_date=None,
        language="",
        popularity=0.0,
        vote_average=0.0,
        vote_count=0,
        adult=False,
        poster_path="",
        backdrop_path="",
        genre_ids=None,
    )


@pytest.mark.parametrize("fields", [{"original_title": "X"}, {"title": "", "name": "X"}, {"title": None, "name": "X"}])
def test_any_title_will_do(fields):
    [film] = page_of({"id": 1} | fields).results
    assert film.title == "X"


@pytest.mark.parametrize(
    "tmdb_id", [None, 0, -1, 2**31, True, "", "x", "7 ", "\N{ARABIC-INDIC DIGIT SEVEN}", 7.0, [7], {}]
)
def test_an_item_without_a_usable_id_is_dropped(tmdb_id):
    assert page_of({"id": tmdb_id, "title": "X"}, MINIMAL).results == (film_of(),)


def test_an_id_may_be_written_in_digits():
    assert page_of({"id": "7", "title": "A film"}).results == (film_of(),)


@pytest.mark.parametrize("title", ["", "  ", "\x00", None, 1917, ["X"]])
def test_an_item_without_a_title_is_dropped(title):
    assert page_of({"id": 1, "title": title}).results == ()


def test_repeats_and_other_media_are_left_out():
    others = [{"id": 8, "name": "X", "media_type": kind} for kind in ("tv", "person", "collection")]
    page = page_of(MINIMAL, MINIMAL | {"title": "Again"}, *others, {"id": 9, "title": "Y", "media_type": "movie"})
    assert [film.title for film in page.results] == ["A film", "Y"]


def test_a_page_announces_no_more_pages_than_can_be_asked_for():
    page = parsing.parse_page({"results": [], "page": 3, "total_pages": 57004, "total_results": 1140068})
    assert (page.page, page.total_pages, page.total_results) == (3, 500, 1140068)


@pytest.mark.parametrize("raw", [None, [], "x", 1, {}, {"results": None}, {"results": {}}, {"results": "x"}])
def test_what_is_no_page_is_unreadable(raw):
    with pytest.raises(values.Unreadable):
        parsing.parse_page(raw)


@pytest.mark.parametrize("raw", [None, [], {}, {"id": 7}, {"title": "X"}, {"id": True, "title": "X"}])
def test_what_is_no_film_is_unreadable(raw):
    with pytest.raises(values.Unreadable):
        parsing.parse_details(raw)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\x00b", "ab"),
        ("  a ", "a"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\ud83d!", "\ufffd!"),
        ("x" * 301, "x" * 300),
        ("x" * 299 + " y", "x" * 299),
    ],
)
def test_text_is_what_a_column_takes(sent, kept):
    assert film_of(title=sent).title == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2004-11-18", date(2004, 11, 18)),
        ("2004-11-18T00:00:00.000Z", date(2004, 11, 18)),
        ("", None),
        (None, None),
        ("2004", None),
        ("20041118", None),
        ("2004-02-30", None),
        ("0000-00-00", None),
        ("1869-12-31", None),
        ("2201-01-01", None),
        (20041118, None),
    ],
)
def test_a_date_is_a_plausible_day_or_none(sent, kept):
    assert film_of(release_date=sent).release_date == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(7.5, 7.5), (7, 7.0), (-1, 0.0), (11, 10.0), (float("nan"), 0.0), (float("inf"), 0.0), (True, 0.0), ("7", 0.0)],
)
def test_a_vote_is_a_number_from_nought_to_ten(sent, kept):
    assert film_of(vote_average=sent).vote_average == kept


def test_numbers_stay_in_the_bounds_of_their_columns():
    film = film_of(vote_count=2**70, popularity=10**400)
    assert (film.vote_count, film.popularity) == (2**31 - 1, 1e9)


@pytest.mark.parametrize("path", ["x.jpg", "https://example.com/x.jpg", "/" + "x" * 100, 5, None])
def test_a_path_that_is_none_of_theirs_is_empty(path):
    assert film_of(poster_path=path).poster_path == ""


def test_genres_are_known_from_ids_or_objects_or_not_at_all():
    assert film_of(genres=[{"id": 18, "name": "Drama"}, {"id": 99}]).genre_ids == (18, 99)
    assert page_of(MINIMAL | {"genre_ids": [18, "x", 18]}).results[0].genre_ids == (18,)
    assert page_of(MINIMAL | {"genre_ids": []}).results[0].genre_ids == ()
    assert page_of(MINIMAL | {"genre_ids": None}).results[0].genre_ids is None


PARTS = ("keywords", "credits", "videos", "releases", "offers")


def test_a_part_that_did_not_come_is_none():
    details = parsing.parse_details(MINIMAL)
    assert [getattr(details, part) for part in PARTS] == [None] * 5


def test_a_part_that_came_empty_is_empty():
    empty = {
        "keywords": {"keywords": []},
        "credits": {"cast": [], "crew": []},
        "videos": {"results": []},
        "release_dates": {"results": []},
        "watch/providers": {"results": {}},
    }
    details = parsing.parse_details(MINIMAL | empty)
    assert [getattr(details, part) for part in PARTS] == [()] * 5


def test_the_parts_of_a_film_are_records():
    details = parsing.parse_details(
        MINIMAL
        | {
            "imdb_id": "tt0000007",
            "runtime": 0,
            "belongs_to_collection": {"id": 1, "name": "All"},
            "production_countries": [{"iso_3166_1": "AT", "name": "Austria"}, {"iso_3166_1": "at"}],
            "keywords": {"keywords": [{"id": 1, "name": "prison"}, {"id": 1, "name": "prison"}, {"id": 2}]},
            "credits": {
                "cast": [{"id": 5, "name": "Ann", "character": "She", "order": 3}],
                "crew": [{"id": 5, "name": "Ann", "job": "Director"}, {"id": 6, "job": "Writer"}],
            },
            "videos": {
                "results": [
                    {"key": "k", "site": "YouTube", "type": "Trailer", "published_at": "2016-03-01T13:03:55.000Z"},
                    {"key": "", "site": "YouTube"},
                ]
            },
            "release_dates": {
                "results": [
                    {
                        "iso_3166_1": "US",
                        "release_dates": [
                            {"type": 3, "certification": "R", "release_date": "2013-02-14T00:00:00.000Z"},
                            {"type": 7},
                        ],
                    }
                ]
            },
            "watch/providers": {
                "results": {
                    "US": {"link": "x", "rent": [{"provider_id": 2, "provider_name": "Shop", "logo_path": "/l.jpg"}]}
                }
            },
            "alternative_titles": {"titles": [{"title": "A film"}, {"title": "Ein Film"}, {"title": "Ein Film"}]},
        }
    )
    assert (details.imdb_id, details.runtime) == ("tt0000007", None)
    assert (details.collection, details.countries, details.other_titles) == ("All", ("AT",), ("Ein Film",))
    assert details.keywords == (records.KeywordRecord(1, "prison"),)
    assert details.credits == (
        records.PersonCredit(5, "Ann", "", "cast", "She", 3),
        records.PersonCredit(5, "Ann", "", "crew", "Director", 0),
    )
    published = datetime(2016, 3, 1, 13, 3, 55, tzinfo=UTC)
    assert details.videos == (records.VideoRecord("k", "YouTube", "", "Trailer", False, "", published),)
    assert details.releases == (records.ReleaseRecord("US", 3, date(2013, 2, 14), "R", ""),)
    assert details.offers == (records.ProviderOffer("US", "rent", 2, "Shop", "/l.jpg"),)


def test_a_person_has_films_and_needs_a_name():
    person = parsing.parse_person(
        {
            "id": 5,
            "name": "Ann",
            "birthday": "1950-01-02",
            "movie_credits": {
                "cast": [MINIMAL | {"character": "She"}, {"id": 8}],
                "crew": [MINIMAL | {"job": "Director"}, MINIMAL | {"job": "Writer"}],
            },
        }
    )
    assert (person.name, person.birthday, person.deathday) == ("Ann", date(1950, 1, 2), None)
    assert [(film.tmdb_id, role) for film, role in person.cast] == [(7, "She")]
    assert [role for _, role in person.crew] == ["Director", "Writer"]
    with pytest.raises(values.Unreadable):
        parsing.parse_person({"id": 5})


def test_changes_are_ids_without_repeats():
    page = parsing.parse_changes({"results": [{"id": 1, "adult": None}, {"id": 1}, {"id": "x"}], "total_pages": 3})
    assert page == records.ChangesPage((1,), 1, 3)


def test_an_export_line_is_a_film_or_none():
    line = {"adult": True, "id": 2, "original_title": "Ariel", "popularity": 12.697, "video": False}
    assert parsing.parse_export_line(line) == records.ExportLine(2, "Ariel", 12.697, True, False)
    assert parsing.parse_export_line({"id": 10, "popularity": 1}) is None
    assert parsing.parse_export_line([]) is None


def test_certifications_name_their_country():
    raw = {"certifications": {"US": [{"certification": "R", "meaning": "17", "order": 4}, {}], "x": [], "DE": None}}
    assert parsing.parse_certifications(raw) == (records.Certification("US", "R", "17", 4),)
