"""The query parameters of the catalogue's endpoints."""

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from rest_framework import serializers

from apps.movies.querysets import GenreChoice, MovieFilter
from apps.movies.tmdb_facts import CERTIFICATIONS, up_to
from utils.query_params import MAX_ID, ChoiceField, CommaSeparatedField, PageQuery, QuerySerializer, StrictIntegerField

# What a limit may be.
YEARS: dict[str, Any] = {"min_value": 1870, "max_value": 2100}
MINUTES: dict[str, Any] = {"min_value": 0, "max_value": 10_000}

# What a film's page can be expanded by.
PARTS = ["credits", "keywords", "videos", "release_dates", "providers"]

ORDERINGS = {
    "-popularity": "most popular first",
    "popularity": "least popular first",
    "-vote_average": "best voted first",
    "vote_average": "worst voted first",
    "-release_date": "newest first",
    "release_date": "oldest first",
    "title": "by title, A to Z",
    "-title": "by title, Z to A",
}


class IdsField(CommaSeparatedField):
    """TMDb ids with commas between them."""

    pattern = r"^[1-9][0-9]{0,9}(,[1-9][0-9]{0,9}){0,19}$"

    def __init__(self, **kwargs: Any) -> None:
        says: Any = {"invalid": "Give TMDb ids, like 28,12."}
        super().__init__(StrictIntegerField(min_value=1, max_value=MAX_ID, error_messages=says), **kwargs)


class GenresField(IdsField):
    """``28,12`` asks for both genres, ``28|12`` for either."""

    pattern = r"^[1-9][0-9]{0,9}((,[1-9][0-9]{0,9}){0,19}|(\|[1-9][0-9]{0,9}){0,19})$"
    default_error_messages = {"mixed": "Use commas for all of the genres or bars for any of them, not both."}

    def to_internal_value(self, data: str) -> GenreChoice:  # type: ignore[override]
        if "," in data and "|" in data:
            self.fail("mixed")
        return GenreChoice(super().to_internal_value(data.replace("|", ",")), match_all="|" not in data)


class LanguagesField(CommaSeparatedField):
    """TMDb's language codes with commas between them."""

    pattern = r"^[a-z]{2,3}(,[a-z]{2,3}){0,19}$"

    def __init__(self, **kwargs: Any) -> None:
        says: Any = {"invalid": "Give language codes in lower case, like en,fr."}
        super().__init__(serializers.RegexField(r"^[a-z]{2,3}\Z", error_messages=says), **kwargs)


class PartsField(CommaSeparatedField):
    """Parts of a film's page with commas between them."""

    pattern = rf"^({'|'.join(PARTS)})(,({'|'.join(PARTS)}))*$"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ChoiceField(PARTS), **kwargs)


def refuse_empty_ranges(limits: Mapping[str, Any], *, sent: Collection[str]) -> None:
    """Raise ValidationError, at the limit that was sent, where a lower limit is above its upper one."""
    for low, high in (("year_gte", "year_lte"), ("runtime_gte", "runtime_lte")):
        if None not in (limits[low], limits[high]) and limits[low] > limits[high]:
            at = low if low in sent else high
            raise serializers.ValidationError({at: f"{low} must not be above {high}."}, code="empty_range")


def ratings_up_to(region: str, certification: str, *, at: str = "certification_lte") -> tuple[str, ...]:
    """The region's ratings no stricter than this one; raises ValidationError at this field where it has no such one."""
    fitting = up_to(region, certification)
    if fitting is None:
        known = ", ".join(CERTIFICATIONS.get(region, ()))
        says = f'"{certification}" is no rating of {region}. Known there: {known}.'
        raise serializers.ValidationError({at: says}, code="unknown_certification")
    return fitting


class RegionField(ChoiceField):
    """A country whose ratings and offers are kept here."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(settings.TMDB_REGIONS, default=settings.TMDB_REGIONS[0], **kwargs)


class MovieFilterQuery(QuerySerializer):
    """The filters that lists of films share."""

    genres = GenresField(default=None, help_text="TMDb genre ids: `28,12` all of them, `28|12` any of them.")
    without_genres = IdsField(default=(), help_text="TMDb genre ids to leave out.")
    year_gte = StrictIntegerField(**YEARS, default=None, help_text="Released in or after.")
    year_lte = StrictIntegerField(**YEARS, default=None, help_text="Released in or before.")
    runtime_gte = StrictIntegerField(**MINUTES, default=None, help_text="Minutes at least.")
    runtime_lte = StrictIntegerField(**MINUTES, default=None, help_text="Minutes at most.")
    vote_gte = serializers.FloatField(min_value=0, max_value=10, default=None, help_text="Vote average at least.")
    language = LanguagesField(default=(), help_text="Original languages, any of: `en,fr`.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refuse_empty_ranges(attrs, sent=attrs)
        return attrs

    @staticmethod
    def filter_of(query: Mapping[str, Any]) -> MovieFilter:
        names = MovieFilter.__dataclass_fields__.keys() & query.keys()
        return MovieFilter(languages=query["language"], **{name: query[name] for name in names})


class ProvidersField(IdsField):
    """``8|337`` asks for either provider."""

    pattern = r"^[1-9][0-9]{0,9}(\|[1-9][0-9]{0,9}){0,19}$"

    def to_internal_value(self, data: str) -> tuple[int, ...]:
        if "," in data:
            self.fail("commas")
        return super().to_internal_value(data.replace("|", ","))

    default_error_messages = {"commas": "Put bars between providers, like 8|337: films on any of them are found."}


class WatchFilterQuery(MovieFilterQuery):
    """Besides, what a country says of a film: from what age on it is, and who shows it."""

    certification_lte = serializers.CharField(
        max_length=20, default="", help_text="Rated no stricter in `region`, like `PG-13`; unrated films are left out."
    )
    providers = ProvidersField(
        default=(), help_text="TMDb's provider ids, any of: `8|337`; without paying for the film itself, in `region`."
    )
    region = RegionField(help_text="Whose ratings and offers.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        wanted = attrs["certification_lte"]
        attrs["certifications"] = ratings_up_to(attrs["region"], wanted) if wanted else ()
        return attrs


class MovieListQuery(WatchFilterQuery, PageQuery):
    include_adult = serializers.BooleanField(default=False)
    ordering = ChoiceField(list(ORDERINGS.items()), default="-popularity")


class TrendingQuery(PageQuery):
    window = ChoiceField([("day", "the last day"), ("week", "the last 7 days")], default="day")


class SearchQuery(PageQuery):
    query = serializers.CharField(max_length=200, help_text="Words of the title; case and accents do not matter.")
    include_adult = serializers.BooleanField(default=False)


class MovieDetailQuery(QuerySerializer):
    expand = PartsField(default=(), help_text=f"Parts, any of: `{','.join(PARTS)}`.")
