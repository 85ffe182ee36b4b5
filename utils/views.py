"""What every endpoint does before and after its own work."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.cache import patch_cache_control, patch_vary_headers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from utils.pagination import PageNumbers
from utils.query_params import NoQuery, QuerySerializer
from utils.throttling import scopes_of, throttle

if TYPE_CHECKING:
    _MixedInto = APIView
else:
    _MixedInto = object


class ApiMixin(_MixedInto):
    """Validates the query string into ``self.query``; says who may keep the answer.

    query_serializer_class: the parameters of GET (of ``list`` in a viewset); every other method knows none.
    public_seconds: how long anybody may keep the anonymous answer; 0 for what is personal.
    throttles: the rules of settings.THROTTLES that count a request; ``writes`` lets reads pass.
    """

    query_serializer_class: type[QuerySerializer] = NoQuery
    public_seconds = 0
    throttles: tuple[str, ...] = ("writes",)
    rate_headers: Mapping[str, str] = {}
    query: dict[str, Any]

    def get_query_serializer_class(self) -> type[QuerySerializer]:
        listing = self.request.method in {"GET", "HEAD"} and getattr(self, "action", "list") == "list"
        return self.query_serializer_class if listing else NoQuery

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if hasattr(self, str(request.method).lower()):  # else the answer is 405, whatever the parameters
            self.query = self.get_query_serializer_class().parse(request.query_params)

    def check_throttles(self, request: Request) -> None:
        """Where REST framework asks: the caller is known and may do this, and nothing has been done yet."""
        method = str(request.method)
        if hasattr(self, method.lower()):
            self.rate_headers = throttle(request, scopes_of(self.throttles, method))

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self.rate_headers.items():
            response[name] = value
        patch_vary_headers(response, ["Authorization"])
        if "Cache-Control" in response:  # a kept answer knows its own age
            return response
        if self.public_seconds and response.status_code == 200 and "Authorization" not in request.headers:
            patch_cache_control(response, public=True, max_age=self.public_seconds)
        else:
            patch_cache_control(response, private=True, no_store=True)
        return response


class ApiView(ApiMixin, APIView):
    """No model behind the answer: parse, call, render."""


class ApiGenericView(ApiMixin, GenericAPIView[Any]):
    """A queryset and a serializer behind the answer."""

    paginator: PageNumbers
