"""GroupLens' titles taken apart: "Mariachi, El (a.k.a. The Guitar Player) (1992)"."""

from __future__ import annotations

import re
from typing import NamedTuple

ARTICLES = {
    *("the", "a", "an"),
    *("le", "la", "les", "l'", "un", "une"),
    *("il", "lo", "i", "gli", "el", "los", "las", "o", "os", "as", "um", "uma"),
    *("der", "die", "das", "ein", "eine", "den", "det", "en", "et", "de", "het"),
}
_YEAR = re.compile(r"\s*\(((?:18|19|20)\d\d)(?:\s*[-\u2013]\s*(?:\d{4})?\s*)?\)\s*$")  # a series: "(2006-2007)"
_LAST_PARENTHESES = re.compile(r"^(.*\S)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)$")
_AKA = re.compile(r"^a\.?k\.?a\.?:?\s+", re.IGNORECASE)


class Title(NamedTuple):
    main: str
    others: tuple[str, ...]  # in parentheses: original, translated and alternative titles, in no telling order
    year: int | None


def parse_title(text: str) -> Title:
    """The main title, read aloud ("The Matrix"), the titles in parentheses, and the year where one is told."""
    text, year = _split_year(text.strip())
    others: list[str] = []
    while found := _LAST_PARENTHESES.match(text):
        text = found[1]
        others.insert(0, _article_first(_AKA.sub("", found[2].strip())))
    return Title(_article_first(text), tuple(filter(None, others)), year)


def _split_year(text: str) -> tuple[str, int | None]:
    found = _YEAR.search(text)
    if not found or not found.start():
        return text, None
    return text[: found.start()], int(found[1])


def _article_first(title: str) -> str:
    """Such as "The Matrix" for "Matrix, The", "L'Avventura" for "Avventura, L'", "The Crow: Salvation" for its like."""
    name, comma, rest = title.rpartition(", ")
    article, colon, subtitle = rest.partition(":")
    if not comma or article.casefold() not in ARTICLES:
        return title
    space = "" if article.endswith("'") else " "
    return f"{article}{space}{name}{colon}{subtitle}"
