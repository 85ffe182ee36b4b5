import pytest

from apps.favorites.movielens.titles import parse_title


@pytest.mark.parametrize(
    ("text", "main", "others", "year"),
    [
        ("Lamp, The (1971)", "The Lamp", (), 1971),
        ("Owl's Day, An (1971)", "An Owl's Day", (), 1971),
        ("Étoile, L' (Star, The) (1931)", "L'Étoile", ("The Star",), 1931),
        ("Lamp, The: The Return (2001) ", "The Lamp: The Return", (), 2001),
        ("Lamps (a.k.a. Lights) (Lampen, Die) (2001)", "Lamps", ("Lights", "Die Lampen"), 2001),
        ("Red, White, Blue (2001)", "Red, White, Blue", (), 2001),
        ("(12) Nights of Snow (2009)", "(12) Nights of Snow", (), 2009),
        ("Half (Not) Asleep (2009)", "Half (Not) Asleep", (), 2009),
        ("A Serial (2006–2007)", "A Serial", (), 2006),  # noqa: RUF001  # the dash that GroupLens writes
        ("Untold", "Untold", (), None),
        ("1984", "1984", (), None),
        ("(1984)", "(1984)", (), None),
    ],
)
def test_titles_are_read_as_they_are_spoken(text, main, others, year):
    assert parse_title(text) == (main, others, year)
