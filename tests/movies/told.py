"""What TMDb tells, as records, from as little of its JSON as a test is about."""

from utils.tmdb_client.parsing import parse_details, parse_page, parse_person


def listed_film(tmdb_id, **fields):
    """A film as a list tells of it."""
    raw = {"id": tmdb_id, "title": f"Film {tmdb_id}", "genre_ids": []} | fields
    return parse_page({"page": 1, "total_pages": 1, "results": [raw]}).results[0]


def film(tmdb_id, **fields):
    """A film as its own page tells of it; a part is told where it is given."""
    return parse_details({"id": tmdb_id, "title": f"Film {tmdb_id}", "genres": []} | fields)


def person(tmdb_id, films=(), **fields):
    """A person who played in these films."""
    cast = [{"id": film_id, "title": f"Film {film_id}", "character": "Self"} for film_id in films]
    return parse_person({"id": tmdb_id, "name": f"Person {tmdb_id}", "movie_credits": {"cast": cast}} | fields)


def keywords(**names):
    """The part, by name."""
    return {"keywords": [{"id": tmdb_id, "name": name} for name, tmdb_id in names.items()]}


def cast(*people):
    """The part, in billing order."""
    told = [{"id": tmdb_id, "name": name, "character": "Self", "order": i} for i, (tmdb_id, name) in enumerate(people)]
    return {"cast": told, "crew": []}
