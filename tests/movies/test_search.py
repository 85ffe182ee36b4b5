import pytest

from tests.factories import MovieFactory
from tests.movies.listing import listed, refused

pytestmark = pytest.mark.django_db


def search(client, query, **more):
    return listed(client, "search/", query=query, **more)


@pytest.mark.parametrize(
    "query",
    [
        "Amélie",
        "amelie",
        "AMÉLIE",
        "Ame\u0301lie",
        "poulain destin",
        "d'amelie",
        "  amelie!  ",
        "amel",
        "fabuleux  POULAIN",
    ],
)
def test_finds_by_either_title_whatever_the_case_accents_punctuation_and_order(anonymous, query):
    MovieFactory(tmdb_id=194, title="Amélie", original_title="Le Fabuleux Destin d'Amélie Poulain")
    MovieFactory(title="Alien")
    assert search(anonymous, query) == [194]


@pytest.mark.parametrize(("query", "film"), [("七人の侍", 1), ("СТАЛКЕР", 2), ("groß", 3), ("GROSS", 3), ("\uff18", 4)])
def test_finds_in_any_script(anonymous, query, film):
    for tmdb_id, title in enumerate(("七人の侍", "Сталкер", "Große Freiheit", "8½"), start=1):
        MovieFactory(tmdb_id=tmdb_id, title=title)
    assert search(anonymous, query) == [film]


def test_every_word_must_be_there(anonymous):
    MovieFactory(title="Blade Runner")
    assert search(anonymous, "blade walker") == []


def test_the_exact_title_comes_before_its_beginning_before_the_rest(anonymous):
    MovieFactory(tmdb_id=1, title="Escape from Alien", popularity=90)
    MovieFactory(tmdb_id=2, title="Aliens", popularity=80)
    MovieFactory(tmdb_id=3, title="Alien", popularity=1)
    MovieFactory(tmdb_id=4, title="Alien 3", popularity=85)
    assert search(anonymous, "alien") == [3, 4, 2, 1]


@pytest.mark.parametrize("query", ["amelie", "le fabuleux destin", "le fabuleux"])
def test_a_title_is_exact_or_begun_whichever_of_the_two_it_is(anonymous, query):
    MovieFactory(tmdb_id=1, title="Amelie 2", original_title="Pas le fabuleux destin", popularity=99)
    MovieFactory(tmdb_id=2, title="Amélie", original_title="Le fabuleux destin")
    assert search(anonymous, query) == [2, 1]


def test_as_close_is_by_popularity_then_by_tmdb_id(anonymous):
    for tmdb_id, popularity in ((3, 1), (2, 1), (1, 0)):
        MovieFactory(tmdb_id=tmdb_id, title="Solaris", popularity=popularity)
    assert search(anonymous, "solaris") == [2, 3, 1]


@pytest.mark.parametrize(
    ("query", "films"), [("100%", [1]), ("%", []), ("_", []), ("f_st", [2]), ("wolf|100", [1]), ("\\", [])]
)
def test_the_wildcards_of_like_are_nothing_special(anonymous, query, films):
    MovieFactory(tmdb_id=1, title="100% Wolf")
    MovieFactory(tmdb_id=2, title="F_st")
    MovieFactory(tmdb_id=3, title="Fast")
    assert search(anonymous, query) == films


@pytest.mark.parametrize("query", ["!?", "...", "—", "' OR 1=1 --"])
def test_a_query_without_a_known_word_finds_nothing(anonymous, query):
    MovieFactory(title="M")
    assert search(anonymous, query) == []


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"query": ""}, ("query", "blank")),
        ({"query": "   "}, ("query", "blank")),
        ({}, ("query", "required")),
        ({"query": "a\0b"}, ("query", "null_characters_not_allowed")),
        ({"query": "a" * 201}, ("query", "max_length")),
        ({"query": ["alien", "aliens"]}, ("query", "repeated_parameter")),
    ],
)
def test_asks_for_one_query_of_a_sensible_length(anonymous, query, complaint):
    assert refused(anonymous, "search/", **query) == [complaint]


def test_adult_films_are_found_only_when_asked_for(anonymous):
    MovieFactory(tmdb_id=1, title="Solaris", adult=True)
    assert search(anonymous, "solaris") == []
    assert search(anonymous, "solaris", include_adult="true") == [1]


@pytest.mark.parametrize("n_films", [1, 20])
def test_searching_costs_five_queries(anonymous, django_assert_num_queries, n_films):
    MovieFactory.create_batch(n_films)
    with django_assert_num_queries(5):  # which films, count, page, genres, who made the votes
        assert len(search(anonymous, "film")) == n_films


def test_words_match_from_their_beginning_alone(anonymous):
    MovieFactory(tmdb_id=1, title="E.T. the Extra-Terrestrial")
    MovieFactory(tmdb_id=2, title="Cabaret")
    assert search(anonymous, "e.t.") == [1]


def test_other_titles_are_found(anonymous):
    MovieFactory(tmdb_id=1, title="Salt", other_titles=["Le sel"])
    assert search(anonymous, "le sel") == [1]
