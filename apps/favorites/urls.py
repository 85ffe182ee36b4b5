from typing import Any

from django.urls import path

from apps.favorites import views

COLLECTION: dict[str, Any] = {"get": "list", "post": "create"}
BY_FILM: dict[str, Any] = {"get": "retrieve", "put": "update", "delete": "destroy"}
BY_VIEWING: dict[str, Any] = {"patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("favorites/", views.FavoriteViewSet.as_view(COLLECTION)),
    path("favorites/<id:tmdb_id>/", views.FavoriteViewSet.as_view(BY_FILM)),
    path("ratings/", views.RatingViewSet.as_view(COLLECTION)),
    path("ratings/<id:tmdb_id>/", views.RatingViewSet.as_view(BY_FILM)),
    path("watchlist/", views.WatchlistViewSet.as_view(COLLECTION)),
    path("watchlist/<id:tmdb_id>/", views.WatchlistViewSet.as_view(BY_FILM)),
    path("hidden/", views.HiddenMovieViewSet.as_view(COLLECTION)),
    path("hidden/<id:tmdb_id>/", views.HiddenMovieViewSet.as_view(BY_FILM)),
    path("history/", views.HistoryViewSet.as_view(COLLECTION)),
    path("history/<id:entry>/", views.HistoryViewSet.as_view(BY_VIEWING)),
]
