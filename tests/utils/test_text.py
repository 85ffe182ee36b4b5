import pytest

from utils.text import searchable


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Amélie: 2", "amelie 2"),
        ("AMÉLIE  2", "amelie 2"),
        ("Ame\u0301lie", "amelie"),
        ("Straße", "strasse"),
        ("\uff37\uff41\uff4c\uff4c・\uff25", "wall e"),
        ("Se7en", "se7en"),
        ("WALL·E", "wall e"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
        ("Τελευταίος", "τελευταιοσ"),
        ("Đorđe", "đorđe"),
        ("İstanbul", "istanbul"),
        (" \t\n!? ", ""),
        ("", ""),
        ("M*A*S*H", "m a s h"),
    ],
)
def test_folds_case_accents_and_punctuation_away(text, folded):
    assert searchable(text) == folded
    assert searchable(folded) == folded
