from django.urls import path

from apps.preferences import statistics_views, views

urlpatterns = [
    path("preferences/", views.PreferenceView.as_view()),
    path("preferences/reset/", views.PreferenceResetView.as_view()),
    path("preferences/statistics/", statistics_views.StatisticsView.as_view()),
    path("preferences/statistics/year/<id:year>/", statistics_views.YearInReviewView.as_view()),
]
