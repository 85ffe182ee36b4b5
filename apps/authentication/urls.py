from django.urls import path

from apps.authentication import views

urlpatterns = [
    path("register/", views.RegisterView.as_view()),
    path("login/", views.LoginView.as_view()),
    path("logout/", views.LogoutView.as_view()),
    path("token/refresh/", views.TokenRefreshView.as_view()),
    path("me/", views.MeView.as_view()),
]
