import threading

import pytest
from django.db import connection

from apps.movies import search
from apps.movies.models import Movie
from apps.movies.search import Vocabulary, find, vocabulary_keeper
from tests.factories import MovieFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _words_of_this_test_alone():
    vocabulary_keeper.reset()
    yield
    vocabulary_keeper.reset()


@pytest.fixture
def catalogue():
    titles = (
        "The Godfather",
        "Star Wars",
        "The Matrix",
        "Amélie",
        "Blade Runner",
        "Schindler's List",
        "Terminator",
        "Jaws",
        "Up",
        "Kør, Ørn, kør",
        "Don't Look Up",
        "The Dark Knight",
    )
    for tmdb_id, title in enumerate(titles, start=1):
        MovieFactory(tmdb_id=tmdb_id, title=title)


def found(text, films=None):
    films, searched_for = find(Movie.objects.all() if films is None else films, text)
    return [film.title for film in films], searched_for


@pytest.mark.parametrize(
    ("query", "title", "meant"),
    [
        ("terimnator", "Terminator", "terminator"),  # letters swapped
        ("teminator", "Terminator", "terminator"),  # one missing
        ("terrminator", "Terminator", "terminator"),  # one doubled
        ("tarminator", "Terminator", "terminator"),  # one wrong
        ("tremintaor", "Terminator", "terminator"),  # two mistakes in a long word
        ("germinator", "Terminator", "terminator"),  # the first letter
        ("matirx", "The Matrix", "matrix"),
        ("jwas", "Jaws", "jaws"),
        ("Améile", "Amélie", "amelie"),
        ("runenr bladde", "Blade Runner", "runner blade"),
        ("the dark knigth", "The Dark Knight", "the dark knight"),
        ("starwars", "Star Wars", "star wars"),
        ("teh godfather", "The Godfather", "the godfather"),
        ("thw godfather", None, None),  # too short to guess at
        ("god father", "The Godfather", "godfather"),
        ("the god father", "The Godfather", "the godfather"),
        ("shindlers list", "Schindler's List", "schindlers list"),
        ("don t look up", "Don't Look Up", "dont look up"),
    ],
)
@pytest.mark.usefixtures("catalogue")
def test_a_mistyped_word_is_read_as_the_nearest_of_the_catalogue_and_the_answer_says_so(query, title, meant):
    assert found(query) == (([title], meant) if title else ([], query))


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("amelie", "Amélie"),
        ("AMÈLÏÉ", "Amélie"),
        ("Mâtrix", "The Matrix"),
        ("runner blade", "Blade Runner"),
        ("schindler's list", "Schindler's List"),
        ("Schindler\u2019s list", "Schindler's List"),
        ("schindlers list", "Schindler's List"),
        ("schindler s list", "Schindler's List"),
        ("list schindler", "Schindler's List"),
        ("orn kor", "Kør, Ørn, kør"),
        ("dont look", "Don't Look Up"),
        ("termin", "Terminator"),
    ],
)
@pytest.mark.usefixtures("catalogue")
def test_what_is_found_as_it_stands_is_left_as_it_stands(query, title):
    assert found(query) == ([title], query)


@pytest.mark.parametrize("query", ["xylophone", "quetzalcoatl star", "jsw", "upp", "thw"])
@pytest.mark.usefixtures("catalogue")
def test_where_nothing_is_near_nothing_is_found(query):
    assert found(query) == ([], query)


@pytest.mark.parametrize(
    "query",
    [
        *("", " ", "...", "!?", "\0", "🎬", "🎬🍿 !", "\ud800", "%", "_", "%%%%%", "'", "\u2019", "|", "\\"),
        *("x" * 5000, "terminatr " * 400, " ".join(f"termi{n}" for n in range(600)), "a b " * 3000, "🎬" * 5000),
    ],
)
@pytest.mark.usefixtures("catalogue")
def test_a_query_of_no_sense_finds_nothing(query):
    assert found(query) == ([], query)


def test_a_nul_and_an_emoji_part_words():
    MovieFactory(title="Star Wars")
    assert found("star\0wars")[0] == found("🌟 star 🎬wars")[0] == ["Star Wars"]


@pytest.mark.parametrize(("query", "titles"), [("sta%", ["Star"]), ("s%r", []), ("s_ar", []), ("t%", ["T_st"])])
def test_the_wildcards_of_like_are_letters_like_others(query, titles):
    MovieFactory(title="Star")
    MovieFactory(title="T_st")
    assert [film.title for film in Movie.objects.search(query)] == titles


def test_a_known_word_is_doubted_only_where_the_query_as_a_whole_finds_nothing():
    MovieFactory(title="Stray Dogs")
    MovieFactory(title="Toy Story")
    assert found("stray") == (["Stray Dogs"], "stray")
    assert found("stary") == (["Stray Dogs"], "stray")
    assert found("toy stray") == ([], "toy stray")  # two edits in five letters
    MovieFactory(title="Storm")
    vocabulary_keeper.reset()
    assert found("storm") == (["Storm"], "storm")
    assert found("toy storm") == (["Toy Story"], "toy story")


def test_the_other_words_tell_which_near_word_is_meant():
    MovieFactory(title="Darker", popularity=99)
    MovieFactory(title="Peter Parker", popularity=1)
    assert found("barker") == (["Darker"], "darker")
    assert found("peter barker") == (["Peter Parker"], "peter parker")


def test_as_near_a_whole_title_comes_before_a_part_and_the_popular_before_the_rest():
    MovieFactory(title="Fifty Shades Darker", popularity=99)
    MovieFactory(title="Parker", popularity=2)
    MovieFactory(title="Marker", popularity=1)
    assert found("barker") == (["Parker"], "parker")


def test_nearer_goes_before_popular():
    MovieFactory(title="Barkley", popularity=99)
    MovieFactory(title="Berkeley", popularity=1)
    assert found("berkeleyy") == (["Berkeley"], "berkeley")


def test_nothing_outside_the_films_asked_about_is_found_or_hinted_at():
    MovieFactory(title="Terminator", adult=True)
    MovieFactory(title="Germinator", popularity=0)
    films = Movie.objects.filter(adult=False)
    assert found("terminator", films) == (["Germinator"], "germinator")
    assert found("tarminatr", films) == ([], "tarminatr")


def test_of_many_films_the_popular_and_the_exact_are_ranked(monkeypatch):
    monkeypatch.setattr(search, "RANKED", 3)
    for popularity in range(9, 0, -1):
        MovieFactory(title=f"Solaris {popularity}", popularity=popularity)
    MovieFactory(title="Film", other_titles=["Soljaris", "Solaris", "Solyaris"], popularity=0)
    assert found("solaris")[0] == ["Film", "Solaris 9", "Solaris 8", "Solaris 7"]


@pytest.mark.parametrize("n_films", [1, 300])
def test_a_search_costs_as_much_in_a_large_catalogue(django_assert_num_queries, n_films):
    MovieFactory.create_batch(n_films)
    MovieFactory(title="Terminator")
    found("terminator xylophone")  # counts the words
    with django_assert_num_queries(2):  # which films, and the films
        assert found("terminator")[0] == ["Terminator"]
    with django_assert_num_queries(4):  # besides, that nothing has it as typed, and what may be meant
        assert found("terminatro")[0] == ["Terminator"]
    with django_assert_num_queries(1):
        assert found("xylophone")[0] == []


def test_an_empty_vocabulary_is_counted_again():
    assert found("terminatr") == ([], "terminatr")
    MovieFactory(title="Terminator")
    assert found("terminatr") == (["Terminator"], "terminator")


@pytest.mark.django_db(transaction=True)
def test_an_old_vocabulary_answers_while_another_thread_counts_anew(monkeypatch):
    MovieFactory(title="Terminator")
    assert found("terminatr")[1] == "terminator"
    MovieFactory(title="Xylophone")
    assert found("xylofone")[1] == "xylofone"
    monkeypatch.setattr(vocabulary_keeper, "_due", 0.0)
    vocabulary_keeper.vocabulary()
    for thread in threading.enumerate():
        if thread.name == "vocabulary":
            thread.join(10)
    assert found("xylofone")[1] == "xylophone"


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("Thw Godfathr", None),  # nothing is near "thw"
        ("Teh Godfathr", "the godfather"),
        ("the Godfathr", "the godfather"),
        ("godfather", None),
        ("godf", None),
        ("stars", "star"),
        ("sta", None),
        ("starwars", "star wars"),
        ("", None),
    ],
)
def test_a_vocabulary_corrects_what_it_does_not_know(text, corrected):
    assert Vocabulary.of(["the godfather|il padrino", "star wars", "star trek"]).corrected(text) == corrected


def test_as_near_the_word_of_more_films_is_meant():
    assert Vocabulary.of(["parker", "darker", "darker still"]).corrected("barker") == "darker"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads every title")
@pytest.mark.parametrize(
    ("films", "index"),
    [
        (lambda: Movie.objects.search("alien").order_by(), "movie_by_title_words"),
        (lambda: Movie.objects.filter(search.has_title("alien")), "movie_by_whole_title"),
    ],
)
def test_postgresql_finds_by_its_indexes(films, index):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert index in films().explain()
