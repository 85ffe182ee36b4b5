from collections.abc import Collection, Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.movies import overlays
from apps.movies.images import BACKDROP_SIZE, POSTER_SIZE, image_url
from apps.movies.models import Credit, Genre, Movie, Source
from apps.movies.querysets import GenreChoice, MovieFilter
from utils.query_params import MAX_ID, ChoiceField, CommaSeparatedField, PageQuery, QuerySerializer, StrictIntegerField

ANSWER_SOURCES = [("local", "our own tables")]

# What a limit may be.
YEARS: dict[str, Any] = {"min_value": 1870, "max_value": 2100}
MINUTES: dict[str, Any] = {"min_value": 0, "max_value": 10_000}

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


class GenreSerializer(serializers.ModelSerializer[Genre]):
    id = serializers.IntegerField(source="tmdb_id", help_text="TMDb's id of the genre.")

    class Meta:
        model = Genre
        fields = ["id", "name"]


class MySerializer(serializers.Serializer[Any]):
    """What the signed-in caller has to do with a film."""

    def get_fields(self) -> dict[str, Any]:
        return overlays.my_fields()


class MovieCardSerializer(serializers.ModelSerializer[Movie]):
    """A film as lists show it."""

    tmdb_id = serializers.IntegerField()
    year = serializers.IntegerField(allow_null=True)
    release_date = serializers.DateField(
        source="known_release_date", allow_null=True, help_text="Null where only the year is known, or not even that."
    )
    genres = GenreSerializer(many=True)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of that name
        Source.choices,
        help_text="Who told us of the film; votes and popularity are those of people here where it is not `tmdb`.",
    )
    poster_url = serializers.SerializerMethodField()
    backdrop_url = serializers.SerializerMethodField()
    my = MySerializer(allow_null=True, help_text="Null for anonymous callers.")

    class Meta:
        model = Movie
        fields = [
            "tmdb_id",
            "title",
            "original_title",
            "overview",
            "year",
            "release_date",
            "runtime",
            "language",
            "genres",
            "popularity",
            "vote_average",
            "vote_count",
            "adult",
            "source",
            "poster_url",
            "backdrop_url",
            "my",
        ]
        read_only_fields = fields

    def get_poster_url(self, movie: Movie) -> str | None:
        return image_url(movie.poster_path, POSTER_SIZE)

    def get_backdrop_url(self, movie: Movie) -> str | None:
        return image_url(movie.backdrop_path, BACKDROP_SIZE)


class CreditSerializer(serializers.ModelSerializer[Credit]):
    tmdb_id = serializers.IntegerField(source="person.tmdb_id", allow_null=True, help_text="Of the person.")
    name = serializers.CharField(source="person.name")
    role = serializers.CharField(help_text="The character, or the job.")

    class Meta:
        model = Credit
        fields = ["tmdb_id", "name", "kind", "role", "order"]


class MovieDetailSerializer(MovieCardSerializer):
    """A film on its own page; the parts that ``expand`` names are null unless asked for."""

    credits = serializers.SerializerMethodField()
    keywords = serializers.SerializerMethodField()

    class Meta(MovieCardSerializer.Meta):
        fields = [*MovieCardSerializer.Meta.fields, "imdb_id", "countries", "credits", "keywords"]
        read_only_fields = fields

    countries = serializers.ListField(child=serializers.CharField(), help_text="ISO 3166-1 codes.")

    @extend_schema_field(CreditSerializer(many=True, allow_null=True))
    def get_credits(self, movie: Movie) -> Any:
        return CreditSerializer(movie.credits.all(), many=True).data if self._expanded("credits") else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField(), allow_null=True))
    def get_keywords(self, movie: Movie) -> list[str] | None:
        return sorted(keyword.name for keyword in movie.keywords.all()) if self._expanded("keywords") else None

    def _expanded(self, part: str) -> bool:
        return part in self.context["view"].query["expand"]


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

    pattern = r"^(credits|keywords)(,(credits|keywords))*$"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ChoiceField(["credits", "keywords"]), **kwargs)


def refuse_empty_ranges(limits: Mapping[str, Any], *, sent: Collection[str]) -> None:
    """Raise ValidationError, at the limit that was sent, where a lower limit is above its upper one."""
    for low, high in (("year_gte", "year_lte"), ("runtime_gte", "runtime_lte")):
        if None not in (limits[low], limits[high]) and limits[low] > limits[high]:
            at = low if low in sent else high
            raise serializers.ValidationError({at: f"{low} must not be above {high}."}, code="empty_range")


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
    def filter_of(query: dict[str, Any]) -> MovieFilter:
        names = MovieFilter.__dataclass_fields__.keys() & query.keys()
        return MovieFilter(languages=query["language"], **{name: query[name] for name in names})


class MovieListQuery(MovieFilterQuery, PageQuery):
    include_adult = serializers.BooleanField(default=False)
    ordering = ChoiceField(list(ORDERINGS.items()), default="-popularity")


class TrendingQuery(PageQuery):
    window = ChoiceField([("day", "the last day"), ("week", "the last 7 days")], default="day")


class SearchQuery(PageQuery):
    query = serializers.CharField(max_length=200, help_text="Words of the title; case and accents do not matter.")
    include_adult = serializers.BooleanField(default=False)


class MovieDetailQuery(QuerySerializer):
    expand = PartsField(default=(), help_text="Parts: `credits,keywords`.")


class CatalogueMetaSerializer(serializers.Serializer[Any]):
    source = serializers.ChoiceField(ANSWER_SOURCES)  # type: ignore[assignment]  # a field of that name
    simulated = serializers.BooleanField(
        help_text="Whether the demo's simulated viewers are among those who made votes, popularity and trends."
    )


class TrendingMetaSerializer(CatalogueMetaSerializer):
    computed_at = serializers.DateTimeField(allow_null=True, help_text="Null where nothing has happened yet.")
