"""TMDb's JSON as records of our own: what it sends, cut to what our columns hold.

A field that is missing, null, empty or of the wrong type becomes its empty value. Only an item without
a usable id or any title is dropped, and only an answer that is no such answer at all is ``Unreadable``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from utils.tmdb_client.records import (
    OFFER_KINDS,
    Certification,
    ChangesPage,
    ExportLine,
    GenreRecord,
    KeywordRecord,
    MovieDetails,
    MovieSummary,
    Page,
    PersonCredit,
    PersonDetails,
    ProviderOffer,
    ReleaseRecord,
    VideoRecord,
)
from utils.tmdb_client.values import (
    CERTIFICATION_LENGTH,
    GENRE_LENGTH,
    KEYWORD_LENGTH,
    LANGUAGE_LENGTH,
    MAX_POPULARITY,
    NAME_LENGTH,
    PATH_LENGTH,
    ROLE_LENGTH,
    TEXT_LENGTH,
    TITLE_LENGTH,
    Unreadable,
    a_date,
    a_list,
    a_moment,
    an_id,
    an_object,
    count,
    country_code,
    is_number,
    mapping,
    number,
    objects,
    paging,
    part,
    path,
    text,
    unique,
    whole,
)

Record = TypeVar("Record")


def parse_page(raw: Any) -> Page:
    """A page of films; persons and series among them are passed over."""
    items = a_list(raw, "results")
    films = (_summary(item) for item in items if not _is_other_medium(item))
    return Page(unique(films, lambda film: film.tmdb_id), *paging(raw), count(raw.get("total_results")))


def parse_genres(raw: Any) -> tuple[GenreRecord, ...]:
    return _genres(a_list(raw, "genres"))


def parse_found(raw: Any) -> MovieSummary | None:
    """The film among the results of /find, or None: TMDb answers 200 and five empty lists for an unknown id."""
    return next(filter(None, map(_summary, a_list(raw, "movie_results"))), None)


def parse_changes(raw: Any) -> ChangesPage:
    ids = (an_id(item.get("id")) for item in objects(a_list(raw, "results")))
    return ChangesPage(unique(ids, lambda tmdb_id: tmdb_id), *paging(raw))


def parse_certifications(raw: Any) -> tuple[Certification, ...]:
    countries = an_object(an_object(raw).get("certifications"))
    return tuple(
        Certification(code, mark, text(item.get("meaning"), TEXT_LENGTH), count(item.get("order")))
        for code in filter(country_code, countries)
        for item in objects(countries[code])
        if (mark := text(item.get("certification"), CERTIFICATION_LENGTH))
    )


def parse_export_line(raw: Any) -> ExportLine | None:
    """One line of a daily ID file; None where it names no film."""
    film = _summary(raw)
    if film is None:
        return None
    return ExportLine(film.tmdb_id, film.title, film.popularity, film.adult, raw.get("video") is True)


def parse_details(raw: Any) -> MovieDetails:
    """The film with whichever parts ``append_to_response`` brought along."""
    summary = _summary(an_object(raw))
    if summary is None:
        raise Unreadable("a film without an id or a title")
    imdb_id = text(raw.get("imdb_id"), 12)
    return MovieDetails(
        summary=summary,
        imdb_id=imdb_id if re.fullmatch(r"tt[0-9]+", imdb_id) else "",
        runtime=count(raw.get("runtime")) or None,
        status=text(raw.get("status"), KEYWORD_LENGTH),
        tagline=text(raw.get("tagline"), TITLE_LENGTH),
        collection=text(mapping(raw.get("belongs_to_collection")).get("name"), NAME_LENGTH),
        countries=_countries(raw),
        genres=_genres(raw.get("genres")),
        keywords=part(raw, "keywords", "keywords", _keywords),
        credits=_credits(raw.get("credits")),
        videos=part(raw, "videos", "results", _videos),
        releases=part(raw, "release_dates", "results", _releases),
        offers=_offers(mapping(raw.get("watch/providers")).get("results")),
        other_titles=_other_titles(raw, summary),
    )


def parse_person(raw: Any) -> PersonDetails:
    tmdb_id, name = an_id(an_object(raw).get("id")), text(raw.get("name"), NAME_LENGTH)
    if tmdb_id is None or not name:
        raise Unreadable("a person without an id or a name")
    films = mapping(raw.get("movie_credits"))
    return PersonDetails(
        tmdb_id=tmdb_id,
        name=name,
        biography=text(raw.get("biography"), TEXT_LENGTH),
        birthday=a_date(raw.get("birthday")),
        deathday=a_date(raw.get("deathday")),
        place_of_birth=text(raw.get("place_of_birth"), NAME_LENGTH),
        profile_path=path(raw.get("profile_path")),
        known_for=text(raw.get("known_for_department"), NAME_LENGTH),
        cast=_filmography(films.get("cast"), "character"),
        crew=_filmography(films.get("crew"), "job"),
    )


# --- Parts of a film ------------------------------------------------------------------------------


def _summary(raw: Any) -> MovieSummary | None:
    raw = mapping(raw)
    tmdb_id = an_id(raw.get("id"))
    title, original = text(raw.get("title"), TITLE_LENGTH), text(raw.get("original_title"), TITLE_LENGTH)
    title = title or original or text(raw.get("name"), TITLE_LENGTH)
    if tmdb_id is None or not title:
        return None
    return MovieSummary(
        tmdb_id=tmdb_id,
        title=title,
        original_title=original,
        overview=text(raw.get("overview"), TEXT_LENGTH),
        release_date=a_date(raw.get("release_date")),
        language=whole(raw.get("original_language"), LANGUAGE_LENGTH),
        popularity=number(raw.get("popularity"), MAX_POPULARITY),
        vote_average=number(raw.get("vote_average"), 10.0),
        vote_count=count(raw.get("vote_count")),
        adult=raw.get("adult") is True,
        poster_path=path(raw.get("poster_path")),
        backdrop_path=path(raw.get("backdrop_path")),
        genre_ids=_genre_ids(raw),
    )


def _genre_ids(raw: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Lists give ``genre_ids``, details give ``genres``."""
    told = raw.get("genre_ids", raw.get("genres"))
    if not isinstance(told, list):
        return None
    ids = unique((an_id(mapping(item).get("id", item)) for item in told), lambda tmdb_id: tmdb_id)
    return ids if ids or not told else None  # a list of nothing usable says nothing of genres


def _is_other_medium(item: Any) -> bool:
    medium = mapping(item).get("media_type")
    return isinstance(medium, str) and medium not in ("", "movie")


def _genres(items: Any) -> tuple[GenreRecord, ...]:
    pairs = ((an_id(item.get("id")), text(item.get("name"), GENRE_LENGTH)) for item in objects(items))
    return unique((GenreRecord(i, name) for i, name in pairs if i and name), lambda genre: genre.tmdb_id)


def _keywords(items: list[Any]) -> Iterator[KeywordRecord]:
    for item in objects(items):
        tmdb_id, name = an_id(item.get("id")), text(item.get("name"), KEYWORD_LENGTH)
        if tmdb_id and name:
            yield KeywordRecord(tmdb_id, name)


def _credits(raw: Any) -> tuple[PersonCredit, ...] | None:
    parts = [(kind, mapping(raw).get(kind)) for kind in ("cast", "crew")]
    if not any(isinstance(items, list) for _, items in parts):
        return None
    found = (credit for kind, items in parts for credit in _credits_of(kind, items))
    return unique(found, lambda credit: (credit.tmdb_id, credit.kind, credit.role))


def _credits_of(kind: str, items: Any) -> Iterator[PersonCredit]:
    for place, item in enumerate(objects(items)):
        tmdb_id, name = an_id(item.get("id")), text(item.get("name"), NAME_LENGTH)
        if tmdb_id and name:
            role = text(item.get("character" if kind == "cast" else "job"), ROLE_LENGTH)
            order = count(item["order"]) if is_number(item.get("order")) else place
            yield PersonCredit(tmdb_id, name, path(item.get("profile_path")), kind, role, order)


def _videos(items: list[Any]) -> Iterator[VideoRecord]:
    for item in objects(items):
        key, site = whole(item.get("key"), PATH_LENGTH), whole(item.get("site"), PATH_LENGTH)
        if key and site:
            yield VideoRecord(
                key=key,
                site=site,
                name=text(item.get("name"), TITLE_LENGTH),
                kind=text(item.get("type"), KEYWORD_LENGTH),
                official=item.get("official") is True,
                language=whole(item.get("iso_639_1"), LANGUAGE_LENGTH),
                published_at=a_moment(item.get("published_at")),
            )


def _releases(items: list[Any]) -> Iterator[ReleaseRecord]:
    for place in objects(items):
        for item in objects(place.get("release_dates")):
            country, kind = country_code(place.get("iso_3166_1")), an_id(item.get("type"))
            if country and kind and kind <= 6:
                yield ReleaseRecord(
                    country=country,
                    kind=kind,
                    date=a_date(item.get("release_date")),
                    certification=text(item.get("certification"), CERTIFICATION_LENGTH),
                    note=text(item.get("note"), NAME_LENGTH),
                )


def _offers(raw: Any) -> tuple[ProviderOffer, ...] | None:
    if not isinstance(raw, dict):
        return None
    found = (
        ProviderOffer(code, kind, provider_id, name, path(item.get("logo_path")))
        for code in filter(country_code, raw)
        for kind in OFFER_KINDS
        for item in objects(mapping(raw[code]).get(kind))
        if (provider_id := an_id(item.get("provider_id"))) and (name := text(item.get("provider_name"), NAME_LENGTH))
    )
    return unique(found, lambda offer: (offer.country, offer.kind, offer.provider_id))


def _countries(raw: Mapping[str, Any]) -> tuple[str, ...]:
    origin = raw.get("origin_country")
    codes: Iterable[Any] = origin if isinstance(origin, list) else ()
    made_in = (item.get("iso_3166_1") for item in objects(raw.get("production_countries")))
    return unique(map(country_code, codes), str) or unique(map(country_code, made_in), str)


def _other_titles(raw: Mapping[str, Any], summary: MovieSummary) -> tuple[str, ...] | None:
    items = mapping(raw.get("alternative_titles")).get("titles")
    if not isinstance(items, list):
        return None
    titles = (text(item.get("title"), TITLE_LENGTH) for item in objects(items))
    return unique((title for title in titles if title not in (summary.title, summary.original_title)), str)


def _filmography(items: Any, role: str) -> tuple[tuple[MovieSummary, str], ...]:
    pairs = ((_summary(item), text(item.get(role), ROLE_LENGTH)) for item in objects(items))
    return unique(((film, part) for film, part in pairs if film), lambda pair: (pair[0].tmdb_id, pair[1]))
