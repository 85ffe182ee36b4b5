import re
from datetime import date

import pytest
from django.utils import timezone

from apps.movies.models import Availability, Credit, Genre, Keyword, Movie, Person, Release, Source, Video
from apps.movies.tmdb_store import details_store, genres_store, mark_gone, person_store, summaries_store
from tests.factories import FavoriteFactory, GenreFactory, MovieFactory
from tests.fake_tmdb import recordings
from tests.movies.told import cast, film, keywords, listed_film, person
from utils.tmdb_client import parsing

pytestmark = pytest.mark.django_db

VIDEOS = {"results": [{"key": "jQ5lPt9edzQ", "site": "YouTube", "name": "Trailer", "type": "Trailer"}]}
RELEASES = {"results": [{"iso_3166_1": "US", "release_dates": [{"type": 3, "certification": "R"}]}]}
OFFERS = {"results": {"US": {"flatrate": [{"provider_id": 8, "provider_name": "Netflix"}]}}}
ALIEN = {
    "keywords": keywords(space=9882, android=803),
    "credits": cast((10205, "Sigourney Weaver"), (4139, "Tom Skerritt")),
    "videos": VIDEOS,
    "release_dates": RELEASES,
    "watch/providers": OFFERS,
    "alternative_titles": {"titles": [{"title": "Obcy"}]},
    "genres": [{"id": 27, "name": "Horror"}],
    "runtime": 117,
}


def parts_of(movie):
    """How many rows each part of a film has."""
    parts = (movie.keywords, movie.credits, movie.videos, movie.releases, movie.availabilities, movie.genres)
    return tuple(part.count() for part in parts)


def everything_stored():
    models = (Movie, Genre, Keyword, Person, Credit, Video, Release, Availability, Movie.genres.through)
    return [model._default_manager.count() for model in models]


def test_a_list_tells_of_a_film_what_its_card_shows():
    GenreFactory(tmdb_id=27, name="Horror")
    told = {"overview": "A crew answers a call.", "release_date": "1979-05-25", "original_language": "en"}
    told |= {"popularity": 41.5, "vote_average": 8.2, "vote_count": 14000, "poster_path": "/alien.jpg"}
    (pk,) = summaries_store([listed_film(348, title="Alien", genre_ids=[27], **told)]).values()
    movie = Movie.objects.get(pk=pk)
    assert (movie.tmdb_id, movie.title, movie.overview, movie.language) == (
        348,
        "Alien",
        "A crew answers a call.",
        "en",
    )
    assert (movie.release_date, movie.popularity, movie.vote_average, movie.vote_count) == (
        date(1979, 5, 25),
        41.5,
        8.2,
        14000,
    )
    assert (movie.source, movie.detailed_at, movie.poster_path) == (Source.TMDB, None, "/alien.jpg")
    assert movie.fetched_at is not None
    assert [genre.name for genre in movie.genres.all()] == ["Horror"]


def test_told_twice_is_stored_once():
    for _ in range(2):
        summaries_store([listed_film(1), listed_film(2)])
        details_store([film(348, **ALIEN)])
        person_store(person(10205, films=[348, 1]))
        once = everything_stored()
        assert Movie.objects.count() == 3
    assert everything_stored() == once


def test_a_film_that_one_answer_tells_of_twice_is_stored_once():
    details_store([film(348), film(348)])
    assert Movie.objects.get().tmdb_id == 348


def test_all_parts_of_a_film_are_stored():
    details_store([film(348, **ALIEN)])
    movie = Movie.objects.get()
    assert parts_of(movie) == (2, 2, 1, 1, 1, 1)
    assert (movie.runtime, movie.other_titles) == (117, ["Obcy"])
    assert movie.detailed_at == movie.fetched_at != None  # noqa: E711


def test_a_part_that_was_not_told_stays():
    details_store([film(348, **ALIEN)])
    details_store([film(348, genres=ALIEN["genres"], runtime=118)])
    movie = Movie.objects.get()
    assert parts_of(movie) == (2, 2, 1, 1, 1, 1)
    assert movie.runtime == 118


def test_other_titles_that_were_not_told_stay():
    details_store([film(348, **ALIEN)])
    details_store([film(348)])
    assert Movie.objects.get().other_titles == ["Obcy"]


def test_a_part_that_is_told_empty_is_emptied():
    details_store([film(348, **ALIEN)])
    empty = {"keywords": {"keywords": []}, "credits": {"cast": [], "crew": []}, "videos": {"results": []}}
    empty |= {"release_dates": {"results": []}, "watch/providers": {"results": {}}, "genres": []}
    details_store([film(348, **empty)])
    assert parts_of(Movie.objects.get()) == (0, 0, 0, 0, 0, 0)


def test_a_part_that_changed_is_replaced():
    details_store([film(348, **ALIEN)])
    changed = {
        "keywords": keywords(space=9882, alien=1),
        "credits": cast((10205, "Sigourney Weaver"), (5, "John Hurt")),
    }
    details_store([film(348, **changed)])
    movie = Movie.objects.get()
    assert set(movie.keywords.values_list("name", flat=True)) == {"space", "alien"}
    assert set(movie.credits.values_list("person__name", flat=True)) == {"Sigourney Weaver", "John Hurt"}


def test_details_stay_when_a_list_tells_of_the_film_again():
    details_store([film(348, **ALIEN)])
    read_at = Movie.objects.get().detailed_at
    summaries_store([listed_film(348, title="Alien: Director's Cut", genre_ids=[27], popularity=9.0)])
    movie = Movie.objects.get()
    assert (movie.title, movie.popularity, movie.runtime, movie.detailed_at) == (
        "Alien: Director's Cut",
        9.0,
        117,
        read_at,
    )
    assert parts_of(movie) == (2, 2, 1, 1, 1, 1)


def test_a_genre_has_its_number_for_a_name_until_tmdb_names_it():
    summaries_store([listed_film(1, genre_ids=[10999, 27])])
    assert set(Genre.objects.values_list("name", flat=True)) == {"Genre 10999", "Horror"}
    genres_store(parsing.parse_genres({"genres": [{"id": 10999, "name": "Heist"}]}))
    assert {genre.name for genre in Movie.objects.get().genres.all()} == {"Heist", "Horror"}


def test_an_answer_that_does_not_speak_of_genres_leaves_them():
    details_store([film(348, **ALIEN)])
    summaries_store([listed_film(348, genre_ids=None)])
    assert Movie.objects.get().genres.count() == 1


def test_a_film_of_the_demo_becomes_tmdbs_and_stays_a_favorite():
    favorite = FavoriteFactory(movie=MovieFactory(tmdb_id=348, source=Source.DEMO, only_year_known=True, vote_count=3))
    summaries_store([listed_film(348, title="Alien", vote_count=14000, release_date="1979-05-25")])
    favorite.movie.refresh_from_db()
    assert (favorite.movie.source, favorite.movie.title, favorite.movie.vote_count) == (Source.TMDB, "Alien", 14000)
    assert favorite.movie.known_release_date == date(1979, 5, 25)


def test_a_keyword_or_person_known_by_name_alone_becomes_the_one_that_tmdb_tells_of():
    Keyword.objects.create(name="space")
    Person.objects.create(name="Sigourney Weaver")
    details_store([film(348, **ALIEN)])
    assert Keyword.objects.get(name="space").tmdb_id == 9882
    assert Person.objects.get(name="Sigourney Weaver").tmdb_id == 10205


def test_a_person_known_by_name_alone_becomes_the_one_whose_page_tmdb_tells():
    Person.objects.create(name="Sigourney Weaver")
    person_store(person(10205, name="Sigourney Weaver"))
    assert Person.objects.get().tmdb_id == 10205


def test_a_persons_page_adds_films_and_leaves_the_billing_of_known_parts():
    details_store([film(348, credits=cast((1, "Somebody"), (10205, "Sigourney Weaver")))])
    woman = person_store(person(10205, films=[348, 679], birthday="1949-10-08"))
    assert (woman.birthday, woman.detailed_at is None) == (date(1949, 10, 8), False)
    parts = Credit.objects.filter(person=woman).values_list("movie__tmdb_id", "role", "order")
    assert sorted(parts) == [(348, "Self", 1), (679, "Self", 999)]


def test_a_film_is_found_by_its_other_titles_also_after_a_list_told_of_it_again():
    details_store([film(348, title="Alien", **ALIEN)])
    summaries_store([listed_film(348, title="Alien")])
    assert Movie.objects.get().search_text == "alien|obcy"
    assert list(Movie.objects.search("obcy")) == [Movie.objects.get()]


def test_the_first_thirty_of_the_cast_and_the_makers_of_a_film_are_kept():
    crew = [{"id": 900 + i, "name": f"Crew {i}", "job": job} for i, job in enumerate(("Director", "Best Boy"))]
    told = cast(*((i, f"Actor {i}") for i in range(1, 41))) | {"crew": crew}
    details_store([film(1, credits=told)])
    assert list(Credit.objects.filter(kind="cast").values_list("order", flat=True)) == list(range(30))
    assert Credit.objects.get(kind="crew").role == "Director"


def test_releases_and_offers_are_kept_of_our_regions_alone(settings):
    settings.TMDB_REGIONS = ["US", "GB"]
    places = ("US", "GB", "FR")
    releases = [{"iso_3166_1": place, "release_dates": [{"type": 3}]} for place in places]
    offers = {place: {"rent": [{"provider_id": 2, "provider_name": "Apple TV"}]} for place in places}
    details_store([film(1, **{"release_dates": {"results": releases}, "watch/providers": {"results": offers}})])
    assert set(Release.objects.values_list("country", flat=True)) == {"US", "GB"}
    assert set(Availability.objects.values_list("country", flat=True)) == {"US", "GB"}


def test_a_film_that_is_gone_comes_back_when_tmdb_tells_of_it():
    summaries_store([listed_film(1)])
    mark_gone(1)
    assert not Movie.objects.shown().exists()
    Movie.objects.update(missing_since=timezone.localdate())
    summaries_store([listed_film(1)])
    assert Movie.objects.shown().get().missing_since is None


def test_what_tmdb_never_told_of_cannot_go():
    MovieFactory(tmdb_id=1, source=Source.DEMO)
    mark_gone(1)
    assert Movie.objects.shown().exists()


@pytest.mark.parametrize("n_films", [1, 50])
def test_a_list_costs_the_same_queries_whatever_its_length(django_assert_max_num_queries, n_films):
    with django_assert_max_num_queries(12):  # SQLite takes 999 values a statement, and so one or two more
        summaries_store([listed_film(n, genre_ids=[27, 28]) for n in range(1, n_films + 1)])


@pytest.mark.parametrize("n_films", [1, 50])
def test_films_in_full_cost_the_same_queries_whatever_their_number(django_assert_max_num_queries, n_films):
    with django_assert_max_num_queries(40):
        details_store([film(n, **ALIEN) for n in range(1, n_films + 1)])


@pytest.mark.parametrize(
    "recording", [r for r in recordings() if r["status"] == 200], ids=lambda recording: recording["name"]
)
def test_every_answer_that_tmdb_ever_gave_us_ends_in_rows(recording):
    path, body = recording["request"]["path"], recording["body"]
    if path == "/genre/movie/list":
        genres_store(parsing.parse_genres(body))
        assert Genre.objects.count() == 19
    elif re.fullmatch(r"/movie/(\d+|latest)", path):
        details_store([parsing.parse_details(body)])
        assert Movie.objects.count() == 1
    elif path.startswith("/find/"):
        summaries_store(filter(None, [parsing.parse_found(body)]))
        assert Movie.objects.count() == len(body["movie_results"])
    elif "results" in body and not path.endswith(("changes", "videos", "release_dates", "watch/providers")):
        films = [item for item in body["results"] if item.get("media_type", "movie") == "movie" and "name" not in item]
        summaries_store(parsing.parse_page(body).results)
        assert Movie.objects.count() == len(films)
