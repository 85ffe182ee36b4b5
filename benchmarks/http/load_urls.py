from django.http import HttpRequest, HttpResponse
from django.urls import include, path

BODY = b'{"success":true,"data":"' + b"x" * 8_000 + b'"}'


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BODY, content_type="application/json")


urlpatterns = [path("bare/", bare), path("", include("config.urls"))]
