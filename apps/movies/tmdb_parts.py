"""The parts of a film that TMDb tells of: each replaced whole, each left as it was where an answer did not carry it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from django.conf import settings
from django.db import models

from apps.movies.bulk import adopt, link, upsert
from apps.movies.models import Availability, Credit, Keyword, Movie, Person, Provider, Release, Video
from utils.tmdb_client.records import MovieDetails, PersonCredit

CAST_KEPT = 30  # of a film, in billing order; TMDb lists hundreds
JOBS_KEPT = (
    "Director",
    "Writer",
    "Screenplay",
    "Story",
    "Novel",
    "Producer",
    "Director of Photography",
    "Editor",
    "Original Music Composer",
)


def parts_store(films: Mapping[int, MovieDetails]) -> None:
    """Keywords, credits, videos, releases and offers of films, by primary key."""
    _keywords_store(films)
    _credits_store(films)
    _replace(Video, films, lambda film: film.videos, _videos)
    _replace(Release, films, lambda film: film.releases, _releases)
    _offers_store(films)


def parts_forget(pks: Sequence[int]) -> None:
    """What these films had of all this."""
    for model in (Movie.keywords.through, Credit, Video, Release, Availability):
        model._default_manager.filter(movie__in=pks).delete()


def _keywords_store(films: Mapping[int, MovieDetails]) -> None:
    told = {pk: film.keywords for pk, film in films.items() if film.keywords is not None}
    names = {keyword.tmdb_id: keyword.name for keywords in told.values() for keyword in keywords}
    adopt(Keyword, names)
    upsert(Keyword, [Keyword(tmdb_id=id_, name=name) for id_, name in names.items()], ["name"])
    pks = dict(Keyword.objects.filter(tmdb_id__in=names).values_list("tmdb_id", "pk"))
    link(Movie.keywords.through, "keyword_id", {pk: [k.tmdb_id for k in told[pk]] for pk in told}, pks)


def _credits_store(films: Mapping[int, MovieDetails]) -> None:
    told = {pk: _kept(film.credits) for pk, film in films.items() if film.credits is not None}
    people = {credit.tmdb_id: credit for credits in told.values() for credit in credits}
    adopt(Person, {id_: person.name for id_, person in people.items()})
    rows = [Person(tmdb_id=id_, name=person.name, profile_path=person.profile_path) for id_, person in people.items()]
    upsert(Person, rows, ["name", "profile_path"])
    pks = dict(Person.objects.filter(tmdb_id__in=people).values_list("tmdb_id", "pk"))
    Credit.objects.filter(movie__in=told).delete()
    credits = [
        Credit(movie_id=pk, person_id=pks[part.tmdb_id], kind=part.kind, role=part.role, order=min(part.order, 999))
        for pk, parts in told.items()
        for part in parts
    ]
    Credit.objects.bulk_create(credits, ignore_conflicts=True, batch_size=2000)


def _kept(credits: Iterable[PersonCredit]) -> list[PersonCredit]:
    cast = sorted((credit for credit in credits if credit.kind == Credit.Kind.CAST), key=lambda credit: credit.order)
    crew = [credit for credit in credits if credit.kind == Credit.Kind.CREW and credit.role in JOBS_KEPT]
    return cast[:CAST_KEPT] + crew


def _videos(pk: int, film: MovieDetails) -> list[Video]:
    return [
        Video(
            movie_id=pk,
            site=video.site[:30],
            key=video.key[:60],
            name=video.name,
            kind=video.kind[:30],
            official=video.official,
            language=video.language,
            published_at=video.published_at,
        )
        for video in film.videos or ()
    ]


def _releases(pk: int, film: MovieDetails) -> list[Release]:
    return [
        Release(
            movie_id=pk,
            country=release.country,
            kind=release.kind,
            date=release.date,
            certification=release.certification,
            note=release.note,
        )
        for release in film.releases or ()
        if release.country in settings.TMDB_REGIONS
    ]


def _offers_store(films: Mapping[int, MovieDetails]) -> None:
    told = [offer for film in films.values() for offer in film.offers or () if offer.country in settings.TMDB_REGIONS]
    providers = {offer.provider_id: offer for offer in told}
    rows = [Provider(tmdb_id=id_, name=o.provider_name, logo_path=o.logo_path) for id_, o in providers.items()]
    upsert(Provider, rows, ["name", "logo_path"])
    pks = dict(Provider.objects.filter(tmdb_id__in=providers).values_list("tmdb_id", "pk"))

    def offers(pk: int, film: MovieDetails) -> list[Availability]:
        return [
            Availability(movie_id=pk, provider_id=pks[offer.provider_id], country=offer.country, kind=offer.kind)
            for offer in film.offers or ()
            if offer.country in settings.TMDB_REGIONS
        ]

    _replace(Availability, films, lambda film: film.offers, offers)


def _replace(
    model: type[models.Model],
    films: Mapping[int, MovieDetails],
    part: Callable[[MovieDetails], object],
    rows: Callable[[int, MovieDetails], Sequence[models.Model]],
) -> None:
    """What a film had of this kind goes, what was told comes."""
    told = {pk: film for pk, film in films.items() if part(film) is not None}
    model._default_manager.filter(movie__in=told).delete()
    new = [row for pk, film in told.items() for row in rows(pk, film)]
    model._default_manager.bulk_create(new, ignore_conflicts=True, batch_size=2000)
