from django.urls import path

from apps.recommendations import discovery_views, model_views, views
from apps.recommendations.analytics.views import AnalyticsView

urlpatterns = [
    path("", views.RecommendationListView.as_view()),
    path("algorithms/", views.AlgorithmListView.as_view()),
    path("analytics/", AnalyticsView.as_view()),
    path("explain/<id:tmdb_id>/", discovery_views.ExplainView.as_view()),
    path("feedback/", views.FeedbackView.as_view()),
    path("home/", views.HomeView.as_view()),
    path("models/", model_views.ModelListView.as_view()),
    path("models/roll-back/", model_views.ModelRollBackView.as_view()),
    path("models/<slug:name>/", model_views.ModelCardView.as_view()),
    path("models/<slug:name>/activate/", model_views.ModelActivateView.as_view()),
    path("onboarding/", discovery_views.OnboardingView.as_view()),
    path("session/", discovery_views.SessionView.as_view()),
    path("session/merge/", discovery_views.SessionMergeView.as_view()),
    path("similar/<id:tmdb_id>/", discovery_views.SimilarView.as_view()),
]
