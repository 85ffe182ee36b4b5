from django.urls import path

from apps.preferences import views

urlpatterns = [path("preferences/", views.PreferenceView.as_view())]
