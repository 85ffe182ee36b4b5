from datetime import date

import pytest
from django.db import IntegrityError

from apps.movies.genres import TMDB_GENRES, genres_by_name
from apps.movies.lists import list_swap
from apps.movies.models import Credit, Genre, Keyword, ListEntry, Person
from apps.movies.services import MovieNotFound, movie_for_tmdb_id
from tests.factories import GenreFactory, MovieFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("title", "original_title", "search_text"),
    [
        ("Amélie", "Le Fabuleux Destin d'Amélie Poulain", "amelie|le fabuleux destin d amelie poulain"),
        ("Alien", "Alien", "alien"),
        ("Alien", "ALIEN!", "alien"),
        ("Alien", "", "alien"),
        ("...", "", ""),
    ],
)
def test_saving_a_film_writes_down_what_it_is_searched_by(title, original_title, search_text):
    assert MovieFactory(title=title, original_title=original_title).search_text == search_text


@pytest.mark.parametrize("letter", ["a", "\ufdfa"])
def test_a_title_as_long_as_may_be_is_searchable(letter):
    movie = MovieFactory(title=letter * 300, original_title=letter * 299)
    movie.refresh_from_db()
    assert 0 < len(movie.search_text) <= 620


@pytest.mark.parametrize(("released", "name"), [(date(1979, 5, 25), "Alien (1979)"), (None, "Alien")])
def test_a_film_is_named_with_its_year_where_it_is_known(released, name):
    assert str(MovieFactory(title="Alien", release_date=released)) == name


@pytest.mark.parametrize("wrong", [{"vote_average": 10.1}, {"vote_average": -0.1}, {"tmdb_id": 1}])
def test_the_database_refuses_a_film_that_cannot_be(wrong):
    MovieFactory(tmdb_id=1)
    with pytest.raises(IntegrityError):
        MovieFactory(**wrong)


def test_a_part_is_credited_once():
    part = {"movie": MovieFactory(), "person": Person.objects.create(name="Alec Guinness"), "kind": "cast"}
    Credit.objects.create(**part, role="Ascoyne")
    Credit.objects.create(**part, role="Lady Agatha")
    with pytest.raises(IntegrityError):
        Credit.objects.create(**part, role="Ascoyne")


def test_a_list_cannot_hold_a_film_twice():
    movie = MovieFactory()
    with pytest.raises(IntegrityError):
        list_swap(ListEntry.Name.TRENDING_DAY, [movie.pk, movie.pk])


def test_a_list_that_cannot_be_swapped_stays_as_it_was(trending):
    movie = MovieFactory()
    trending([movie])
    with pytest.raises(IntegrityError):
        trending([movie, movie])
    assert ListEntry.objects.get().movie == movie


def test_finds_a_film_by_its_tmdb_id_or_says_that_there_is_none():
    movie = MovieFactory(tmdb_id=348)
    assert movie_for_tmdb_id(348) == movie
    with pytest.raises(MovieNotFound):
        movie_for_tmdb_id(349)


def test_tmdbs_genres_are_made_where_they_are_missing_and_only_there():
    GenreFactory(tmdb_id=28, name="Action")
    GenreFactory(tmdb_id=10769, name="Foreign")
    genres = genres_by_name()
    assert {name: genre.tmdb_id for name, genre in genres.items()} == {
        name: tmdb_id for tmdb_id, name in TMDB_GENRES.items()
    } | {"Foreign": 10769}
    assert genres_by_name() == genres
    assert Genre.objects.count() == 20


def test_rows_of_the_catalogue_have_names(trending):
    movie = MovieFactory()
    trending([movie])
    person = Person.objects.create(name="Bibi Andersson")
    credit = Credit.objects.create(movie=movie, person=person, kind="cast", role="Alma")
    assert [str(row) for row in (person, Keyword(name="island"), Genre(name="Drama"), ListEntry.objects.get())] == [
        "Bibi Andersson",
        "island",
        "Drama",
        "trending_day 1",
    ]
    assert str(credit) == f"{person.pk} in {movie.pk} as Alma"
