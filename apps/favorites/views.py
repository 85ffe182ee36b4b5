from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.viewsets import ViewSetMixin

from apps.authentication.requests import signed_in
from apps.favorites.models import Entry, Favorite, HiddenMovie, Rating, ViewingHistory, WatchlistItem
from apps.favorites.querysets import OwnedQuerySet
from apps.favorites.serializers import (
    EntryBody,
    EntrySerializer,
    FavoriteSerializer,
    HiddenMovieSerializer,
    NoValuesBody,
    RatingBody,
    RatingSerializer,
    RatingValueBody,
    ViewingBody,
    ViewingChangeBody,
    ViewingSerializer,
    WatchlistItemSerializer,
)
from apps.favorites.services import entry_remove, entry_set, viewing_add, viewing_change, viewing_remove
from apps.movies.overlays import attach_my
from utils.bodies import BodySerializer
from utils.query_params import PageQuery
from utils.rendering import ApiResponse
from utils.views import ApiGenericView


class LibraryViewSet(ViewSetMixin, ApiGenericView):
    """Rows of the signed-in user, each with its film, newest first."""

    query_serializer_class = PageQuery

    def list(self, request: Request) -> ApiResponse:
        rows = self.paginate_queryset(self.get_queryset()) or []
        attach_my(request.user, [row.movie for row in rows])
        return ApiResponse(self.get_serializer(rows, many=True).data, pagination=self.paginator.block)

    def row(self, row: Any, **kwargs: Any) -> ApiResponse:
        attach_my(self.request.user, [row.movie])
        return ApiResponse(self.get_serializer(row).data, **kwargs)

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

    def get_queryset(self) -> OwnedQuerySet:
        return self.shelf.objects.of(signed_in(self.request)).for_list()

    def create(self, request: Request) -> ApiResponse:
        return self.set(**self.read(self.body_class))

    def retrieve(self, request: Request, tmdb_id: int) -> ApiResponse:
        return self.row(self.get_object())

    def update(self, request: Request, tmdb_id: int) -> ApiResponse:
        return self.set(tmdb_id=tmdb_id, **self.read(self.values_body_class))

    def destroy(self, request: Request, tmdb_id: int) -> ApiResponse:
        entry_remove(self.shelf, user=signed_in(request), tmdb_id=tmdb_id)
        return ApiResponse(status=204)

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


@_shelf_schema(WatchlistItemSerializer, EntryBody, None, "watchlist", order="in the order added")
class WatchlistViewSet(ShelfViewSet):
    shelf = WatchlistItem
    serializer_class = WatchlistItemSerializer

    def get_queryset(self) -> OwnedQuerySet:
        return super().get_queryset().order_by("position", "pk")


@_shelf_schema(HiddenMovieSerializer, EntryBody, None, "hidden films")
class HiddenMovieViewSet(ShelfViewSet):
    shelf = HiddenMovie
    serializer_class = HiddenMovieSerializer


@extend_schema_view(
    list=extend_schema(tags=["library"], summary="What you watched, newest first."),
    destroy=extend_schema(tags=["library"], summary="Remove a viewing."),
)
class HistoryViewSet(LibraryViewSet):
    serializer_class = ViewingSerializer
    lookup_url_kwarg = "entry"
    errors = (404, 409)

    def get_queryset(self) -> OwnedQuerySet:
        return ViewingHistory.objects.of(signed_in(self.request)).for_list()

    @extend_schema(tags=["library"], request=ViewingBody, responses={200: ViewingSerializer, 201: ViewingSerializer})
    def create(self, request: Request) -> ApiResponse:
        """Record a viewing. Watching a film again is another viewing."""
        viewing, added = viewing_add(user=signed_in(request), **self.read(ViewingBody))
        return self.row(viewing, message="Saved.", status=201 if added else 200)

    @extend_schema(tags=["library"], request=ViewingChangeBody, responses={200: ViewingSerializer})
    def partial_update(self, request: Request, entry: int) -> ApiResponse:
        """Change when a film was watched, or how far."""
        viewing = self.get_object()
        viewing_change(viewing, **self.read(ViewingChangeBody, partial=True))
        return self.row(viewing, message="Saved.")

    def destroy(self, request: Request, entry: int) -> ApiResponse:
        viewing_remove(self.get_object())
        return ApiResponse(status=204)
