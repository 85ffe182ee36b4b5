from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from apps.authentication.models import User
from apps.movies.models import Genre, ListEntry, Movie
from apps.movies.overlays import attach_my
from apps.movies.querysets import MovieQuerySet
from apps.movies.serializers import (
    CatalogueMetaSerializer,
    GenreSerializer,
    MovieCardSerializer,
    MovieDetailQuery,
    MovieDetailSerializer,
    MovieFilterQuery,
    MovieListQuery,
    SearchQuery,
    TrendingMetaSerializer,
    TrendingQuery,
)
from apps.movies.services import MovieNotFound
from utils.query_params import PageQuery
from utils.rendering import ApiResponse
from utils.views import ApiGenericView


def catalogue_meta() -> dict[str, Any]:
    """Where catalogue answers come from, and whether their figures are of people alone."""
    return {"source": "local", "simulated": User.objects.filter(kind=User.Kind.SIMULATED).exists()}


class _MovieListView(ApiGenericView):
    """A page of cards for anybody; the signed-in caller's ``my`` beside each."""

    permission_classes = [AllowAny]
    serializer_class = MovieCardSerializer
    meta_serializer_class: Any = CatalogueMetaSerializer
    public_seconds = 60

    def get_queryset(self) -> MovieQuerySet:
        raise NotImplementedError

    def page(self, request: Request, **meta: Any) -> ApiResponse:
        films: Sequence[Movie] = self.paginate_queryset(self.get_queryset().for_cards()) or []
        attach_my(request.user, films)
        block = self.paginator.block
        return ApiResponse(self.get_serializer(films, many=True).data, pagination=block, meta=catalogue_meta() | meta)


@extend_schema(tags=["movies"])
class MovieListView(_MovieListView):
    query_serializer_class = MovieListQuery

    def get_queryset(self) -> MovieQuerySet:
        wanted = MovieFilterQuery.filter_of(self.query)
        return Movie.objects.matching(wanted).in_order(self.query["ordering"])

    @extend_schema(operation_id="movies_list", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """Films of the catalogue, filtered and ordered."""
        return self.page(request)


@extend_schema(tags=["movies"])
class PopularView(_MovieListView):
    query_serializer_class = PageQuery

    def get_queryset(self) -> MovieQuerySet:
        return Movie.objects.filter(adult=False).order_by("-popularity", "tmdb_id")

    @extend_schema(operation_id="movies_popular", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """The most popular films."""
        return self.page(request)


@extend_schema(tags=["movies"])
class TrendingView(_MovieListView):
    query_serializer_class = TrendingQuery
    meta_serializer_class = TrendingMetaSerializer

    def get_queryset(self) -> MovieQuerySet:
        return Movie.objects.filter(adult=False).on_list(f"trending_{self.query['window']}")

    @extend_schema(operation_id="movies_trending", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """What people here favorited, rated and watched most in the last day or week."""
        entry = ListEntry.objects.filter(name=f"trending_{self.query['window']}").first()
        return self.page(request, computed_at=entry and entry.created_at)


@extend_schema(tags=["movies"])
class SearchView(_MovieListView):
    query_serializer_class = SearchQuery

    def get_queryset(self) -> MovieQuerySet:
        films = Movie.objects.search(self.query["query"])
        return films if self.query["include_adult"] else films.filter(adult=False)

    @extend_schema(operation_id="movies_search", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """Films by the words of their titles, the closest title first."""
        return self.page(request)


@extend_schema(tags=["movies"])
class MovieDetailView(ApiGenericView):
    permission_classes = [AllowAny]
    serializer_class = MovieDetailSerializer
    query_serializer_class = MovieDetailQuery
    meta_serializer_class = CatalogueMetaSerializer
    public_seconds = 60

    def get_queryset(self) -> MovieQuerySet:
        return Movie.objects.for_detail(self.query["expand"])

    @extend_schema(operation_id="movies_detail", responses={200: MovieDetailSerializer})
    def get(self, request: Request, tmdb_id: int) -> ApiResponse:
        """One film, by its TMDb id."""
        movie = self.get_queryset().filter(tmdb_id=tmdb_id).first()
        if movie is None:
            raise MovieNotFound
        attach_my(request.user, [movie])
        return ApiResponse(self.get_serializer(movie).data, meta=catalogue_meta())


@extend_schema(tags=["movies"])
class GenreListView(ApiGenericView):
    permission_classes = [AllowAny]
    serializer_class = GenreSerializer
    public_seconds = 3600

    @extend_schema(operation_id="movies_genres", responses={200: GenreSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """All genres, by name."""
        return ApiResponse(self.get_serializer(Genre.objects.all(), many=True).data)
