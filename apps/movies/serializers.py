from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.movies import overlays
from apps.movies.cards import card_of
from apps.movies.images import BACKDROP_SIZE, LOGO_SIZE, POSTER_SIZE, PROFILE_SIZE, image_url
from apps.movies.models import Availability, Credit, Genre, Movie, Person, Release, Source, Video
from apps.movies.queries import PARTS

ANSWER_SOURCES = [("tmdb", "TMDb, then or a while ago: see `age`"), ("local", "our own tables")]


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

    def to_representation(self, movie: Movie) -> Any:
        """What the fields above describe, without going through them."""
        return card_of(movie)

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


class VideoSerializer(serializers.ModelSerializer[Video]):
    class Meta:
        model = Video
        fields = ["site", "key", "name", "kind", "official", "language", "published_at"]


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    kind = serializers.ChoiceField([(kind.name.lower(), kind.label) for kind in Release.Kind], source="kind_name")

    class Meta:
        model = Release
        fields = ["country", "kind", "date", "certification", "note"]


class OfferSerializer(serializers.ModelSerializer[Availability]):
    tmdb_id = serializers.IntegerField(source="provider.tmdb_id", help_text="Of the provider.")
    name = serializers.CharField(source="provider.name")
    logo_url = serializers.SerializerMethodField()

    class Meta:
        model = Availability
        fields = ["country", "kind", "tmdb_id", "name", "logo_url"]

    def get_logo_url(self, offer: Availability) -> str | None:
        return image_url(offer.provider.logo_path, LOGO_SIZE)


class MovieDetailSerializer(MovieCardSerializer):
    """A film on its own page; the parts that ``expand`` names are null unless asked for."""

    credits = serializers.SerializerMethodField()
    keywords = serializers.SerializerMethodField()
    videos = serializers.SerializerMethodField()
    release_dates = serializers.SerializerMethodField()
    providers = serializers.SerializerMethodField()

    class Meta(MovieCardSerializer.Meta):
        fields = [
            *MovieCardSerializer.Meta.fields,
            "imdb_id",
            "countries",
            "tagline",
            "status",
            "collection",
            *PARTS,
        ]
        read_only_fields = fields

    def to_representation(self, movie: Movie) -> Any:
        return serializers.ModelSerializer.to_representation(self, movie)

    countries = serializers.ListField(child=serializers.CharField(), help_text="ISO 3166-1 codes.")

    @extend_schema_field(CreditSerializer(many=True, allow_null=True))
    def get_credits(self, movie: Movie) -> Any:
        return CreditSerializer(movie.credits.all(), many=True).data if self._expanded("credits") else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField(), allow_null=True))
    def get_keywords(self, movie: Movie) -> list[str] | None:
        return sorted(keyword.name for keyword in movie.keywords.all()) if self._expanded("keywords") else None

    @extend_schema_field(VideoSerializer(many=True, allow_null=True))
    def get_videos(self, movie: Movie) -> Any:
        return VideoSerializer(movie.videos.all(), many=True).data if self._expanded("videos") else None

    @extend_schema_field(ReleaseSerializer(many=True, allow_null=True))
    def get_release_dates(self, movie: Movie) -> Any:
        return ReleaseSerializer(movie.releases.all(), many=True).data if self._expanded("release_dates") else None

    @extend_schema_field(OfferSerializer(many=True, allow_null=True))
    def get_providers(self, movie: Movie) -> Any:
        return OfferSerializer(movie.availabilities.all(), many=True).data if self._expanded("providers") else None

    def _expanded(self, part: str) -> bool:
        return part in self.context["expand"]


class FilmographyEntrySerializer(serializers.Serializer[Credit]):
    movie = MovieCardSerializer()
    kind = serializers.ChoiceField(Credit.Kind.choices)
    role = serializers.CharField(help_text="The character, or the job.")


class PersonSerializer(serializers.ModelSerializer[Person]):
    """A person with the films they had a part in, the best known first."""

    tmdb_id = serializers.IntegerField()
    profile_url = serializers.SerializerMethodField()
    filmography = FilmographyEntrySerializer(many=True)

    class Meta:
        model = Person
        fields = [
            "tmdb_id",
            "name",
            "biography",
            "birthday",
            "deathday",
            "place_of_birth",
            "known_for",
            "profile_url",
            "filmography",
        ]

    def get_profile_url(self, person: Person) -> str | None:
        return image_url(person.profile_path, PROFILE_SIZE)


class CachedMetaSerializer(serializers.Serializer[Any]):
    source = serializers.ChoiceField(ANSWER_SOURCES)  # type: ignore[assignment]  # a field of that name
    age = serializers.IntegerField(help_text="Seconds since what is said here was true.")
    stale = serializers.BooleanField(help_text="Whether it should have been made anew by now, but could not be yet.")


class CatalogueMetaSerializer(CachedMetaSerializer):
    simulated = serializers.BooleanField(
        help_text="Whether the demo's simulated viewers are among those who made votes, popularity and trends."
    )


class ListMetaSerializer(CatalogueMetaSerializer):
    computed_at = serializers.DateTimeField(
        allow_null=True, help_text="When the list was made; null for one that is made as it is asked for."
    )


class SearchMetaSerializer(CatalogueMetaSerializer):
    searched_for = serializers.CharField(help_text="Another spelling of `query` where that one found nothing.")


class GenresSyncedSerializer(serializers.Serializer[Any]):
    genres = serializers.IntegerField(help_text="How many there are now.")
    source = serializers.ChoiceField(ANSWER_SOURCES)  # type: ignore[assignment]  # a field of that name
