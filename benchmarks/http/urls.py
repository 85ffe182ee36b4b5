from django.urls import include, path

from benchmarks.http.nested import NestedRecommendationListView

urlpatterns = [
    path("api/v1/nested/recommendations/", NestedRecommendationListView.as_view()),
    path("", include("config.urls")),
]
