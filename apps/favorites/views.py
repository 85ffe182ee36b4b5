from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.viewsets import ViewSetMixin

from apps.authentication.requests import signed_in
from apps.favorites.idempotency import IDEMPOTENCY_KEY, answered_once
from apps.favorites.models import (
    Entry,
    Favorite,
    HiddenMovie,
    LibraryState,
    Rating,
    Removal,
    ViewingHistory,
    WatchlistItem,
)
from apps.favorites.queries import HistoryQuery, LibraryQuery, RatingsQuery, WatchlistQuery
from apps.favorites.querysets import OwnedQuerySet
from apps.favorites.serializers import (
    EntryBody,
    EntrySerializer,
    FavoriteSerializer,
    HiddenMovieSerializer,
    NoValuesBody,
    PlaceBody,
    RatingBody,
    RatingSerializer,
    RatingValueBody,
    SinceSerializer,
    ViewingBody,
    ViewingChangeBody,
    ViewingSerializer,
    WatchlistItemSerializer,
)
from apps.favorites.services import (
    entry_remove,
    entry_set,
    viewing_add,
    viewing_change,
    viewing_remove,
    watchlist_move,
)
from apps.movies.overlays import attach_my
from apps.movies.services import movie_for_tmdb_id
from utils.bodies import BodySerializer
from utils.rendering import ApiResponse
from utils.views import ApiGenericView

VERSION = "Library-Version"  # of what a write left behind; a DELETE has no body to say it in


class LibraryViewSet(ViewSetMixin, ApiGenericView):
    """Rows of the signed-in user, each with its film, newest first."""

    shelf: type[Any]  # Entry's or ViewingHistory
    query_serializer_class: type[LibraryQuery] = LibraryQuery

    @property
    def meta_serializer_class(self) -> type[SinceSerializer] | None:
        return SinceSerializer if self.action == "list" else None

    def get_queryset(self) -> OwnedQuerySet:
        rows: OwnedQuerySet = self.shelf.objects.of(signed_in(self.request)).for_list()
        return rows

    def list(self, request: Request) -> ApiResponse:
        meta = self.since()  # before the rows: what changes meanwhile is told twice, not never
        rows = self.paginate_queryset(self.narrowed(self.get_queryset(), self.query)) or []
        attach_my(request.user, [row.movie for row in rows])
        block = self.paginator.block
        return ApiResponse(self.get_serializer(rows, many=True).data, pagination=block, meta=meta)

    def narrowed(self, rows: OwnedQuerySet, query: dict[str, Any]) -> OwnedQuerySet:
        """The rows that the query asks for, in its order."""
        if query["updated_since"]:
            rows = rows.changed_since(query["updated_since"])
        return rows.of_films(self.query_serializer_class.filter_of(query)).in_order(query["ordering"])

    def since(self) -> dict[str, Any]:
        """What a client that comes back from time to time wants to know beside the rows."""
        since, user = self.query["updated_since"], signed_in(self.request)
        if not since:
            return {"as_of": None, "removed": []}
        if self.query["page"] > 1:
            return {"as_of": None, "removed": []}
        state = LibraryState.objects.filter(user=user).first()
        gone = Removal.objects.of(user, self.shelf.part).since(since)
        return dict(SinceSerializer({"as_of": state and state.changed_at, "removed": gone}).data)

    def row(self, row: Any, **kwargs: Any) -> ApiResponse:
        attach_my(self.request.user, [row.movie])
        return ApiResponse(self.get_serializer(row).data, headers={VERSION: str(row.version)}, **kwargs)

    def gone(self, version: int) -> ApiResponse:
        return ApiResponse(status=204, headers={VERSION: str(version)})

    def read(self, body_class: type[BodySerializer], **kwargs: Any) -> dict[str, Any]:
        """The validated body; raises ValidationError."""
        body = body_class(data=self.request.data, **kwargs)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)


class ShelfViewSet(LibraryViewSet):
    """A set of films: POST and PUT add, DELETE takes off, each as often as one likes."""

    shelf: type[Entry]
    lookup_field = "movie__tmdb_id"
    lookup_url_kwarg = "tmdb_id"
    errors = (404,)
    body_class: type[BodySerializer] = EntryBody
    values_body_class: type[BodySerializer] = NoValuesBody

    def create(self, request: Request) -> ApiResponse:
        return self.set(**self.read(self.body_class))

    def retrieve(self, request: Request, tmdb_id: int) -> ApiResponse:
        return self.row(self.get_object())

    def update(self, request: Request, tmdb_id: int) -> ApiResponse:
        return self.set(tmdb_id=tmdb_id, **self.read(self.values_body_class))

    def destroy(self, request: Request, tmdb_id: int) -> ApiResponse:
        return self.gone(entry_remove(self.shelf, user=signed_in(request), tmdb_id=tmdb_id))

    def set(self, *, tmdb_id: int, **values: Any) -> ApiResponse:
        entry, added = entry_set(self.shelf, user=signed_in(self.request), tmdb_id=tmdb_id, **values)
        return self.row(entry, message="Saved.", status=201 if added else 200)


def _shelf_schema(
    row: type[EntrySerializer], body: type[BodySerializer], values: Any, shelf: str, *, order: str = "newest first"
) -> Any:
    """The description of a shelf's five operations; they differ in nothing but these."""
    saved = {200: row, 201: row}
    put = "Add to, or change in," if values else "Add to"
    return extend_schema_view(
        list=extend_schema(tags=["library"], summary=f"Your {shelf}, {order}."),
        create=extend_schema(tags=["library"], summary=f"Add to your {shelf}.", request=body, responses=saved),
        retrieve=extend_schema(tags=["library"], summary=f"One of your {shelf}."),
        update=extend_schema(
            tags=["library"],
            summary=f"{put} your {shelf}.",
            request=values,
            responses=saved,
        ),
        destroy=extend_schema(tags=["library"], summary=f"Take off your {shelf}; no error where it was not there."),
    )


@_shelf_schema(FavoriteSerializer, EntryBody, None, "favorites")
class FavoriteViewSet(ShelfViewSet):
    shelf = Favorite
    serializer_class = FavoriteSerializer


@_shelf_schema(RatingSerializer, RatingBody, RatingValueBody, "ratings")
class RatingViewSet(ShelfViewSet):
    shelf = Rating
    serializer_class = RatingSerializer
    body_class = RatingBody
    values_body_class = RatingValueBody
    query_serializer_class = RatingsQuery

    def narrowed(self, rows: OwnedQuerySet, query: dict[str, Any]) -> OwnedQuerySet:
        return super().narrowed(rows.between("value", query["value_gte"], query["value_lte"]), query)


@_shelf_schema(WatchlistItemSerializer, EntryBody, None, "watchlist", order="in your own order")
class WatchlistViewSet(ShelfViewSet):
    shelf = WatchlistItem
    serializer_class = WatchlistItemSerializer
    query_serializer_class = WatchlistQuery

    @extend_schema(tags=["library"], request=PlaceBody, responses={200: WatchlistItemSerializer})
    def move(self, request: Request, tmdb_id: int) -> ApiResponse:
        """Move a film to another place of your watchlist; those between move up or down by one."""
        place = self.read(PlaceBody)["place"]
        return self.row(watchlist_move(user=signed_in(request), tmdb_id=tmdb_id, place=place), message="Moved.")


@_shelf_schema(HiddenMovieSerializer, EntryBody, None, "hidden films")
class HiddenMovieViewSet(ShelfViewSet):
    shelf = HiddenMovie
    serializer_class = HiddenMovieSerializer


@extend_schema_view(
    list=extend_schema(tags=["library"], summary="What you watched, newest first."),
    destroy=extend_schema(tags=["library"], summary="Remove a viewing."),
)
class HistoryViewSet(LibraryViewSet):
    shelf = ViewingHistory
    serializer_class = ViewingSerializer
    query_serializer_class = HistoryQuery
    lookup_url_kwarg = "entry"

    @property
    def errors(self) -> tuple[int, ...]:
        return (404, 409, 422) if self.action == "create" else (404,)

    def narrowed(self, rows: OwnedQuerySet, query: dict[str, Any]) -> OwnedQuerySet:
        if query["tmdb_id"]:
            rows = rows.filter(movie__tmdb_id=query["tmdb_id"])
        return super().narrowed(rows.between("watched_at", query["watched_gte"], query["watched_lte"]), query)

    @extend_schema(
        tags=["library"],
        request=ViewingBody,
        responses={200: ViewingSerializer, 201: ViewingSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> ApiResponse:
        """Record a viewing. Watching a film again is another viewing, sending the same request again is not."""
        body = self.read(ViewingBody)
        movie_for_tmdb_id(body["tmdb_id"])  # TMDb is asked before the transaction, not in it
        return answered_once(request, lambda: self.add(body))

    def add(self, body: dict[str, Any]) -> ApiResponse:
        viewing, added = viewing_add(user=signed_in(self.request), **body)
        return self.row(viewing, message="Saved.", status=201 if added else 200)

    @extend_schema(tags=["library"], request=ViewingChangeBody, responses={200: ViewingSerializer})
    def partial_update(self, request: Request, entry: int) -> ApiResponse:
        """Change when a film was watched, or how far."""
        viewing = self.get_object()
        viewing_change(viewing, **self.read(ViewingChangeBody, partial=True))
        return self.row(viewing, message="Saved.")

    def destroy(self, request: Request, entry: int) -> ApiResponse:
        return self.gone(viewing_remove(self.get_object()))
