from django.urls import path

from apps.recommendations import views

urlpatterns = [
    path("", views.RecommendationListView.as_view()),
    path("algorithms/", views.AlgorithmListView.as_view()),
]
