import random
from dataclasses import replace

import numpy as np
import pytest

from apps.movies.models import Movie
from apps.movies.querysets import GenreChoice, MovieFilter
from apps.recommendations.catalogue import UNKNOWN, Catalogue, incidence
from tests.factories import GenreFactory, MovieFactory
from tests.recommendations.community import FIRST_PK
from tests.recommendations.limits import as_told, drawn_filter, drawn_market

ANYTHING = MovieFilter(include_adult=True)


def found_by_arrays(catalogue, wanted):
    return catalogue.item_ids[catalogue.passing(wanted)].tolist()


def found_by_tables(wanted):
    return list(Movie.objects.matching(wanted).order_by("pk").values_list("pk", flat=True))


@pytest.mark.parametrize("seed", range(8))
def test_arrays_and_tables_let_the_same_films_pass(community, seed):
    rng = random.Random(seed)
    catalogue = Catalogue.from_tables()
    for _ in range(15):
        wanted = rng.choice([drawn_filter, drawn_market, lambda rng: as_told(drawn_market(rng))])(rng)
        assert found_by_arrays(catalogue, wanted) == found_by_tables(wanted), wanted


@pytest.mark.parametrize(
    "limit",
    [
        {},
        {"include_adult": False},
        {"year_gte": 1960},
        {"year_lte": 2010},
        {"runtime_gte": 0},
        {"runtime_lte": 120},
        {"vote_gte": 6.5},
        {"languages": ("fr", "ja")},
        {"without_genres": (18,)},
        {"genres": GenreChoice((18,))},
        {"genres": GenreChoice((18, 35))},
        {"genres": GenreChoice((18, 28), match_all=False)},
        {"region": "US"},
        {"region": "US", "certifications": ("G", "PG")},
        {"region": "US", "without_certifications": ("R", "NC-17")},
        {"region": "DE", "providers": (8, 337)},
    ],
)
def test_each_limit_lets_some_films_pass_and_the_same_as_in_the_tables(community, limit):
    wanted = replace(ANYTHING, **limit)
    found = found_by_arrays(Catalogue.from_tables(), wanted)
    assert found == found_by_tables(wanted)
    assert 0 < len(found) < len(community) or limit in ({}, {"region": "US"})


def test_a_limit_lets_pass_its_own_value(db):
    at_the_limits = MovieFactory(release_date="1999-12-31", runtime=90, vote_average=7.3)
    limits = {"year_gte": 1999, "year_lte": 1999, "runtime_gte": 90, "runtime_lte": 90, "vote_gte": 7.3}
    wanted = MovieFilter(**limits)
    assert found_by_arrays(Catalogue.from_tables(), wanted) == found_by_tables(wanted) == [at_the_limits.pk]


@pytest.mark.parametrize("limit", ["year_gte", "year_lte", "runtime_gte", "runtime_lte"])
def test_a_film_whose_value_is_unknown_passes_no_limit_on_it(db, limit):
    MovieFactory(release_date=None, runtime=None)
    wanted = replace(ANYTHING, **{limit: 0 if limit == "runtime_gte" else 2000})
    assert found_by_arrays(Catalogue.from_tables(), wanted) == found_by_tables(wanted) == []


def test_a_genre_that_nobody_knows_is_in_no_film(community):
    catalogue = Catalogue.from_tables()
    assert not catalogue.matching(replace(ANYTHING, genres=GenreChoice((99,)))).any()
    assert not catalogue.matching(replace(ANYTHING, genres=GenreChoice((18, 99)))).any()
    assert catalogue.matching(replace(ANYTHING, without_genres=(99,))).all()


@pytest.mark.parametrize(
    ("limits", "n_queries"),
    [
        ({"region": "US", "languages": ("en",)}, 0),
        ({"region": "US", "certifications": ("G",), "without_certifications": ("R",), "providers": (8,)}, 1),
    ],
)
def test_the_tables_are_asked_only_where_ratings_or_offers_are_limited(
    community, django_assert_num_queries, limits, n_queries
):
    catalogue = Catalogue.from_tables()
    with django_assert_num_queries(n_queries):
        assert catalogue.passing(replace(ANYTHING, **limits)).any()


def test_positions_are_where_the_films_are_and_unknown_for_others(community):
    catalogue = Catalogue.from_tables()
    asked = np.array([FIRST_PK + 79, FIRST_PK - 1, FIRST_PK, FIRST_PK + 80])
    assert catalogue.positions(asked).tolist() == [79, UNKNOWN, 0, UNKNOWN]
    assert catalogue.positions(np.array([], dtype=np.int64)).tolist() == []


def test_arrays_survive_the_way_to_a_file_and_back(community):
    catalogue = Catalogue.from_tables()
    again = Catalogue.from_arrays(catalogue.to_arrays())
    wanted = MovieFilter(genres=GenreChoice((18,)), languages=("en",), year_gte=1970)
    assert found_by_arrays(again, wanted) == found_by_tables(wanted)


def test_an_empty_catalogue_has_nothing_to_show(db):
    catalogue = Catalogue.from_tables()
    assert catalogue.matching(MovieFilter(genres=GenreChoice((18,)), vote_gte=5.0)).shape == (0,)
    assert catalogue.positions(np.array([1, 2])).tolist() == [UNKNOWN, UNKNOWN]


def test_genres_are_told_apart_whatever_the_order_they_came_in(db):
    late, early = GenreFactory(tmdb_id=9000), GenreFactory(tmdb_id=7)
    both, one = MovieFactory(genres=[late, early]), MovieFactory(genres=[early])
    catalogue = Catalogue.from_tables()
    assert found_by_arrays(catalogue, MovieFilter(without_genres=(9000,))) == [one.pk]
    assert found_by_arrays(catalogue, MovieFilter(genres=GenreChoice((9000, 7)))) == [both.pk]
    assert catalogue.genre_row([7]).toarray()[0].tolist() == [float(genre == 7) for genre in catalogue.genre_ids]


def test_incidence_tells_a_pair_once_and_skips_ids_that_are_not_there():
    cells = incidence(np.array([2, 5]), np.array([1, 3]), np.array([5, 5, 4, 9, 2]), np.array([3, 3, 1, 1, 2]))
    assert cells.toarray().tolist() == [[0, 0], [0, 1]]
