"""What TMDb tells, as records of our own."""

from dataclasses import dataclass
from datetime import date, datetime

MAX_ID = 2**31 - 1
MAX_PAGE = 500  # page 501 of any list is refused, whatever its total_pages says
OFFER_KINDS = ("flatrate", "free", "ads", "rent", "buy")


@dataclass(frozen=True, slots=True)
class MovieSummary:
    tmdb_id: int
    title: str
    original_title: str
    overview: str
    release_date: date | None
    language: str
    popularity: float
    vote_average: float
    vote_count: int
    adult: bool
    poster_path: str
    backdrop_path: str
    genre_ids: tuple[int, ...] | None  # None where the answer does not speak of genres


@dataclass(frozen=True, slots=True)
class Page:
    results: tuple[MovieSummary, ...]
    page: int
    total_pages: int  # never over MAX_PAGE, so that a loop over it asks for nothing TMDb refuses
    total_results: int


@dataclass(frozen=True, slots=True)
class GenreRecord:
    tmdb_id: int
    name: str


@dataclass(frozen=True, slots=True)
class KeywordRecord:
    tmdb_id: int
    name: str


@dataclass(frozen=True, slots=True)
class PersonCredit:
    tmdb_id: int
    name: str
    profile_path: str
    kind: str  # "cast" or "crew"
    role: str  # the character, or the job
    order: int


@dataclass(frozen=True, slots=True)
class VideoRecord:
    key: str
    site: str
    name: str
    kind: str
    official: bool
    language: str
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    country: str
    kind: int  # 1 premiere, 2 limited, 3 theatrical, 4 digital, 5 physical, 6 TV
    date: date | None
    certification: str
    note: str


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    country: str
    kind: str  # one of OFFER_KINDS
    provider_id: int
    provider_name: str
    logo_path: str


@dataclass(frozen=True, slots=True)
class Certification:
    country: str
    certification: str
    meaning: str
    order: int


@dataclass(frozen=True, slots=True)
class MovieDetails:
    """A film in full. A part is None where the answer did not carry it, () where it came empty."""

    summary: MovieSummary
    imdb_id: str
    runtime: int | None
    status: str
    tagline: str
    collection: str
    countries: tuple[str, ...]
    genres: tuple[GenreRecord, ...]
    keywords: tuple[KeywordRecord, ...] | None
    credits: tuple[PersonCredit, ...] | None
    videos: tuple[VideoRecord, ...] | None
    releases: tuple[ReleaseRecord, ...] | None
    offers: tuple[ProviderOffer, ...] | None
    other_titles: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class PersonDetails:
    tmdb_id: int
    name: str
    biography: str
    birthday: date | None
    deathday: date | None
    place_of_birth: str
    profile_path: str
    known_for: str
    cast: tuple[tuple[MovieSummary, str], ...]  # with the character
    crew: tuple[tuple[MovieSummary, str], ...]  # with the job


@dataclass(frozen=True, slots=True)
class ChangesPage:
    tmdb_ids: tuple[int, ...]
    page: int
    total_pages: int


@dataclass(frozen=True, slots=True)
class ExportLine:
    tmdb_id: int
    title: str
    popularity: float
    adult: bool
    video: bool
