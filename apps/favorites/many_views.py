"""Many films of a shelf in one request, and the library as a whole."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.cache import patch_cache_control
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.authentication.requests import signed_in
from apps.favorites.bulk import Outcome, Told, entries_change
from apps.favorites.models import Entry, Favorite, LibraryState
from apps.favorites.queries import CheckQuery
from apps.favorites.serializers import (
    BulkBody,
    BulkSerializer,
    CheckSerializer,
    ClearBody,
    ClearedSerializer,
    EntryBody,
    EntryBulkBody,
    LastActivitiesSerializer,
)
from apps.favorites.services import history_clear
from utils.bodies import BodySerializer
from utils.rendering import ApiResponse
from utils.views import ApiGenericView, ApiView


class CheckView(ApiView):
    shelf: type[Entry] = Favorite
    query_serializer_class = CheckQuery

    @extend_schema(tags=["library"], responses={200: CheckSerializer})
    def get(self, request: Request) -> ApiResponse:
        """Which of these films are on the shelf."""
        ids = self.query["ids"]
        rows = self.shelf.objects.of(signed_in(request)).filter(movie__tmdb_id__in=ids)
        there = set(rows.values_list("movie__tmdb_id", flat=True))
        told = {"present": [id_ for id_ in ids if id_ in there], "absent": [id_ for id_ in ids if id_ not in there]}
        return ApiResponse(CheckSerializer(told).data)


class BulkView(ApiGenericView):
    shelf: type[Entry] = Favorite
    item_class: type[BodySerializer] = EntryBody
    serializer_class = EntryBulkBody

    @extend_schema(tags=["library"], responses={200: BulkSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Put films on the shelf and take others off, all at once; what is wrong with one keeps out no other."""
        body = BulkBody(data=request.data)
        body.is_valid(raise_exception=True)
        judged = _Judged(self.item_class, **body.validated_data)
        told = {row.tmdb_id: row for row in self._change(judged)}
        answer = {
            "add": [wrong or told[tmdb_id] for tmdb_id, wrong in judged.add],
            "remove": [wrong or told[tmdb_id] for tmdb_id, wrong in judged.remove],
        }
        return ApiResponse(BulkSerializer(answer).data, message="Saved.")

    def _change(self, judged: "_Judged") -> list[Told]:
        if not judged.good:
            return []
        add = {tmdb_id: judged.good[tmdb_id] for tmdb_id, wrong in judged.add if not wrong}
        remove = [tmdb_id for tmdb_id, wrong in judged.remove if not wrong]
        return entries_change(self.shelf, user=signed_in(self.request), add=add, remove=remove)


class _Judged:
    """The items of a bulk request: each with its film, or with what is wrong with it."""

    def __init__(self, item_class: type[BodySerializer], add: Sequence[Any], remove: Sequence[Any]) -> None:
        self.good: dict[int, Mapping[str, Any]] = {}
        self.add = [self._judge(item_class, item) for item in add]
        self.remove = [self._judge(EntryBody, {"tmdb_id": item}) for item in remove]

    def _judge(self, item_class: type[BodySerializer], item: Any) -> tuple[int, Told | None]:
        body = item_class(data=item)
        if not body.is_valid():
            complaint = next(iter(body.errors.values()))
            return 0, Told(_film_of(item), Outcome.INVALID, message=str(complaint[0]))
        values = dict(body.validated_data)
        tmdb_id = values.pop("tmdb_id")
        if tmdb_id in self.good:
            return 0, Told(tmdb_id, Outcome.INVALID, message="This request names the film twice.")
        self.good[tmdb_id] = values
        return tmdb_id, None


def _film_of(item: Any) -> int | None:
    """The film that a wrong item speaks of, as far as one can tell."""
    named = EntryBody(data={"tmdb_id": item.get("tmdb_id") if isinstance(item, Mapping) else item})
    return named.validated_data["tmdb_id"] if named.is_valid() else None


class HistoryClearView(ApiGenericView):
    serializer_class = ClearBody

    @extend_schema(tags=["library"], responses={200: ClearedSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Remove your whole history, or what was recorded before a moment."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        removed, _ = history_clear(user=signed_in(request), **body.validated_data)
        return ApiResponse(ClearedSerializer({"removed": removed}).data, message="History cleared.")


class LastActivitiesView(ApiView):
    @extend_schema(tags=["library"], responses={200: LastActivitiesSerializer})
    def get(self, request: Request) -> ApiResponse:
        """When each part of your library last changed; send the ETag in If-None-Match to hear only of news."""
        user = signed_in(request)
        state = LibraryState.objects.filter(user=user).first() or LibraryState(user=user)
        response = ApiResponse(LastActivitiesSerializer(state).data, headers={"ETag": f'W/"{user.pk}-{state.version}"'})
        patch_cache_control(response, private=True, no_cache=True)
        return response
