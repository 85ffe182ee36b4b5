"""The API, and paths that fail in every way our own views should not."""

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.urls import path
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.permissions import AllowAny, IsAdminUser

from config.urls import handler400, handler403, handler404, handler500, urlpatterns  # noqa: F401  # Django looks here
from utils.views import ApiView

SECRET = "host=10.0.0.5 password=hunter2"
NESTED = {"a": {"b": [{"c": ["wrong"]}, {}]}, "d": ["one", "two"], "non_field_errors": ["together"]}


def view(exc):
    class FailingView(ApiView):
        permission_classes = [AllowAny]

        def get(self, request):
            raise exc

    return FailingView.as_view()


class StaffView(ApiView):
    permission_classes = [IsAdminUser]


def plain(request):
    raise PermissionDenied(SECRET)


urlpatterns = [
    *urlpatterns,
    path("fail/unknown/", view(RuntimeError(SECRET))),
    path("fail/operational/", view(OperationalError(SECRET))),
    path("fail/interface/", view(InterfaceError(SECRET))),
    path("fail/missing/", view(Http404(SECRET))),
    path("fail/denied/", view(PermissionDenied(SECRET))),
    path("fail/throttled/", view(Throttled(wait=7))),
    path("fail/nested/", view(ValidationError(NESTED))),
    path("fail/listed/", view(ValidationError([{"a": ["wrong"]}, {}, {"b": ["wrong"]}]))),
    path("fail/empty/", view(ValidationError([]))),
    path("fail/staff/", StaffView.as_view()),
    path("fail/plain/", plain),
]
