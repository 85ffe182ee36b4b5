from django.urls import path

from apps.movies import views

urlpatterns = [
    path("", views.MovieListView.as_view()),
    path("discover/", views.DiscoverView.as_view()),
    path("trending/", views.TrendingView.as_view()),
    path("popular/", views.PopularView.as_view()),
    path("top-rated/", views.TopRatedView.as_view()),
    path("now-playing/", views.NowPlayingView.as_view()),
    path("upcoming/", views.UpcomingView.as_view()),
    path("search/", views.SearchView.as_view()),
    path("genres/", views.GenreListView.as_view()),
    path("genres/sync/", views.GenresSyncView.as_view()),
    path("people/<id:tmdb_id>/", views.PersonView.as_view()),
    path("<id:tmdb_id>/", views.MovieDetailView.as_view()),
    path("<id:tmdb_id>/similar/", views.SimilarView.as_view()),
]
