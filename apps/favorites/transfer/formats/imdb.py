"""IMDb's exports of ratings, of the watchlist and of other lists: one CSV file each.

Any list but that of ratings is taken for the watchlist. Kinds of titles come in the language of whoever exported them,
so that a kind is a series or a game by the words that several languages have for those, and else a film.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

from apps.favorites.models import Part
from apps.favorites.transfer.archive import Member, Upload
from apps.favorites.transfer.reading import header_of, table
from apps.favorites.transfer.rows import (
    Fields,
    Film,
    Reason,
    Row,
    Rows,
    Skip,
    film_named,
    imdb_id,
    moment,
    rating,
    text,
    title,
    told,
    year,
)

RATINGS = ("Const", "Your Rating", "Date Rated", "Title", "Title Type", "Year")
LIST = ("Position", "Const", "Created", "Title", "Title Type", "Year")

_NO_FILM = re.compile(r"s[eé]rie|epis|épis|folge|podcast|game|spiel|jeu |juego|gioco|jogo", re.IGNORECASE)
_OF_NO_TITLE = re.compile(r"(nm|co|ev|ch|li|ls)[0-9]+", re.ASCII)  # a person, a company, a list


def recognises(upload: Upload) -> bool:
    return any("const" in header_of(member) for member in used(upload))


def used(upload: Upload) -> Sequence[Member]:
    return [member for member in upload.members if member.name.endswith(".csv")]


def rows(upload: Upload) -> Rows:
    return chain.from_iterable(_rows(member) for member in used(upload))


def _rows(member: Member) -> Rows:
    is_list = "position" in header_of(member)
    columns, read = (LIST, _wish) if is_list else (RATINGS, _rating)
    return told(member.path, table(member, columns), read, named="title")


def _film(fields: Fields) -> Film:
    const = text(fields["const"])
    if _NO_FILM.search(fields["title type"]) or _OF_NO_TITLE.fullmatch(const):
        raise Skip(Reason.NOT_A_FILM)
    return film_named(Film(title(fields["title"]), year(fields["year"]), imdb_id=imdb_id(const)))


def _rating(fields: Fields) -> Row:
    at = moment(fields["date rated"])
    return Row(Part.RATINGS, _film(fields), at, value=rating(fields["your rating"]))


def _wish(fields: Fields) -> Row:
    return Row(Part.WATCHLIST, _film(fields), moment(fields["created"]))
