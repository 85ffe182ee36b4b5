from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.core.management import CommandError
from django.db import connections

from apps.movies.models import Credit, Genre, Keyword, Movie, Person
from apps.movies.tmdb_store import details_store, person_store, summaries_store
from tests.movies.commands import run
from tests.movies.told import cast, film, keywords, listed_film, person
from tests.threads import at_once, concurrent_writers
from utils.database import alone

pytestmark = concurrent_writers

FILMS = range(1, 41)
ROUNDS = 8
GENRES = [{"id": 9000 + n, "name": f"Genre {n}"} for n in range(10)]


def in_full(number):
    return film(
        number,
        genres=GENRES,
        keywords=keywords(**{f"keyword {n}": 500 + n for n in range(10)}),
        credits=cast(*((700 + n, f"Actor {n}") for n in range(10))),
    )


def test_lists_of_the_same_films_in_opposite_orders_do_not_wait_for_each_other_forever():
    def store(backwards):
        for round_ in range(ROUNDS):
            films = [listed_film(n, genre_ids=[9000 + n, 9100 + round_], vote_count=round_) for n in FILMS]
            summaries_store(films[::-1] if backwards else films)

    at_once(store, [False, True] * 4)
    assert (Movie.objects.count(), Genre.objects.count()) == (len(FILMS), len(FILMS) + ROUNDS)


def test_the_same_films_in_full_in_opposite_orders_do_not_wait_for_each_other_forever():
    def store(backwards):
        for _ in range(ROUNDS // 2):
            films = [in_full(n) for n in FILMS]
            details_store(films[::-1] if backwards else films)

    at_once(store, [False, True] * 4)
    assert (Movie.objects.count(), Person.objects.count(), Keyword.objects.count()) == (len(FILMS), 10, 10)
    assert Credit.objects.count() == 10 * len(FILMS)


def test_a_films_page_and_its_peoples_pages_do_not_wait_for_each_other_forever():
    def store(page):
        for n in range(ROUNDS * 2):
            if page == "film":
                details_store([in_full(number) for number in FILMS])
            else:
                person_store(person(700 + n % 10, films=FILMS))

    details_store([in_full(number) for number in FILMS])
    at_once(store, ["film", "person"] * 2)
    assert (Movie.objects.count(), Person.objects.count()) == (len(FILMS), 10)


def test_a_list_and_a_film_that_both_bring_a_new_genre_do_not_wait_for_each_other_forever():
    def store(told):
        for n in range(ROUNDS * 4):
            if told == "list":
                summaries_store([listed_film(number, genre_ids=[20_000 + n]) for number in FILMS])
            else:
                details_store([film(number, genres=[{"id": 20_000 + n, "name": "New"}]) for number in FILMS])

    at_once(store, ["list", "film"] * 2)
    assert Genre.objects.filter(tmdb_id__gte=20_000).count() == ROUNDS * 4


def test_films_that_share_keywords_known_by_name_alone_do_not_wait_for_each_other_forever():
    names = [f"keyword {n}" for n in range(30)]
    for _ in range(ROUNDS):
        Movie.objects.all().delete()
        Keyword.objects.all().delete()
        Keyword.objects.bulk_create([Keyword(name=name) for name in names])

        def store(number):
            order = names if number % 2 else names[::-1]
            details_store([film(number, keywords=keywords(**{name: 500 + names.index(name) for name in order}))])

        at_once(store, list(range(1, 9)))
        assert Keyword.objects.count() == len(names)


@pytest.mark.parametrize("command", ["sync_details", "sync_ids", "refresh_catalogue"])
def test_a_run_that_finds_another_at_the_same_films_stops_with_a_sentence(tmdb, command):
    held, done = Event(), Event()

    def another_run():
        with alone("read films in full") as ours:
            assert ours
            held.set()
            done.wait(10)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(another_run)
        assert held.wait(10)
        with pytest.raises(CommandError):
            run(command)
        done.set()
        other.result()
    run(command)
