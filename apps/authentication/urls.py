from django.urls import path

from apps.authentication import views

urlpatterns = [
    path("register/", views.RegisterView.as_view()),
    path("login/", views.LoginView.as_view()),
    path("logout/", views.LogoutView.as_view()),
    path("logout/all/", views.LogoutAllView.as_view()),
    path("sessions/", views.SessionListView.as_view()),
    path("sessions/<uuid:sid>/", views.SessionView.as_view()),
    path("token/refresh/", views.TokenRefreshView.as_view()),
    path("token/verify/", views.TokenVerifyView.as_view()),
    path("password/change/", views.PasswordChangeView.as_view()),
    path("password/reset/", views.PasswordResetView.as_view()),
    path("password/reset/confirm/", views.PasswordResetConfirmView.as_view()),
    path("email/verify/", views.EmailVerifyView.as_view()),
    path("email/verify/resend/", views.EmailVerifyResendView.as_view()),
    path("email/change/", views.EmailChangeView.as_view()),
    path("me/", views.MeView.as_view()),
    path("export/", views.ExportView.as_view()),
]
