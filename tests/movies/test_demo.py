import csv
import gzip
import os
import re
import unicodedata
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from apps.movies.demo import demo_catalogue_load, demo_films
from apps.movies.genres import TMDB_GENRES
from apps.movies.models import Credit, Keyword, Movie, Person, Source
from tests.factories import MovieFactory

FILMS = demo_films()
FACTS = {
    "tmdb_id": int,
    "imdb_id": str,
    "title": str,
    "original_title": str,
    "release_date": str,
    "runtime": int,
    "language": str,
    "countries": list,
    "genres": list,
    "directors": list,
    "cast": list,
    "keywords": list,
    "synopsis": str,
}


def broken(is_right):
    """The titles of the demo films of which the claim is not true."""
    return [film["title"] for film in FILMS if not is_right(film)]


def test_there_are_at_least_three_hundred_films_each_with_an_id_of_its_own():
    assert len(FILMS) >= 300
    for key in ("tmdb_id", "imdb_id", "synopsis"):
        assert len({film[key] for film in FILMS}) == len(FILMS)


def test_every_film_has_every_fact_and_no_other():
    assert broken(lambda film: {key: type(value) for key, value in film.items()} == FACTS) == []
    assert broken(lambda film: all(film.values())) == []


@pytest.mark.parametrize("key", ["countries", "genres", "directors", "keywords"])
def test_lists_name_nothing_twice(key):
    assert broken(lambda film: len(film[key]) == len(set(film[key]))) == []


def test_ids_dates_and_codes_are_well_formed():
    assert broken(lambda film: re.fullmatch(r"tt[0-9]{7,8}", film["imdb_id"], re.ASCII)) == []
    assert broken(lambda film: date(1900, 1, 1) < date.fromisoformat(film["release_date"]) < date(2026, 1, 1)) == []
    assert broken(lambda film: 40 <= film["runtime"] <= 300) == []
    assert broken(lambda film: re.fullmatch("[a-z]{2}", film["language"])) == []
    assert broken(lambda film: all(re.fullmatch("[A-Z]{2}", code) for code in film["countries"])) == []


def test_genres_are_named_as_tmdb_names_them():
    assert broken(lambda film: set(film["genres"]) <= set(TMDB_GENRES.values())) == []


def test_a_synopsis_is_one_sentence():
    assert broken(lambda film: re.fullmatch(r"[A-Z0-9\"“].*[.!?]", film["synopsis"])) == []
    assert broken(lambda film: not re.search(r"[.!?…]\W*\s", film["synopsis"])) == []
    assert broken(lambda film: 40 <= len(film["synopsis"]) <= 220) == []


def test_every_film_has_leading_parts_and_enough_keywords_to_be_compared_by():
    assert broken(lambda film: len(film["cast"]) >= 2 or film["genres"] in (["Documentary"], ["Animation"])) == []
    assert broken(lambda film: all(len(part) == 2 and all(part) for part in film["cast"])) == []
    assert broken(lambda film: len(film["keywords"]) >= 4) == []


@pytest.mark.django_db
def test_loading_puts_the_films_into_the_catalogue():
    assert demo_catalogue_load() == len(FILMS)
    alien = Movie.objects.get(tmdb_id=348)
    assert (alien.title, alien.source, alien.search_text) == ("Alien", Source.DEMO, "alien")
    assert {genre.name for genre in alien.genres.all()} == {"Horror", "Science Fiction"}
    assert alien.credits.get(kind="crew").person.name == "Ridley Scott"
    assert alien.credits.filter(kind="cast").first().person.name in {"Sigourney Weaver", "Tom Skerritt"}
    assert not Movie.objects.filter(search_text="").exists()


@pytest.mark.django_db
def test_loading_twice_adds_nothing():
    demo_catalogue_load()
    before = [model.objects.count() for model in (Movie, Credit, Person, Keyword)]
    assert demo_catalogue_load() == 0
    assert [model.objects.count() for model in (Movie, Credit, Person, Keyword)] == before


@pytest.mark.django_db
def test_people_and_keywords_of_several_films_are_one_row_each():
    demo_catalogue_load()
    for model in (Person, Keyword):
        names = list(model.objects.values_list("name", flat=True))
        assert len(names) == len(set(names))


@pytest.mark.django_db
def test_a_film_that_is_there_already_stays_as_it_is():
    MovieFactory(tmdb_id=348, title="Alien, as TMDb tells it")
    assert demo_catalogue_load() == len(FILMS) - 1
    assert Movie.objects.get(tmdb_id=348).source == Source.TMDB
    assert not Credit.objects.filter(movie__tmdb_id=348).exists()


DATASETS = os.environ.get("MARQUEE_DATASETS", "")
with_datasets = pytest.mark.skipif(
    not DATASETS, reason="needs MARQUEE_DATASETS, a folder with tmdb-45k, tmdb-5000 and tmdb-10866-cast"
)


def dataset(name):
    csv.field_size_limit(2**24)
    with gzip.open(Path(DATASETS) / name, "rt", encoding="utf-8", newline="") as file:
        return {int(row.get("id") or row["movie_id"]): row for row in csv.DictReader(file)}


def bare(name):
    """A name without accents and punctuation, which the sources spell differently."""
    with suppress(UnicodeError):
        name = name.encode("cp1252").decode()  # the Udacity file has names encoded twice
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalnum())


@with_datasets
def test_ids_and_years_are_those_of_tmdb():
    known = dataset("tmdb-45k/movies.csv.gz")

    def is_right(film):
        row = known.get(film["tmdb_id"], {"imdb_id": "", "release_date": ""})
        return (film["imdb_id"], film["release_date"][:4]) == (row["imdb_id"], row["release_date"][:4])

    assert broken(is_right) == []


@with_datasets
def test_titles_are_those_of_tmdb():
    known = dataset("tmdb-45k/movies.csv.gz")
    assert broken(lambda film: bare(film["title"]) == bare(known[film["tmdb_id"]]["title"])) == []


@with_datasets
def test_directors_are_those_of_tmdb():
    first_director, all_directors = (
        dataset(f"tmdb-{name}.csv.gz") for name in ("5000/tmdb_5000_credits.top5", "10866-cast/tmdb-movies")
    )

    def is_right(film):
        """One file knows the first director of a film, the other all, co-directors included; each film is in one."""
        tmdb_id, named = film["tmdb_id"], {bare(name) for name in film["directors"]}
        first = bare(first_director[tmdb_id]["director"]) if tmdb_id in first_director else None
        known = {bare(name) for name in all_directors.get(tmdb_id, {"director": ""})["director"].split("|")}
        known_well = tmdb_id in all_directors and named <= known
        return known_well if first is None else first in named and (known_well or tmdb_id not in all_directors)

    assert broken(is_right) == []


@with_datasets
def test_ids_and_years_agree_with_the_second_source():
    known = dataset("tmdb-10866-cast/tmdb-movies.csv.gz")
    films = [film for film in FILMS if film["tmdb_id"] in known]
    assert len(films) > 200
    for film in films:
        row = known[film["tmdb_id"]]
        assert (film["imdb_id"], film["release_date"][:4]) == (row["imdb_id"], row["release_year"]), film["title"]
