from django.urls import path

from apps.movies import views

urlpatterns = [
    path("", views.MovieListView.as_view()),
    path("trending/", views.TrendingView.as_view()),
    path("popular/", views.PopularView.as_view()),
    path("search/", views.SearchView.as_view()),
    path("genres/", views.GenreListView.as_view()),
    path("<id:tmdb_id>/", views.MovieDetailView.as_view()),
]
