from collections.abc import Mapping
from typing import Any

from django.db.models import prefetch_related_objects
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request

from apps.authentication.models import User
from apps.movies import browse
from apps.movies.browse import Films
from apps.movies.caches import CACHES
from apps.movies.genres import genres_current, genres_sync
from apps.movies.models import Genre, ListEntry
from apps.movies.overlays import attach_my_to_cards
from apps.movies.queries import MovieDetailQuery, MovieListQuery, SearchQuery, TrendingQuery
from apps.movies.querysets import detail_parts
from apps.movies.serializers import (
    CachedMetaSerializer,
    CatalogueMetaSerializer,
    GenreSerializer,
    GenresSyncedSerializer,
    ListMetaSerializer,
    MovieCardSerializer,
    MovieDetailSerializer,
    PersonSerializer,
    SearchMetaSerializer,
)
from apps.movies.services import MovieNotFound, PersonNotFound, movie_detailed, person_detailed
from utils.cached_views import Answer, CachedView
from utils.pagination import pagination_block
from utils.query_params import PageQuery
from utils.rendering import ApiResponse
from utils.views import ApiView

Query = Mapping[str, Any]


def about(source: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """What ``meta`` says of a catalogue answer: where it is from, and whether its figures are of people alone."""
    simulated = source == browse.TABLES and User.objects.filter(kind=User.Kind.SIMULATED).exists()
    return {"source": source, "simulated": simulated, **more}


class _FilmsView(CachedView):
    """A page of cards for anybody; the signed-in caller's ``my`` beside each."""

    meta_serializer_class: Any = CatalogueMetaSerializer

    @classmethod
    def films(cls, query: Query, *, waiting: bool, **path: Any) -> Films:
        raise NotImplementedError

    @classmethod
    def answer(cls, query: Query, *, waiting: bool, **path: Any) -> Answer:
        films = cls.films(query, waiting=waiting, **path)
        block = pagination_block(page=query["page"], per_page=query["per_page"], total=films.total)
        cards = MovieCardSerializer(films.page, many=True).data
        return Answer(cards, about(films.source, films.about), block, films.as_of, films.ttl)

    @classmethod
    def personal(cls, user: User, data: Any) -> None:
        attach_my_to_cards(user, data)


@extend_schema(tags=["movies"])
class MovieListView(_FilmsView):
    cache = CACHES["movies"]
    query_serializer_class = MovieListQuery

    @classmethod
    def films(cls, query: Query, *, waiting: bool, **path: Any) -> Films:
        return browse.in_tables(query)

    @extend_schema(operation_id="movies_list", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """Films that are kept here, filtered and ordered."""
        return self.respond(request)


@extend_schema(tags=["movies"])
class DiscoverView(_FilmsView):
    cache = CACHES["discover"]
    query_serializer_class = MovieListQuery

    @classmethod
    def films(cls, query: Query, *, waiting: bool, **path: Any) -> Films:
        return browse.discover(query, waiting=waiting)

    @extend_schema(operation_id="movies_discover", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """All of TMDb's films, filtered and ordered; those kept here where there is no TMDb.

        At most 10,000 films of any one question. In the order of votes TMDb's films need 200 of them to be listed.
        """
        return self.respond(request)


@extend_schema(tags=["movies"])
class TrendingView(_FilmsView):
    cache = CACHES["trending"]
    query_serializer_class = TrendingQuery
    meta_serializer_class = ListMetaSerializer

    @classmethod
    def films(cls, query: Query, *, waiting: bool, **path: Any) -> Films:
        return browse.named_list(ListEntry.Name(f"trending_{query['window']}"), query, waiting=waiting)

    @extend_schema(operation_id="movies_trending", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """What trends on TMDb; without TMDb, what people here favorited, rated and watched most."""
        return self.respond(request)


class _NamedListView(_FilmsView):
    cache = CACHES["lists"]
    query_serializer_class = PageQuery
    meta_serializer_class = ListMetaSerializer
    name: ListEntry.Name

    @classmethod
    def films(cls, query: Query, *, waiting: bool, **path: Any) -> Films:
        return browse.named_list(cls.name, query, waiting=waiting)


@extend_schema(tags=["movies"])
class PopularView(_NamedListView):
    name = ListEntry.Name.POPULAR

    @extend_schema(operation_id="movies_popular", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """The most popular films."""
        return self.respond(request)


@extend_schema(tags=["movies"])
class TopRatedView(_NamedListView):
    name = ListEntry.Name.TOP_RATED

    @extend_schema(operation_id="movies_top_rated", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """The best voted films, few votes counting for less."""
        return self.respond(request)


@extend_schema(tags=["movies"])
class NowPlayingView(_NamedListView):
    name = ListEntry.Name.NOW_PLAYING

    @extend_schema(operation_id="movies_now_playing", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """Films in cinemas now; without TMDb, those released in the last six weeks."""
        return self.respond(request)


@extend_schema(tags=["movies"])
class UpcomingView(_NamedListView):
    name = ListEntry.Name.UPCOMING

    @extend_schema(operation_id="movies_upcoming", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """Films that come to cinemas soon."""
        return self.respond(request)


@extend_schema(tags=["movies"])
class SearchView(_FilmsView):
    cache = CACHES["search"]
    throttles = ("search", "misses")
    query_serializer_class = SearchQuery
    meta_serializer_class = SearchMetaSerializer

    @classmethod
    def films(cls, query: Query, *, waiting: bool, **path: Any) -> Films:
        return browse.search(query, waiting=waiting)

    @extend_schema(operation_id="movies_search", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """Films by the words of their titles, the closest title first.

        Case, accents, the order of words and small typos do not matter; `meta.searched_for` names the spelling that
        found the films.
        """
        return self.respond(request)


@extend_schema(tags=["movies"])
class SimilarView(_FilmsView):
    cache = CACHES["similar"]
    query_serializer_class = PageQuery
    missing = MovieNotFound

    @classmethod
    def films(cls, query: Query, *, waiting: bool, **path: Any) -> Films:
        return browse.similar(path["tmdb_id"], query, waiting=waiting)

    @extend_schema(operation_id="movies_similar", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request, tmdb_id: int) -> Any:
        """Films like this one; without TMDb, those that share keywords, people and genres with it."""
        return self.respond(request, tmdb_id=tmdb_id)


@extend_schema(tags=["movies"])
class MovieDetailView(CachedView):
    cache = CACHES["details"]
    query_serializer_class = MovieDetailQuery
    meta_serializer_class = CatalogueMetaSerializer
    missing = MovieNotFound

    @classmethod
    def answer(cls, query: Query, *, waiting: bool, **path: Any) -> Answer:
        movie = movie_detailed(path["tmdb_id"])
        prefetch_related_objects([movie], *detail_parts(query["expand"]))
        data = MovieDetailSerializer(movie, context={"expand": query["expand"]}).data
        if not movie.is_from_tmdb:
            return Answer(data, about(browse.TABLES, {}))
        ttl = None if movie.told_at else browse.SOON  # TMDb did not answer: what a list told of it must do
        return Answer(data, about(browse.TMDB, {}), as_of=movie.detailed_at or movie.fetched_at, ttl=ttl)

    @classmethod
    def personal(cls, user: User, data: Any) -> None:
        attach_my_to_cards(user, [data])

    @extend_schema(operation_id="movies_detail", responses={200: MovieDetailSerializer})
    def get(self, request: Request, tmdb_id: int) -> Any:
        """One film, by its TMDb id."""
        return self.respond(request, tmdb_id=tmdb_id)


@extend_schema(tags=["movies"])
class PersonView(CachedView):
    cache = CACHES["people"]
    meta_serializer_class = CatalogueMetaSerializer
    missing = PersonNotFound

    @classmethod
    def answer(cls, query: Query, *, waiting: bool, **path: Any) -> Answer:
        person = person_detailed(path["tmdb_id"])
        source = browse.TMDB if person.detailed_at else browse.TABLES
        return Answer(PersonSerializer(person).data, about(source, {}), as_of=person.detailed_at)

    @classmethod
    def personal(cls, user: User, data: Any) -> None:
        attach_my_to_cards(user, [entry["movie"] for entry in data["filmography"]])

    @extend_schema(operation_id="movies_person", responses={200: PersonSerializer})
    def get(self, request: Request, tmdb_id: int) -> Any:
        """A person, by their TMDb id, with the hundred most popular films they had a part in."""
        return self.respond(request, tmdb_id=tmdb_id)


@extend_schema(tags=["movies"])
class GenreListView(CachedView):
    cache = CACHES["genres"]
    meta_serializer_class = CachedMetaSerializer

    @classmethod
    def answer(cls, query: Query, *, waiting: bool, **path: Any) -> Answer:
        source, as_of = genres_current(waiting=waiting)
        return Answer(GenreSerializer(Genre.objects.all(), many=True).data, {"source": source}, as_of=as_of)

    @extend_schema(operation_id="movies_genres", responses={200: GenreSerializer(many=True)})
    def get(self, request: Request) -> Any:
        """All genres, by name."""
        return self.respond(request)


@extend_schema(tags=["movies"])
class GenresSyncView(ApiView):
    permission_classes = [IsAdminUser]
    errors = [403]

    @extend_schema(operation_id="movies_genres_sync", request=None, responses={200: GenresSyncedSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Read TMDb's genres anew; for staff. Without TMDb, the nineteen that it had when this was written."""
        source = genres_sync()
        CACHES["genres"].flush()
        synced = {"genres": Genre.objects.count(), "source": source}
        return ApiResponse(GenresSyncedSerializer(synced).data, message="The genres are up to date.")
