from typing import Any

from django.urls import URLPattern, path

from apps.favorites import views
from apps.favorites.many_views import BulkView, CheckView, HistoryClearView, LastActivitiesView
from apps.favorites.serializers import EntryBulkBody, RatingBody, RatingBulkBody
from apps.favorites.transfer import views as transfer

COLLECTION: dict[str, Any] = {"get": "list", "post": "create"}
BY_FILM: dict[str, Any] = {"get": "retrieve", "put": "update", "delete": "destroy"}
BY_VIEWING: dict[str, Any] = {"patch": "partial_update", "delete": "destroy"}


def _shelf(name: str, view: type[views.ShelfViewSet]) -> list[URLPattern]:
    described = RatingBulkBody if view.body_class is RatingBody else EntryBulkBody
    bulk = BulkView.as_view(shelf=view.shelf, item_class=view.body_class, serializer_class=described)
    return [
        path(f"{name}/", view.as_view(COLLECTION)),
        path(f"{name}/check/", CheckView.as_view(shelf=view.shelf)),
        path(f"{name}/bulk/", bulk),
    ]


urlpatterns = [
    *_shelf("favorites", views.FavoriteViewSet),
    *_shelf("ratings", views.RatingViewSet),
    *_shelf("watchlist", views.WatchlistViewSet),
    *_shelf("hidden", views.HiddenMovieViewSet),
    path("favorites/<id:tmdb_id>/", views.FavoriteViewSet.as_view(BY_FILM)),
    path("ratings/<id:tmdb_id>/", views.RatingViewSet.as_view(BY_FILM)),
    path("watchlist/<id:tmdb_id>/", views.WatchlistViewSet.as_view(BY_FILM | {"patch": "move"})),
    path("hidden/<id:tmdb_id>/", views.HiddenMovieViewSet.as_view(BY_FILM)),
    path("history/", views.HistoryViewSet.as_view(COLLECTION)),
    path("history/clear/", HistoryClearView.as_view()),
    path("history/<id:entry>/", views.HistoryViewSet.as_view(BY_VIEWING)),
    path("library/last-activities/", LastActivitiesView.as_view()),
    path("library/import/", transfer.ImportsViewSet.as_view(COLLECTION)),
    path("library/import/<uuid:job>/", transfer.ImportView.as_view()),
    path("library/import/<uuid:job>/rows/", transfer.ImportRowsView.as_view()),
    path("library/import/<uuid:job>/rows/<id:number>/", transfer.ImportRowView.as_view()),
    path("library/import/<uuid:job>/apply/", transfer.ImportApplyView.as_view()),
    path("library/import/<uuid:job>/undo/", transfer.ImportUndoView.as_view()),
    path("library/export/", transfer.LibraryExportView.as_view()),
]
