"""The ratings of one user of MovieLens.

Its own ids say nothing here: the file comes in a ZIP with links.csv, which has those of TMDb and IMDb, or has a column
of them itself. movies.csv beside it gives names to what has no id elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from apps.favorites.models import Part
from apps.favorites.movielens.titles import parse_title
from apps.favorites.transfer.archive import MAX_ROWS, FileRefused, FileTooLarge, Member, Upload
from apps.favorites.transfer.reading import header_of, table
from apps.favorites.transfer.rows import (
    Fields,
    Film,
    Row,
    Rows,
    Skip,
    film_named,
    imdb_id,
    number,
    rating,
    second,
    title,
    told,
)

STARS = 2
NAMED = 3  # of several users


def recognises(upload: Upload) -> bool:
    ratings = upload.named("ratings.csv")
    return ratings is not None and {"movieid", "rating"} <= set(header_of(ratings))


def used(upload: Upload) -> Sequence[Member]:
    files = (upload.named(path) for path in ("ratings.csv", "links.csv", "movies.csv"))
    return list(dict.fromkeys(filter(None, files)))


def rows(upload: Upload) -> Rows:
    ratings = upload.named("ratings.csv")
    if ratings is None:
        raise FileRefused("files_missing", "The archive has no ratings.csv.")
    with_ids = {"tmdbid", "imdbid"} & set(header_of(ratings))
    if not with_ids and not (upload.is_archive and upload.named("links.csv")):
        sentence = "MovieLens' own ids say nothing here: send a ZIP of ratings.csv and links.csv, best with movies.csv."
        raise FileRefused("files_missing", sentence)
    _check(ratings)
    films = {} if with_ids else _films(upload, wanted=_ids(ratings))

    def read(fields: Fields) -> Row:
        film = _own_film(fields) if with_ids else films.get(fields["movieid"], Film())
        at = second(fields.get("timestamp"))
        return Row(Part.RATINGS, film_named(film), at, value=rating(fields["rating"], times=STARS))

    yield from told(ratings.path, table(ratings, ["movieId", "rating"]), read, named="title")


def _check(ratings: Member) -> None:
    """One user's: whose ratings they are is nobody's guess."""
    users: dict[str, None] = {}
    for place, (_, fields) in enumerate(table(ratings, ["movieId", "rating"]), 1):
        if place > MAX_ROWS:
            raise FileTooLarge(f"At most {MAX_ROWS:,} rows can be imported.")
        users[fields.get("userid", "")[:20]] = None
        if len(users) > NAMED:
            break
    if len(users) > 1:
        named = ", ".join(list(users)[:NAMED])
        sentence = f"{ratings.path} has the ratings of several users ({named}, ...): leave one's rows in it."
        raise FileRefused("several_users", sentence)


def _ids(ratings: Member) -> frozenset[str]:
    return frozenset(fields["movieid"] for _, fields in table(ratings, ["movieId", "rating"]))


def _films(upload: Upload, *, wanted: frozenset[str]) -> Mapping[str, Film]:
    names = dict(_names(upload, wanted))
    films = {key: Film(*name) for key, name in names.items()}
    links = upload.named("links.csv")
    for _, fields in table(links, ["movieId", "imdbId", "tmdbId"]) if links else ():
        key = fields["movieid"]
        if key in wanted:
            try:
                tmdb_id = number(fields["tmdbid"])
            except Skip:
                tmdb_id = None
            films[key] = Film(*names.get(key, ("", None)), tmdb_id, imdb_id(fields["imdbid"]))
    return films


def _names(upload: Upload, wanted: frozenset[str]) -> Iterator[tuple[str, tuple[str, int | None]]]:
    movies = upload.named("movies.csv")
    for _, fields in table(movies, ["movieId", "title"]) if movies else ():
        if fields["movieid"] in wanted:
            parsed = parse_title(title(fields["title"]))
            yield fields["movieid"], (parsed.main, parsed.year)


def _own_film(fields: Fields) -> Film:
    parsed = parse_title(title(fields.get("title")))
    return Film(parsed.main, parsed.year, number(fields.get("tmdbid")), imdb_id(fields.get("imdbid")))
